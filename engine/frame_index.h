// FrameIndex: where each recent frame of a ring starts, by event id. It is what turns "after this
// id" into a position, and what bounds history by count and age; the ring itself only knows bytes.
//
// Threads: under the log's lock. Memory: frames_max entries of 32 bytes, allocated by the
// constructor.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/event_id.h"
#include "engine/reader_progress.h"

namespace ringcast {

class FrameIndex {
 public:
  struct Entry {
    EventId id;
    Position at;
    uint32_t bytes;
  };

  // Requires: frames_max > 0.
  explicit FrameIndex(uint32_t frames_max) : entries_(frames_max) {}

  // Notes the newest frame; forgets the oldest when full. Requires: id greater than every id
  // before.
  void push(const Entry& entry) noexcept;

  // Forgets frames that start below `floor` or are from before `oldest_ms` (the id's clock).
  void forget_before(Position floor, uint64_t oldest_ms) noexcept;

  [[nodiscard]] size_t size() const noexcept { return pushed_ - forgotten_; }
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  // The i-th frame still known, 0 being the oldest. Requires: i < size().
  [[nodiscard]] const Entry& at(size_t i) const noexcept;

  // How many of the known frames have an id not greater than `id`: at(first_after(id)) is the first
  // frame after it. O(log size()).
  [[nodiscard]] size_t first_after(EventId id) const noexcept;

 private:
  std::vector<Entry> entries_;  // circular: entry n lives at n % entries_.size()
  uint64_t pushed_ = 0;
  uint64_t forgotten_ = 0;
};

}  // namespace ringcast
