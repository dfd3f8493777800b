// TimerWheel: one deadline per slot, in ticks of 16 ms. Arming, disarming and a tick cost the same
// however many are armed.
//
// A deadline is met at the first expire() after it, so up to a tick late. A slot has one timer;
// what it means depends on what the connection is doing.
//
// Threads: one shard. Memory: 12 bytes per slot used, and the buckets.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "engine/base/clock.h"
#include "engine/base/lazy_array.h"

namespace ringcast::net {

inline constexpr size_t kTimerBytes = 12;  // per slot

class TimerWheel {
 public:
  // Slots are [0, slots).
  TimerWheel(size_t slots, MonotonicMs now) : nodes_(slots), origin_(now) {}

  // Sets the deadline of `slot`, replacing any earlier one.
  void arm(uint32_t slot, MonotonicMs deadline) noexcept;
  void disarm(uint32_t slot) noexcept;
  [[nodiscard]] bool is_armed(uint32_t slot) const noexcept { return nodes_[slot].tick != 0; }

  // Disarms and calls `on_due(slot)` for slots whose deadline has passed; at most about `most`, the
  // rest at the next call.
  template <typename OnDue>
  void expire(MonotonicMs now, size_t most, OnDue&& on_due) noexcept {
    std::array<uint32_t, kBatch> due;
    for (size_t done = 0; done < most;) {
      const size_t count = collect_due(now, due);
      if (count == 0) return;
      for (const uint32_t slot : std::span(due).first(count)) on_due(slot);
      done += count;
    }
  }

  // No deadline is met before this moment; far in the future when none is armed. It may come early,
  // by a whole turn of the wheel, when all that is armed is further away than that.
  [[nodiscard]] MonotonicMs next_deadline() const noexcept;

 private:
  // A guess: fine enough for heartbeats, coarse enough to sleep.
  static constexpr int64_t kTickMs = 16;
  // One turn is 16 s, so that a 15 s heartbeat is looked at once.
  static constexpr uint32_t kBuckets = 1024;
  static constexpr size_t kBatch = 128;

  // Zero means none in all three: links are slots plus one, and ticks begin at one.
  struct Node {
    uint32_t next;
    uint32_t previous;
    uint32_t tick;
  };
  static_assert(sizeof(Node) == kTimerBytes);

  [[nodiscard]] uint64_t tick_of(MonotonicMs time) const noexcept {
    return static_cast<uint64_t>((time - origin_) / kTickMs + 1);
  }
  // Disarms up to kBatch slots that are due, and moves on over the ticks that have none.
  size_t collect_due(MonotonicMs now, std::array<uint32_t, kBatch>& due) noexcept;
  void unlink(uint32_t slot) noexcept;

  LazyArray<Node> nodes_;
  std::array<uint32_t, kBuckets> heads_{};
  std::array<uint64_t, kBuckets / 64> used_{};  // a bit for each bucket that is not empty
  const MonotonicMs origin_;
  uint64_t at_tick_ = 1;  // every earlier tick has been expired
};

}  // namespace ringcast::net
