// TcpClient: one TCP connection as a test drives it, byte by byte, with a deadline on every wait.
//
// What a client waits for in vain, or gets and must not, is thrown as ClientFailure, which fails
// the test that does not catch it. Threads: one at a time.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "engine/base/unique_fd.h"
#include "tests/support/wait.h"

namespace ringcast {

struct ClientFailure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The peer has reset the connection; what it had sent before may be lost.
struct ConnectionReset : ClientFailure {
  using ClientFailure::ClientFailure;
};

class TcpClient {
 public:
  struct Options {
    std::string host = "127.0.0.1";  // IPv4, IPv6, or the path of a unix socket
    std::string from{};              // the address to connect from, of the same family; empty: any
    int receive_buffer_bytes = 0;    // 0: the kernel's default, which grows
    int send_buffer_bytes = 0;       // likewise
    milliseconds patience = kPatience;
  };

  // Connected. Throws when nobody listens.
  explicit TcpClient(uint16_t port) : TcpClient(port, Options{}) {}
  TcpClient(uint16_t port, const Options& options);

  // All of `bytes`.
  void send(std::string_view bytes);

  // As much of `bytes` as goes until the socket has been full for `patience` or the peer has
  // closed; how much that was.
  size_t send_until_stuck(std::string_view bytes, milliseconds patience);

  // Receiving. What arrived beyond what was asked for is kept for the next call.
  [[nodiscard]] std::string read_exactly(size_t bytes);
  // Up to and with `mark`; throws when it has not come within `bytes_max`.
  [[nodiscard]] std::string read_until(std::string_view mark, size_t bytes_max = 64 * 1024);
  // Everything up to the peer's FIN.
  [[nodiscard]] std::string read_to_end();
  // At least one byte and at most `bytes_max`, or none: the peer's FIN has come. No more is taken off the
  // socket than is returned.
  [[nodiscard]] std::string read_some(size_t bytes_max = std::string::npos);

  enum class End { kFin, kReset };
  // Throws away what still comes, until the peer ends the connection.
  [[nodiscard]] End wait_for_end();

  // Ends what we send, and goes on reading.
  void half_close();
  // Closes: in order (FIN), unless something has not been read, or abruptly (RST).
  void close() { fd_ = UniqueFd{}; }
  void reset();

  [[nodiscard]] uint16_t local_port() const;
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  // Appends at most `bytes_max` to unread_; false at the peer's FIN.
  bool receive(size_t bytes_max = std::string::npos);
  [[nodiscard]] std::string take(size_t bytes);

  UniqueFd fd_;
  const milliseconds patience_;
  std::string unread_;
};

}  // namespace ringcast
