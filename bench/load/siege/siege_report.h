// What siege prints, phase by phase and of a round, and writes to JSON.
//
// Threads: free functions.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/load/siege/siege_comparison.h"

namespace ringcast::bench {

void print_siege(const SiegePlan& plan, const SiegeResult& result);
void print_siege_comparison(const SiegePlan& plan, const SiegeComparison& comparison);
[[nodiscard]] nlohmann::ordered_json siege_json(const SiegePlan& plan,
                                                const SiegeComparison& comparison);

}  // namespace ringcast::bench
