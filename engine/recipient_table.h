// RecipientTable: a hash table from recipients to places of frames, for RecipientFrames. It keeps four bytes a
// recipient and the room to grow, because what a place's frame is for stands with the frame.
//
// It grows in segments of one page. A segment that gets crowded is split in two by one more bit of the hash, so that
// no single insertion costs more than looking at one page again, however many recipients there are. Segments are never
// joined: a table is as large as it has been.
//
// Threads: under the log's lock. Memory: 5 to 11 bytes a recipient, in pages touched as they are needed; address space
// for as many recipients as the constructor is told.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "engine/base/lazy_array.h"
#include "engine/keyed_hash.h"

namespace ringcast {

class RecipientTable {
 public:
  // For up to `recipients_max` recipients.
  explicit RecipientTable(uint32_t recipients_max);

  // A recipient's cell: an empty one when it is not in the table. Valid until the next call of put() or erase().
  struct Cell {
    uint32_t segment;
    uint32_t index;
  };

  // `recipient_at(place)` says whose frame is at a place that is in the table.
  template <typename RecipientAt>
  [[nodiscard]] Cell find(const KeyedHash& recipient, RecipientAt&& recipient_at) const noexcept {
    const uint32_t segment = segment_of(recipient);
    uint32_t index = home_of(recipient);
    for (const auto& cells = segments_[segment].cells; cells[index] != 0; index = after(index)) {
      if (recipient_at(cells[index] - 1) == recipient) break;
    }
    return {segment, index};
  }

  [[nodiscard]] bool is_empty(Cell cell) const noexcept {
    return segments_[cell.segment].cells[cell.index] == 0;
  }
  // Requires: !is_empty(cell).
  [[nodiscard]] uint32_t place(Cell cell) const noexcept {
    return segments_[cell.segment].cells[cell.index] - 1;
  }

  // Puts `place` into `cell`, where find() led for its recipient.
  template <typename RecipientAt>
  void put(Cell cell, uint32_t place, RecipientAt&& recipient_at) noexcept {
    Segment& segment = segments_[cell.segment];
    if (segment.cells[cell.index] == 0) ++segment.used;
    segment.cells[cell.index] = place + 1;
    if (segment.used > kUsedMax) split(cell.segment, recipient_at);
  }

  // Empties `cell`. Those that were pushed past it by the search for their place move up, so that no search ever meets a
  // hole. Requires: !is_empty(cell).
  template <typename RecipientAt>
  void erase(Cell cell, RecipientAt&& recipient_at) noexcept {
    Segment& segment = segments_[cell.segment];
    uint32_t hole = cell.index;
    for (uint32_t i = after(hole); segment.cells[i] != 0; i = after(i)) {
      const uint32_t home = home_of(recipient_at(segment.cells[i] - 1));
      if (distance(home, i) < distance(hole, i)) continue;
      segment.cells[hole] = segment.cells[i];
      hole = i;
    }
    segment.cells[hole] = 0;
    --segment.used;
  }

 private:
  static constexpr uint32_t kCells = 1022;  // with the two words below: one page
  static constexpr uint32_t kUsedMax = kCells * 3 / 4;

  struct Segment {
    uint32_t used;
    uint32_t depth;                      // how many leading bits of the hash its recipients share
    std::array<uint32_t, kCells> cells;  // a place plus one; 0: empty
  };
  static_assert(sizeof(Segment) == 4096);

  static uint32_t after(uint32_t index) noexcept { return index + 1 == kCells ? 0 : index + 1; }
  static uint32_t distance(uint32_t from, uint32_t to) noexcept {
    return to >= from ? to - from : to + kCells - from;
  }
  // The leading bits choose the segment, the trailing ones the cell.
  static uint32_t home_of(const KeyedHash& recipient) noexcept {
    return static_cast<uint32_t>(recipient.a & 0xffff'ffff) % kCells;
  }
  [[nodiscard]] uint32_t segment_of(const KeyedHash& recipient) const noexcept {
    return directory_[depth_ == 0 ? 0 : recipient.a >> (64 - depth_)];
  }

  // One more bit tells the recipients of `number` from those of a new segment.
  template <typename RecipientAt>
  void split(uint32_t number, RecipientAt&& recipient_at) noexcept {
    const std::array<uint32_t, kCells> cells = segments_[number].cells;
    const auto any = std::ranges::find_if(cells, [](uint32_t cell) { return cell != 0; });
    add_sibling(number, recipient_at(*any - 1));
    segments_[number].cells = {};
    segments_[number].used = 0;
    for (const uint32_t cell : cells) {
      if (cell == 0) continue;
      const KeyedHash& recipient = recipient_at(cell - 1);
      Segment& segment = segments_[segment_of(recipient)];
      uint32_t index = home_of(recipient);
      while (segment.cells[index] != 0) index = after(index);
      segment.cells[index] = cell;
      ++segment.used;
    }
  }
  // A segment for half of the recipients of segment `number`, one of whom is `any`.
  void add_sibling(uint32_t number, const KeyedHash& any) noexcept;

  LazyArray<Segment> segments_;
  LazyArray<uint32_t> directory_;  // by the leading depth_ bits of a hash
  uint32_t segments_used_ = 1;
  uint32_t depth_ = 0;
};

}  // namespace ringcast
