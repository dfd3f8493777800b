#include "bench/load/siege/siege_comparison.h"

#include <algorithm>

namespace ringcast::bench {

int64_t SiegeComparison::left_behind_bytes() const {
  int64_t most = 0;
  for (size_t pair = 0; pair < std::min(without.size(), with.size()); ++pair) {
    most = std::max(most, with[pair].growth_bytes() - without[pair].growth_bytes());
  }
  return most;
}

int64_t SiegeComparison::taken_bytes() const {
  int64_t most = 0;
  for (size_t pair = 0; pair < std::min(without.size(), with.size()); ++pair) {
    most = std::max(most, with[pair].peak_bytes() - without[pair].peak_bytes());
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
  const auto attacked = [&](const SiegeResult& phase) { return phase.was_attacked(plan.attack); };
  const auto ended = [&](const SiegeResult& phase) { return phase.ended_within(plan.deadline_ns); };
  // A request that is refused has no claim to memory, so that a flood of them leaves it flat all the time.
  const int64_t taken = plan.attack.is_flood() ? taken_bytes() : 0;
  return std::ranges::all_of(without, well) && std::ranges::all_of(with, well) &&
         std::ranges::all_of(with, attacked) && std::ranges::all_of(with, ended) &&
         taken <= plan.memory_bar_bytes && left_behind_bytes() <= plan.memory_bar_bytes &&
         paired_latency().median_ratio(0.99) <= plan.normal.latency_bar;
}

}  // namespace ringcast::bench
