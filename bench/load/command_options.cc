#include "bench/load/command_options.h"

#include <unistd.h>

#include <map>

#include "bench/load/clock.h"

namespace ringcast::bench {
namespace {

const std::map<std::string, int64_t> kTimeUnits = {
    {"ns", 1}, {"us", kMicrosecond}, {"ms", kMillisecond}, {"s", kSecond}, {"m", 60 * kSecond}};

// Where a server that runs already is looked for.
constexpr const char* kUrl = "http://127.0.0.1:8000";
constexpr const char* kPublishUrl = "http://127.0.0.1:8001";

}  // namespace

CLI::AsNumberWithUnit as_duration() {
  return CLI::AsNumberWithUnit(kTimeUnits, CLI::AsNumberWithUnit::UNIT_REQUIRED, "TIME");
}

void add_machine_options(CLI::App& command, Options& options) {
  command
      .add_option("--server-cpu", options.server_cpu,
                  "Core of the server (and of the floor); -1: any")
      ->capture_default_str();
  command.add_option("--client-cpu", options.client_cpu, "Core of this program; -1: any")
      ->capture_default_str();
  command.add_option("--rounds", options.rounds, "Repeat everything, for the spread")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command.add_option("--json", options.json, "Write all figures and the environment to this file");
}

void add_server_options(CLI::App& command, Options& options) {
  command.add_option("--url", options.url,
                     "Where to subscribe. Default: with --start where the server says; with --pid "
                     "http://127.0.0.1:8000");
  command.add_option("--publish-url", options.publish_url,
                     "Where to publish. Default: likewise; with --pid http://127.0.0.1:8001");
  command.add_option("--pid", options.pid, "The running server to measure");
  command.add_option("--start", options.start, "Or the command that starts one");
}

std::string settle_servers(Options& options) {
  if (options.mode != Options::Mode::kFloor && options.start.empty() == (options.pid == 0)) {
    return "say which server: either --start \"COMMAND\" or --pid PID";
  }
  if (options.start.empty() && options.url.empty()) options.url = kUrl;
  if (options.start.empty() && options.publish_url.empty()) options.publish_url = kPublishUrl;
  if (::sysconf(_SC_NPROCESSORS_ONLN) < 2) options.server_cpu = options.client_cpu = -1;
  return {};
}

}  // namespace ringcast::bench
