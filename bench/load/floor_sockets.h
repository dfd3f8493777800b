// FloorSockets: the sockets of the floor server and the loop that sends one frame to all of them.
//
// Threads: one. Failure: a socket that cannot be served ends the process with a sentence; the floor
// has no slow readers.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "bench/load/floor_server.h"

namespace ringcast::bench {

class FloorSockets {
 public:
  virtual ~FloorSockets() = default;
  // Takes over an accepted socket.
  virtual void add(int fd) = 0;
  // After the last add().
  virtual void finish_adding() {}
  // Sends `frame` to every socket, in the order they were added.
  virtual void send_to_all(std::string_view frame) = 0;

  static std::unique_ptr<FloorSockets> make(FloorMethod method, uint32_t sockets);
};

[[noreturn]] void floor_failed(const char* what, int error);

}  // namespace ringcast::bench
