#include "tests/support/stream_reader.h"

#include <charconv>

namespace ringcast {

namespace {

// "2\r\n:\n\r\n": a heartbeat must not share its chunk.
constexpr size_t kHeartbeatBytes = 2;

[[noreturn]] void refuse(const std::string& what, std::string_view bytes) {
  throw ClientFailure("the stream has " + what + ": '" + std::string(bytes.substr(0, 120)) + "'");
}

// The whole of `text` as a number, without signs, spaces or leading zeros.
size_t strict_number(std::string_view text, int base) {
  size_t number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  const bool has_leading_zero = text.size() > 1 && text.front() == '0';
  if (error != std::errc{} || stop != text.data() + text.size() || has_leading_zero) {
    refuse("a bad number", text);
  }
  return number;
}

}  // namespace

void StreamReader::feed(std::string_view bytes) {
  if (format_ == WireFormat::kRaw) return take_text(bytes);
  while (!bytes.empty()) {
    if (is_complete_) refuse("bytes after its last chunk", bytes);
    if (chunk_bytes_left_ > 0) {
      const std::string_view data = bytes.substr(0, chunk_bytes_left_);
      take_text(data);
      chunk_bytes_left_ -= data.size();
      bytes.remove_prefix(data.size());
      continue;
    }
    framing_ += bytes.front();
    bytes.remove_prefix(1);
    if (framing_.ends_with("\r\n")) {
      if (!take_chunk_framing()) refuse("bad chunk framing", framing_);
      framing_.clear();
    } else if (framing_.size() > 10) {
      refuse("bad chunk framing", framing_);
    }
  }
}

// The line end after the data of a chunk, the size of the next, or the last chunk's two.
bool StreamReader::take_chunk_framing() {
  const std::string_view text = std::string_view(framing_).substr(0, framing_.size() - 2);
  if (in_chunk_) {
    if (!text.empty()) return false;
    end_chunk();
    return true;
  }
  chunk_bytes_ = chunk_bytes_left_ = strict_number(text, 16);
  in_chunk_ = true;
  return true;
}

void StreamReader::end_chunk() {
  in_chunk_ = false;
  if (!line_.empty() || in_event_) refuse("an event spread over chunks", line_);
  if (chunk_bytes_ == 0) is_complete_ = true;
}

bool StreamReader::is_whole() const noexcept {
  return framing_.empty() && !in_chunk_ && line_.empty() && !in_event_;
}

StreamEvent StreamReader::take_event() {
  StreamEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void StreamReader::take_text(std::string_view text) {
  for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    line_.append(text.substr(0, end));
    on_line(line_);
    line_.clear();
    text.remove_prefix(end + 1);
  }
  line_.append(text);
}

void StreamReader::on_line(std::string_view line) {
  constexpr std::string_view kRetry = "retry: ";
  if (line.find('\r') != std::string_view::npos) refuse("a carriage return", line);
  switch (stage_) {
    case Stage::kComment:
      // Somebody turned away gets the retry line alone.
      if (line == ":") {
        stage_ = Stage::kRetry;
        return;
      }
      [[fallthrough]];
    case Stage::kRetry:
      if (!line.starts_with(kRetry)) refuse("no retry line at its beginning", line);
      retry_ms_ = static_cast<uint32_t>(strict_number(line.substr(kRetry.size()), 10));
      stage_ = Stage::kEvents;
      return;
    case Stage::kEvents:
      return on_event_line(line);
  }
}

void StreamReader::on_event_line(std::string_view line) {
  if (line == ":" && !in_event_) {
    if (in_chunk_ && chunk_bytes_ != kHeartbeatBytes) refuse("a heartbeat in a larger chunk", line);
    ++heartbeats_;
  } else if (line.starts_with("id: ") && !in_event_) {
    in_event_ = true;
    event_.id = line.substr(4);
    if (event_.id.empty()) refuse("an empty id", line);
  } else if (line == "event: gap" && !in_event_) {
    in_event_ = true;
    event_.type = "gap";
  } else if (line.starts_with("event: ") && in_event_ && event_.type.empty() && !has_data_) {
    event_.type = line.substr(7);
  } else if (line.starts_with("data: ") && in_event_) {
    if (has_data_) event_.data += '\n';
    event_.data += line.substr(6);
    has_data_ = true;
  } else if (line.empty() && has_data_) {
    events_.push_back(std::move(event_));
    event_ = {};
    in_event_ = has_data_ = false;
  } else {
    refuse("an unexpected line", line);
  }
}

}  // namespace ringcast
