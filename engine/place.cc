#include "engine/place.h"

#include <algorithm>
#include <limits>

namespace ringcast {

namespace {

// How many of the newest frames `start` asks for at most, and after which id they must be.
struct Wanted {
  uint64_t frames_max = std::numeric_limits<uint64_t>::max();
  EventId after;
};

Wanted wanted_by(const Start& start, const FirstConnect& first) noexcept {
  if (start.kind == Start::Kind::kAfter) return {.after = *start.after};
  if (start.kind == Start::Kind::kUnknown) return {};
  switch (first.from) {
    case FirstConnect::From::kLive:
      return {.frames_max = 0, .after = {}};
    case FirstConnect::From::kOldest:
      return {};
    case FirstConnect::From::kLast:
      return {.frames_max = first.last_events, .after = {}};
  }
  return {};
}

// Whoever asks for the past from a certain point on is told when it does not reach that far.
std::optional<EventId> gap_for(const Start& start, EventId lost_up_to) noexcept {
  const bool misses_some = start.kind == Start::Kind::kUnknown ||
                           (start.kind == Start::Kind::kAfter && *start.after < lost_up_to);
  return misses_some ? std::optional{lost_up_to} : std::nullopt;
}

// The newest of the frames [oldest, end) that are so many, not counting those that have expired.
FrameNumber newest_frames(const FrameIndex& index, FrameNumber oldest, uint64_t frames,
                          uint64_t now_ms) noexcept {
  const FrameNumber end = index.end();
  if (frames >= end - oldest) return oldest;
  if (!index.has_expired_from(oldest, now_ms)) return end - frames;
  FrameNumber n = end;
  while (n > oldest && frames > 0) frames -= index.is_expired(--n, now_ms) ? 0 : 1;
  return n;
}

Place place_of_all(const FrameIndex& index, FrameNumber oldest, const Start& start,
                   const Wanted& wanted, uint64_t now_ms) noexcept {
  const FrameNumber frame = std::max(newest_frames(index, oldest, wanted.frames_max, now_ms),
                                     index.first_after(wanted.after));
  return {.frame = frame,
          .frames = index.end() - frame,
          .gap_up_to = gap_for(start, index.id_before_frame(oldest))};
}

// From the recipient's newest frame back, as far as its history goes.
Place place_of_recipient(const FrameIndex& index, FrameNumber oldest, const KeyedHash& recipient,
                         const Start& start, const Wanted& wanted, uint64_t now_ms) noexcept {
  Place place;
  uint64_t replayed = 0;  // those that have not expired
  FrameNumber n = index.recipients().newest_of(recipient);
  while (n != kNoFrame && n >= oldest && replayed < wanted.frames_max) {
    if (index.id(n) <= wanted.after)
      return place;  // which it has had, and everything since is here
    place.frame = n;
    ++place.frames;
    replayed += index.is_expired(n, now_ms) ? 0 : 1;
    n = index.recipients().previous(n);
  }
  const bool is_known = n != kNoFrame && n >= index.begin();
  place.gap_up_to = gap_for(start, is_known ? index.id(n) : index.lost_up_to(recipient));
  return place;
}

}  // namespace

Start start_from(std::string_view last_event_id, EventId newest) noexcept {
  if (last_event_id.empty()) return {};
  if (last_event_id.size() > kLastEventIdBytesMax) return {.kind = Start::Kind::kUnknown};
  const std::optional<EventId> id = parse_event_id(last_event_id);
  if (!id) return {.kind = Start::Kind::kUnknown};
  return {.kind = *id <= newest ? Start::Kind::kAfter : Start::Kind::kUnknown, .after = *id};
}

Place find_place(Channel& channel, const KeyedHash& recipient, const Start& start,
                 uint64_t now_ms) noexcept {
  const FrameNumber oldest = channel.history_begin(now_ms);
  const Wanted wanted = wanted_by(start, channel.config().on_first_connect);
  return channel.is_pattern()
             ? place_of_recipient(channel.index(), oldest, recipient, start, wanted, now_ms)
             : place_of_all(channel.index(), oldest, start, wanted, now_ms);
}

}  // namespace ringcast
