#include "engine/frame_index.h"

#include "engine/base/check.h"

namespace ringcast {

void FrameIndex::push(const Entry& entry) noexcept {
  RC_CHECK(empty() || at(size() - 1).id < entry.id);
  if (size() == entries_.size()) ++forgotten_;
  entries_[pushed_ % entries_.size()] = entry;
  ++pushed_;
}

void FrameIndex::forget_before(Position floor, uint64_t oldest_ms) noexcept {
  while (!empty() && (at(0).at < floor || at(0).id.ms < oldest_ms)) ++forgotten_;
}

const FrameIndex::Entry& FrameIndex::at(size_t i) const noexcept {
  RC_DCHECK(i < size());
  return entries_[(forgotten_ + i) % entries_.size()];
}

size_t FrameIndex::first_after(EventId id) const noexcept {
  size_t low = 0;
  size_t high = size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (at(middle).id <= id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace ringcast
