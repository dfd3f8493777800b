// FloorServer: the yardstick. The least a server can do to bring one event to N sockets: no HTTP,
// no engine, one send for each socket in a loop, in a process of its own.
//
// It takes the same requests from the same client as a real server, but only counts their bytes: N
// streams are accepted and answered with a fixed opening; then every publish (recognised by its
// size alone) is sent to all of them as one frame of exactly the size ringcast's has, and answered
// with as many bytes as a real answer.
//
// Threads: the child has one. Failure: start() says why; a child that cannot go on says why on
// stderr and exits, which its clients notice.
#pragma once

#include <netinet/in.h>
#include <sys/types.h>

#include <cstdint>
#include <string>

#include "engine/base/result.h"

namespace ringcast::bench {

// How frames are sent: send(2) on plain descriptors, as many as RLIMIT_NOFILE allows; or io_uring
// on direct ones, with the flags and batches ringcast uses.
enum class FloorMethod { kSend, kDirect };

struct FloorPlan {
  FloorMethod method = FloorMethod::kSend;
  uint32_t subscribers = 0;
  uint32_t publishers = 1;
  size_t request_bytes = 0;  // of one publish
  size_t data_bytes = 0;     // at the end of it
  int cpu = -1;
};

class FloorServer {
 public:
  static Result<FloorServer> start(const FloorPlan& plan);
  FloorServer(FloorServer&& other) noexcept;
  FloorServer& operator=(FloorServer&&) = delete;
  ~FloorServer();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] const sockaddr_in& subscribe_address() const noexcept { return subscribe_; }
  [[nodiscard]] const sockaddr_in& publish_address() const noexcept { return publish_; }

 private:
  FloorServer() = default;
  pid_t pid_ = -1;
  sockaddr_in subscribe_{};
  sockaddr_in publish_{};
};

}  // namespace ringcast::bench
