// ShardTally: what has become of one channel's events on one shard, counted in deliveries: one event owed
// to one subscriber. books.h says what it all adds up to.
//
// Threads: written by its shard, read by any. Memory: one cache line.
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/base/counter.h"
#include "engine/base/memory.h"

namespace ringcast {

struct alignas(kCacheLineBytes) ShardTally {
  // seq_cst: see Channel::set_audience.
  std::atomic<uint32_t> subscribers{0};

  Counter replayed;      // older events that subscribers asked for when they came
  Counter sent;          // handed to sockets...
  Counter unsent;        // ...of which these were not taken; they are sent again
  Counter skipped;       // expired, or overwritten before a slow subscriber got them
  Counter closed_owing;  // owed to a subscriber that went
};

}  // namespace ringcast
