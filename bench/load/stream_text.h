// What a chunked event stream looks like on the wire: its opening, its chunks, its frames. Strict:
// anything ringcast does not write is refused, because this is what the load generator's verdict
// rests on.
//
// Threads: free functions without state. Memory: none; results point into the text given.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bench/load/event_data.h"

namespace ringcast::bench {

// The response head and the first chunk (`:\nretry: N\n`), which the server sends before any event.
struct Opening {
  enum class State { kIncomplete, kOpen, kRefused };
  State state = State::kIncomplete;
  size_t bytes = 0;      // kOpen: how much of the text it took
  const char* why = "";  // kRefused
};
Opening parse_opening(std::string_view text);

// The HTTP chunk at the start of `text`.
struct Chunk {
  enum class State { kIncomplete, kWhole, kMalformed };
  State state = State::kIncomplete;
  std::string_view whole;    // kWhole: with its size line and final CRLF
  std::string_view content;  // kWhole: empty for the last chunk
};
Chunk split_chunk(std::string_view text);

// The comment a server sends so that a silent stream is seen to be alive.
inline constexpr std::string_view kHeartbeat = ":\n";

struct Frame {
  FrameId id;
  EventStamp stamp;
};
// The frame, if `content` is exactly one event of this load generator.
std::optional<Frame> parse_frame(std::string_view content, size_t data_bytes);

}  // namespace ringcast::bench
