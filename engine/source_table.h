// SourceTable: what each source of requests has taken lately: connections and streams that are open, and tokens of a bucket
// for each kind of request. A source is 128 bits: the keyed hash of an address or, for publishes, of the key or the subject of
// the token they came with.
//
// The table has room for a fixed number of sources, and forgets those that owe nothing: nothing held, and buckets that
// are full again. Where all places that a source could have are taken, the one that owes least is given up,
// and if each of them holds something, the newcomer is not followed: it is let in, and counted as untracked. To turn
// strangers away for what other strangers do would be the very thing that limits are against. The hash is
// keyed, so that nobody can choose to crowd the places of another.
//
// Threads: any; a lock for each part of the table, held for a look at 16 places. Memory: 48 bytes for each place,
// mapped by the constructor and touched as sources come; nothing after that.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "engine/base/lazy_array.h"
#include "engine/base/memory.h"
#include "engine/keyed_hash.h"
#include "engine/rate_limit.h"

namespace ringcast {

// What it may have so many of at a time.
enum class Holding : uint8_t { kConnections, kStreams };
inline constexpr size_t kHoldings = 2;

// What has a bucket of its own.
enum class Taking : uint8_t { kStreams, kPublishes, kRefusals };
inline constexpr size_t kTakings = 3;

class SourceTable {
 public:
  // Room for at least `sources`.
  explicit SourceTable(size_t sources);

  // Counts one more of what `source` holds, unless it has `most` already.
  enum class Entered { kYes, kFull, kUntracked };
  [[nodiscard]] Entered enter(const KeyedHash& source, Holding what, uint32_t most,
                              MonotonicMs now) noexcept;
  // One that kYes was said to has gone.
  void leave(const KeyedHash& source, Holding what) noexcept;

  // Takes `count` tokens, if there is one. Zero: they were taken; otherwise, how long to wait for one.
  [[nodiscard]] milliseconds take(const KeyedHash& source, Taking what, const RateLimit& limit,
                                  uint32_t count, MonotonicMs now) noexcept;
  // The same without taking any.
  [[nodiscard]] milliseconds wait(const KeyedHash& source, Taking what, const RateLimit& limit,
                                  MonotonicMs now) noexcept;
  // Takes `count` tokens, whether there are any or not.
  void charge(const KeyedHash& source, Taking what, const RateLimit& limit, uint32_t count,
              MonotonicMs now) noexcept;

  // Sources that were given up, or never followed.
  [[nodiscard]] uint64_t untracked() const noexcept {
    return untracked_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] size_t capacity() const noexcept { return sets_.size() * kPlaces; }

 private:
  static constexpr size_t kPlaces = 16;  // of a set: at half the capacity, 4 sets in 1000 are full
  static constexpr size_t kLocks = 64;   // a guess: more than there are cores

  struct Entry {
    KeyedHash source;
    std::array<TokenBucket, kTakings> buckets;
    std::array<uint32_t, kHoldings> held;

    [[nodiscard]] bool holds_nothing() const noexcept { return held == decltype(held){}; }
    [[nodiscard]] bool owes_nothing(MonotonicMs now) const noexcept;
    [[nodiscard]] int64_t owes_until_us() const noexcept;
  };
  using Set = std::array<Entry, kPlaces>;
  struct alignas(kCacheLineBytes) Lock {
    std::mutex mutex;
  };

  [[nodiscard]] Set& set_of(const KeyedHash& source) noexcept {
    return sets_[source.a & (sets_.size() - 1)];
  }
  [[nodiscard]] std::mutex& lock_of(const KeyedHash& source) noexcept {
    return locks_[source.a % kLocks].mutex;
  }
  [[nodiscard]] static Entry* find(Set& set, const KeyedHash& source) noexcept;
  [[nodiscard]] Entry* find_or_add(Set& set, const KeyedHash& source, MonotonicMs now) noexcept;

  LazyArray<Set> sets_;  // a power of two of them
  std::array<Lock, kLocks> locks_;
  std::atomic<uint64_t> untracked_{0};  // added to by any thread, in no order: a statistic
};

}  // namespace ringcast
