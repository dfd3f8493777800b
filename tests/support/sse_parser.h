// What a conforming client makes of an event stream: a small parser after the HTML standard's
// "interpreting an event stream", written for clearness and kept apart from the encoder it judges.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ringcast {

struct DispatchedEvent {
  std::string last_event_id;
  std::string type;
  std::string data;
  bool operator==(const DispatchedEvent&) const = default;
};

class SseParser {
 public:
  // The events that `stream`, from its beginning, makes a client dispatch. An unfinished last block
  // is discarded.
  [[nodiscard]] static std::vector<DispatchedEvent> parse(std::string_view stream) {
    SseParser parser;
    if (stream.starts_with("\xEF\xBB\xBF")) stream.remove_prefix(3);
    while (true) {
      const size_t line_bytes = stream.find_first_of("\r\n");
      if (line_bytes == std::string_view::npos) return parser.dispatched_;
      parser.on_line(stream.substr(0, line_bytes));
      const bool crlf = stream.substr(line_bytes).starts_with("\r\n");
      stream.remove_prefix(line_bytes + (crlf ? 2 : 1));
    }
  }

 private:
  void on_line(std::string_view line) {
    if (line.empty()) return dispatch();
    const size_t colon = line.find(':');
    if (colon == 0) return;  // a comment
    const std::string_view name = line.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "event") type_ = value;
    if (name == "data") data_.append(value).append("\n");
    if (name == "id" && value.find('\0') == std::string_view::npos) id_ = value;
  }

  void dispatch() {
    if (!data_.empty()) {
      data_.pop_back();
      dispatched_.push_back({id_, type_.empty() ? "message" : type_, data_});
    }
    data_.clear();
    type_.clear();
  }

  std::string id_;
  std::string type_;
  std::string data_;
  std::vector<DispatchedEvent> dispatched_;
};

}  // namespace ringcast
