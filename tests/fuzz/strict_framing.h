// Where a request ends, read off its bytes by the letter and by nothing of ours: what a proxy in front of the server takes for the
// end, too. A RequestReader that hands out a request with another end, or another body, lets somebody smuggle one past that proxy.
//
// It assumes a request that deserves no refusal, and says whatever it says of others.
//
// Threads: free functions, any. Memory: the body.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ringcast {

struct FramedRequest {
  size_t bytes = 0;  // empty lines before it included
  std::string body;
};

namespace framing {

inline std::string in_lower_case(std::string_view text) {
  std::string lower{text};
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lower;
}

// Takes a line off the front of `text`, which loses its line end, too.
inline std::optional<std::string_view> take_line(std::string_view& text) {
  const size_t end = text.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 2);
  return line;
}

// The digits in front of whatever else `text` has.
inline std::optional<size_t> number(std::string_view text, size_t base) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  size_t value = 0;
  size_t digits = 0;
  for (const char c : in_lower_case(text)) {
    const size_t digit = kDigits.substr(0, base).find(c);
    if (digit == std::string_view::npos) break;
    value = std::min<size_t>(value, size_t{1} << 56) * base + digit;
    ++digits;
  }
  return digits == 0 ? std::nullopt : std::optional{value};
}

inline std::optional<std::string> take_chunks(std::string_view& text) {
  std::string body;
  while (true) {
    const auto size_line = take_line(text);
    if (!size_line) return std::nullopt;
    const auto size = number(*size_line, 16);
    if (!size) return std::nullopt;
    if (*size == 0) break;
    if (text.size() < *size || text.size() - *size < 2) return std::nullopt;
    body += text.substr(0, *size);
    text.remove_prefix(*size + 2);
  }
  while (const auto trailer = take_line(text)) {
    if (trailer->empty()) return body;
  }
  return std::nullopt;
}

}  // namespace framing

// The first request of `bytes`, or nothing while it is not whole.
[[nodiscard]] inline std::optional<FramedRequest> split_request(std::string_view bytes) {
  std::string_view rest = bytes;
  while (rest.starts_with("\r\n")) rest.remove_prefix(2);
  if (!framing::take_line(rest)) return std::nullopt;  // the request line

  size_t body_bytes = 0;
  bool is_chunked = false;
  while (true) {
    const auto line = framing::take_line(rest);
    if (!line) return std::nullopt;
    if (line->empty()) break;
    const std::string field = framing::in_lower_case(*line);
    const size_t value_begin = field.find_first_not_of(" \t", field.find(':') + 1);
    const std::string_view value =
        std::string_view{field}.substr(std::min(value_begin, field.size()));
    if (field.starts_with("transfer-encoding:")) is_chunked = true;
    if (field.starts_with("content-length:")) body_bytes = framing::number(value, 10).value_or(0);
  }

  FramedRequest request;
  if (is_chunked) {
    auto body = framing::take_chunks(rest);
    if (!body) return std::nullopt;
    request.body = std::move(*body);
  } else {
    if (rest.size() < body_bytes) return std::nullopt;
    request.body = rest.substr(0, body_bytes);
    rest.remove_prefix(body_bytes);
  }
  request.bytes = bytes.size() - rest.size();
  return request;
}

}  // namespace ringcast
