#include "net/http/chunk_scan.h"

#include <algorithm>

#include "engine/base/memory.h"
#include "net/http/ascii.h"

namespace ringcast::net {

namespace {

constexpr size_t kSizeDigitsMax = 16;  // 64 bits

// Nobody we serve needs extensions or trailers; a body may carry this many bytes of them and they
// are thrown away.
constexpr size_t kExtraBytesMax = 8 * kKiB;

constexpr std::string_view kLineEnd = "\r\n";

}  // namespace

ScanOutcome ChunkScan::refuse(std::string_view reason) noexcept {
  refusal_ = {.status = 400, .reason = reason};
  return ScanOutcome::kRefused;
}

ScanOutcome ChunkScan::advance(std::string_view bytes) noexcept {
  if (after_data_ && scanned_ < kLineEnd.size()) {
    const std::string_view end = bytes.substr(0, kLineEnd.size());
    if (!kLineEnd.starts_with(end)) return refuse("a chunk's data is not as long as its size says");
    if (end.size() < kLineEnd.size()) return ScanOutcome::kNeedMore;
    line_begin_ = scanned_ = kLineEnd.size();
  }
  return scan_lines(bytes);
}

ScanOutcome ChunkScan::scan_lines(std::string_view bytes) noexcept {
  while (true) {
    const size_t line_feed = bytes.find('\n', scanned_);
    if (line_feed == std::string_view::npos) {
      scanned_ = bytes.size();
      const size_t unfinished_bytes = bytes.size() - line_begin_;
      if (extra_bytes_ + unfinished_bytes > kExtraBytesMax + kSizeDigitsMax + 1)
        return refuse("chunk extensions or trailers are too long");
      return ScanOutcome::kNeedMore;
    }
    const std::string_view line = bytes.substr(line_begin_, line_feed - line_begin_);
    line_begin_ = scanned_ = line_feed + 1;
    if (!line.ends_with('\r'))
      return refuse("a line of chunked framing ends with LF instead of CR LF");
    const std::string_view content = line.substr(0, line.size() - 1);
    const ScanOutcome outcome = in_trailers_ ? check_trailer(content) : check_size_line(content);
    if (outcome == ScanOutcome::kComplete) {
      framing_bytes_ = line_begin_;
      line_begin_ = scanned_ = 0;
      after_data_ = true;
    }
    if (outcome != ScanOutcome::kNeedMore) return outcome;
  }
}

ScanOutcome ChunkScan::check_size_line(std::string_view line) noexcept {
  const std::string_view digits = line.substr(0, std::min(line.find(';'), line.size()));
  const std::string_view extension = line.substr(digits.size());
  const bool is_size = !digits.empty() && digits.size() <= kSizeDigitsMax &&
                       std::ranges::all_of(digits, [](char c) { return hex_value(c) >= 0; });
  if (!is_size) return refuse("a chunk size is not a plain hexadecimal number");
  if (!std::ranges::all_of(extension, [](char c) { return is_visible(c) || c == ' '; })) {
    return refuse("a chunk extension contains control or non-ASCII bytes");
  }
  extra_bytes_ += extension.size();
  if (extra_bytes_ > kExtraBytesMax) return refuse("chunk extensions or trailers are too long");
  in_trailers_ = std::ranges::all_of(digits, [](char c) { return c == '0'; });
  return in_trailers_ ? ScanOutcome::kNeedMore : ScanOutcome::kComplete;
}

ScanOutcome ChunkScan::check_trailer(std::string_view line) noexcept {
  if (line.empty()) return ScanOutcome::kComplete;
  if (line.front() == ' ' || line.front() == '\t')
    return refuse("a trailer line starts with white space");
  extra_bytes_ += line.size();
  if (extra_bytes_ > kExtraBytesMax) return refuse("chunk extensions or trailers are too long");
  return ScanOutcome::kNeedMore;
}

}  // namespace ringcast::net
