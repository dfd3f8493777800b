// Epochs: how the writer of a ring knows that nobody is still reading what it wants to overwrite.
//
// Each shard has one word, odd while a submit batch may read ring bytes, even otherwise. A writer
// first raises a ring's floor, then notes every word; once each noted word was even, or has
// changed, no shard can be reading below that floor. It is the store/load handshake of Dekker:
// either the writer sees the odd word and waits, or the shard sees the raised floor and keeps off.
// Both sides therefore use sequentially consistent operations on the word and the floor.
//
// Threads: each word is written by its own shard, read by whoever holds the log's lock. Memory:
// fixed at construction.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/memory.h"

namespace ringcast {

// Alone on its cache line: written twice a turn by its shard.
class alignas(kCacheLineBytes) Epoch {
 public:
  [[nodiscard]] uint64_t load() const noexcept { return word_.load(std::memory_order_seq_cst); }

 private:
  friend class ReadingRings;
  std::atomic<uint64_t> word_{0};
};

// While one of these lives, the shard's epoch is odd and ring bytes at or above a floor loaded
// inside stay put. Never sleep while holding one: the writer would be held up.
class ReadingRings {
 public:
  explicit ReadingRings(Epoch& epoch) noexcept : epoch_(epoch) {
    RC_DCHECK(epoch_.load() % 2 == 0);
    epoch_.word_.fetch_add(1, std::memory_order_seq_cst);
  }
  ~ReadingRings() { epoch_.word_.fetch_add(1, std::memory_order_seq_cst); }
  ReadingRings(const ReadingRings&) = delete;
  ReadingRings& operator=(const ReadingRings&) = delete;

 private:
  Epoch& epoch_;
};

// One epoch per shard, made before the shards and outliving them.
using Epochs = std::vector<Epoch>;

// What the epochs were at one moment. Note it after raising the floor; ask later.
class EpochSnapshot {
 public:
  explicit EpochSnapshot(const Epochs& epochs) : epochs_(epochs), noted_(epochs.size(), 0) {}

  void note() noexcept {
    for (size_t shard = 0; shard < noted_.size(); ++shard) noted_[shard] = epochs_[shard].load();
  }

  // Whether every batch that was under way at note() has ended.
  [[nodiscard]] bool passed() const noexcept {
    for (size_t shard = 0; shard < noted_.size(); ++shard) {
      const bool was_reading = noted_[shard] % 2 == 1;
      if (was_reading && epochs_[shard].load() == noted_[shard]) return false;
    }
    return true;
  }

 private:
  const Epochs& epochs_;
  std::vector<uint64_t> noted_;
};

}  // namespace ringcast
