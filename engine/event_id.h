// EventId: `<unix-ms>-<seq>`, the place of an event among all events of this node. Strictly
// increasing over all channels, whatever the wall clock does, so that one id resumes any set of
// channels.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringcast {

struct EventId {
  uint64_t ms = 0;
  uint64_t seq = 0;
  auto operator<=>(const EventId&) const = default;
};

// After this `seq` the millisecond is advanced, ahead of the clock if need be: 20 bits, so that an id of any time up to
// 2527 fits into one word (RecipientFrames).
inline constexpr uint64_t kEventIdSeqMax = (1U << 20) - 1;

// The greatest id below `id` that could be handed out. Requires: id > 0-0.
[[nodiscard]] constexpr EventId id_before(EventId id) noexcept {
  return id.seq > 0 ? EventId{id.ms, id.seq - 1} : EventId{id.ms - 1, kEventIdSeqMax};
}

inline constexpr size_t kEventIdBytesMax = 41;  // two 20-digit numbers and the dash

// Writes the text form to `out`, which has room for kEventIdBytesMax, and returns its end. Never
// fails.
char* write_event_id(char* out, EventId id) noexcept;

// The id `text` spells, or nothing when it is not one of ours.
[[nodiscard]] std::optional<EventId> parse_event_id(std::string_view text) noexcept;

// Its text form.
[[nodiscard]] std::string to_string(EventId id);

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
