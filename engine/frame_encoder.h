// FrameEncoder: an event becomes the bytes that every socket will carry, once.
//
//   1a\r\n                      the chunk's size (HTTP/1.1 only)
//   id: 1732271234567-0\n
//   event: price\n              only when the event has a type
//   data: 42\n                  one line for each line of the data
//   \n
//   \r\n                        the chunk's end (HTTP/1.1 only)
//
// Threads: one at a time (the log's lock). Memory: a scratch buffer that grows to the largest frame
// and stays.
#pragma once

#include <string>
#include <string_view>

#include "engine/event.h"
#include "engine/event_id.h"
#include "engine/wire_format.h"

namespace ringcast {

// One event in every wire format; views into the encoder's scratch, valid until its next encode().
struct Frame {
  std::string_view chunk;
  std::string_view raw;  // lies inside `chunk`

  [[nodiscard]] std::string_view in(WireFormat format) const noexcept {
    return format == WireFormat::kChunked ? chunk : raw;
  }
};

// The frame whose chunk is `chunk`, as encode() made it.
[[nodiscard]] Frame frame_from_chunk(std::string_view chunk) noexcept;

class FrameEncoder {
 public:
  // Requires: find_fault(event) == kNone. The data is split at CRLF, CR and LF, and at nothing
  // else.
  [[nodiscard]] Frame encode(EventId id, const Event& event);

 private:
  std::string scratch_;
};

}  // namespace ringcast
