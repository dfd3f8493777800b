// What recipients prints, and writes to JSON.
//
// Threads: free functions.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/load/recipients/recipients_plan.h"

namespace ringcast::bench {

void print_recipients(const RecipientsPlan& plan, const RecipientsResult& result);
[[nodiscard]] nlohmann::ordered_json recipients_json(const RecipientsPlan& plan,
                                                     const RecipientsResult& result);

}  // namespace ringcast::bench
