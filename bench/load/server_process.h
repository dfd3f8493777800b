// ServerProcess: a server this program started, or was told of, and where it is reached.
//
// Threads: one, and one that passes on what a started server prints. Failure: start() says why the
// server could not be reached; one that was started is always ended.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "bench/load/served_addresses.h"
#include "bench/load/server_output.h"
#include "engine/base/result.h"

namespace ringcast::bench {

class ServerProcess {
 public:
  // Runs `command` through the shell on core `cpu` (< 0: any) and waits until it accepts on both
  // addresses: those that are `given`, otherwise those that it prints.
  static Result<ServerProcess> start(const std::string& command, int cpu,
                                     const ServedAddresses& given);
  // A server that runs already, and goes on running. Requires: given.complete().
  static Result<ServerProcess> adopt(pid_t pid, int cpu, const ServedAddresses& given);
  ServerProcess(ServerProcess&& other) noexcept;
  ServerProcess& operator=(ServerProcess&&) = delete;
  // Asks a started server to stop, and insists after five seconds.
  ~ServerProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  // Both of them.
  [[nodiscard]] const ServedAddresses& addresses() const noexcept { return addresses_; }

 private:
  ServerProcess(pid_t pid, bool ours, const ServedAddresses& addresses) noexcept
      : pid_(pid), ours_(ours), addresses_(addresses) {}
  // Until it accepts on both addresses. `command` is what started it.
  Result<> wait_until_it_serves(const std::string& command);

  pid_t pid_;
  bool ours_;
  ServedAddresses addresses_;
  std::unique_ptr<ServerOutput> output_;  // of one that is ours
};

}  // namespace ringcast::bench
