#include "engine/event.h"

#include <algorithm>

#include "engine/gap.h"
#include "engine/utf8.h"

namespace ringcast {

namespace {

bool is_control(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

}  // namespace

EventFault find_fault(const Event& event) noexcept {
  if (event.type.size() > kTypeBytesMax) return EventFault::kTypeTooLong;
  if (std::ranges::any_of(event.type, is_control)) return EventFault::kTypeControl;
  if (!is_utf8(event.type)) return EventFault::kTypeNotUtf8;
  if (event.type == "error" || event.type == "open") return EventFault::kTypeReserved;
  if (event.type == kGapType) return EventFault::kTypeOurs;
  if (!is_utf8(event.data)) return EventFault::kDataNotUtf8;
  return EventFault::kNone;
}

std::string_view describe(EventFault fault) noexcept {
  switch (fault) {
    case EventFault::kNone:
      return "no fault";
    case EventFault::kDataNotUtf8:
      return "data is not valid UTF-8";
    case EventFault::kTypeTooLong:
      return "event type is longer than 128 bytes; keep it a name and put the rest into the data";
    case EventFault::kTypeNotUtf8:
      return "event type is not valid UTF-8";
    case EventFault::kTypeControl:
      return "event type contains a control character";
    case EventFault::kTypeReserved:
      return "event types 'error' and 'open' are reserved by browsers";
    case EventFault::kTypeOurs:
      return "event type 'gap' says that events are missing; choose another";
  }
  return "unknown fault";
}

}  // namespace ringcast
