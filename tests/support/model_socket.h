// ModelSocket: one TCP connection without a network: what its peer does to it, and what a kernel
// sees of it. Bytes arrive at once and in order; the window says how many the server may have under
// way before the socket is full.
//
// Threads: one.
#pragma once

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace ringcast {

class ModelSocket {
 public:
  explicit ModelSocket(size_t window_bytes, uint16_t port = 0)
      : window_bytes_(window_bytes), port_(port) {}

  // The port it connects from, at 127.0.0.1.
  [[nodiscard]] uint16_t port() const noexcept { return port_; }

  // The peer's end
  // ----------------------------------------------------------------

  void write(std::string_view bytes) { to_server_ += bytes; }

  // Sends FIN and goes on reading.
  void finish() noexcept { has_finished_ = true; }

  // Closes: a FIN first, and a reset for whatever is sent to it after that.
  void leave() noexcept {
    has_finished_ = true;
    has_left_ = true;
    to_client_.clear();
  }

  void reset() noexcept { fail(ECONNRESET); }

  // Has acknowledged nothing for so long that the server's kernel gives up.
  void vanish() noexcept { fail(ETIMEDOUT); }

  [[nodiscard]] std::string read(size_t most) {
    std::string bytes = to_client_.substr(0, most);
    to_client_.erase(0, bytes.size());
    if (!bytes.empty()) stalled_looks_ = 0;
    return bytes;
  }

  // The server has closed, and everything it sent before that has been read.
  [[nodiscard]] bool is_at_end() const noexcept { return is_closed_ && to_client_.empty(); }
  // The server has ended its side at least.
  [[nodiscard]] bool has_read_all() const noexcept {
    return (is_closed_ || has_server_finished_) && to_client_.empty();
  }

  // The server's end, as its kernel sees it
  // ----------------------------------------------------------------

  // The number of bytes taken, at most `most`; 0 when it is full; -errno.
  int send(std::string_view bytes, size_t most) {
    if (const int error = std::exchange(error_, 0)) return -error;
    if (is_dead_) return -EPIPE;
    if (has_left_) {
      is_dead_ = true;  // its answer to this is a reset
      return static_cast<int>(bytes.size());
    }
    const size_t taken = std::min({bytes.size(), most, room()});
    to_client_ += bytes.substr(0, taken);
    return static_cast<int>(taken);
  }

  // The number of bytes received, 0 after FIN, -EAGAIN when there is nothing yet, -errno.
  int recv(char* to, size_t most) {
    if (const int error = std::exchange(error_, 0)) return -error;
    if (to_server_.empty()) return has_finished_ || is_dead_ ? 0 : -EAGAIN;
    const size_t taken = std::min(most, to_server_.size());
    std::memcpy(to, to_server_.data(), taken);
    to_server_.erase(0, taken);
    return static_cast<int>(taken);
  }

  // What poll(2) would say. A socket is writable when a third of its window is free.
  [[nodiscard]] unsigned ready() const noexcept {
    unsigned events = 0;
    if (!to_server_.empty() || has_finished_ || is_dead_) events |= POLLIN;
    if (has_finished_ || is_dead_) events |= POLLRDHUP;
    if (is_dead_) events |= POLLHUP | POLLOUT;
    if (error_ != 0) events |= POLLERR;
    if (has_left_ || room() * 3 >= window_bytes_) events |= stalled_looks_ > 0 ? 0 : POLLOUT;
    return events;
  }

  // Lets it be full for the next `looks` looks, or until the peer reads: short of memory, say.
  void stall(unsigned looks) noexcept { stalled_looks_ = looks; }
  void look() noexcept { stalled_looks_ -= stalled_looks_ > 0 ? 1 : 0; }

  void finish_sending() noexcept { has_server_finished_ = true; }
  void close() noexcept { is_closed_ = true; }

  // As close(), but what the peer has not read yet is lost.
  void drop() noexcept {
    is_closed_ = true;
    to_client_.clear();
  }

  [[nodiscard]] size_t unread_bytes() const noexcept { return to_client_.size(); }

 private:
  [[nodiscard]] size_t room() const noexcept {
    const size_t used = to_client_.size();
    return stalled_looks_ > 0 || used >= window_bytes_ ? 0 : window_bytes_ - used;
  }

  void fail(int error) noexcept {
    error_ = error;
    is_dead_ = true;
    to_client_.clear();
    to_server_.clear();
  }

  const size_t window_bytes_;
  const uint16_t port_;
  std::string to_server_;
  std::string to_client_;
  bool has_finished_ = false;
  bool has_left_ = false;
  bool has_server_finished_ = false;
  bool is_dead_ = false;  // nothing passes any more, in either direction
  int error_ = 0;         // reported by the next call, once
  bool is_closed_ = false;
  unsigned stalled_looks_ = 0;
};

}  // namespace ringcast
