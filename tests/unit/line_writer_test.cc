#include "net/line_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "engine/base/unique_fd.h"
#include "tests/support/wait.h"

namespace ringcast::net {
namespace {

namespace fs = std::filesystem;

class LineWriterTest : public testing::Test {
 protected:
  ~LineWriterTest() override { fs::remove_all(folder_); }

  static std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const fs::path folder_ = [] {
    std::string name = (fs::temp_directory_path() / "lines.XXXXXX").string();
    return fs::path(::mkdtemp(name.data()));
  }();
};

TEST_F(LineWriterTest, AddsWholeLinesToTheFileInTheirOrder) {
  const fs::path path = folder_ / "access.log";
  for (const char* line : {"first {}", "second \\n %v"}) {
    auto writer = LineWriter::open(path);
    ASSERT_TRUE(writer);
    EXPECT_TRUE((*writer)->try_write(line));
  }
  EXPECT_EQ(text_of(path), "first {}\nsecond \\n %v\n");
  EXPECT_EQ(fs::status(path).permissions() & fs::perms::others_all, fs::perms::none);
}

TEST_F(LineWriterTest, CannotBeOpenedWhereNobodyMayWrite) {
  const auto writer = LineWriter::open(folder_ / "missing" / "access.log");
  ASSERT_FALSE(writer);
  EXPECT_TRUE(writer.error().message.starts_with("cannot write to the log /"))
      << writer.error().message;
  EXPECT_NE(writer.error().message.find("No such file or directory; make its folder"),
            std::string::npos);
  EXPECT_FALSE(LineWriter::open(folder_));
}

// A pipe that nobody empties stands for a disk that is behind.
TEST_F(LineWriterTest, DropsLinesRatherThanWait) {
  const fs::path path = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const UniqueFd reader{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  auto writer = LineWriter::open(path);
  ASSERT_TRUE(writer);
  const std::string line(200, 'x');
  uint64_t taken = 0;
  const Stopwatch stopwatch;
  while ((*writer)->try_write(line) && taken < 100'000) ++taken;
  EXPECT_GE(taken, 8192U);
  EXPECT_LT(taken, 10'000U) << "what waits is bounded";
  EXPECT_LT(stopwatch.elapsed(), std::chrono::seconds(5));
  // Once it is emptied, everything that was taken comes through, and new lines are taken again.
  std::thread closing([&] { (*writer).reset(); });
  uint64_t bytes = 0;
  char buffer[65536];
  EXPECT_TRUE(comes_true([&] {
    const ssize_t count = ::read(reader.get(), buffer, sizeof buffer);
    if (count > 0) bytes += static_cast<uint64_t>(count);
    return bytes >= taken * (line.size() + 1);
  }));
  closing.join();
  EXPECT_EQ(bytes, taken * (line.size() + 1));
}

}  // namespace
}  // namespace ringcast::net
