// ReaderProgress: how far the healthy subscribers of one ring have got, shard by shard. It is what
// paces publishers: the ring's floor never rises above slowest().
//
// A shard reads a ring for two kinds of subscribers, which move at their own paces: as reader `shard` for
// those who get all of it, as reader merged_reader(shard) for those who get a selection.
//
// Threads: each cell is stored by its own shard and loaded by whoever holds the log's lock. Memory:
// fixed.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <vector>

#include "engine/base/memory.h"

namespace ringcast {

// Bytes since a ring began.
using Position = uint64_t;

// A shard without healthy subscribers holds nobody up.
inline constexpr Position kNobodyBehind = std::numeric_limits<Position>::max();

class ReaderProgress {
 public:
  explicit ReaderProgress(size_t shards) : cells_(2 * shards) {}

  [[nodiscard]] size_t merged_reader(size_t shard) const noexcept {
    return cells_.size() / 2 + shard;
  }

  // Every healthy subscriber of `reader` has been sent all bytes below `swept`. seq_cst: a joining
  // shard stores this before it loads the position it joins at, the writer raises the floor only
  // after loading it.
  void report(size_t reader, Position swept) noexcept {
    cells_[reader].swept.store(swept, std::memory_order_seq_cst);
  }

  [[nodiscard]] Position reported(size_t reader) const noexcept {
    return cells_[reader].swept.load(std::memory_order_relaxed);
  }

  [[nodiscard]] Position slowest() const noexcept {
    Position slowest = kNobodyBehind;
    for (const Cell& cell : cells_) {
      slowest = std::min(slowest, cell.swept.load(std::memory_order_seq_cst));
    }
    return slowest;
  }

 private:
  struct alignas(kCacheLineBytes) Cell {
    std::atomic<Position> swept{kNobodyBehind};
  };
  std::vector<Cell> cells_;
};

}  // namespace ringcast
