// LoadRun: one run of the load against one server: connect everybody, publish, deliver, judge.
//
// The loop that measures is run_load() in the .cc; what it was asked and what it found are the two
// structs here.
//
// Threads: the caller's, which should be pinned. Memory: the fleet and the checker. Failure: one
// sentence when the run could not be made at all; lost events are not a failure but a verdict.
#pragma once

#include <netinet/in.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "bench/load/process_stats.h"
#include "bench/load/stream_checker.h"
#include "engine/base/histogram.h"
#include "engine/base/result.h"

namespace ringcast::bench {

// What to do to the server; the same for the floor and for ringcast.
struct LoadPlan {
  std::string channel = "bench";
  uint32_t subscribers = 1;
  size_t data_bytes = 200;
  int64_t interval_ns = 0;  // 0: as fast as accepted
  uint64_t events_max = 0;  // 0: no limit
  int64_t duration_ns = 0;  // 0: no limit
  uint32_t publishers = 1;
  uint32_t pipeline = 1;
  int64_t idle_ns = 0;  // watch the connected, silent server for so long before publishing
  bool connect_only = false;
  uint32_t in_flight_max = 256;
  // Nothing moves for so long: give up. The default is above any publish_wait, and above a sweep
  // over a million sockets.
  int64_t stall_ns = 10'000'000'000;
};

struct Target {
  std::string name;
  pid_t pid = -1;
  int core = -1;  // the one it is pinned to; -1: none
  sockaddr_in subscribe{};
  sockaddr_in publish{};
};

struct LoadResult {
  std::string target;
  uint32_t subscribers = 0;

  // Connecting: from the first connect to the last opening read.
  int64_t connect_ns = 0;
  int64_t connect_server_cpu_ns = 0;
  MemoryUse memory_before;
  MemoryUse memory_connected;

  // The silent server.
  int64_t idle_ns = 0;
  int64_t idle_server_cpu_ns = 0;
  uint64_t idle_heartbeats = 0;

  // From the first publish to the last delivery.
  uint64_t events = 0;
  uint64_t deliveries = 0;
  int64_t deliver_ns = 0;
  int64_t server_cpu_ns = 0;
  int64_t server_user_cpu_ns = 0;
  double client_busy = 0;     // of the time the client was awake, the share it had something to do
  double client_cost_ns = 0;  // of its core, a delivery
  int64_t client_awake_ns = 0;  // not napping
  int64_t client_cpu_ns = 0;
  double server_core_taken = 0;  // share of the time that others kept it from its core
  Histogram latency;
  Histogram last_reader;

  uint64_t refused = 0;  // 503, each sent again
  uint64_t miscounted = 0;
  bool ids_agree = true;  // every id the publisher was answered is the one that was delivered
  Histogram publish_wait;
  Histogram publish_lateness;

  bool stalled = false;  // nothing had moved for so long that the run was given up
  Verdict verdict;
  [[nodiscard]] bool good() const noexcept {
    return verdict.good() && ids_agree && miscounted == 0 && !stalled;
  }
};

Result<LoadResult> run_load(const LoadPlan& plan, const Target& target);

}  // namespace ringcast::bench
