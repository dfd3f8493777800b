// ChildProcess: a program under test, run for real, and what became of it.
//
// Threads: one.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"
#include "tests/support/wait.h"

namespace ringcast {

// How it ended: `status` when it exited, `signal` when that killed it.
struct ChildEnd {
  int status = -1;
  int signal = 0;
  std::string out;
  std::string err;
};

class ChildProcess {
 public:
  // Starts `command`, a path and its arguments, after `prepare` has run in the new process.
  explicit ChildProcess(const std::vector<std::string>& command,
                        const std::function<void()>& prepare = {});
  // Kills it if it is still there.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void send_signal(int signal) const;

  // Waits for a line of its standard output, or standard error, without the line end.
  std::string read_line() { return read_line_of(out_); }
  std::string read_error_line() { return read_line_of(err_); }

  // Waits for its end, and returns all it has written that was not read.
  ChildEnd wait();

 private:
  struct Stream {
    UniqueFd fd;
    std::string text;
  };

  std::string read_line_of(Stream& stream);

  // Reads from both what there is; false when both have ended.
  bool read_some();

  pid_t pid_ = -1;
  bool is_reaped_ = false;
  Stream out_;
  Stream err_;
};

// Runs `command` to its end.
[[nodiscard]] ChildEnd run(const std::vector<std::string>& command,
                           const std::function<void()>& prepare = {});

}  // namespace ringcast
