#include "bench/load/peers/request_pipe.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "engine/base/check.h"

namespace ringcast::bench {
namespace {

constexpr int kAnswerTimeoutMs = 30'000;  // above any publish_wait worth configuring

}  // namespace

Result<RequestPipe> RequestPipe::connect(const sockaddr_in& server) {
  UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int on = 1;
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&server), sizeof(server)) != 0) {
    return Error{fmt::format("cannot connect to publish on port {} ({}); is --publish-url right?",
                             ntohs(server.sin_port), std::strerror(errno))};
  }
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return RequestPipe(std::move(fd));
}

void RequestPipe::send(std::string_view request) {
  unsent_.append(request);
  ++unanswered_;
  flush();
}

void RequestPipe::flush() {
  if (unsent_.empty() || failure_) return;
  const ssize_t sent =
      ::send(fd_.get(), unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) unsent_.erase(0, static_cast<size_t>(sent));
  if (sent < 0 && errno != EAGAIN && errno != EINTR) fail("publishing failed");
}

bool RequestPipe::receive() {
  char bytes[16 << 10];
  const ssize_t count = ::recv(fd_.get(), bytes, sizeof(bytes), MSG_DONTWAIT);
  if (count > 0) received_.append(bytes, static_cast<size_t>(count));
  if (count == 0) failure_ = Error{"the server closed a publisher's connection"};
  if (count < 0 && errno != EAGAIN && errno != EINTR) fail("reading an answer failed");
  return count > 0;
}

Result<RequestPipe::Answered> RequestPipe::ask(std::string_view request) {
  RC_CHECK(unanswered_ == 0);
  send(request);
  std::optional<Answered> answered;
  while (!answered && !failure_) {
    const auto wanted = static_cast<short>(unsent_.empty() ? POLLIN : POLLIN | POLLOUT);
    pollfd wait{.fd = fd_.get(), .events = wanted, .revents = 0};
    if (::poll(&wait, 1, kAnswerTimeoutMs) == 0)
      return Error{"a request was not answered within 30 s"};
    pump([&](const HttpAnswer& answer) {
      answered = Answered{.status = answer.status, .body = std::string(answer.body)};
    });
  }
  if (!answered) return *failure_;
  return std::move(*answered);
}

void RequestPipe::fail(const char* what) {
  failure_ = Error{fmt::format("{}: {}", what, std::strerror(errno))};
}

std::string post_request(std::string_view path, std::string_view content_type,
                         std::string_view body) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}",
      path, content_type, body.size(), body);
}

}  // namespace ringcast::bench
