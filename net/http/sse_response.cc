#include "net/http/sse_response.h"

#include <charconv>

namespace ringcast::net {

namespace {

// no-cache and no-store because CDNs differ in which they honour; no-transform and
// X-Accel-Buffering keep proxies from compressing or holding back what must arrive at once. The
// type stays bare: a parameter breaks exact comparisons in the field, and streams are UTF-8 in any
// case.
constexpr std::string_view kTypeLine = "Content-Type: text/event-stream\r\n";
constexpr std::string_view kCacheLine = "Cache-Control: no-cache, no-store, no-transform\r\n";
constexpr std::string_view kPrivateCacheLine =
    "Cache-Control: private, no-cache, no-store, no-transform\r\n";
constexpr std::string_view kStreamLines =
    "X-Accel-Buffering: no\r\n"
    "X-Content-Type-Options: nosniff\r\n";

// Appends `before` and a retry line as one piece of the body.
void append_retry(std::string& out, WireFormat format, std::string_view before, uint32_t retry_ms) {
  constexpr std::string_view kField = "retry: ";
  char digits[10];
  const auto [digits_end, error] = std::to_chars(digits, digits + sizeof digits, retry_ms);
  const size_t piece_bytes =
      before.size() + kField.size() + static_cast<size_t>(digits_end - digits) + 1;
  if (format == WireFormat::kChunked) {
    char hex[16];
    out.append(hex, std::to_chars(hex, hex + sizeof hex, piece_bytes, 16).ptr);
    out += "\r\n";
  }
  out += before;
  out += kField;
  out.append(digits, digits_end);
  out += '\n';
  if (format == WireFormat::kChunked) out += "\r\n";
}

}  // namespace

void append_stream_head(std::string& out, WireFormat format, const ResponseOptions& options) {
  append_status_line(out, 200, options.date);
  out += kTypeLine;
  out += options.is_private ? kPrivateCacheLine : kCacheLine;
  out += kStreamLines;
  if (format == WireFormat::kChunked) out += "Transfer-Encoding: chunked\r\n";
  if (!options.head_only || !options.keep_alive) out += "Connection: close\r\n";
  out += options.extra_lines;
  out += "\r\n";
}

void append_prelude(std::string& out, WireFormat format, uint32_t retry_ms) {
  append_retry(out, format, ":\n", retry_ms);
}

void append_soft_reject(std::string& out, WireFormat format, uint32_t retry_ms,
                        const ResponseOptions& options) {
  append_stream_head(out, format, options);
  if (options.head_only) return;
  append_retry(out, format, "", retry_ms);
  out += end_of_stream_bytes(format);
}

}  // namespace ringcast::net
