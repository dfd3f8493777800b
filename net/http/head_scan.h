// HeadScan: finds where a request's head ends in bytes that arrive bit by bit, and refuses what no
// later byte can mend.
//
// It exists because a lenient reader of line endings is how two servers come to disagree about
// where a request ends: every line here ends with CR LF, none is folded, and each limit bites while
// the head is still arriving. What stands within the lines is for others to judge.
//
// Threads: one. Memory: none beyond itself.
#pragma once

#include <cstddef>
#include <string_view>

#include "net/http/request.h"

namespace ringcast::net {

enum class ScanOutcome { kNeedMore, kComplete, kRefused };

class HeadScan {
 public:
  // Looks at what is new in `bytes`, which always starts at the first byte of the request line and
  // only ever grows. Every byte is looked at once, however the bytes are split.
  [[nodiscard]] ScanOutcome advance(std::string_view bytes, const RequestLimits& limits) noexcept;

  // After kComplete: the size of the head, blank line included.
  [[nodiscard]] size_t head_bytes() const noexcept { return line_begin_; }

  // After kRefused.
  [[nodiscard]] Refusal refusal() const noexcept { return refusal_; }

 private:
  ScanOutcome refuse(int status, std::string_view reason) noexcept;
  ScanOutcome check_growth(std::string_view line, size_t fresh_begin,
                           const RequestLimits& limits) noexcept;
  ScanOutcome check_line(std::string_view line, const RequestLimits& limits) noexcept;

  size_t line_begin_ = 0;
  size_t scanned_ = 0;
  size_t line_count_ = 0;
  Refusal refusal_;
};

}  // namespace ringcast::net
