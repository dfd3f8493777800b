// SpareMemory: gives memory back to the system when a crowd of requests has gone.
//
// An allocator keeps what was freed for the next who asks, and looks at what it keeps only when it is asked. After
// thousands of unfinished requests have been cut off nobody asks, and the process would stay as large as the attack has made
// it. So this counts exchanges, and has the allocator look when three quarters of a crowd have gone; twice, because it
// leaves what was freed just now for half a second.
//
// Threads: one shard. Memory: none.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/base/clock.h"

namespace ringcast::net {

// Has the allocator hand unused memory to the system: mimalloc's business, where the program is linked with it, and
// nothing otherwise. Some 40 us where there is little to do.
void collect_free_memory() noexcept;

class SpareMemory {
 public:
  using Collect = void (*)() noexcept;
  explicit SpareMemory(Collect collect = collect_free_memory) : collect_(collect) {}

  // Fewer than this are no crowd: publishers on their connections, say. A guess.
  static constexpr uint32_t kCrowd = 64;
  // Between two looks.
  static constexpr MonotonicMs kPauseMs = 1000;

  void exchange_made() noexcept { most_ = std::max(most_, ++exchanges_); }
  void exchange_dropped() noexcept { --exchanges_; }

  // Once a turn.
  void look(MonotonicMs now) noexcept;

  // When to look() again although nothing happens; 0: never.
  [[nodiscard]] MonotonicMs again_at() const noexcept { return again_at_; }

 private:
  const Collect collect_;
  uint32_t exchanges_ = 0;
  uint32_t most_ = 0;  // since the last crowd went
  MonotonicMs again_at_ = 0;
};

}  // namespace ringcast::net
