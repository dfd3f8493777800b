#include "net/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace ringcast::net {

namespace {

// A node's tick wraps after 2.2 years; what is armed lies within half of that.
bool is_later(uint32_t tick, uint64_t than) noexcept {
  return static_cast<int32_t>(tick - static_cast<uint32_t>(than)) > 0;
}

}  // namespace

void TimerWheel::arm(uint32_t slot, MonotonicMs deadline) noexcept {
  disarm(slot);
  // Rounded up, and never into a tick that has been expired already.
  const uint64_t due = std::max(tick_of(std::max(deadline, origin_) + kTickMs - 1), at_tick_);
  const uint32_t tick = std::max(static_cast<uint32_t>(due), 1u);  // zero means not armed
  const uint32_t bucket = tick % kBuckets;
  Node& node = nodes_[slot];
  node = {.next = heads_[bucket], .previous = 0, .tick = tick};
  if (node.next != 0) nodes_[node.next - 1].previous = slot + 1;
  heads_[bucket] = slot + 1;
  used_[bucket / 64] |= uint64_t{1} << (bucket % 64);
}

void TimerWheel::disarm(uint32_t slot) noexcept {
  if (is_armed(slot)) unlink(slot);
}

void TimerWheel::unlink(uint32_t slot) noexcept {
  Node& node = nodes_[slot];
  const uint32_t bucket = node.tick % kBuckets;
  if (node.previous != 0) {
    nodes_[node.previous - 1].next = node.next;
  } else {
    heads_[bucket] = node.next;
    if (node.next == 0) used_[bucket / 64] &= ~(uint64_t{1} << (bucket % 64));
  }
  if (node.next != 0) nodes_[node.next - 1].previous = node.previous;
  node = {};
}

size_t TimerWheel::collect_due(MonotonicMs now, std::array<uint32_t, kBatch>& due) noexcept {
  const uint64_t now_tick = tick_of(now);
  size_t count = 0;
  for (; at_tick_ <= now_tick; ++at_tick_) {
    for (uint32_t link = heads_[at_tick_ % kBuckets]; link != 0;) {
      const uint32_t slot = link - 1;
      link = nodes_[slot].next;
      if (is_later(nodes_[slot].tick, now_tick)) continue;  // another turn of the wheel
      if (count == kBatch) return count;                    // this tick is looked at again
      unlink(slot);
      due[count++] = slot;
    }
  }
  return count;
}

MonotonicMs TimerWheel::next_deadline() const noexcept {
  constexpr uint32_t kWords = kBuckets / 64;
  const auto first = static_cast<uint32_t>(at_tick_ % kBuckets);
  for (uint32_t i = 0; i <= kWords; ++i) {
    const uint32_t word = (first / 64 + i) % kWords;
    uint64_t bits = used_[word];
    if (i == 0) bits &= ~uint64_t{0} << (first % 64);
    if (i == kWords) bits &= (uint64_t{1} << (first % 64)) - 1;
    if (bits == 0) continue;
    const uint32_t bucket = word * 64 + static_cast<uint32_t>(std::countr_zero(bits));
    const uint32_t ticks_away = (bucket + kBuckets - first) % kBuckets;
    return origin_ + (static_cast<int64_t>(at_tick_) + ticks_away - 1) * kTickMs;
  }
  return std::numeric_limits<MonotonicMs>::max();
}

}  // namespace ringcast::net
