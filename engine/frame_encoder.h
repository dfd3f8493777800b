// FrameEncoder: an event becomes the bytes that every socket will carry, once.
//
//   1a\r\n                      the chunk's size (HTTP/1.1 only)
//   id: 1732271234567-0\n
//   event: price\n              only when the event has a type
//   data: 42\n                  one line for each line of the data
//   \n
//   \r\n                        the chunk's end (HTTP/1.1 only)
//
// How long a frame is depends on its event, which is measured once, and on its id, which is a matter of
// a few digits.
//
// Threads: the encoder one at a time (the log's lock), the functions any. Memory: a scratch buffer that
// grows to the largest frame and stays.
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

// What all raw frames of `event` have in common: their bytes but for the `id:` line. Looks at all of the
// data.
[[nodiscard]] size_t bytes_beside_id(const Event& event) noexcept;

struct FrameSizes {
  size_t chunk;
  size_t raw;
};

// What encode() makes, to the byte, of an event whose bytes_beside_id() are `beside_id` when its id is written in
// `id_bytes`.
[[nodiscard]] FrameSizes frame_sizes(size_t id_bytes, size_t beside_id) noexcept;

// In how many bytes an id is written. Those that are handed out never take more or fewer than the two limits:
// 13 digits of milliseconds, because the kernel's clock ends in 2262, and 7 of kEventIdSeqMax.
[[nodiscard]] size_t id_bytes(EventId id) noexcept;
inline constexpr size_t kIdBytesMax = 21;
inline constexpr size_t kIdBytesMin = 3;

class FrameEncoder {
 public:
  // Without an `id:` line for 0-0, which is nobody's id: the client keeps the last one it was given.
  // Requires: find_fault(event) == kNone. The data is split at CRLF, CR and LF, and at nothing
  // else.
  [[nodiscard]] Frame encode(EventId id, const Event& event);

 private:
  std::string scratch_;
};

}  // namespace ringcast
