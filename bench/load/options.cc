#include "bench/load/options.h"

#include <CLI/CLI.hpp>
#include <map>

#include "bench/load/clock.h"
#include "bench/load/command_options.h"
#include "bench/load/event_data.h"
#include "bench/load/scenario_options.h"

namespace ringcast::bench {
namespace {

constexpr int kCouldNotRun = 2;

// What CLI11 fills in before it means anything.
struct Raw {
  double rate = 0;
  int64_t interval_ns = 0;
  int64_t flood_ns = 0;
  uint64_t burst_bytes = 0;
  uint64_t events = 0;
};

void add_load_options(CLI::App& app, Options& options, Raw& raw) {
  LoadPlan& load = options.load;
  app.add_option("--subscribers", load.subscribers, "How many streams to open")
      ->required()
      ->check(CLI::PositiveNumber);
  auto* events = app.add_option("--events", raw.events, "How many events to publish");
  auto* interval = app.add_option("--interval", raw.interval_ns, "One event each, such as 500ms")
                       ->transform(as_duration());
  auto* rate =
      app.add_option("--rate", raw.rate, "Or so many events a second")->check(CLI::PositiveNumber);
  auto* flood =
      app.add_option("--flood", raw.flood_ns, "Or as fast as they are accepted, for so long: 10s")
          ->transform(as_duration());
  auto* burst = app.add_option("--burst", raw.burst_bytes,
                               "Or so many bytes of events as fast as they are accepted: 8MiB")
                    ->transform(CLI::AsSizeValue(false));
  auto* connect_only =
      app.add_flag("--connect-only", load.connect_only, "Open the streams and publish nothing");
  interval->excludes(rate)->excludes(flood)->excludes(burst)->excludes(connect_only);
  rate->excludes(flood)->excludes(burst)->excludes(connect_only);
  flood->excludes(burst)->excludes(events)->excludes(connect_only);
  burst->excludes(events)->excludes(connect_only);
  app.add_option("--size", load.data_bytes, "Bytes of data in an event")
      ->capture_default_str()
      ->check(CLI::Range(kDataBytesMin, size_t{16} << 20));
  app.add_option("--publishers", load.publishers, "Connections to publish on")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  app.add_option("--pipeline", load.pipeline, "Unanswered publishes a connection may have")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--idle", load.idle_ns, "Watch the connected, silent server for so long first")
      ->transform(as_duration());
  app.add_option("--in-flight", load.in_flight_max, "Streams asked for and not begun")
      ->capture_default_str()
      ->check(CLI::Range(64, 65536));
  add_machine_options(app, options);
}

// Nothing: fine. Otherwise what is wrong.
std::string settle(Options& options, const Raw& raw) {
  LoadPlan& load = options.load;
  load.interval_ns = raw.rate > 0 ? static_cast<int64_t>(static_cast<double>(kSecond) / raw.rate)
                                  : raw.interval_ns;
  load.duration_ns = raw.flood_ns;
  load.events_max =
      raw.burst_bytes > 0 ? (raw.burst_bytes + load.data_bytes - 1) / load.data_bytes : raw.events;
  const bool paced = load.interval_ns > 0;
  if (paced && load.events_max == 0) return "--interval and --rate need --events";
  if (!paced && load.duration_ns == 0 && raw.burst_bytes == 0 && !load.connect_only) {
    return "say how to publish: --interval or --rate with --events, --flood, --burst, or "
           "--connect-only";
  }
  return {};
}

}  // namespace

std::variant<Options, int> parse_options(int argc, char** argv) {
  Options options;
  Raw raw;
  options.load.pipeline = 64;
  const std::map<std::string, FloorChoice> choices = {
      {"none", FloorChoice::kNone}, {"send", FloorChoice::kSend}, {"direct", FloorChoice::kDirect}};
  CLI::App app(
      "ringcast-bench: how fast, and is every event there. Exit: 0 all delivered, 1 not, 2 could "
      "not run.");
  app.require_subcommand(1);

  CLI::App* floor =
      app.add_subcommand("floor", "The yardstick: a bare send loop, no HTTP and no engine");
  add_load_options(*floor, options, raw);
  std::string method = "send";
  floor->add_option("--method", method, "send(2) on plain descriptors, or io_uring on direct ones")
      ->capture_default_str()
      ->check(CLI::IsMember({"send", "direct"}));

  CLI::App* fanout = app.add_subcommand("fanout", "ringcast: N subscribers of one channel");
  add_load_options(*fanout, options, raw);
  add_server_options(*fanout, options);
  fanout->add_option("--channel", options.load.channel, "The channel")->capture_default_str();
  std::string beside = "none";
  fanout->add_option("--floor", beside, "Measure this floor too, before and after each round")
      ->capture_default_str()
      ->check(CLI::IsMember({"none", "send", "direct"}));

  ScenarioCommands scenarios(app, options);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kCouldNotRun;
  }
  const bool scenario = !floor->parsed() && !fanout->parsed();
  const auto fan = floor->parsed() ? Options::Mode::kFloor : Options::Mode::kFanout;
  options.mode = scenario ? scenarios.chosen() : fan;
  options.floor = choices.at(floor->parsed() ? method : beside);
  for (int i = 0; i < argc; ++i) options.command_line.append(i == 0 ? "" : " ").append(argv[i]);
  std::string wrong = scenario ? scenarios.problem() : settle(options, raw);
  if (wrong.empty()) wrong = settle_servers(options);
  if (!wrong.empty()) {
    std::cerr << wrong << "\n";
    return kCouldNotRun;
  }
  return options;
}

}  // namespace ringcast::bench
