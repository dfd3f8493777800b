// LineWriter: writes lines to a file or to standard error, in a thread of its own, so that no shard ever waits for a disk
// or a terminal. It keeps a bounded number of lines; what comes while that many wait is dropped.
//
// spdlog comes in through line_writer.cc alone.
//
// Threads: try_write() from any. Memory: the lines that wait.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace ringcast::net {

class LineWriter {
 public:
  // `to` is `stderr` or a path; a file is added to, and made when it is not there. Fails with cause and remedy.
  [[nodiscard]] static Result<std::unique_ptr<LineWriter>> open(const std::string& to);

  // Writes what still waits.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // Takes `line`, without its line end, or drops it: false.
  bool try_write(std::string_view line) noexcept;

 private:
  struct Logger;
  explicit LineWriter(std::unique_ptr<Logger> logger);

  const std::unique_ptr<Logger> logger_;
};

}  // namespace ringcast::net
