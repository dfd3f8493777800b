#include "bench/load/stalled/stalled_comparison.h"

#include <algorithm>

namespace ringcast::bench {

Histogram StalledComparison::latency_of(const std::vector<StalledResult>& phases) {
  Histogram all;
  for (const StalledResult& phase : phases) all.merge(phase.latency);
  return all;
}

int64_t StalledComparison::growth_bytes() const {
  int64_t growth = 0;
  for (const StalledResult& phase : with)
    growth = std::max(growth, phase.resident_end - phase.resident_middle);
  return growth;
}

bool StalledComparison::good(const StalledPlan& plan) const {
  const auto well = [](const StalledResult& phase) { return phase.delivered_well(); };
  const auto accounted = [&](const StalledResult& phase) {
    return phase.accounted_for(plan.policy);
  };
  return std::all_of(without.begin(), without.end(), well) &&
         std::all_of(with.begin(), with.end(), well) &&
         std::all_of(with.begin(), with.end(), accounted) &&
         paired_latency().median_ratio(0.99) <= plan.latency_bar &&
         growth_bytes() <= plan.growth_bar_bytes;
}

}  // namespace ringcast::bench
