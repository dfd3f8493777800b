#include "bench/load/stream_text.h"

#include <algorithm>
#include <charconv>

namespace ringcast::bench {
namespace {

// Longer heads than this are somebody else's server.
constexpr size_t kHeadBytesMax = 4096;
// Far above any event; a size line beyond it is garbage that happens to look like digits.
constexpr size_t kContentBytesMax = size_t{1} << 30;

bool contains_ignoring_case(std::string_view text, std::string_view lower_case_needle) {
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  };
  return std::search(text.begin(), text.end(), lower_case_needle.begin(), lower_case_needle.end(),
                     same) != text.end();
}

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

}  // namespace

Opening parse_opening(std::string_view text) {
  const auto refused = [](const char* why) {
    return Opening{.state = Opening::State::kRefused, .why = why};
  };
  const size_t head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos) {
    return text.size() > kHeadBytesMax ? refused("the response head is too long") : Opening{};
  }
  const std::string_view head = text.substr(0, head_end + 2);
  if (!head.starts_with("HTTP/1.1 200 ")) return refused("the stream was not answered with 200");
  if (!contains_ignoring_case(head, "\r\ncontent-type: text/event-stream"))
    return refused("not an event stream");
  if (!contains_ignoring_case(head, "\r\ntransfer-encoding: chunked\r\n")) {
    return refused(
        "the stream is not chunked (an overloaded server answers so; see server.max_connections)");
  }
  const Chunk prelude = split_chunk(text.substr(head_end + 4));
  if (prelude.state == Chunk::State::kIncomplete) return {};
  if (prelude.state == Chunk::State::kMalformed || !prelude.content.starts_with(":\nretry: ") ||
      prelude.content.back() != '\n') {
    return refused("the first chunk is not a comment and a retry field");
  }
  return {.state = Opening::State::kOpen, .bytes = head_end + 4 + prelude.whole.size()};
}

Chunk split_chunk(std::string_view text) {
  const Chunk malformed{.state = Chunk::State::kMalformed, .whole = {}, .content = {}};
  size_t content_bytes = 0;
  const char* const text_end = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), text_end, content_bytes, 16);
  if (text.empty()) return {};
  if (error != std::errc{} || content_bytes > kContentBytesMax) return malformed;
  const size_t digits = static_cast<size_t>(end - text.data());
  if (!std::string_view("\r\n").starts_with(text.substr(digits, 2))) return malformed;
  const size_t whole_bytes = digits + 2 + content_bytes + 2;
  if (text.size() < whole_bytes) return {};
  if (text.substr(whole_bytes - 2, 2) != "\r\n") return malformed;
  return {.state = Chunk::State::kWhole,
          .whole = text.substr(0, whole_bytes),
          .content = text.substr(digits + 2, content_bytes)};
}

std::optional<Frame> parse_frame(std::string_view content, size_t data_bytes) {
  if (!take(content, "id: ")) return std::nullopt;
  const size_t id_end = content.find('\n');
  if (id_end == std::string_view::npos) return std::nullopt;
  const auto id = parse_frame_id(content.substr(0, id_end));
  content.remove_prefix(id_end + 1);
  if (!id || !take(content, "data: ") || !content.ends_with("\n\n")) return std::nullopt;
  const auto stamp = parse_event_data(content.substr(0, content.size() - 2), data_bytes);
  if (!stamp) return std::nullopt;
  return Frame{.id = *id, .stamp = *stamp};
}

}  // namespace ringcast::bench
