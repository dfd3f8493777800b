// CurrentAccess: the Access that counts, which may be exchanged while the shards go on asking it.
//
// A shard takes what is current at the beginning of each turn and asks that until the next. exchange() puts another one
// there, waits until every shard has taken it, and only then destroys the old one:
//
//   shard     now = current; where that is another one than before: taken = now (release)
//   exchange  current = new; wakes the shards; once taken == new (acquire) for each of them, deletes the old one
//
// A shard says that it has taken the new one after its last look at the old one and never goes back: there is one exchange
// at a time, and it ends when all have taken the same. So no shard waits, counts or locks; there are never more than two;
// and when exchange() returns, nobody is let in any more by what only the old one knew.
//
// Threads: take() and has_news() by each shard for itself; exchange() by one thread, which no shard may be waiting for.
// Memory: what an Access needs, twice during an exchange; a cache line for each shard.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "engine/access/access.h"
#include "engine/base/memory.h"

namespace ringcast {

class CurrentAccess {
 public:
  CurrentAccess(std::unique_ptr<const Access> first, size_t shards);

  // What `shard` asks until it calls this again.
  [[nodiscard]] const Access& take(size_t shard) noexcept {
    const Access* const now = current_.load(std::memory_order_seq_cst);
    std::atomic<const Access*>& taken = seats_[shard].taken;
    if (taken.load(std::memory_order_relaxed) != now) taken.store(now, std::memory_order_release);
    return *now;
  }

  // Whether `shard` has yet to take what is current. Whoever does not look for long, looks here before.
  [[nodiscard]] bool has_news(size_t shard) const noexcept {
    return current_.load(std::memory_order_seq_cst) !=
           seats_[shard].taken.load(std::memory_order_relaxed);
  }

  // Makes `next` current, and returns once every shard has taken it. `wake_all` makes those look that sleep.
  void exchange(std::unique_ptr<const Access> next, const std::function<void()>& wake_all);

 private:
  [[nodiscard]] bool is_taken_by_all() const noexcept;

  // Written by its shard, read by exchange(): release and acquire put a shard's last look before the old one's end.
  struct alignas(kCacheLineBytes) Seat {
    std::atomic<const Access*> taken;
  };

  std::unique_ptr<const Access> owned_;
  // Written by exchange(), read by all shards. seq_cst, as a doorbell's words: a shard says that it is going to sleep, then
  // looks here; exchange() stores, then looks who sleeps.
  std::atomic<const Access*> current_;
  std::vector<Seat> seats_;
};

}  // namespace ringcast
