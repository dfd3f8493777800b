#include "bench/load/siege/siege_comparison.h"

#include <algorithm>

namespace ringcast::bench {

PairedLatency SiegeComparison::paired_latency() const {
  PairedLatency paired;
  for (size_t pair = 0; pair < std::min(without.size(), with.size()); ++pair) {
    paired.add(without[pair].latency, with[pair].latency);
  }
  return paired;
}

int64_t SiegeComparison::left_behind_bytes() const {
  int64_t most = 0;
  for (size_t pair = 0; pair < std::min(without.size(), with.size()); ++pair) {
    most = std::max(most, with[pair].growth_bytes() - without[pair].growth_bytes());
  }
  return most;
}

uint64_t SiegeComparison::attackers_left() const {
  uint64_t left = 0;
  for (const SiegeResult& phase : with) left += phase.attackers_left;
  return left;
}

bool SiegeComparison::good(const SiegePlan& plan) const {
  const auto well = [](const SiegeResult& phase) { return phase.delivered_well(); };
  return std::ranges::all_of(without, well) && std::ranges::all_of(with, well) &&
         attackers_left() == 0 && left_behind_bytes() <= plan.memory_bar_bytes &&
         paired_latency().median_ratio(0.99) <= plan.normal.latency_bar;
}

}  // namespace ringcast::bench
