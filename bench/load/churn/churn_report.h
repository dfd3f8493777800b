// What churn and merge print, and write to JSON.
//
// Threads: free functions.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/load/churn/churn_plan.h"
#include "bench/load/churn/churn_result.h"

namespace ringcast::bench {

void print_churn(const ChurnPlan& plan, const ChurnResult& result);
[[nodiscard]] nlohmann::ordered_json churn_json(const ChurnPlan& plan, const ChurnResult& result);

}  // namespace ringcast::bench
