// FrameIndex: what is known of a channel's recent frames beside their bytes: their ids, until when
// they may be replayed and, in a pattern channel, whose they are. It is what turns "after this id"
// into a frame.
//
// Two limits are kept apart. A frame is *known* as long as some ring still has its bytes and the index
// has room: that is what subscribers who are behind live on. It is *history* while it is also recent
// enough by count and age: that is what somebody who comes back is given.
//
// Threads: under the log's lock. Memory: 16 bytes a frame of address space, and 32 more for a pattern
// channel, mapped by the constructor and touched as frames come.
#pragma once

#include <cstdint>

#include "engine/base/clock.h"
#include "engine/base/lazy_array.h"
#include "engine/config/config.h"
#include "engine/event_id.h"
#include "engine/recipient_frames.h"

namespace ringcast {

enum class ChannelKind : uint8_t {
  kPlain,    // every subscriber gets every frame
  kPattern,  // each frame is for one recipient
};

class FrameIndex {
 public:
  // Requires: 0 < frames_max < 2^31.
  FrameIndex(uint32_t frames_max, ChannelKind kind);

  // Whatever may have been committed up to `origin` is gone. Requires: no frame yet.
  void set_origin(EventId origin) noexcept;

  // Notes the newest frame. Requires: size() < frames_max(), an id above all before, a recipient exactly in a
  // pattern channel, ttl <= kTtlMax.
  void push(EventId id, const KeyedHash& recipient, milliseconds ttl) noexcept;

  // Forgets frames with a lower number than `n`.
  void forget_before(FrameNumber n) noexcept;

  // Known are the frames [begin, end).
  [[nodiscard]] FrameNumber begin() const noexcept { return begin_; }
  [[nodiscard]] FrameNumber end() const noexcept { return end_; }
  [[nodiscard]] uint64_t size() const noexcept { return end_ - begin_; }
  [[nodiscard]] uint32_t frames_max() const noexcept { return frames_max_; }

  // The oldest frame that is still history by `history`'s count and age at wall-clock time `now_ms`, or
  // end(). It never goes back, whatever the clock does: somebody who has been told of other channels' events in the
  // meantime would otherwise never be told of what was missing here. O(log size()).
  [[nodiscard]] FrameNumber history_begin(const HistoryConfig& history, uint64_t now_ms) noexcept;

  // Requires of all below: frame `n` is known.
  [[nodiscard]] EventId id(FrameNumber n) const noexcept { return {entry(n).ms, entry(n).seq}; }
  // Whether its ttl has passed: it is not to be replayed.
  [[nodiscard]] bool is_expired(FrameNumber n, uint64_t now_ms) const noexcept {
    return entry(n).ttl_ms != 0 && now_ms >= entry(n).ms + entry(n).ttl_ms;
  }

  // Whether one of the frames from `n` on has expired. Looks at a word for each block of 256 frames, and at the frames
  // of blocks in which some may have.
  [[nodiscard]] bool has_expired_from(FrameNumber n, uint64_t now_ms) const noexcept;

  // The id of the frame before `n`, known or not: nothing older than frame `n` has a greater one.
  // Requires: begin() <= n <= end().
  [[nodiscard]] EventId id_before_frame(FrameNumber n) const noexcept {
    return n == begin_ ? forgotten_up_to_ : id(n - 1);
  }

  // The first known frame with a greater id than `id`, or end(). O(log size()).
  [[nodiscard]] FrameNumber first_after(EventId id) const noexcept;

  [[nodiscard]] const RecipientFrames& recipients() const noexcept { return recipients_; }

  // Nothing of `recipient` that was forgotten has a greater id; see RecipientFrames::lost_up_to.
  [[nodiscard]] EventId lost_up_to(const KeyedHash& recipient) const noexcept;

 private:
  struct Entry {
    uint64_t ms;
    uint32_t seq;
    uint32_t ttl_ms;  // 0: none
  };
  static_assert(sizeof(Entry) == 16);

  [[nodiscard]] Entry& entry(FrameNumber n) noexcept { return entries_[n % frames_max_]; }
  [[nodiscard]] const Entry& entry(FrameNumber n) const noexcept {
    RC_DCHECK(n >= begin_ && n < end_);
    return entries_[n % frames_max_];
  }

  // Frames of one block have numbers that differ in the last eight bits.
  static constexpr FrameNumber kBlockFrames = 256;
  [[nodiscard]] uint64_t& first_expiry_ms(FrameNumber n) noexcept {
    return first_expiry_ms_[n / kBlockFrames % first_expiry_ms_.size()];
  }

  const uint32_t frames_max_;
  const ChannelKind kind_;
  LazyArray<Entry> entries_;  // circular: frame n lives at n % frames_max_
  RecipientFrames recipients_;
  // Circular, by block: when the first of its frames expires; 0: never. Some of them may have been forgotten.
  LazyArray<uint64_t> first_expiry_ms_;
  FrameNumber begin_ = 0;
  FrameNumber end_ = 0;
  FrameNumber history_begin_ = 0;
  EventId origin_;
  EventId forgotten_up_to_;  // the newest frame that is not known any more, or the origin
};

}  // namespace ringcast
