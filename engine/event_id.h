// EventId: `<unix-ms>-<seq>`, the place of an event among all events of this node. Strictly
// increasing over all channels, whatever the wall clock does, so that one id resumes any set of
// channels.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ringcast {

struct EventId {
  uint64_t ms = 0;
  uint64_t seq = 0;
  auto operator<=>(const EventId&) const = default;
};

inline constexpr size_t kEventIdBytesMax = 41;  // two 20-digit numbers and the dash

// Writes the text form to `out`, which has room for kEventIdBytesMax, and returns its end. Never
// fails.
char* write_event_id(char* out, EventId id) noexcept;

// The id `text` spells, or nothing when it is not one of ours.
[[nodiscard]] std::optional<EventId> parse_event_id(std::string_view text) noexcept;

// Hands out ids. Threads: under the log's lock.
class EventIdGenerator {
 public:
  // The next id at wall-clock time `now_ms`: greater than every id issued or observed before, even
  // if the clock stepped back. Taken only when the event is committed: peek() alone changes
  // nothing.
  [[nodiscard]] EventId peek(uint64_t now_ms) const noexcept;
  void take(EventId id) noexcept { last_ = id; }

  [[nodiscard]] EventId last() const noexcept { return last_; }

 private:
  EventId last_;
};

}  // namespace ringcast
