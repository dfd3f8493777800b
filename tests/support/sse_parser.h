// SseParser: what a conforming client makes of an event stream, byte by byte after the HTML
// standard's "parsing" and "interpreting an event stream". Written for clearness and kept apart
// from the encoder it judges: it knows nothing of what ringcast sends, and forgives whatever the
// standard forgives.
//
// Threads: one. Memory: the line and the event under way, and events until they are taken.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/utf8_decoder.h"

namespace ringcast {

// An event as it is handed to the page.
struct DispatchedEvent {
  std::string last_event_id;
  std::string type;
  std::string data;
  bool operator==(const DispatchedEvent&) const = default;
};

class SseParser {
 public:
  // The next bytes of the stream, which may end anywhere, also within a character or a line end. An
  // event is there as soon as the line end of its blank line has begun. Whatever has begun and not
  // ended when the stream ends is no event: there is nothing to be called then.
  void feed(std::string_view bytes) {
    const std::string decoded = decoder_.decode(bytes);
    std::string_view text = decoded;
    while (!text.empty()) {
      if (follows_cr_ && text.front() == '\n') text.remove_prefix(1);
      follows_cr_ = false;
      const size_t end = text.find_first_of("\r\n");
      line_ += text.substr(0, end);
      if (end == std::string_view::npos) return;
      on_line(line_);
      line_.clear();
      follows_cr_ = text[end] == '\r';  // an LF that comes next belongs to it
      text.remove_prefix(end + 1);
    }
  }

  // The events since the last call.
  [[nodiscard]] std::vector<DispatchedEvent> take_events() {
    return std::exchange(dispatched_, {});
  }

  // What a reconnect would send as `Last-Event-ID`; empty: no such header.
  [[nodiscard]] const std::string& last_event_id() const noexcept { return last_event_id_; }
  // The reconnect delay, when the stream has set one.
  [[nodiscard]] std::optional<uint64_t> retry_ms() const noexcept { return retry_ms_; }
  [[nodiscard]] size_t comments() const noexcept { return comments_; }

  // The events of `stream`, which is whole.
  [[nodiscard]] static std::vector<DispatchedEvent> parse(std::string_view stream) {
    SseParser parser;
    parser.feed(stream);
    return parser.take_events();
  }

 private:
  void on_line(std::string_view line) {
    if (line.empty()) return dispatch();
    const size_t colon = line.find(':');
    if (colon == 0) {
      ++comments_;
      return;
    }
    if (colon == std::string_view::npos) return on_field(line, "");
    std::string_view value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    on_field(line.substr(0, colon), value);
  }

  // Other names than these four mean nothing, and names are compared exactly.
  void on_field(std::string_view name, std::string_view value) {
    if (name == "event") {
      type_ = value;
    } else if (name == "data") {
      data_.append(value).append("\n");
    } else if (name == "id") {
      if (value.find('\0') == std::string_view::npos) id_ = value;
    } else if (name == "retry") {
      on_retry(value);
    }
  }

  // An empty value has no number in it, so it changes nothing; one beyond 64 bits is as good as
  // never.
  void on_retry(std::string_view value) {
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (value.empty() || !std::ranges::all_of(value, is_digit)) return;
    constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
    uint64_t ms = 0;
    for (const char c : value) {
      const auto digit = static_cast<uint64_t>(c - '0');
      ms = ms > (kMax - digit) / 10 ? kMax : ms * 10 + digit;
    }
    retry_ms_ = ms;
  }

  // At a blank line. The id outlives the event and counts even without one.
  void dispatch() {
    last_event_id_ = id_;
    if (!data_.empty()) {
      data_.pop_back();  // the line end after its last line
      dispatched_.push_back({last_event_id_, type_.empty() ? "message" : type_, data_});
    }
    data_.clear();
    type_.clear();
  }

  Utf8Decoder decoder_;
  std::string line_;  // has begun
  bool follows_cr_ = false;

  // The event under way.
  std::string id_;
  std::string type_;
  std::string data_;

  std::string last_event_id_;
  std::optional<uint64_t> retry_ms_;
  size_t comments_ = 0;
  std::vector<DispatchedEvent> dispatched_;
};

}  // namespace ringcast
