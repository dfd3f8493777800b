// ringcast-bench: measures a server's fan-out beside the floor, the least any server could do, and
// puts its promises to the test in scenarios; bench/README.md is its manual. Exit codes: 0 every
// event was delivered and every bar met, 1 not, 2 it could not run.
#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "bench/load/floor_server.h"
#include "bench/load/load_run.h"
#include "bench/load/options.h"
#include "bench/load/process_stats.h"
#include "bench/load/publisher.h"
#include "bench/load/report.h"
#include "bench/load/scenarios.h"
#include "bench/load/server_under_test.h"

namespace ringcast::bench {
namespace {

Result<LoadResult> run_floor(const Options& options) {
  const LoadPlan& load = options.load;
  const PublishPlan publish{.path = "/channels/" + load.channel, .data_bytes = load.data_bytes};
  const bool direct = options.floor == FloorChoice::kDirect;
  auto floor = FloorServer::start({.method = direct ? FloorMethod::kDirect : FloorMethod::kSend,
                                   .subscribers = load.subscribers,
                                   .publishers = load.publishers,
                                   .request_bytes = publish_request(publish, {}).size(),
                                   .data_bytes = load.data_bytes,
                                   .cpu = options.server_cpu});
  if (!floor) return floor.error();
  LoadPlan plan = load;
  plan.idle_ns = 0;  // it sends no heartbeats
  auto result = run_load(plan, {.name = direct ? "floor (direct)" : "floor (send)",
                                .pid = floor->pid(),
                                .core = options.server_cpu,
                                .subscribe = floor->subscribe_address(),
                                .publish = floor->publish_address()});
  if (result) print_result(*result);
  return result;
}

Result<LoadResult> run_server(const Options& options) {
  auto server = ServerUnderTest::open(options);
  if (!server) return server.error();
  auto result = run_load(options.load, server->target());
  if (result) print_result(*result);
  return result;
}

Result<bool> run_rounds(const Options& options) {
  std::vector<Round> rounds;
  bool good = true;
  const bool only_floor = options.mode == Options::Mode::kFloor;
  const bool with_floor = !only_floor && options.floor != FloorChoice::kNone;
  for (uint32_t i = 0; i < options.rounds; ++i) {
    Round round;
    if (with_floor) {
      // The floor after one round is also the floor before the next: A B A B A.
      if (rounds.empty()) {
        auto before = run_floor(options);
        if (!before) return before.error();
        good = good && before->good();
        round.floors.push_back(std::move(*before));
      } else {
        round.floors.push_back(rounds.back().floors.back());
      }
    }
    auto result = only_floor ? run_floor(options) : run_server(options);
    if (!result) return result.error();
    good = good && result->good();
    round.server = std::move(*result);
    if (with_floor) {
      auto after = run_floor(options);
      if (!after) return after.error();
      good = good && after->good();
      round.floors.push_back(std::move(*after));
    }
    rounds.push_back(std::move(round));
  }
  if (rounds.size() > 1 || with_floor) print_summary(options.load, rounds);
  if (!options.json.empty()) {
    if (auto written = write_json(options, rounds); !written) return written.error();
  }
  return good;
}

int run(int argc, char** argv) {
  const auto parsed = parse_options(argc, argv);
  if (const int* code = std::get_if<int>(&parsed)) return *code;
  const Options& options = std::get<Options>(parsed);
  if (auto pinned = pin(0, options.client_cpu); !pinned) {
    fmt::print(stderr, "{}\n", pinned.error().message);
    return 2;
  }
  const bool fan = options.mode == Options::Mode::kFloor || options.mode == Options::Mode::kFanout;
  auto good = fan ? run_rounds(options) : run_scenario(options);
  if (!good) {
    fmt::print(stderr, "{}\n", good.error().message);
    return 2;
  }
  return *good ? 0 : 1;
}

}  // namespace
}  // namespace ringcast::bench

int main(int argc, char** argv) {
  try {
    return ringcast::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ringcast-bench: %s\n", error.what());
    return 2;
  }
}
