// WireRing: one channel's frames in one wire format: the bytes, where each frame begins, and how far the
// shards have got.
//
// Threads: append() and everything about single frames under the log's lock; head() and the ring's
// bytes from any shard, see Ring. Memory: the ring, and 8 bytes a frame, touched as frames come.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/base/lazy_array.h"
#include "engine/reader_progress.h"
#include "engine/recipient_frames.h"
#include "engine/ring.h"

namespace ringcast {

class WireRing {
 public:
  // Frames are numbered by the channel; this ring begins with frame `first`.
  WireRing(std::unique_ptr<Ring> bytes_ring, uint32_t frames_max, size_t shards, FrameNumber first);

  // Puts `frame` into the ring. Requires: make_room(frame.size()) was kReady, and fewer than frames_max
  // frames begin above the floor.
  void append(std::string_view frame) noexcept;

  // Whether a frame, or a batch of them, of `bytes` altogether fits; see Ring::make_room.
  [[nodiscard]] Room make_room(uint64_t bytes) noexcept {
    return ring_->make_room(bytes, progress);
  }

  // Where the ring ends, both as a position and as the number of the next frame. The two agree, whatever
  // the writer does meanwhile. Any thread, without a lock.
  struct Head {
    Position position;
    FrameNumber frames;
  };
  [[nodiscard]] Head head() const noexcept;

  // Frames that begin below the floor are gone; [begin, end) are whole.
  void forget_overwritten() noexcept;
  // Frames with a lower number than `n` are not asked for any more. Requires: n <= end().
  void forget_before(FrameNumber n) noexcept { begin_ = std::max(begin_, n); }
  [[nodiscard]] FrameNumber begin() const noexcept { return begin_; }
  [[nodiscard]] FrameNumber end() const noexcept { return frames_.load(std::memory_order_relaxed); }

  // Where frame `n` begins. Requires: begin() <= n <= end(); frame end() begins where the ring ends.
  [[nodiscard]] Position at(FrameNumber n) const noexcept {
    RC_DCHECK(n >= begin_ && n <= end());
    return n == end() ? ring_->committed() : starts_[n % frames_max_];
  }
  [[nodiscard]] std::string_view frame(FrameNumber n) const noexcept {
    return ring_->bytes(at(n), at(n + 1));
  }

  // The oldest frame that lies whole within the last `bytes` of the ring, or end(). O(log frames).
  [[nodiscard]] FrameNumber begin_of_last(uint64_t bytes) const noexcept;

  // The frame that `position` lies in or begins; nothing when it was overwritten. O(log frames).
  [[nodiscard]] std::optional<FrameNumber> frame_at(Position position) const noexcept;

  [[nodiscard]] const Ring& ring() const noexcept { return *ring_; }

  // How far the shards have got; see ReaderProgress.
  ReaderProgress progress;

 private:
  // A frame's end is written to one of these before its number is published, and not again until two
  // more have been: whoever sees the number unchanged has read the right one.
  static constexpr size_t kEnds = 4;

  const std::unique_ptr<Ring> ring_;
  const uint32_t frames_max_;
  LazyArray<Position> starts_;  // circular, as in FrameIndex
  FrameNumber begin_;

  // Stored by the writer in this order, loaded by shards in the other; seq_cst, as Ring::committed().
  std::array<std::atomic<Position>, kEnds> ends_{};
  std::atomic<FrameNumber> frames_;
};

}  // namespace ringcast
