// How a stream's bytes are framed by HTTP. Every format in use has a ring of its own, so that a
// connection only has to point at the right one.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringcast {

enum class WireFormat : uint8_t {
  kChunked,  // HTTP/1.1: each frame is one whole chunk
  kRaw,      // HTTP/1.0 (a default nginx speaks it to its upstream): bare frames, ended by closing
};
inline constexpr size_t kWireFormats = 2;

}  // namespace ringcast
