// Where a subscriber starts in a channel: at the end, in the past, or just after the last event it has
// had; and whether something is missing before that.
//
// A resumed subscriber is placed, and from then on is a subscriber like any other: replay and live
// delivery are one mechanism, so there is no hand-over between them.
//
// Threads: under the log's lock. Memory: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/channel.h"

namespace ringcast {

// What a subscriber said of where it wants to start.
struct Start {
  enum class Kind : uint8_t {
    kFirst,    // nothing: the channel's on_first_connect decides
    kAfter,    // after event `after`
    kUnknown,  // after something this node has never issued
  };
  Kind kind = Kind::kFirst;
  // The id it said: kAfter; also kUnknown when it was one at all.
  std::optional<EventId> after{};
};

// Longer ids are not looked at: ours have 41 bytes at most.
inline constexpr size_t kLastEventIdBytesMax = 256;

// From the value of a Last-Event-ID, any bytes. `newest` is the last id that was issued: a later one is
// not known here.
[[nodiscard]] Start start_from(std::string_view last_event_id, EventId newest) noexcept;

struct Place {
  // The first frame to be sent; the ring's end, or kNoFrame for a recipient, when there is none yet.
  FrameNumber frame = kNoFrame;
  // How many frames follow, expired ones included.
  uint64_t frames = 0;
  // There may be events after Start::after that are not history any more, none of them above this id.
  // It is also the id to resume from without being told again.
  std::optional<EventId> gap_up_to;
};

// `recipient`: zero for a plain channel. Every ring of the channel has all of what follows.
[[nodiscard]] Place find_place(Channel& channel, const KeyedHash& recipient, const Start& start,
                               uint64_t now_ms) noexcept;

}  // namespace ringcast
