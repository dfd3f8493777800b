// IdempotencyKeys: the memory of `Idempotency-Key`s. A publisher that did not hear our answer sends
// its request again under the same key, and gets the first answer instead of a second delivery.
//
// An attempt claims its key before it tries to commit, and afterwards either settles it with the
// answer or releases it. From its answer on a key is remembered for ten minutes. Whoever still
// relies on a key is never pushed out by newcomers: when all entries are in use, new keys are
// refused until one expires.
//
// Threads: any; one mutex, held for a few memory accesses however much has expired.
// Memory:  for each of the keys_max entries at most 104 bytes (96, and its share of the table), as
//          address space that becomes memory with use; nothing is allocated after the constructor.
//          Keys and requests are kept as hashes, so their lengths do not matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/lazy_array.h"
#include "engine/event_id.h"
#include "engine/keyed_hash.h"

namespace ringcast {

inline constexpr size_t kIdempotencyKeyBytesMax = 255;
inline constexpr milliseconds kIdempotencyKeyAge{std::chrono::minutes(10)};

// 1 to 255 bytes of UTF-8 without spaces and ASCII control characters. Quotes are bytes like any
// other: `"a"` and `a` are two keys.
[[nodiscard]] bool is_idempotency_key(std::string_view text) noexcept;

// What to answer, with 400, when it is not; static text.
inline constexpr std::string_view kBadIdempotencyKey =
    "Idempotency-Key is not 1 to 255 bytes of visible text; use a fresh UUID for each event";

// What a publisher was told about what it had committed, in the fewest bytes that say it again.
struct PublishAnswer {
  EventId first_id;
  EventId last_id;           // first_id, unless it was a batch
  uint32_t count = 0;        // of events; below 2^30
  uint32_t subscribers = 0;  // of a single event's channel
  bool is_batch = false;     // which of the two forms the answer had
  bool operator==(const PublishAnswer&) const = default;
};

enum class ClaimKind {
  kFirst,         // the key is the caller's until it calls settle() or release()
  kRepeat,        // this very request has been answered: give the same answer again
  kUnderWay,      // another attempt with this key has not been answered yet
  kOtherRequest,  // the key belongs to a different request
  kFull,          // every entry is in use, and none has expired
};

struct Claim {
  ClaimKind kind;
  PublishAnswer answer;  // kRepeat only
};

class IdempotencyKeys {
 public:
  // Requires: 0 < keys_max.
  explicit IdempotencyKeys(uint32_t keys_max);

  // Looks `key` up, and takes it when it is new. `key` is the hash of the key's text, `request` of
  // all that makes a request this one: its target and its body.
  // A `now` behind one that another thread handed in before counts as that one.
  [[nodiscard]] Claim claim(KeyedHash key, KeyedHash request, MonotonicMs now) noexcept;

  // What is known of `key`, as claim() would say; kFirst when it is new. Takes nothing.
  [[nodiscard]] Claim look_up(KeyedHash key, KeyedHash request, MonotonicMs now) noexcept;

  // The attempt was answered with `answer`, which is repeated until ten minutes after `now`.
  // Requires: `key` was claimed first, and neither settled nor released since.
  void settle(KeyedHash key, const PublishAnswer& answer, MonotonicMs now) noexcept;

  // The attempt came to nothing, so another may try. Requires: as settle().
  void release(KeyedHash key) noexcept;

  // How many entries are in use. Expired ones count until the claims that come after clear them
  // away, two at a time.
  [[nodiscard]] uint32_t size() const noexcept;

 private:
  // An entry's number, from 1 on; 0 is none. That way zero bytes are empty tables and lists.
  using Number = uint32_t;

  struct Entry {
    KeyedHash key;
    KeyedHash request;
    EventId first_id;
    EventId last_id;
    MonotonicMs settled_at;  // while is_settled
    uint32_t subscribers;
    uint32_t count : 30;
    uint32_t is_batch : 1;
    uint32_t is_settled : 1;
    Number next_in_bucket;  // or the next free entry
    Number older;           // neighbours in the order of settling, while is_settled
    Number newer;
  };
  static_assert(sizeof(Entry) == 96);

  Entry& entry(Number number) noexcept { return entries_[number - 1]; }
  Number& bucket(KeyedHash key) noexcept { return buckets_[key.a & (buckets_.size() - 1)]; }

  [[nodiscard]] Claim known(KeyedHash key, KeyedHash request) noexcept;
  Number find(KeyedHash key) noexcept;
  Number claimed(KeyedHash key) noexcept;
  Number take_free() noexcept;
  void forget(Number number) noexcept;
  void append_settled(Number number) noexcept;
  void unlink_settled(const Entry& leaving) noexcept;
  void expire_some() noexcept;
  [[nodiscard]] bool is_expired(const Entry& entry) const noexcept;

  mutable std::mutex mutex_;  // guards all of the below
  LazyArray<Entry> entries_;
  LazyArray<Number> buckets_;  // heads of the lists of entries whose keys fall into the same place
  Number touched_ = 0;         // entries beyond have never been used
  Number free_ = 0;            // head of the list of those that have, and are free
  Number oldest_ = 0;          // settled entries, which expire in this order
  Number newest_ = 0;
  uint32_t size_ = 0;
  MonotonicMs now_ = 0;  // the latest heard of: shards read their clocks at different moments
};

}  // namespace ringcast
