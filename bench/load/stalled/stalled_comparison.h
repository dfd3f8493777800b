// StalledComparison: the phases of one stalled round, and what the one kind says of the other.
//
// Threads: a value type.
#pragma once

#include <vector>

#include "bench/load/follow/paired_latency.h"
#include "bench/load/stalled/stalled_run.h"

namespace ringcast::bench {

struct StalledComparison {
  std::vector<StalledResult> without;
  std::vector<StalledResult> with;

  // The latency of the healthy, of all phases of a kind together.
  [[nodiscard]] static Histogram latency_of(const std::vector<StalledResult>& phases);
  // With laggards to without: each phase with held against the one before it.
  [[nodiscard]] PairedLatency paired_latency() const { return PairedLatency::of(without, with); }
  // What the server gained from the middle to the end of a phase with laggards, at most.
  [[nodiscard]] int64_t growth_bytes() const;
  [[nodiscard]] bool good(const StalledPlan& plan) const;
};

}  // namespace ringcast::bench
