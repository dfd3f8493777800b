// The HTTP around a stream: its head, what comes before the first event, its heartbeat and its end.
// The events themselves are frames, encoded once in the engine.
//
// Threads: pure functions, any thread. Memory: what `out` grows by.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/wire_format.h"
#include "net/http/response.h"

namespace ringcast::net {

// Appends the head of a stream. A stream always ends its connection; `options.keep_alive` counts
// only for HEAD, which gets the same head, opens no stream and leaves the connection usable.
void append_stream_head(std::string& out, WireFormat format, const ResponseOptions& options);

// Appends the first bytes of the body: a comment, because proxies pass a head on only with the
// first byte after it, and how long to wait before reconnecting, which must be known before a crash
// to be of use. No blank line follows, because some clients would take it for an empty event.
void append_prelude(std::string& out, WireFormat format, uint32_t retry_ms);

// Appends a whole response for somebody there is no room for: a stream that ends at once and asks
// to come back later. Any status but 200 would make a browser give up for good.
void append_soft_reject(std::string& out, WireFormat format, uint32_t retry_ms,
                        const ResponseOptions& options);

// A comment without a blank line, which no client hands to its application. Static bytes.
[[nodiscard]] constexpr std::string_view heartbeat_bytes(WireFormat format) noexcept {
  return format == WireFormat::kChunked ? "2\r\n:\n\r\n" : ":\n";
}

// What a stream ends with, between frames, before its connection is closed. Static bytes, none for
// a raw stream.
[[nodiscard]] constexpr std::string_view end_of_stream_bytes(WireFormat format) noexcept {
  return format == WireFormat::kChunked ? "0\r\n\r\n" : "";
}

}  // namespace ringcast::net
