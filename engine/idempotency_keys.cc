#include "engine/idempotency_keys.h"

#include <algorithm>
#include <bit>

#include "engine/base/check.h"
#include "engine/event.h"

namespace ringcast {

namespace {

// More than the one entry that a claim may add, so that expired entries dwindle.
constexpr int kExpiredPerClaimMax = 2;

bool is_visible(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != 0x7f;
}

}  // namespace

bool is_idempotency_key(std::string_view text) noexcept {
  if (text.empty() || text.size() > kIdempotencyKeyBytesMax) return false;
  if (!std::ranges::all_of(text, is_visible)) return false;
  return find_fault({.type = {}, .data = text}) == EventFault::kNone;  // the same rule: any UTF-8
}

IdempotencyKeys::IdempotencyKeys(uint32_t keys_max)
    : entries_(keys_max), buckets_(std::bit_ceil(size_t{keys_max})) {
  RC_CHECK(keys_max > 0);
}

Claim IdempotencyKeys::claim(KeyedHash key, KeyedHash request, MonotonicMs now) noexcept {
  const std::lock_guard guard(mutex_);
  now_ = std::max(now_, now);
  expire_some();

  const Claim claim = known(key, request);
  if (claim.kind != ClaimKind::kFirst) return claim;
  const Number number = take_free();
  if (number == 0) return {.kind = ClaimKind::kFull, .answer = {}};
  Number& head = bucket(key);
  Entry& fresh = entry(number);
  fresh = Entry{};
  fresh.key = key;
  fresh.request = request;
  fresh.next_in_bucket = head;
  head = number;
  ++size_;
  return claim;
}

Claim IdempotencyKeys::look_up(KeyedHash key, KeyedHash request, MonotonicMs now) noexcept {
  const std::lock_guard guard(mutex_);
  now_ = std::max(now_, now);
  return known(key, request);
}

// An expired key is not known any more, and its entry is free.
Claim IdempotencyKeys::known(KeyedHash key, KeyedHash request) noexcept {
  const Number number = find(key);
  const bool is_expired_now = number != 0 && is_expired(entry(number));
  if (is_expired_now) forget(number);
  if (number == 0 || is_expired_now) return {.kind = ClaimKind::kFirst, .answer = {}};
  const Entry& known = entry(number);
  if (known.request != request) return {.kind = ClaimKind::kOtherRequest, .answer = {}};
  if (known.is_settled == 0) return {.kind = ClaimKind::kUnderWay, .answer = {}};
  return {.kind = ClaimKind::kRepeat,
          .answer = {.first_id = known.first_id,
                     .last_id = known.last_id,
                     .count = known.count,
                     .subscribers = known.subscribers,
                     .is_batch = known.is_batch != 0}};
}

void IdempotencyKeys::settle(KeyedHash key, const PublishAnswer& answer, MonotonicMs now) noexcept {
  const std::lock_guard guard(mutex_);
  now_ = std::max(now_, now);
  const Number number = claimed(key);
  Entry& settled = entry(number);
  settled.first_id = answer.first_id;
  settled.last_id = answer.last_id;
  settled.subscribers = answer.subscribers;
  settled.count = answer.count & ((1U << 30) - 1);
  settled.is_batch = answer.is_batch ? 1 : 0;
  settled.settled_at = now_;
  settled.is_settled = 1;
  append_settled(number);
}

void IdempotencyKeys::release(KeyedHash key) noexcept {
  const std::lock_guard guard(mutex_);
  forget(claimed(key));
}

uint32_t IdempotencyKeys::size() const noexcept {
  const std::lock_guard guard(mutex_);
  return size_;
}

IdempotencyKeys::Number IdempotencyKeys::find(KeyedHash key) noexcept {
  Number number = bucket(key);
  while (number != 0 && entry(number).key != key) number = entry(number).next_in_bucket;
  return number;
}

// The entry of a key that is somebody's: an attempt that settles another's key would forge its
// answer.
IdempotencyKeys::Number IdempotencyKeys::claimed(KeyedHash key) noexcept {
  const Number number = find(key);
  RC_CHECK(number != 0);
  RC_CHECK(entry(number).is_settled == 0);
  return number;
}

// Used entries first, so that memory grows with the keys of ten minutes and not with all there
// were.
IdempotencyKeys::Number IdempotencyKeys::take_free() noexcept {
  if (free_ != 0) {
    const Number number = free_;
    free_ = entry(number).next_in_bucket;
    return number;
  }
  if (touched_ == entries_.size()) return 0;
  return ++touched_;
}

void IdempotencyKeys::forget(Number number) noexcept {
  Entry& leaving = entry(number);
  if (leaving.is_settled != 0) unlink_settled(leaving);
  Number* link = &bucket(leaving.key);
  while (*link != number) link = &entry(*link).next_in_bucket;
  *link = leaving.next_in_bucket;
  leaving.next_in_bucket = free_;
  free_ = number;
  --size_;
}

void IdempotencyKeys::append_settled(Number number) noexcept {
  Entry& settled = entry(number);
  settled.older = newest_;
  settled.newer = 0;
  (newest_ == 0 ? oldest_ : entry(newest_).newer) = number;
  newest_ = number;
}

void IdempotencyKeys::unlink_settled(const Entry& leaving) noexcept {
  (leaving.older == 0 ? oldest_ : entry(leaving.older).newer) = leaving.newer;
  (leaving.newer == 0 ? newest_ : entry(leaving.newer).older) = leaving.older;
}

void IdempotencyKeys::expire_some() noexcept {
  for (int i = 0; i < kExpiredPerClaimMax; ++i) {
    if (oldest_ == 0 || !is_expired(entry(oldest_))) return;
    forget(oldest_);
  }
}

bool IdempotencyKeys::is_expired(const Entry& entry) const noexcept {
  return entry.is_settled != 0 && now_ - entry.settled_at >= kIdempotencyKeyAge.count();
}

}  // namespace ringcast
