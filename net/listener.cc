#include "net/listener.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "net/uring/kernel_probe.h"

namespace ringcast::net {

namespace {

// Bounds the kernel memory of a subscriber that does not read (the kernel doubles it for its own
// bookkeeping), and lets 64 KiB a round trip through for one that does. A guess.
constexpr int kSendBufferBytes = 128 * 1024;

// No more than about this waits in the kernel for somebody who does not read, and a socket is writable again when less than half of it
// does: the ring keeps what has not been sent, and copies of it for each of a crowd of slow readers cost the others their time. Does not
// bound what is on its way. With 32 KiB such a crowd made the p99 of its channel three times as long as with 8; 4 was hardly better.
constexpr int kUnsentLowBytes = 8 * 1024;

// A subscriber sends nothing after its request, so what it does send must not pile up; a publisher
// sends events.
constexpr int kSubscriberReceiveBufferBytes = 16 * 1024;
constexpr int kPublisherReceiveBufferBytes = 256 * 1024;

// A peer that acknowledges nothing for so long is gone. With heartbeats there is always something
// to acknowledge.
constexpr int kUserTimeoutMs = 20'000;

struct Option {
  int level;
  int name;
  int value;
};

struct Address {
  sockaddr_storage storage{};
  socklen_t bytes = 0;
};

Error cannot_listen(const ListenerConfig& config, int error) {
  const std::string where = fmt::format("{}:{}", config.host, config.port);
  switch (error) {
    case EADDRINUSE:
      return {
          fmt::format("cannot listen on {}: another process has the port, or a connection from it "
                      "has just ended; stop it, wait a minute, or change listeners[].bind",
                      where)};
    case EACCES:
      return {
          fmt::format("cannot listen on {}: ports below 1024 need CAP_NET_BIND_SERVICE; grant it, "
                      "or use a higher port",
                      where)};
    case EADDRNOTAVAIL:
      return {fmt::format(
          "cannot listen on {}: this machine has no such address; change listeners[].bind", where)};
    default:
      return {fmt::format("cannot listen on {}: {}; check listeners[].bind", where,
                          std::strerror(error))};
  }
}

Result<Address> parse_address(const ListenerConfig& config) {
  Address address;
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (::inet_pton(AF_INET, config.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(config.port);
    address.bytes = sizeof *v4;
  } else if (::inet_pton(AF_INET6, config.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(config.port);
    address.bytes = sizeof *v6;
  } else {
    return Error{fmt::format(
        "'{}' is not an IP address; write listeners[].bind as 0.0.0.0:8000 or [::]:8000",
        config.host)};
  }
  return address;
}

bool set(int fd, const Option& option) {
  return ::setsockopt(fd, option.level, option.name, &option.value, sizeof option.value) == 0;
}

uint16_t bound_port(int fd) {
  Address address;
  address.bytes = sizeof address.storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &address.bytes);
  // The port stands at the same place for both families.
  return ntohs(reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port);
}

}  // namespace

std::string bind_name(const ListenerConfig& config) {
  if (config.is_unix()) return "unix:" + config.socket_path;
  const bool is_v6 = config.host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", config.host, config.port)
               : fmt::format("{}:{}", config.host, config.port);
}

Result<Listener> listen_on(const ListenerConfig& config, PortUse use) {
  Result<Address> address = parse_address(config);
  if (!address) return address.error();
  UniqueFd fd{::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd) return cannot_listen(config, errno);

  const int receive_bytes =
      config.serve_publish ? kPublisherReceiveBufferBytes : kSubscriberReceiveBufferBytes;
  const std::array<Option, 8> options{{{SOL_SOCKET, SO_REUSEADDR, 1},
                                       {SOL_SOCKET, SO_SNDBUF, kSendBufferBytes},
                                       {SOL_SOCKET, SO_RCVBUF, receive_bytes},
                                       {SOL_SOCKET, SO_KEEPALIVE, 1},
                                       {IPPROTO_TCP, TCP_KEEPIDLE, 60},
                                       {IPPROTO_TCP, TCP_NODELAY, 1},
                                       {IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs},
                                       {IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentLowBytes}}};
  for (const Option& option : options) {
    if (!set(fd.get(), option)) return cannot_listen(config, errno);
  }
  const Option sharing{SOL_SOCKET, SO_REUSEPORT, 1};
  if ((use == PortUse::kShared && !set(fd.get(), sharing)) ||
      ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address->storage), address->bytes) != 0 ||
      (use == PortUse::kFirst && !set(fd.get(), sharing)) ||
      ::listen(fd.get(), int{kListenBacklog}) != 0) {
    return cannot_listen(config, errno);
  }
  ListenerConfig bound = config;
  bound.port = bound_port(fd.get());
  return Listener{std::move(fd), std::move(bound)};
}

}  // namespace ringcast::net
