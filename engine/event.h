// Event: what a publisher hands in. It has no id yet; the log gives it one at commit.
#pragma once

#include <cstddef>
#include <string_view>

#include "engine/base/clock.h"

namespace ringcast {

struct Event {
  std::string_view type;  // SSE `event:`, kTypeBytesMax at most; empty: the default, "message"
  std::string_view data;  // UTF-8, any line breaks
  // For how long after its commit it may still be replayed; 0: as long as it is kept.
  milliseconds ttl{0};
};

// What a frame's index entry can hold: 49 days.
inline constexpr milliseconds kTtlMax{std::chrono::days(49)};

// A type is a name that pages subscribe to, not a place for data. A guess; like a channel's name.
inline constexpr size_t kTypeBytesMax = 128;

// `type` as an event has it: "message" is what an event without a type is called anyway, and need not be said.
[[nodiscard]] constexpr std::string_view type_worth_saying(std::string_view type) noexcept {
  return type == "message" ? std::string_view{} : type;
}

enum class EventFault {
  kNone,
  kDataNotUtf8,  // clients would silently replace the bad bytes
  kTypeTooLong,
  kTypeNotUtf8,
  kTypeControl,   // a line break in the type could forge fields
  kTypeReserved,  // "error" and "open" collide with the browser's own events
  kTypeOurs,      // "gap" is what we say ourselves
};

// Whether `event` may be published, and if not why. Pure; any thread.
[[nodiscard]] EventFault find_fault(const Event& event) noexcept;

// One sentence for the publisher; static text.
[[nodiscard]] std::string_view describe(EventFault fault) noexcept;

}  // namespace ringcast
