#include "net/line_writer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <cerrno>
#include <cstring>

#include "engine/base/unique_fd.h"

namespace ringcast::net {

namespace {

// A second of what one shard closes when a crowd goes; some 2 MiB of lines. A guess.
constexpr size_t kLinesMax = 8192;

// Each shard looks before it writes, so that many more may come in at once: spdlog's queue has room for them, and never
// overwrites a line.
constexpr size_t kWritersMax = 64;

Error cannot_write(const std::string& to, int error) {
  return {
      fmt::format("cannot write to the log {}: {}; make its folder, or let the user that runs "
                  "ringcast write there",
                  to, std::strerror(error))};
}

}  // namespace

// The pool goes first: it writes what waits and joins its thread, after which nobody uses the other.
struct LineWriter::Logger {
  std::shared_ptr<spdlog::async_logger> lines;
  std::shared_ptr<spdlog::details::thread_pool> pool;
};

LineWriter::LineWriter(std::unique_ptr<Logger> logger) : logger_(std::move(logger)) {}

LineWriter::~LineWriter() = default;

Result<std::unique_ptr<LineWriter>> LineWriter::open(const std::string& to) try {
  std::shared_ptr<spdlog::sinks::sink> sink;
  if (to == "stderr") {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  } else {
    // Once by hand: to say why not, so that not everybody may read it, and not to wait for the reader of a pipe.
    const UniqueFd file{
        ::open(to.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0640)};
    if (!file) return cannot_write(to, errno);
    sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(to);
  }
  auto logger = std::make_unique<Logger>();
  logger->pool = std::make_shared<spdlog::details::thread_pool>(kLinesMax + kWritersMax, 1);
  logger->lines = std::make_shared<spdlog::async_logger>(
      "lines", std::move(sink), logger->pool, spdlog::async_overflow_policy::overrun_oldest);
  logger->lines->set_pattern("%v");
  logger->lines->flush_on(spdlog::level::info);  // in the other thread: a crash loses what waits
  return std::unique_ptr<LineWriter>(new LineWriter(std::move(logger)));
} catch (const spdlog::spdlog_ex&) {
  return cannot_write(to, errno);
}

bool LineWriter::try_write(std::string_view line) noexcept {
  if (logger_->pool->queue_size() >= kLinesMax) return false;
  logger_->lines->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  return true;
}

}  // namespace ringcast::net
