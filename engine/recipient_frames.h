// RecipientFrames: which frames of a pattern channel are whose. All recipients share one ring and one
// index; here each frame is linked to the one before and after it of the same recipient, so that to
// resume a recipient is to walk its own frames and no others.
//
// A recipient is known while one of its frames is; nothing else about it is kept. Of the frames that
// were forgotten a mark remains, by bucket, which says up to which id somebody may have lost
// something. Recipients who share a bucket share the mark, so it may be too high for one of them: a gap
// is announced where nothing was lost, never the other way round.
//
// Threads: under the log's lock. Memory: 24 bytes a frame, up to 11 a recipient who has one, and 8 MiB of marks, as address
// space mapped by the constructor and touched as needed; other recipients cost nothing.
#pragma once

#include <cstdint>

#include "engine/base/lazy_array.h"
#include "engine/event_id.h"
#include "engine/keyed_hash.h"
#include "engine/recipient_table.h"

namespace ringcast {

// A frame's place among all frames ever committed to its channel.
using FrameNumber = uint64_t;
inline constexpr FrameNumber kNoFrame = ~FrameNumber{0};

class RecipientFrames {
 public:
  // Frames live at number % frames_max; frames_max == 0: the channel has no recipients.
  explicit RecipientFrames(uint32_t frames_max);

  // Frame `n` is the newest, and `recipient`'s. Requires: numbers without holes, and at most frames_max
  // between the oldest that was not forgotten and `n`.
  void push(FrameNumber n, const KeyedHash& recipient) noexcept;

  // Frame `n`, the oldest known, is forgotten.
  void forget(FrameNumber n, EventId id) noexcept;

  // `recipient`'s newest frame, or kNoFrame.
  [[nodiscard]] FrameNumber newest_of(const KeyedHash& recipient) const noexcept;

  // The frames of the same recipient beside frame `n`; kNoFrame where there is none. previous() may name
  // a frame that was forgotten. Requires: `n` is known.
  [[nodiscard]] FrameNumber previous(FrameNumber n) const noexcept;
  [[nodiscard]] FrameNumber next(FrameNumber n) const noexcept;
  [[nodiscard]] const KeyedHash& recipient_of(FrameNumber n) const noexcept {
    return links_[n % frames_max_].recipient;
  }

  // No frame of `recipient` that was forgotten has a greater id. 0-0: none was.
  [[nodiscard]] EventId lost_up_to(const KeyedHash& recipient) const noexcept;

  // How many recipients have frames.
  [[nodiscard]] size_t size() const noexcept { return recipients_; }

 private:
  // Distances rather than numbers; zero means none.
  struct Link {
    KeyedHash recipient;
    uint32_t back;
    uint32_t ahead;
  };

  // The frame that lives at `place`.
  [[nodiscard]] FrameNumber number_at(uint32_t place) const noexcept;
  [[nodiscard]] size_t bucket_of(const KeyedHash& recipient) const noexcept {
    return recipient.b & (lost_.size() - 1);
  }
  // For the table: whose frame is at a place.
  [[nodiscard]] auto recipient_at() const noexcept {
    return [this](uint32_t place) -> const KeyedHash& { return links_[place].recipient; };
  }
  [[nodiscard]] Link& link(FrameNumber n) noexcept { return links_[n % frames_max_]; }
  [[nodiscard]] const Link& link(FrameNumber n) const noexcept { return links_[n % frames_max_]; }

  const uint32_t frames_max_;
  LazyArray<Link> links_;
  RecipientTable newest_;     // where each recipient's newest frame lives among the links
  LazyArray<uint64_t> lost_;  // by bucket: an id, packed
  size_t recipients_ = 0;
  FrameNumber last_ = 0;  // the newest frame
};

}  // namespace ringcast
