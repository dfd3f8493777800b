// What the scenarios with many channels publish: events that say whose they are.
//
// An event's data is the publisher's lane, the target (a channel or a recipient), how many events that lane has
// published to that target before, the time it was meant to be published, and filler, in a fixed number of bytes:
//   "003 0000812 0000000042 0000001234567890123 abcdef…"
// so that a subscriber finds what is lost, repeated or out of order without asking anybody.
//
// Threads: free functions. Memory: none beyond the arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringcast::bench {

struct EventTag {
  uint32_t lane = 0;
  uint32_t target = 0;
  uint32_t number = 0;  // of that lane in that target, from 0
  int64_t intended_ns = 0;
  bool operator==(const EventTag&) const = default;
};

inline constexpr uint32_t kTagLanesMax = 1'000;
inline constexpr uint32_t kTagTargetsMax = 10'000'000;
inline constexpr size_t kTaggedBytesMin = 3 + 1 + 7 + 1 + 10 + 1 + 19 + 1;

// Appends exactly `data_bytes` to `out`. Requires: data_bytes >= kTaggedBytesMin, lane and target below their limits.
void append_tagged_data(std::string& out, const EventTag& tag, size_t data_bytes);

// The tag, if `data` is byte for byte what append_tagged_data() makes for it.
[[nodiscard]] std::optional<EventTag> parse_tagged_data(std::string_view data, size_t data_bytes);

}  // namespace ringcast::bench
