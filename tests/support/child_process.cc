#include "tests/support/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>

namespace ringcast {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what);
}

// Reading end, writing end.
std::array<UniqueFd, 2> make_pipe() {
  std::array<int, 2> fds;
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) fail("pipe: " + std::string(std::strerror(errno)));
  return {UniqueFd{fds[0]}, UniqueFd{fds[1]}};
}

[[noreturn]] void become(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const std::vector<std::string>& command,
                           const std::function<void()>& prepare) {
  auto [out_read, out_write] = make_pipe();
  auto [err_read, err_write] = make_pipe();
  pid_ = ::fork();
  if (pid_ < 0) fail("fork: " + std::string(std::strerror(errno)));
  if (pid_ == 0) {
    ::dup2(out_write.get(), STDOUT_FILENO);
    ::dup2(err_write.get(), STDERR_FILENO);
    if (prepare) prepare();
    become(command);
  }
  out_.fd = std::move(out_read);
  err_.fd = std::move(err_read);
}

ChildProcess::~ChildProcess() {
  if (is_reaped_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void ChildProcess::send_signal(int signal) const {
  if (::kill(pid_, signal) != 0) fail("kill: " + std::string(std::strerror(errno)));
}

bool ChildProcess::read_some() {
  // An end of file is waited for no more: poll() passes over negative descriptors.
  std::array<pollfd, 2> wanted{{{out_.fd.get(), POLLIN, 0}, {err_.fd.get(), POLLIN, 0}}};
  if (!out_.fd && !err_.fd) return false;
  if (::poll(wanted.data(), wanted.size(), static_cast<int>(kPatience.count())) <= 0) {
    fail("the program said nothing in time; so far: " + out_.text + err_.text);
  }
  for (Stream* const stream : {&out_, &err_}) {
    if (wanted[stream == &out_ ? 0 : 1].revents == 0) continue;
    std::array<char, 4096> buffer;
    const ssize_t count = ::read(stream->fd.get(), buffer.data(), buffer.size());
    if (count > 0) {
      stream->text.append(buffer.data(), static_cast<size_t>(count));
    } else {
      stream->fd = UniqueFd{};
    }
  }
  return true;
}

std::string ChildProcess::read_line_of(Stream& stream) {
  size_t end = stream.text.find('\n');
  while (end == std::string::npos) {
    if (!read_some()) fail("the program ended, and said: " + out_.text + err_.text);
    end = stream.text.find('\n');
  }
  std::string line = stream.text.substr(0, end);
  stream.text.erase(0, end + 1);
  return line;
}

ChildEnd ChildProcess::wait() {
  while (read_some()) {
  }
  int status = 0;
  if (::waitpid(pid_, &status, 0) != pid_) fail("waitpid: " + std::string(std::strerror(errno)));
  is_reaped_ = true;
  ChildEnd end{.out = out_.text, .err = err_.text};
  if (WIFEXITED(status)) end.status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  return end;
}

ChildEnd run(const std::vector<std::string>& command, const std::function<void()>& prepare) {
  return ChildProcess(command, prepare).wait();
}

}  // namespace ringcast
