#include "net/http/head_scan.h"

#include <algorithm>

#include "net/http/ascii.h"

namespace ringcast::net {

namespace {

// The longest method HTTP knows (UPDATEREDIRECTREF) has 17 bytes.
constexpr size_t kMethodBytesMax = 32;
constexpr std::string_view kVersionShape = " HTTP/1.1";

bool is_request_line_byte(char c) noexcept {
  return is_visible(c) || c == ' ';
}

// Whether `line` ends the way every request line does. HTTP/0.9 has no version there, and no other
// protocol has.
Refusal check_version(std::string_view line) noexcept {
  const std::string_view tail =
      line.substr(line.size() - std::min(line.size(), kVersionShape.size()));
  const bool shaped = tail.starts_with(" HTTP/") && tail.size() == kVersionShape.size() &&
                      is_digit(tail[6]) && tail[7] == '.' && is_digit(tail[8]);
  if (!shaped) return {.status = 400, .reason = "this is not an HTTP request line"};
  if (tail != " HTTP/1.1" && tail != " HTTP/1.0") {
    return {.status = 505, .reason = "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  }
  return {};
}

}  // namespace

ScanOutcome HeadScan::refuse(int status, std::string_view reason) noexcept {
  refusal_ = {.status = status, .reason = reason};
  return ScanOutcome::kRefused;
}

ScanOutcome HeadScan::advance(std::string_view bytes, const RequestLimits& limits) noexcept {
  while (true) {
    const size_t line_feed = std::min(bytes.find('\n', scanned_), bytes.size());
    const bool finished = line_feed < bytes.size();
    const std::string_view line = bytes.substr(line_begin_, line_feed - line_begin_);
    const size_t fresh_begin = scanned_ - line_begin_;
    scanned_ = finished ? line_feed + 1 : bytes.size();

    // Limits come before line ends, in the order the bytes come in: the answer must not depend on
    // how they were split.
    const ScanOutcome growth = check_growth(line, fresh_begin, limits);
    if (growth == ScanOutcome::kRefused || !finished) return growth;
    if (!line.ends_with('\r')) return refuse(400, "a line ends with LF instead of CR LF");
    line_begin_ = scanned_;
    const ScanOutcome outcome = check_line(line.substr(0, line.size() - 1), limits);
    if (outcome != ScanOutcome::kNeedMore) return outcome;
  }
}

// What can be said of a line before its end is here: who does not speak HTTP may never send one.
ScanOutcome HeadScan::check_growth(std::string_view line, size_t fresh_begin,
                                   const RequestLimits& limits) noexcept {
  const size_t text_bytes = line.ends_with('\r') ? line.size() - 1 : line.size();
  if (line_count_ == 0) {
    const std::string_view text = line.substr(0, text_bytes);
    // One byte back: a CR there was no part of the text as long as it could be the line's end.
    const size_t unchecked = std::min(fresh_begin - std::min<size_t>(fresh_begin, 1), text_bytes);
    const auto* bad = std::find_if_not(text.begin() + unchecked, text.end(), is_request_line_byte);
    const std::string_view good = text.substr(0, static_cast<size_t>(bad - text.begin()));
    if (good.size() > kMethodBytesMax && good.find(' ') > kMethodBytesMax) {
      return refuse(501, "unknown method");
    }
    if (good.size() > limits.request_line_bytes_max) {
      return refuse(414, "the request line is too long");
    }
    if (good.size() < text.size()) return refuse(400, "this is not an HTTP request line");
  } else if (text_bytes > limits.header_line_bytes_max) {
    return refuse(431, "a header line is too long");
  }
  if (scanned_ > limits.head_bytes_max) return refuse(431, "the request head is too long");
  return ScanOutcome::kNeedMore;
}

// A whole line, without its line end.
ScanOutcome HeadScan::check_line(std::string_view line, const RequestLimits& limits) noexcept {
  if (line_count_++ == 0) {
    refusal_ = check_version(line);
    return refusal_ ? ScanOutcome::kRefused : ScanOutcome::kNeedMore;
  }
  if (line.empty()) return ScanOutcome::kComplete;
  if (line_count_ - 1 > limits.header_lines_max)
    return refuse(431, "there are too many header lines");
  if (line.front() == ' ' || line.front() == '\t') {
    return refuse(400, "a header line starts with white space");
  }
  return ScanOutcome::kNeedMore;
}

}  // namespace ringcast::net
