// StreamSockets: the connections of subscribers that come and go, by epoll and plain sockets.
//
// Where SubscriberFleet opens many streams once and holds them, this opens, ends and opens again, ends in the ways
// clients do, and can leave a socket unread. It hands over bytes as they come and knows nothing of streams.
//
// Threads: one. Memory: about 60 bytes a subscriber, a descriptor each while connected. Failure: open() and failure()
// say why; a connection that ends is an outcome, told to the handler.
#pragma once

#include <netinet/in.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/event_data.h"
#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace ringcast::bench {

class StreamSockets {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    // Both may call start(), end() and pause_reading() for `who`.
    virtual void on_bytes(uint32_t who, std::string_view bytes) = 0;
    // The server has ended the connection, or refused it. It is closed already.
    virtual void on_closed(uint32_t who) = 0;
  };
  enum class Ending { kReset, kFinish };
  // On loopback: addresses to connect from, in turn; or one that nobody else here has.
  enum class Sources { kMany, kOneOfItsOwn };

  static Result<std::unique_ptr<StreamSockets>> open(const sockaddr_in& server,
                                                     uint32_t subscribers, Handler& handler,
                                                     Sources sources = Sources::kMany);

  // Connects and sends `request`. `receive_buffer_bytes` 0: what the kernel likes. Requires: `who` is not connected.
  void start(uint32_t who, std::string_view request, int receive_buffer_bytes = 0);
  // Ends the connection, if there is one: with a reset, or with a FIN (which becomes a reset if bytes are unread).
  void end(uint32_t who, Ending ending);
  // Bytes stay in the socket from now on; that the server has ended it is still told, if the network tells.
  void pause_reading(uint32_t who);
  void resume_reading(uint32_t who);
  // Reads one byte of a paused connection, if there is one.
  void read_byte(uint32_t who);

  // Handles what has come, one bounded batch, and returns how many sockets that was. Waits up to `wait_ms` for it.
  uint32_t collect(int wait_ms);

  // Until something has come, and at most so long.
  void wait(int64_t wait_ns);

  [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }
  [[nodiscard]] uint64_t connects() const noexcept { return connects_; }

 private:
  struct Connection {
    UniqueFd fd;
    uint32_t generation = 0;  // what epoll says of an earlier one is ignored
    std::string unsent;       // the request, while the connect is under way
  };
  StreamSockets(const sockaddr_in& server, uint32_t subscribers, Handler& handler, Sources sources);
  [[nodiscard]] uint32_t source_address() const noexcept;
  UniqueFd make_socket(int receive_buffer_bytes);
  void watch(uint32_t who, int operation, uint32_t events);
  void on_ready(uint32_t who, uint32_t generation, uint32_t events);
  void send_request(uint32_t who);
  void close_and_tell(uint32_t who);
  void fail(const char* what, const char* remedy);

  sockaddr_in server_;
  Handler& handler_;
  bool on_loopback_;
  Sources sources_;
  UniqueFd epoll_;
  std::vector<Connection> connections_;
  std::string buffer_;
  uint64_t connects_ = 0;
  std::optional<Error> failure_;
};

// The request that opens the stream at `path`, resuming after `last_id` if that is not {0, 0}.
[[nodiscard]] std::string subscribe_request(std::string_view path, FrameId last_id);

}  // namespace ringcast::bench
