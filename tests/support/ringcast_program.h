// The ringcast program as a test runs it: with a configuration of its own and ports of the kernel's
// choosing.
#pragma once

#include <gtest/gtest.h>

#include <charconv>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/child_process.h"

namespace ringcast {

// RINGCAST_PROGRAM is its path, from the build.
inline const std::string kRingcast = RINGCAST_PROGRAM;

// A file that goes with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view text)
      : path_(testing::TempDir() + "ringcast-test-" + std::to_string(::getpid()) + "-" +
              std::to_string(++count_) + ".yaml") {
    write(text);
  }
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  // What was in it is gone.
  void write(std::string_view text) const { std::ofstream(path_) << text; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  static inline int count_ = 0;
  const std::string path_;
};

// One listener on a port of the kernel's choosing and the channel `news`. `server` is what stands
// in the braces of that section.
[[nodiscard]] inline std::string program_config(std::string_view server = "max_connections: 100",
                                                std::string_view bind = "127.0.0.1:0") {
  return "server: {" + std::string(server) + "}\nlisteners:\n  - bind: " + std::string(bind) +
         "\n    serve: [subscribe, publish, admin]\nchannels:\n  news: {}\n";
}

// `ringcast serve`, serving already.
class ServingProgram {
 public:
  explicit ServingProgram(const std::string& config, const std::function<void()>& prepare = {})
      : file_(config), process_({kRingcast, "serve", "--config", file_.path()}, prepare) {
    (void)process_.read_line();  // shards and descriptors
    const std::string line = process_.read_line();
    const size_t colon = line.find(':', line.find(" ") + 1);
    std::from_chars(line.data() + colon + 1, line.data() + line.size(), port_);
    EXPECT_NE(port_, 0) << line;
  }

  [[nodiscard]] uint16_t port() const noexcept { return port_; }
  [[nodiscard]] ChildProcess& process() noexcept { return process_; }
  // The configuration it was started with.
  [[nodiscard]] const TemporaryFile& file() const noexcept { return file_; }

 private:
  const TemporaryFile file_;
  ChildProcess process_;
  uint16_t port_ = 0;
};

}  // namespace ringcast
