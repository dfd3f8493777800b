// Event: what a publisher hands in. It has no id yet; the log gives it one at commit.
#pragma once

#include <string_view>

namespace ringcast {

struct Event {
  std::string_view type;  // SSE `event:`; empty means the default, "message"
  std::string_view data;  // UTF-8, any line breaks
};

enum class EventFault {
  kNone,
  kDataNotUtf8,  // clients would silently replace the bad bytes
  kTypeNotUtf8,
  kTypeControl,   // a line break in the type could forge fields
  kTypeReserved,  // "error" and "open" collide with the browser's own events
};

// Whether `event` may be published, and if not why. Pure; any thread.
[[nodiscard]] EventFault find_fault(const Event& event) noexcept;

// One sentence for the publisher; static text.
[[nodiscard]] std::string_view describe(EventFault fault) noexcept;

}  // namespace ringcast
