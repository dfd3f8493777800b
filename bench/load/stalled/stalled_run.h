// One phase of the stalled scenario: healthy subscribers, and among them some that have stopped reading or read a byte
// a second.
//
// The healthy ones must have every event once and in order, and their latency is what the phases are compared by. The
// others are what the server's counters must account for. Where it skips events for them, they read on in the end, and
// what they then get must be whole, in order, and every event missing named by one gap.
//
// Threads: one. Memory: some 200 bytes a subscriber, a descriptor each. Failure: one sentence when the run could not be
// made.
#pragma once

#include <cstdint>

#include "bench/load/clock.h"
#include "bench/load/follow/follower_ledger.h"
#include "bench/load/load_run.h"
#include "bench/load/peers/phase_figures.h"
#include "bench/load/peers/publishing_plan.h"
#include "engine/base/histogram.h"
#include "engine/base/result.h"

namespace ringcast::bench {

enum class LagPolicy : uint8_t {
  kDisconnect,
  kSkip
};  // what the server is configured to do to those it has lapped

struct StalledPlan {
  uint32_t healthy = 10'000;
  uint32_t stalled = 1'000;
  uint32_t trickling = 0;  // read one byte a second
  uint32_t channels = 100;
  LagPolicy policy = LagPolicy::kDisconnect;
  PublishingPlan publishing = {.data_bytes = 1024, .duration_ns = 30 * kSecond};
  int receive_buffer_bytes = 4096;  // of those who do not read; the kernel doubles it
  uint32_t pairs = 3;               // of phases without and with laggards, in turn
  double latency_bar = 1.5;  // healthy p99 with laggards to that without: the median of the pairs
  int64_t growth_bar_bytes = 1 << 20;  // that the server may gain in the second half
  int64_t stall_ns = 10 * kSecond;     // nothing moves for so long: give up

  [[nodiscard]] uint32_t laggards() const noexcept { return stalled + trickling; }
};

struct StalledResult {
  uint32_t laggards = 0;
  FollowVerdict verdict;  // of the healthy, and with kSkip of everybody
  bool unfinished = false;
  uint64_t laggards_closed =
      0;  // with kSkip: laggards' streams that were found ended when they read on
  uint64_t healthy_closed = 0;  // streams of healthy subscribers that the server ended
  Histogram latency;            // of the healthy: intended publish to whole event seen

  // Of the server, at the first publish, in the middle of the schedule, and at its end.
  int64_t resident_start = 0;
  int64_t resident_middle = 0;
  int64_t resident_end = 0;
  // Its counters' growth from the first publish until after the last delivery.
  uint64_t closed_lapped = 0;
  uint64_t skipped = 0;
  uint64_t paced = 0;

  PhaseFigures figures;

  [[nodiscard]] bool delivered_well() const noexcept;
  // The server did to the laggards what `policy` says, and counted it. One that stopped inside an event that is no longer
  // kept cannot skip, and is closed under either policy.
  [[nodiscard]] bool accounted_for(LagPolicy policy) const noexcept;
};

// With no laggards when `plan` has none. Requires: problem_of(plan) has none.
Result<StalledResult> run_stalled(const StalledPlan& plan, const Target& target);

// Nothing: it can be run. Otherwise what is wrong, and the remedy.
[[nodiscard]] std::string problem_of(const StalledPlan& plan);

}  // namespace ringcast::bench
