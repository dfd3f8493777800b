// PublishingPlan: how much a scenario publishes, and on how many connections; what all of them with an open schedule have in common.
//
// Threads: a value type.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringcast::bench {

struct PublishingPlan {
  double rate = 1'000;     // events a second, of all lanes together
  uint32_t lanes = 4;      // connections; each has a source port, and so likely a shard, of its own
  uint32_t pipeline = 64;  // unanswered publishes a lane may have
  size_t data_bytes = 200;
  int64_t duration_ns = 0;
};

}  // namespace ringcast::bench
