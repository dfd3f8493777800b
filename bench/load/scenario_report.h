// What the scenarios print, and what they write to JSON.
//
// Threads: free functions.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/load/churn_plan.h"
#include "bench/load/churn_result.h"
#include "bench/load/recipients_plan.h"
#include "bench/load/stalled_comparison.h"

namespace ringcast::bench {

// Why a verdict is not good, line by line; nothing when it is.
void print_faults(const FollowVerdict& verdict);
[[nodiscard]] nlohmann::ordered_json verdict_json(const FollowVerdict& verdict);

void print_churn(const ChurnPlan& plan, const ChurnResult& result);
[[nodiscard]] nlohmann::ordered_json churn_json(const ChurnPlan& plan, const ChurnResult& result);

void print_stalled(const StalledPlan& plan, const StalledResult& result);
void print_comparison(const StalledPlan& plan, const StalledComparison& comparison);
[[nodiscard]] nlohmann::ordered_json comparison_json(const StalledPlan& plan,
                                                     const StalledComparison& comparison);

void print_recipients(const RecipientsPlan& plan, const RecipientsResult& result);
[[nodiscard]] nlohmann::ordered_json recipients_json(const RecipientsPlan& plan,
                                                     const RecipientsResult& result);

}  // namespace ringcast::bench
