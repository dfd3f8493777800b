#include "tests/support/tcp_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ringcast {

namespace {

[[noreturn]] void fail(const std::string& what) {
  throw ClientFailure(what);
}

[[noreturn]] void fail_with_errno(const std::string& what) {
  fail(what + ": " + std::strerror(errno));
}

// Whether `fd` became ready for `events` in time.
bool is_ready(int fd, short events, milliseconds patience) {
  pollfd wanted{.fd = fd, .events = events, .revents = 0};
  return ::poll(&wanted, 1, static_cast<int>(patience.count())) > 0;
}

struct Address {
  sockaddr_storage storage{};
  socklen_t bytes = 0;

  [[nodiscard]] const sockaddr* raw() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
};

Address address_of(const std::string& host, uint16_t port) {
  Address address;
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  auto* const path = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (host.starts_with('/')) {
    path->sun_family = AF_UNIX;
    host.copy(path->sun_path, sizeof path->sun_path - 1);
    address.bytes = sizeof *path;
  } else if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    address.bytes = sizeof *v4;
  } else if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.bytes = sizeof *v6;
  } else {
    fail("bad address");
  }
  return address;
}

void set_buffer(int fd, int which, int bytes) {
  if (bytes > 0) ::setsockopt(fd, SOL_SOCKET, which, &bytes, sizeof bytes);
}

}  // namespace

TcpClient::TcpClient(uint16_t port, const Options& options) : patience_(options.patience) {
  const Address address = address_of(options.host, port);
  fd_ = UniqueFd{::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd_) fail_with_errno("socket");
  // Before connecting, so that the window offered is small from the start.
  set_buffer(fd_.get(), SO_RCVBUF, options.receive_buffer_bytes);
  set_buffer(fd_.get(), SO_SNDBUF, options.send_buffer_bytes);
  if (!options.from.empty()) {
    const Address from = address_of(options.from, 0);
    if (::bind(fd_.get(), from.raw(), from.bytes) != 0) fail_with_errno("bind");
  }
  if (::connect(fd_.get(), address.raw(), address.bytes) != 0) {
    fail_with_errno("connect to " + options.host + " port " + std::to_string(port));
  }
}

void TcpClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
    } else if (errno != EAGAIN) {
      fail_with_errno("send");
    } else if (!is_ready(fd_.get(), POLLOUT, patience_)) {
      fail("the server did not take our bytes in time");
    }
  }
}

size_t TcpClient::send_until_stuck(std::string_view bytes, milliseconds patience) {
  size_t total = 0;
  while (total < bytes.size()) {
    const ssize_t sent =
        ::send(fd_.get(), bytes.data() + total, bytes.size() - total, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      total += static_cast<size_t>(sent);
    } else if (errno != EAGAIN || !is_ready(fd_.get(), POLLOUT, patience)) {
      break;
    }
  }
  return total;
}

bool TcpClient::receive(size_t bytes_max) {
  if (!is_ready(fd_.get(), POLLIN, patience_)) fail("nothing came in time");
  std::array<char, 64 * 1024> buffer;
  const ssize_t received = ::recv(fd_.get(), buffer.data(), std::min(bytes_max, buffer.size()), 0);
  if (received < 0 && errno == ECONNRESET) throw ConnectionReset("the connection was reset");
  if (received < 0) fail_with_errno("recv");
  unread_.append(buffer.data(), static_cast<size_t>(received));
  return received > 0;
}

std::string TcpClient::take(size_t bytes) {
  std::string taken = unread_.substr(0, bytes);
  unread_.erase(0, bytes);
  return taken;
}

std::string TcpClient::read_exactly(size_t bytes) {
  while (unread_.size() < bytes) {
    if (!receive()) fail("the connection ended within " + std::to_string(bytes) + " bytes");
  }
  return take(bytes);
}

std::string TcpClient::read_until(std::string_view mark, size_t bytes_max) {
  size_t at = unread_.find(mark);
  while (at == std::string::npos) {
    if (unread_.size() > bytes_max) fail("no end in sight: " + unread_.substr(0, 200));
    if (!receive()) fail("the connection ended after: " + unread_.substr(0, 200));
    at = unread_.find(mark);
  }
  return take(at + mark.size());
}

std::string TcpClient::read_to_end() {
  while (receive()) {
  }
  return take(unread_.size());
}

std::string TcpClient::read_some(size_t bytes_max) {
  if (unread_.empty()) receive(bytes_max);
  return take(std::min(bytes_max, unread_.size()));
}

TcpClient::End TcpClient::wait_for_end() {
  const Stopwatch stopwatch;
  std::array<char, 64 * 1024> buffer;
  while (stopwatch.elapsed() < patience_) {
    if (!is_ready(fd_.get(), POLLIN, patience_)) break;
    const ssize_t received = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (received == 0) return End::kFin;
    if (received < 0 && errno == ECONNRESET) return End::kReset;
    if (received < 0) fail_with_errno("recv");
  }
  fail("the server did not end the connection in time");
}

void TcpClient::half_close() {
  if (::shutdown(fd_.get(), SHUT_WR) != 0) fail_with_errno("shutdown");
}

void TcpClient::reset() {
  const linger abrupt{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
  close();
}

uint16_t TcpClient::local_port() const {
  sockaddr_in address{};
  socklen_t bytes = sizeof address;
  ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &bytes);
  return ntohs(address.sin_port);
}

}  // namespace ringcast
