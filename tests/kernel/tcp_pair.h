// Loopback TCP for the kernel contract tests: listeners, connected pairs, and ways to end a
// connection. Everything waits on conditions, for a bounded time.
//
// Threads: none of its own. Failures throw, which GoogleTest reports with their text.
#pragma once

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/unique_fd.h"
#include "tests/kernel/raw_ring.h"

namespace ringcast::kernel_test {

inline int check_errno(int result, const char* what) {
  return check_sys(result < 0 ? -errno : result, what);
}

template <typename T>
void set_option(int fd, int level, int name, const T& value) {
  check_errno(::setsockopt(fd, level, name, &value, sizeof value), "setsockopt");
}

template <typename T = int>
T get_option(int fd, int level, int name) {
  T value{};
  socklen_t bytes = sizeof value;
  check_errno(::getsockopt(fd, level, name, &value, &bytes), "getsockopt");
  return value;
}

// Waits for any of `events`, or for an error or hang-up, which poll always reports. Returns what
// came, 0 if nothing did.
inline int wait_for(int fd, int events) {
  pollfd entry{fd, static_cast<short>(events), 0};
  check_errno(::poll(&entry, 1, kPatienceSeconds * 1000), "poll");
  return entry.revents;
}

inline sockaddr_in loopback(uint16_t port = 0) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

inline sockaddr_in local_address(int fd) {
  sockaddr_in address{};
  socklen_t bytes = sizeof address;
  check_errno(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &bytes), "getsockname");
  return address;
}

inline UniqueFd tcp_socket() {
  return UniqueFd{check_errno(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")};
}

// A socket bound to a loopback port of the kernel's choice. Options are set on it, then listen()
// makes it a listener.
inline UniqueFd bound_socket() {
  UniqueFd fd = tcp_socket();
  const sockaddr_in address = loopback();
  check_errno(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              "bind");
  return fd;
}

inline void start_listening(const UniqueFd& fd) {
  check_errno(::listen(fd.get(), 128), "listen");
}

inline UniqueFd make_listener() {
  UniqueFd fd = bound_socket();
  start_listening(fd);
  return fd;
}

// Connects to `listener`; the connection is established and waits to be accepted.
inline UniqueFd connect_to(const UniqueFd& listener, int receive_buffer_bytes = 0) {
  UniqueFd fd = tcp_socket();
  if (receive_buffer_bytes > 0) set_option(fd.get(), SOL_SOCKET, SO_RCVBUF, receive_buffer_bytes);
  const sockaddr_in address = local_address(listener.get());
  check_errno(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              "connect");
  return fd;
}

struct TcpPair {
  UniqueFd client;
  UniqueFd server;
};

// A connected pair; `buffer_bytes` shrinks what the kernel keeps for it, so that it fills up soon.
inline TcpPair make_pair(int buffer_bytes = 0) {
  const UniqueFd listener = make_listener();
  if (buffer_bytes > 0) set_option(listener.get(), SOL_SOCKET, SO_SNDBUF, buffer_bytes);
  UniqueFd client = connect_to(listener, buffer_bytes);
  UniqueFd server{check_errno(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept")};
  return {std::move(client), std::move(server)};
}

// Ends the connection with a FIN, as a browser does that goes away.
inline void close_now(UniqueFd& fd) {
  UniqueFd{std::move(fd)};
}

// Ends the connection with a RST, as a crashed peer's kernel does.
inline void reset_now(UniqueFd& fd) {
  set_option(fd.get(), SOL_SOCKET, SO_LINGER, linger{1, 0});
  close_now(fd);
}

// What recv would say now: 1 if there is data, 0 at the end of the stream, -EAGAIN if there is
// neither, or another -errno.
inline int peek_now(const UniqueFd& fd) {
  char byte = 0;
  const ssize_t got = ::recv(fd.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  return got < 0 ? -errno : static_cast<int>(got);
}

// Reads until `bytes` have come, the stream ends, or nothing has come for a long time.
inline std::string receive(const UniqueFd& fd, size_t bytes) {
  std::string all;
  char piece[16384];
  while (all.size() < bytes && wait_for(fd.get(), POLLIN) != 0) {
    const ssize_t got = ::recv(fd.get(), piece, std::min(sizeof piece, bytes - all.size()), 0);
    if (got <= 0) break;
    all.append(piece, static_cast<size_t>(got));
  }
  return all;
}

// Reads until the stream ends, however much that is.
inline std::string receive_all(const UniqueFd& fd) {
  return receive(fd, std::string::npos);
}

}  // namespace ringcast::kernel_test
