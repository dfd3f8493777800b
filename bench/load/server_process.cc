#include "bench/load/server_process.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <utility>

#include "bench/load/clock.h"
#include "bench/load/process_stats.h"
#include "engine/base/unique_fd.h"

namespace ringcast::bench {
namespace {

constexpr int64_t kStartUpNs = 15 * kSecond;
constexpr int64_t kStopNs = 5 * kSecond;
constexpr int64_t kPollNs = 10 * kMillisecond;

void pause_briefly() noexcept {
  const timespec time{.tv_sec = 0, .tv_nsec = kPollNs};
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
}

bool accepts(const sockaddr_in& address) {
  UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  return fd &&
         ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

[[noreturn]] void become(const std::string& command, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);
  const std::string shell_line = "exec " + command;
  ::execl("/bin/sh", "sh", "-c", shell_line.c_str(), nullptr);
  ::_exit(127);
}

}  // namespace

Result<ServerProcess> ServerProcess::start(const std::string& command, int cpu,
                                           const ServedAddresses& given) {
  const auto is_taken = [](const std::optional<sockaddr_in>& address) {
    return address && accepts(*address);
  };
  if (is_taken(given.subscribe) || is_taken(given.publish)) {
    return Error{"another server already listens there; stop it, or measure it with --pid"};
  }
  auto output = ServerOutput::open(given);
  if (!output) return output.error();
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return Error{fmt::format("cannot fork: {}", std::strerror(errno))};
  if (pid == 0) {
    if (auto pinned = pin(0, cpu); !pinned) ::_exit(1);
    (*output)->become_standard_output();
    become(command, parent);
  }
  ServerProcess server(pid, true, given);
  server.output_ = std::move(*output);
  server.output_->begin();
  if (auto serves = server.wait_until_it_serves(command); !serves) return serves.error();
  return server;
}

Result<> ServerProcess::wait_until_it_serves(const std::string& command) {
  for (const int64_t give_up = now_ns() + kStartUpNs; now_ns() < give_up; pause_briefly()) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      ours_ = false;
      return Error{fmt::format("the server ended at once; run it by hand to see why: {}", command)};
    }
    addresses_ = output_->addresses();
    if (addresses_.complete() && accepts(*addresses_.subscribe) && accepts(*addresses_.publish))
      return {};
  }
  if (!addresses_.complete()) {
    return Error{fmt::format(
        "the server has not said within {} s at which IPv4 addresses it serves subscribe and "
        "publish, as ringcast does; say so with --url and --publish-url: {}",
        kStartUpNs / kSecond, command)};
  }
  return Error{fmt::format("the server did not listen on its addresses within {} s: {}",
                           kStartUpNs / kSecond, command)};
}

Result<ServerProcess> ServerProcess::adopt(pid_t pid, int cpu, const ServedAddresses& given) {
  if (::kill(pid, 0) != 0)
    return Error{fmt::format("there is no process {}; is --pid right?", pid)};
  // Each of its threads runs where it is told on its own.
  std::error_code ignored;
  for (const auto& task :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), ignored)) {
    if (auto pinned = pin(static_cast<pid_t>(std::stol(task.path().filename())), cpu); !pinned)
      return pinned.error();
  }
  return ServerProcess(pid, false, given);
}

ServerProcess::ServerProcess(ServerProcess&& other) noexcept
    : pid_(other.pid_),
      ours_(std::exchange(other.ours_, false)),
      addresses_(other.addresses_),
      output_(std::move(other.output_)) {}

ServerProcess::~ServerProcess() {
  if (!ours_) return;
  ::kill(pid_, SIGTERM);
  for (const int64_t give_up = now_ns() + kStopNs; now_ns() < give_up; pause_briefly()) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) return;
  }
  fmt::print(stderr, "the server did not stop within {} s of SIGTERM: killed\n", kStopNs / kSecond);
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace ringcast::bench
