#include "bench/load/server_process.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
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

Result<sockaddr_in> parse_url(const std::string& url) {
  const Error wrong{fmt::format("cannot use the URL {}; write it as http://127.0.0.1:8000", url)};
  constexpr std::string_view kScheme = "http://";
  std::string_view rest = url;
  if (!rest.starts_with(kScheme)) return wrong;
  rest.remove_prefix(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const size_t colon = rest.find(':');
  if (colon == std::string_view::npos) return wrong;
  std::string host(rest.substr(0, colon));
  if (host == "localhost") host = "127.0.0.1";
  const std::string_view port_text = rest.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, error] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (error != std::errc{} || end != port_text.data() + port_text.size() || port == 0) return wrong;
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return wrong;
  return address;
}

Result<ServerProcess> ServerProcess::start(const std::string& command, int cpu,
                                           const sockaddr_in& subscribe,
                                           const sockaddr_in& publish) {
  if (accepts(subscribe) || accepts(publish)) {
    return Error{"another server already listens there; stop it, or measure it with --pid"};
  }
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return Error{fmt::format("cannot fork: {}", std::strerror(errno))};
  if (pid == 0) {
    if (auto pinned = pin(0, cpu); !pinned) ::_exit(1);
    become(command, parent);
  }
  ServerProcess server(pid, true);
  for (const int64_t give_up = now_ns() + kStartUpNs; now_ns() < give_up; pause_briefly()) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid) {
      server.ours_ = false;
      return Error{fmt::format("the server ended at once; run it by hand to see why: {}", command)};
    }
    if (accepts(subscribe) && accepts(publish)) return server;
  }
  return Error{fmt::format("the server did not listen on the given URLs within {} s: {}",
                           kStartUpNs / kSecond, command)};
}

Result<ServerProcess> ServerProcess::adopt(pid_t pid, int cpu) {
  if (::kill(pid, 0) != 0)
    return Error{fmt::format("there is no process {}; is --pid right?", pid)};
  // Each of its threads runs where it is told on its own.
  std::error_code ignored;
  for (const auto& task :
       std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid), ignored)) {
    if (auto pinned = pin(static_cast<pid_t>(std::stol(task.path().filename())), cpu); !pinned)
      return pinned.error();
  }
  return ServerProcess(pid, false);
}

ServerProcess::ServerProcess(ServerProcess&& other) noexcept
    : pid_(other.pid_), ours_(std::exchange(other.ours_, false)) {}

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
