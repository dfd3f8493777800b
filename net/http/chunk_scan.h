// ChunkScan: finds the framing between the data of a chunked body, and refuses every freedom in it
// that another server might read differently: white space, bare line feeds, signs, more than 16
// digits, control bytes in extensions.
//
// A piece of framing is [CR LF that ends the data before it] size [;extension] CR LF, and for the
// last chunk also the trailers and the final CR LF.
//
// Threads: one. Memory: none beyond itself.
#pragma once

#include <cstddef>
#include <string_view>

#include "net/http/head_scan.h"
#include "net/http/request.h"

namespace ringcast::net {

class ChunkScan {
 public:
  // Looks at `bytes`, which starts at the piece of framing to find and, while more is needed, only
  // grows.
  [[nodiscard]] ScanOutcome advance(std::string_view bytes) noexcept;

  // After kComplete: the size of the piece found. The next call looks for the next one.
  [[nodiscard]] size_t framing_bytes() const noexcept { return framing_bytes_; }

  // After kRefused.
  [[nodiscard]] Refusal refusal() const noexcept { return refusal_; }

 private:
  ScanOutcome refuse(std::string_view reason) noexcept;
  ScanOutcome check_size_line(std::string_view line) noexcept;
  ScanOutcome scan_lines(std::string_view bytes) noexcept;
  ScanOutcome check_trailer(std::string_view line) noexcept;

  size_t line_begin_ = 0;
  size_t scanned_ = 0;
  size_t extra_bytes_ = 0;  // extensions and trailers of the whole body so far
  size_t framing_bytes_ = 0;
  bool after_data_ = false;  // a CR LF is due before the size
  bool in_trailers_ = false;
  Refusal refusal_;
};

}  // namespace ringcast::net
