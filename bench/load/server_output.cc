#include "bench/load/server_output.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ringcast::bench {
namespace {

// A longer line does not say where a server serves.
constexpr size_t kLineBytesMax = 1024;

void print(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

Result<std::unique_ptr<ServerOutput>> ServerOutput::open(const ServedAddresses& known) {
  std::array<int, 2> ends = {-1, -1};
  const int piped = ::pipe2(ends.data(), O_CLOEXEC);
  UniqueFd from{ends[0]};
  UniqueFd to{ends[1]};
  UniqueFd stop{::eventfd(0, EFD_CLOEXEC)};
  if (piped != 0 || !stop) {
    return Error{fmt::format("cannot make a pipe for what the server prints: {}; see ulimit -n",
                             std::strerror(errno))};
  }
  return std::unique_ptr<ServerOutput>(
      new ServerOutput(std::move(from), std::move(to), std::move(stop), known));
}

ServerOutput::~ServerOutput() {
  if (!thread_.joinable()) return;
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void ServerOutput::become_standard_output() const noexcept {
  ::dup2(to_.get(), STDOUT_FILENO);
}

void ServerOutput::begin() {
  to_ = UniqueFd{};
  thread_ = std::thread([this] { pass_on(); });
}

ServedAddresses ServerOutput::addresses() const {
  const std::scoped_lock lock(mutex_);
  return addresses_;
}

void ServerOutput::pass_on() {
  std::array<pollfd, 2> watched = {{{.fd = from_.get(), .events = POLLIN, .revents = 0},
                                    {.fd = stop_.get(), .events = POLLIN, .revents = 0}}};
  std::array<char, 4096> bytes{};
  while (true) {
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;  // a signal came
    if (watched[0].revents == 0) return;  // it is to end, and everything has been passed on
    const ssize_t got = ::read(from_.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return;
    const std::string_view printed(bytes.data(), static_cast<size_t>(got));
    print(printed);
    learn_from(printed);
  }
}

void ServerOutput::learn_from(std::string_view bytes) {
  for (const char byte : bytes) {
    if (byte != '\n') {
      if (line_.size() < kLineBytesMax) line_.push_back(byte);
      continue;
    }
    const std::scoped_lock lock(mutex_);
    addresses_.learn_from(line_);
    line_.clear();
  }
}

}  // namespace ringcast::bench
