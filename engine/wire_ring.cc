#include "engine/wire_ring.h"

#include <utility>

namespace ringcast {

WireRing::WireRing(std::unique_ptr<Ring> bytes_ring, uint32_t frames_max, size_t shards,
                   FrameNumber first)
    : progress(shards),
      ring_(std::move(bytes_ring)),
      frames_max_(frames_max),
      starts_(frames_max),
      begin_(first),
      frames_(first) {}

void WireRing::append(std::string_view frame) noexcept {
  const FrameNumber n = end();
  const Position at = ring_->append(frame);
  starts_[n % frames_max_] = at;
  ends_[(n + 1) % kEnds].store(at + frame.size(), std::memory_order_seq_cst);
  frames_.store(n + 1, std::memory_order_seq_cst);
}

WireRing::Head WireRing::head() const noexcept {
  while (true) {
    const FrameNumber frames = frames_.load(std::memory_order_seq_cst);
    const Position position = ends_[frames % kEnds].load(std::memory_order_seq_cst);
    const FrameNumber now = frames_.load(std::memory_order_seq_cst);
    if (now - frames < kEnds - 1) return {position, frames};
  }
}

void WireRing::forget_overwritten() noexcept {
  const Position floor = ring_->floor();
  while (begin_ < end() && starts_[begin_ % frames_max_] < floor) ++begin_;
}

FrameNumber WireRing::begin_of_last(uint64_t bytes) const noexcept {
  const Position end = ring_->committed();
  if (bytes >= end - at(begin_)) return begin_;
  const FrameNumber n = *frame_at(end - bytes);
  return at(n) == end - bytes ? n : n + 1;
}

std::optional<FrameNumber> WireRing::frame_at(Position position) const noexcept {
  if (position < at(begin_)) return std::nullopt;
  FrameNumber low = begin_;  // begins at or before `position`
  FrameNumber high = end() + 1;
  while (high - low > 1) {
    const FrameNumber middle = low + (high - low) / 2;
    (at(middle) <= position ? low : high) = middle;
  }
  return low;
}

}  // namespace ringcast
