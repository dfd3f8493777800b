// SiegeComparison: the phases of one siege, and what the one kind says of the other.
//
// Threads: a value type.
#pragma once

#include <vector>

#include "bench/load/follow/paired_latency.h"
#include "bench/load/siege/siege_run.h"

namespace ringcast::bench {

struct SiegeComparison {
  std::vector<SiegeResult> without;
  std::vector<SiegeResult> with;

  // Each phase with the attack held against the one before it.
  [[nodiscard]] PairedLatency paired_latency() const { return PairedLatency::of(without, with); }
  // What an attack left behind in the server's memory, beyond what the phase before it did, at most; and what it took meanwhile.
  [[nodiscard]] int64_t left_behind_bytes() const;
  [[nodiscard]] int64_t taken_bytes() const;
  [[nodiscard]] uint64_t attackers_left() const;
  [[nodiscard]] bool good(const SiegePlan& plan) const;
};

}  // namespace ringcast::bench
