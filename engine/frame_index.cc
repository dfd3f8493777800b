#include "engine/frame_index.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/event.h"

namespace ringcast {

FrameIndex::FrameIndex(uint32_t frames_max, ChannelKind kind)
    : frames_max_(frames_max),
      kind_(kind),
      entries_(frames_max),
      recipients_(kind == ChannelKind::kPattern ? frames_max : 0),
      first_expiry_ms_(frames_max / kBlockFrames + 2) {}

void FrameIndex::set_origin(EventId origin) noexcept {
  RC_CHECK(end_ == 0);
  origin_ = forgotten_up_to_ = origin;
}

void FrameIndex::push(EventId id, const KeyedHash& recipient, milliseconds ttl) noexcept {
  RC_CHECK(size() < frames_max_);
  RC_CHECK(id_before_frame(end_) < id && id.seq <= kEventIdSeqMax);
  RC_CHECK(ttl <= kTtlMax);
  RC_CHECK(recipient.is_zero() == (kind_ == ChannelKind::kPlain));
  const FrameNumber n = end_++;
  entry(n) = {.ms = id.ms,
              .seq = static_cast<uint32_t>(id.seq),
              .ttl_ms = static_cast<uint32_t>(ttl.count())};
  uint64_t& first_expiry = first_expiry_ms(n);
  if (n % kBlockFrames == 0) first_expiry = 0;
  if (ttl.count() != 0) {
    const uint64_t expiry = id.ms + static_cast<uint64_t>(ttl.count());
    first_expiry = first_expiry == 0 ? expiry : std::min(first_expiry, expiry);
  }
  if (kind_ == ChannelKind::kPattern) recipients_.push(n, recipient);
}

void FrameIndex::forget_before(FrameNumber n) noexcept {
  for (; begin_ < std::min(n, end_); ++begin_) {
    forgotten_up_to_ = id(begin_);
    if (kind_ == ChannelKind::kPattern) recipients_.forget(begin_, forgotten_up_to_);
  }
}

FrameNumber FrameIndex::history_begin(const HistoryConfig& history, uint64_t now_ms) noexcept {
  const auto age_ms = static_cast<uint64_t>(history.age.count());
  const FrameNumber among_last = end_ - std::min<uint64_t>(size(), history.events);
  const bool all_are_young = now_ms <= age_ms;
  const FrameNumber young = all_are_young ? begin_ : first_after(id_before({now_ms - age_ms, 0}));
  history_begin_ = std::max({history_begin_, among_last, young});
  return history_begin_;
}

bool FrameIndex::has_expired_from(FrameNumber n, uint64_t now_ms) const noexcept {
  for (FrameNumber block = n / kBlockFrames; block * kBlockFrames < end_; ++block) {
    const uint64_t first_expiry = first_expiry_ms_[block % first_expiry_ms_.size()];
    if (first_expiry == 0 || now_ms < first_expiry) continue;
    const FrameNumber block_end = std::min(end_, (block + 1) * kBlockFrames);
    for (n = std::max(n, block * kBlockFrames); n < block_end; ++n) {
      if (is_expired(n, now_ms)) return true;
    }
  }
  return false;
}

FrameNumber FrameIndex::first_after(EventId after) const noexcept {
  FrameNumber low = begin_;
  FrameNumber high = end_;
  while (low < high) {
    const FrameNumber middle = low + (high - low) / 2;
    if (id(middle) <= after) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

EventId FrameIndex::lost_up_to(const KeyedHash& recipient) const noexcept {
  return std::max(origin_, recipients_.lost_up_to(recipient));
}

}  // namespace ringcast
