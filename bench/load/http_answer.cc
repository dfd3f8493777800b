#include "bench/load/http_answer.h"

#include <algorithm>
#include <charconv>

namespace ringcast::bench {
namespace {

size_t content_length_of(std::string_view head) {
  constexpr std::string_view kName = "content-length:";
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  };
  const auto* at = std::search(head.begin(), head.end(), kName.begin(), kName.end(), same);
  if (at == head.end()) return 0;
  at += kName.size();
  while (at != head.end() && *at == ' ') ++at;
  size_t value = 0;
  std::from_chars(at, head.end(), value);
  return value;
}

}  // namespace

std::optional<HttpAnswer> split_answer(std::string_view text) {
  const size_t head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return std::nullopt;
  HttpAnswer answer;
  answer.head = text.substr(0, head_end + 2);
  const size_t body_bytes = content_length_of(answer.head);
  answer.bytes = head_end + 4 + body_bytes;
  if (text.size() < answer.bytes) return std::nullopt;
  answer.body = text.substr(head_end + 4, body_bytes);
  answer.status = static_cast<int>(number_after(answer.head, "HTTP/1.1 ").value_or(0));
  return answer;
}

std::optional<uint64_t> number_after(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  uint64_t value = 0;
  const char* begin = text.data() + at + key.size();
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), value);
  return error == std::errc{} ? std::optional(value) : std::nullopt;
}

std::optional<FrameId> id_after(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(at + key.size());
  return parse_frame_id(rest.substr(0, rest.find('"')));
}

}  // namespace ringcast::bench
