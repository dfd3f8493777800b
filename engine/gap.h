// Gap: the event that tells a subscriber in-band that events it asked for are no longer kept, because a
// browser cannot see headers.
//
//   event: gap
//   id: 1732271299000-2
//   data: {"requested":"1732271234567-0","oldest":"1732271299000-3"}
//
// Its id is one from which to resume loses nothing that is still kept, so that a reconnect right after it does not
// repeat it. What is missing has an id above `requested` and up to the gap's own.
//
// On a stream of several channels it names its channel and stands in the order of ids, where that channel goes on. Events
// of other channels may come before it, and a client that is cut off among them resumes from one of those; so there it
// speaks of whatever the client has not had of that channel, up to the gap's id. Where one id ends the gaps of several
// channels, only the last of their events has it: the others have none.
//
// Threads: pure, any thread. Memory: what `out` grows by.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/event_id.h"
#include "engine/wire_format.h"

namespace ringcast {

// The event type that stands for this; publishers may not use it.
inline constexpr std::string_view kGapType = "gap";

struct Gap {
  EventId id;                        // 0-0: another gap event with the id follows at once
  std::optional<EventId> requested;  // nothing: it was no id of this kind
  std::optional<EventId> oldest;     // the next event of the channel; nothing: there is none yet
  std::string channel{};             // as the subscriber named it; empty where it can be no other
};

// Appends the gap event as one frame.
void append_gap(std::string& out, WireFormat format, const Gap& gap);

}  // namespace ringcast
