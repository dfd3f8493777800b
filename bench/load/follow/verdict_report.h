// How a verdict over subscribers is printed and written to JSON.
//
// Threads: free functions.
#pragma once

#include <nlohmann/json.hpp>

#include "bench/load/follow/follower_ledger.h"

namespace ringcast::bench {

// What is wrong with it, with examples.
void print_faults(const FollowVerdict& verdict);
[[nodiscard]] nlohmann::ordered_json verdict_json(const FollowVerdict& verdict);

}  // namespace ringcast::bench
