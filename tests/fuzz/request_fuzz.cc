// Goal: whatever bytes arrive, in whatever pieces, a RequestReader makes one thing of them: requests that end where everybody else
// thinks they end, and after a refusal none.
// Input: the bytes of a connection.
#include <algorithm>
#include <random>

#include "engine/base/check.h"
#include "engine/utf8.h"
#include "net/http/ascii.h"
#include "tests/fuzz/fuzzed_input.h"
#include "tests/fuzz/strict_framing.h"
#include "tests/support/request_reading.h"

namespace ringcast::net {
namespace {

// So tight that a short input meets them.
constexpr RequestLimits kTightLimits{.request_line_bytes_max = 80,
                                     .header_line_bytes_max = 64,
                                     .head_bytes_max = 256,
                                     .header_lines_max = 6,
                                     .body_bytes_max = 32,
                                     .batch_path = "/events",
                                     .batch_bytes_max = 64};
// What the framing of a chunked body may have beside the data: see chunk_scan.
constexpr size_t kFramingBytesMax = 8192;

bool is_field_text(std::string_view value) {
  return std::ranges::none_of(value, [](char c) { return c != '\t' && is_control(c); });
}

void check_request(const Request& request, const RequestLimits& limits) {
  RC_CHECK(request.method != Method::kUnknown);
  RC_CHECK(request.path.starts_with('/') || request.path == "*");
  RC_CHECK(is_utf8(request.path) && std::ranges::none_of(request.path, is_control));
  RC_CHECK(request.query.size() + request.path.size() <= limits.request_line_bytes_max);
  RC_CHECK(std::ranges::all_of(request.query, is_visible));
  for (const std::string_view value :
       {request.host, request.origin, request.sec_fetch_site, request.last_event_id,
        request.content_type, request.idempotency_key, request.accept,
        request.access_control_request_method, request.access_control_request_headers}) {
    RC_CHECK(is_field_text(value));
  }
  RC_CHECK(is_field_text(request.authorization));
  RC_CHECK(std::ranges::all_of(request.kept_cookies(), is_field_text));
  RC_CHECK(!request.host.empty() || request.version == 10);
  RC_CHECK(!request.keep_alive || request.version == 11);
  const size_t body_bytes_max =
      request.path == limits.batch_path ? limits.batch_bytes_max : limits.body_bytes_max;
  RC_CHECK(request.body.size() <= body_bytes_max);
}

void check_refusal(RequestReader& reader) {
  RC_CHECK(reader.refusal().status >= 400 && reader.refusal().status < 600);
  RC_CHECK(!reader.refusal().reason.empty());
  const size_t buffered_bytes = reader.buffered_bytes();
  reader.feed("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
  RC_CHECK(reader.next() == RequestReader::Outcome::kRefused);
  RC_CHECK(reader.buffered_bytes() == buffered_bytes);
}

// All at once: every request ends where it should, and none that is whole is kept waiting.
void check_whole(std::string_view bytes, const RequestLimits& limits) {
  RequestReader reader{limits};
  reader.feed(bytes);
  RequestReader::Outcome outcome{};
  while ((outcome = reader.next()) == RequestReader::Outcome::kRequest) {
    check_request(reader.request(), limits);
    const auto framed = split_request(bytes);
    RC_CHECK(framed.has_value());
    RC_CHECK(framed->body == reader.request().body);
    bytes.remove_prefix(framed->bytes);
    RC_CHECK(reader.buffered_bytes() == bytes.size());
  }
  if (outcome == RequestReader::Outcome::kRefused) return check_refusal(reader);
  RC_CHECK(!split_request(bytes));
}

// In pieces of 1 to `piece_bytes_max`: the same as at once, and no more kept than the limits say.
void check_pieces(std::string_view bytes, size_t piece_bytes_max, const RequestLimits& limits,
                  const Reading& whole) {
  const size_t kept_bytes_max = limits.head_bytes_max + kFramingBytesMax +
                                std::max(limits.body_bytes_max, limits.batch_bytes_max) +
                                piece_bytes_max;
  std::minstd_rand random(static_cast<unsigned>(bytes.size() * 31 + piece_bytes_max));
  Reading reading;
  RequestReader reader{limits};
  while (!bytes.empty() && reading.refusal_status == 0) {
    const size_t piece_bytes = std::min<size_t>(1 + random() % piece_bytes_max, bytes.size());
    read_into(reading, reader, bytes.substr(0, piece_bytes));
    bytes.remove_prefix(piece_bytes);
    RC_CHECK(reader.buffered_bytes() <= kept_bytes_max);
  }
  RC_CHECK(reading == whole);
}

}  // namespace
}  // namespace ringcast::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringcast::net;
  const std::string_view bytes = ringcast::as_text(data, size);
  for (const RequestLimits& limits : {RequestLimits{}, kTightLimits}) {
    check_whole(bytes, limits);
    const Reading whole = read_in_pieces(bytes, std::max<size_t>(bytes.size(), 1), limits);
    for (const size_t piece_bytes_max : {size_t{1}, size_t{7}, size_t{200}}) {
      check_pieces(bytes, piece_bytes_max, limits, whole);
    }
  }
  return 0;
}
