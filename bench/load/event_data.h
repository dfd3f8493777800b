// What the load generator publishes, and what it expects to come back.
//
// An event's data is its number, the time it was meant to be published, and filler, in a fixed
// number of bytes:
//   "0000000042 0000001234567890123 abcdef…"
// so that a subscriber can check every byte, and knows the delay without asking anybody.
//
// Threads: free functions. Memory: none beyond the arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringcast::bench {

inline constexpr size_t kNumberDigits = 10;
inline constexpr size_t kTimeDigits = 19;
inline constexpr size_t kDataBytesMin = kNumberDigits + 1 + kTimeDigits + 1;

struct EventStamp {
  uint64_t number = 0;
  int64_t intended_ns = 0;  // on the monotonic clock, which all processes of one machine share
};

// Appends exactly `data_bytes` to `out`. Requires: data_bytes >= kDataBytesMin.
void append_event_data(std::string& out, const EventStamp& stamp, size_t data_bytes);

// The stamp, if `data` is byte for byte what append_event_data() makes for it.
std::optional<EventStamp> parse_event_data(std::string_view data, size_t data_bytes);

// The id of an event as ringcast writes it: `<unix-ms>-<seq>`.
struct FrameId {
  uint64_t ms = 0;
  uint64_t seq = 0;
  auto operator<=>(const FrameId&) const = default;
};

std::optional<FrameId> parse_frame_id(std::string_view text);

// Appends one frame as ringcast puts it on a chunked stream: one HTTP chunk holding `id: …\ndata:
// …\n\n`.
void append_frame(std::string& out, const FrameId& id, std::string_view data);

}  // namespace ringcast::bench
