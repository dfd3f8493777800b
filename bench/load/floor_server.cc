#include "bench/load/floor_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <utility>
#include <vector>

#include "bench/load/event_data.h"
#include "bench/load/floor_sockets.h"
#include "bench/load/process_stats.h"
#include "engine/base/clock.h"
#include "engine/base/unique_fd.h"

namespace ringcast::bench {
namespace {

// What a subscriber is answered: the size, and what the client looks for, of ringcast's own
// opening.
constexpr std::string_view kOpening =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache, no-store, "
    "no-transform\r\n"
    "Connection: close\r\nTransfer-Encoding: chunked\r\nX-Accel-Buffering: no\r\n\r\n"
    "e\r\n:\nretry: 5000\n\r\n";
// Descriptors besides the subscribers' own.
constexpr uint32_t kPlainDescriptors = 100;

Result<UniqueFd> listen_on_loopback(sockaddr_in& address) {
  UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  // Accepted sockets inherit it. Without, a frame waits until the one before it is acknowledged.
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (!fd || ::bind(fd.get(), generic, bytes) != 0 || ::listen(fd.get(), 4096) != 0 ||
      ::getsockname(fd.get(), generic, &bytes) != 0) {
    return Error{
        fmt::format("the floor server cannot listen on loopback: {}", std::strerror(errno))};
  }
  return fd;
}

// The child's whole life.
class FloorLoop {
 public:
  FloorLoop(const FloorPlan& plan, int subscribe_fd, int publish_fd)
      : plan_(plan),
        subscribe_fd_(subscribe_fd),
        publish_fd_(publish_fd),
        sockets_(FloorSockets::make(plan.method, plan.subscribers)),
        request_(plan.request_bytes, '\0') {}

  [[noreturn]] void run() {
    for (uint32_t i = 0; i < plan_.subscribers; ++i) admit_one();
    sockets_->finish_adding();
    for (uint32_t i = 0; i < plan_.publishers; ++i) {
      publishers_.push_back({.fd = ::accept4(publish_fd_, nullptr, nullptr, SOCK_CLOEXEC),
                             .events = POLLIN,
                             .revents = 0});
    }
    while (true) {
      if (publishers_.size() > 1) ::poll(publishers_.data(), publishers_.size(), -1);
      for (const pollfd& publisher : publishers_) {
        if (publishers_.size() == 1 || publisher.revents != 0) serve_one(publisher.fd);
      }
    }
  }

 private:
  void admit_one() {
    const int fd = ::accept4(subscribe_fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) floor_failed("accepting a subscriber", errno);
    char ignored[1024];
    if (::read(fd, ignored, sizeof(ignored)) <= 0)
      floor_failed("reading a subscriber's request", errno);
    if (::send(fd, kOpening.data(), kOpening.size(), MSG_NOSIGNAL) < 0)
      floor_failed("answering a subscriber", errno);
    sockets_->add(fd);
  }

  // One publish: its bytes in, one frame to everybody, its answer out.
  void serve_one(int fd) {
    for (size_t have = 0; have < request_.size();) {
      const ssize_t got = ::read(fd, request_.data() + have, request_.size() - have);
      if (got <= 0) ::_exit(0);  // the run is over
      have += static_cast<size_t>(got);
    }
    const uint64_t ms = wall_now_ms();
    id_ = ms > id_.ms ? FrameId{.ms = ms, .seq = 0} : FrameId{.ms = id_.ms, .seq = id_.seq + 1};
    frame_.clear();
    append_frame(frame_, id_,
                 std::string_view(request_).substr(request_.size() - plan_.data_bytes));
    sockets_->send_to_all(frame_);
    const std::string body =
        fmt::format("{{\"id\":\"{}-{}\",\"subscribers\":{}}}", id_.ms, id_.seq, plan_.subscribers);
    const std::string answer = fmt::format(
        "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
        body.size(), body);
    if (::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) ::_exit(0);
  }

  FloorPlan plan_;
  int subscribe_fd_;
  int publish_fd_;
  std::unique_ptr<FloorSockets> sockets_;
  std::vector<pollfd> publishers_;
  std::string request_;
  std::string frame_;
  FrameId id_;
};

Result<> check_descriptors(const FloorPlan& plan) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  if (plan.method == FloorMethod::kDirect || plan.subscribers + kPlainDescriptors <= limit.rlim_cur)
    return {};
  return Error{fmt::format(
      "{} plain descriptors exceed RLIMIT_NOFILE {}; measure this floor by the direct method",
      plan.subscribers, limit.rlim_cur)};
}

}  // namespace

Result<FloorServer> FloorServer::start(const FloorPlan& plan) {
  if (auto enough = check_descriptors(plan); !enough) return enough.error();
  FloorServer server;
  auto subscribe_fd = listen_on_loopback(server.subscribe_);
  if (!subscribe_fd) return subscribe_fd.error();
  auto publish_fd = listen_on_loopback(server.publish_);
  if (!publish_fd) return publish_fd.error();

  const pid_t parent = ::getpid();
  server.pid_ = ::fork();
  if (server.pid_ < 0)
    return Error{fmt::format("cannot fork the floor server: {}", std::strerror(errno))};
  if (server.pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    if (auto pinned = pin(0, plan.cpu); !pinned)
      floor_failed(pinned.error().message.c_str(), EINVAL);
    FloorLoop(plan, subscribe_fd->get(), publish_fd->get()).run();
  }
  return server;
}

FloorServer::FloorServer(FloorServer&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), subscribe_(other.subscribe_), publish_(other.publish_) {}

FloorServer::~FloorServer() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace ringcast::bench
