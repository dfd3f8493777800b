#include "engine/source_table.h"

#include <algorithm>
#include <bit>

namespace ringcast {

SourceTable::SourceTable(size_t sources)
    : sets_(std::bit_ceil(std::max<size_t>(1, (sources + kPlaces - 1) / kPlaces))) {}

bool SourceTable::Entry::owes_nothing(MonotonicMs now) const noexcept {
  return holds_nothing() &&
         std::ranges::all_of(buckets, [now](const TokenBucket& b) { return b.is_full(now); });
}

int64_t SourceTable::Entry::owes_until_us() const noexcept {
  return std::ranges::max(buckets, {}, &TokenBucket::full_at_us).full_at_us();
}

SourceTable::Entry* SourceTable::find(Set& set, const KeyedHash& source) noexcept {
  const auto found = std::ranges::find(set, source, &Entry::source);
  return found == set.end() ? nullptr : &*found;
}

SourceTable::Entry* SourceTable::find_or_add(Set& set, const KeyedHash& source,
                                             MonotonicMs now) noexcept {
  if (Entry* const known = find(set, source)) return known;
  Entry* chosen = nullptr;
  for (Entry& entry : set) {
    if (entry.owes_nothing(now)) {
      chosen = &entry;
      break;
    }
    const bool may_go = entry.holds_nothing();
    if (may_go && (chosen == nullptr || entry.owes_until_us() < chosen->owes_until_us())) {
      chosen = &entry;
    }
  }
  if (chosen == nullptr || !chosen->owes_nothing(now)) {
    untracked_.fetch_add(1, std::memory_order_relaxed);
  }
  if (chosen != nullptr) *chosen = Entry{.source = source, .buckets = {}, .held = {}};
  return chosen;
}

SourceTable::Entered SourceTable::enter(const KeyedHash& source, Holding what, uint32_t most,
                                        MonotonicMs now) noexcept {
  const std::lock_guard guard(lock_of(source));
  Entry* const entry = find_or_add(set_of(source), source, now);
  if (entry == nullptr) return Entered::kUntracked;
  uint32_t& held = entry->held[static_cast<size_t>(what)];
  if (held >= most) return Entered::kFull;
  ++held;
  return Entered::kYes;
}

void SourceTable::leave(const KeyedHash& source, Holding what) noexcept {
  const std::lock_guard guard(lock_of(source));
  Entry* const entry = find(set_of(source), source);
  RC_CHECK(entry != nullptr);  // who holds something is not given up
  uint32_t& held = entry->held[static_cast<size_t>(what)];
  RC_CHECK(held > 0);
  --held;
}

milliseconds SourceTable::take(const KeyedHash& source, Taking what, const RateLimit& limit,
                               uint32_t count, MonotonicMs now) noexcept {
  const std::lock_guard guard(lock_of(source));
  Entry* const entry = find_or_add(set_of(source), source, now);
  if (entry == nullptr) return milliseconds{0};
  TokenBucket& bucket = entry->buckets[static_cast<size_t>(what)];
  const milliseconds wait = bucket.wait(limit, now);
  if (wait == milliseconds{0}) bucket.take(limit, count, now);
  return wait;
}

milliseconds SourceTable::wait(const KeyedHash& source, Taking what, const RateLimit& limit,
                               MonotonicMs now) noexcept {
  const std::lock_guard guard(lock_of(source));
  const Entry* const entry = find(set_of(source), source);
  if (entry == nullptr) return milliseconds{0};
  return entry->buckets[static_cast<size_t>(what)].wait(limit, now);
}

void SourceTable::charge(const KeyedHash& source, Taking what, const RateLimit& limit,
                         uint32_t count, MonotonicMs now) noexcept {
  const std::lock_guard guard(lock_of(source));
  Entry* const entry = find_or_add(set_of(source), source, now);
  if (entry == nullptr) return;
  TokenBucket& bucket = entry->buckets[static_cast<size_t>(what)];
  bucket.take(limit, count, now);
  // What could not be refused in time is not held against others at that address for hours.
  if (what == Taking::kRefusals) bucket.limit_debt(limit, now);
}

}  // namespace ringcast
