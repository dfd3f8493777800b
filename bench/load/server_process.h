// ServerProcess: a server this program started, or was told of, and the URL it serves.
//
// Threads: one. Failure: start() says why the server could not be reached; one that was started is
// always ended.
#pragma once

#include <netinet/in.h>
#include <sys/types.h>

#include <string>

#include "engine/base/result.h"

namespace ringcast::bench {

// `http://127.0.0.1:8000`, with nothing after the port.
Result<sockaddr_in> parse_url(const std::string& url);

class ServerProcess {
 public:
  // Runs `command` through the shell on core `cpu` (< 0: any) and waits until it accepts on both
  // addresses.
  static Result<ServerProcess> start(const std::string& command, int cpu,
                                     const sockaddr_in& subscribe, const sockaddr_in& publish);
  // A server that runs already, and goes on running.
  static Result<ServerProcess> adopt(pid_t pid, int cpu);
  ServerProcess(ServerProcess&& other) noexcept;
  ServerProcess& operator=(ServerProcess&&) = delete;
  // Asks a started server to stop, and insists after five seconds.
  ~ServerProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  ServerProcess(pid_t pid, bool ours) noexcept : pid_(pid), ours_(ours) {}
  pid_t pid_;
  bool ours_;
};

}  // namespace ringcast::bench
