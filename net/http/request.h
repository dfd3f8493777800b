// Request: one HTTP request as the rest of the server sees it, and Refusal: why there is none.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "engine/base/memory.h"

namespace ringcast::net {

enum class Method : uint8_t {
  kUnknown,  // none read yet; a method HTTP does not know is refused with 501 and never handed out
  kGet,
  kHead,
  kPost,
  kOptions,
  kOther,  // known to HTTP and not served here (PUT, DELETE, TRACE, ...): answer 405
};

// A body that nobody will look at is read if it is as short as this, so that what follows it is found.
inline constexpr size_t kUselessBodyBytesMax = 4 * kKiB;

struct RequestLimits {
  size_t request_line_bytes_max = 16 * kKiB;  // lines without their CR LF
  size_t header_line_bytes_max = 16 * kKiB;
  size_t head_bytes_max = 32 * kKiB;  // request line and all header lines
  size_t header_lines_max = 100;
  size_t body_bytes_max = 64 * kKiB;  // of a POST, after chunked decoding
  // The one path, as decoded, whose bodies may be larger: batches of events.
  std::string_view batch_path{};
  size_t batch_bytes_max = 0;
};

// Browsers send one Cookie line; a proxy that speaks HTTP/2 to them may hand them on as several. A guess.
inline constexpr size_t kCookieLinesMax = 8;

// The values of a field that proxies add lines of. Of more lines than there is room for, the last ones: who stands
// nearest wrote them.
class FieldLines {
 public:
  void add(std::string_view value) noexcept {
    if (count_ == values_.size()) {
      std::shift_left(values_.begin(), values_.end(), 1);
      --count_;
    }
    values_[count_++] = value;
  }
  [[nodiscard]] std::span<const std::string_view> values() const noexcept {
    return {values_.data(), count_};
  }

 private:
  std::array<std::string_view, 4> values_{};  // a guess: chains of proxies are short
  size_t count_ = 0;
};

// Views point into the reader that filled it, and are valid until that reader is called again. A
// field that was not sent is empty; where sending it empty means something else, a flag says which
// it was.
struct Request {
  Method method = Method::kUnknown;
  int version = 10;  // 10 or 11
  bool keep_alive = false;
  bool has_origin = false;
  bool has_authorization = false;

  // Percent-decoded once and otherwise as sent: no dot or slash is normalised away. `*` for OPTIONS
  // *.
  std::string_view path{};
  // Still encoded, without the `?`.
  std::string_view query{};

  std::string_view host{};
  std::string_view origin{};
  std::string_view sec_fetch_site{};
  std::string_view last_event_id{};  // untrusted bytes, 0x80-0xff included
  std::string_view content_type{};
  std::string_view idempotency_key{};
  std::string_view accept{};
  std::string_view access_control_request_method{};
  std::string_view access_control_request_headers{};
  FieldLines x_forwarded_for{};
  FieldLines forwarded{};

  std::string_view authorization{};
  std::array<std::string_view, kCookieLinesMax> cookies{};
  uint32_t cookie_lines = 0;  // how many there were, also beyond those that were kept

  std::string_view body{};

  [[nodiscard]] std::span<const std::string_view> kept_cookies() const noexcept {
    return std::span(cookies).first(std::min<size_t>(cookie_lines, kCookieLinesMax));
  }
};

// The status to answer with, and one static sentence for whoever sent the request. The connection
// must be closed after the answer, because nobody can say where the next request would begin.
struct Refusal {
  int status = 0;  // 0: not refused
  std::string_view reason{};

  explicit operator bool() const noexcept { return status != 0; }
};

}  // namespace ringcast::net
