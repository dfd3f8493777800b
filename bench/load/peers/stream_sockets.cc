#include "bench/load/peers/stream_sockets.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "bench/load/clock.h"

namespace ringcast::bench {
namespace {

constexpr rlim_t kOtherDescriptors = 100;
constexpr size_t kReadBytes = 64 << 10;
constexpr int kReadyMax = 256;
// Source addresses in turn, so that ports held by ended connections (a minute each) do not run out: 127.0.2.1 and on.
constexpr uint32_t kSourceAddresses = 200;

uint64_t key_of(uint32_t who, uint32_t generation) {
  return uint64_t{generation} << 32 | who;
}

}  // namespace

StreamSockets::StreamSockets(const sockaddr_in& server, uint32_t subscribers, Handler& handler,
                             Sources sources)
    : server_(server),
      handler_(handler),
      on_loopback_((ntohl(server.sin_addr.s_addr) >> 24) == 127),
      sources_(sources),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      connections_(subscribers),
      buffer_(kReadBytes, '\0') {}

Result<std::unique_ptr<StreamSockets>> StreamSockets::open(const sockaddr_in& server,
                                                           uint32_t subscribers, Handler& handler,
                                                           Sources sources) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (subscribers + kOtherDescriptors > limit.rlim_cur) {
    return Error{
        fmt::format("{} subscribers need as many descriptors, and {} are allowed; raise the limit "
                    "(ulimit -n {})",
                    subscribers, limit.rlim_cur, subscribers + kOtherDescriptors)};
  }
  std::unique_ptr<StreamSockets> sockets(new StreamSockets(server, subscribers, handler, sources));
  if (!sockets->epoll_) return Error{fmt::format("epoll_create1 failed: {}", std::strerror(errno))};
  return sockets;
}

uint32_t StreamSockets::source_address() const noexcept {
  constexpr uint32_t kMany = (127u << 24) | (2u << 8);
  constexpr uint32_t kOne = (127u << 24) | (3u << 8);
  if (sources_ == Sources::kOneOfItsOwn) return kOne + 1;
  return kMany + 1 + static_cast<uint32_t>(connects_ % kSourceAddresses);
}

UniqueFd StreamSockets::make_socket(int receive_buffer_bytes) {
  UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd) {
    fail("no socket for a subscriber", "raise RLIMIT_NOFILE or fs.file-max");
    return fd;
  }
  if (receive_buffer_bytes > 0)
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                 sizeof(receive_buffer_bytes));
  if (on_loopback_) {
    const int on = 1;
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(source_address());
    // connect() then chooses a port that is free.
    ::setsockopt(fd.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&source), sizeof(source)) != 0)
      fail("cannot connect from 127.0.2.1 and the like",
           "give the loopback interface all of 127/8");
  }
  return fd;
}

void StreamSockets::start(uint32_t who, std::string_view request, int receive_buffer_bytes) {
  Connection& connection = connections_[who];
  connection.fd = make_socket(receive_buffer_bytes);
  if (failure_) return;
  ++connects_;
  ++connection.generation;
  connection.unsent.assign(request);
  const int result =
      ::connect(connection.fd.get(), reinterpret_cast<const sockaddr*>(&server_), sizeof(server_));
  if (result != 0 && errno != EINPROGRESS) {
    return fail("connecting failed",
                errno == EADDRNOTAVAIL
                    ? "run: sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\""
                    : "is the server running, and --url right?");
  }
  if (result == 0) send_request(who);
  watch(who, EPOLL_CTL_ADD, connection.unsent.empty() ? EPOLLIN : EPOLLOUT);
}

void StreamSockets::watch(uint32_t who, int operation, uint32_t events) {
  const Connection& connection = connections_[who];
  epoll_event event{};
  event.events = events;
  event.data.u64 = key_of(who, connection.generation);
  if (::epoll_ctl(epoll_.get(), operation, connection.fd.get(), &event) != 0)
    fail("watching a socket failed", "raise fs.epoll.max_user_watches");
}

void StreamSockets::send_request(uint32_t who) {
  Connection& connection = connections_[who];
  // A fresh socket takes a request whole; if it does not, the connection is at its end, and reading will say so.
  [[maybe_unused]] const ssize_t sent =
      ::send(connection.fd.get(), connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
  connection.unsent.clear();
}

void StreamSockets::end(uint32_t who, Ending ending) {
  Connection& connection = connections_[who];
  if (!connection.fd) return;
  if (ending == Ending::kReset) {
    const linger abort_on_close{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(connection.fd.get(), SOL_SOCKET, SO_LINGER, &abort_on_close,
                 sizeof(abort_on_close));
  }
  connection.fd = UniqueFd();
}

void StreamSockets::pause_reading(uint32_t who) {
  watch(who, EPOLL_CTL_MOD, 0);  // an error or a reset is told all the same
}

void StreamSockets::resume_reading(uint32_t who) {
  if (connections_[who].fd) watch(who, EPOLL_CTL_MOD, EPOLLIN);
}

void StreamSockets::read_byte(uint32_t who) {
  char byte = 0;
  const Connection& connection = connections_[who];
  if (!connection.fd) return;
  const ssize_t count = ::recv(connection.fd.get(), &byte, 1, MSG_DONTWAIT);
  if (count > 0) return handler_.on_bytes(who, std::string_view(&byte, 1));
  if (count == 0) close_and_tell(who);
}

uint32_t StreamSockets::collect(int wait_ms) {
  std::array<epoll_event, kReadyMax> ready;
  const int count = ::epoll_wait(epoll_.get(), ready.data(), kReadyMax, wait_ms);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = ready[static_cast<size_t>(i)];
    on_ready(static_cast<uint32_t>(event.data.u64), static_cast<uint32_t>(event.data.u64 >> 32),
             event.events);
  }
  return count < 0 ? 0 : static_cast<uint32_t>(count);
}

void StreamSockets::wait(int64_t wait_ns) {
  epoll_event ready;
  const timespec time{.tv_sec = wait_ns / kSecond, .tv_nsec = wait_ns % kSecond};
  ::epoll_pwait2(epoll_.get(), &ready, 1, &time, nullptr);
}

void StreamSockets::on_ready(uint32_t who, uint32_t generation, uint32_t events) {
  Connection& connection = connections_[who];
  if (!connection.fd || connection.generation != generation) return;
  if ((events & EPOLLOUT) != 0 && (events & (EPOLLERR | EPOLLHUP)) == 0) {
    send_request(who);
    return watch(who, EPOLL_CTL_MOD, EPOLLIN);
  }
  if ((events & EPOLLIN) == 0) return close_and_tell(who);
  const ssize_t count = ::recv(connection.fd.get(), buffer_.data(), buffer_.size(), 0);
  if (count > 0)
    return handler_.on_bytes(who, std::string_view(buffer_).substr(0, static_cast<size_t>(count)));
  if (count == 0 || (errno != EAGAIN && errno != EINTR)) close_and_tell(who);
}

void StreamSockets::close_and_tell(uint32_t who) {
  connections_[who].fd = UniqueFd();
  handler_.on_closed(who);
}

void StreamSockets::fail(const char* what, const char* remedy) {
  if (!failure_) failure_ = Error{fmt::format("{} ({}); {}", what, std::strerror(errno), remedy)};
}

std::string subscribe_request(std::string_view path, FrameId last_id) {
  std::string request =
      fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n", path);
  if (last_id != FrameId{})
    request += fmt::format("Last-Event-ID: {}-{}\r\n", last_id.ms, last_id.seq);
  return request + "\r\n";
}

}  // namespace ringcast::bench
