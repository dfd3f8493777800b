#include "engine/recipient_frames.h"

#include <algorithm>

#include "engine/base/check.h"

namespace ringcast {

namespace {

// An id in one word.
constexpr unsigned kSeqBits = 20;
static_assert(kEventIdSeqMax >> kSeqBits == 0);

uint64_t pack(EventId id) noexcept {
  RC_DCHECK(id.seq <= kEventIdSeqMax && id.ms >> (64 - kSeqBits) == 0);
  return id.ms << kSeqBits | id.seq;
}

EventId unpack(uint64_t packed) noexcept {
  return {packed >> kSeqBits, packed & kEventIdSeqMax};
}

// Marks of frames that were forgotten, 8 MiB of them once all have been touched. Whoever shares one with somebody who lost
// something may be told of a gap that was another's: with 100 events a second to as many recipients as you like, 3 % of
// those who come back five minutes late.
constexpr size_t kMarks = 1U << 20;

}  // namespace

RecipientFrames::RecipientFrames(uint32_t frames_max)
    : frames_max_(frames_max),
      links_(frames_max),
      newest_(frames_max),
      lost_(frames_max == 0 ? 0 : kMarks) {}

FrameNumber RecipientFrames::number_at(uint32_t place) const noexcept {
  const auto last_place = static_cast<uint32_t>(last_ % frames_max_);
  return last_ - (last_place >= place ? last_place - place : last_place + frames_max_ - place);
}

void RecipientFrames::push(FrameNumber n, const KeyedHash& recipient) noexcept {
  const RecipientTable::Cell cell = newest_.find(recipient, recipient_at());
  const FrameNumber before = newest_.is_empty(cell) ? kNoFrame : number_at(newest_.place(cell));
  last_ = n;
  link(n) = {.recipient = recipient, .back = 0, .ahead = 0};
  if (before == kNoFrame) {
    ++recipients_;
  } else {
    RC_CHECK(n - before < frames_max_);
    link(n).back = link(before).ahead = static_cast<uint32_t>(n - before);
  }
  newest_.put(cell, static_cast<uint32_t>(n % frames_max_), recipient_at());
}

void RecipientFrames::forget(FrameNumber n, EventId id) noexcept {
  const Link& forgotten = link(n);
  uint64_t& lost = lost_[bucket_of(forgotten.recipient)];
  lost = std::max(lost, pack(id));
  if (forgotten.ahead != 0) return;  // a newer one of the same recipient is known
  newest_.erase(newest_.find(forgotten.recipient, recipient_at()), recipient_at());
  --recipients_;
}

FrameNumber RecipientFrames::newest_of(const KeyedHash& recipient) const noexcept {
  const RecipientTable::Cell cell = newest_.find(recipient, recipient_at());
  return newest_.is_empty(cell) ? kNoFrame : number_at(newest_.place(cell));
}

FrameNumber RecipientFrames::previous(FrameNumber n) const noexcept {
  return link(n).back == 0 ? kNoFrame : n - link(n).back;
}

FrameNumber RecipientFrames::next(FrameNumber n) const noexcept {
  return link(n).ahead == 0 ? kNoFrame : n + link(n).ahead;
}

EventId RecipientFrames::lost_up_to(const KeyedHash& recipient) const noexcept {
  return unpack(lost_[bucket_of(recipient)]);
}

}  // namespace ringcast
