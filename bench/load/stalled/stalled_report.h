// What stalled prints, phase by phase and of a round, and writes to JSON.
//
// Threads: free functions.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/load/stalled/stalled_comparison.h"

namespace ringcast::bench {

void print_stalled(const StalledPlan& plan, const StalledResult& result);
void print_comparison(const StalledPlan& plan, const StalledComparison& comparison);
[[nodiscard]] nlohmann::ordered_json comparison_json(const StalledPlan& plan,
                                                     const StalledComparison& comparison);

}  // namespace ringcast::bench
