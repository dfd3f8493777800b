#include "bench/load/subscriber_fleet.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "bench/load/clock.h"

namespace ringcast::bench {
namespace {

// Descriptors the process itself needs: rings, publishers, a batch of sockets on their way into a
// table.
constexpr uint32_t kPlainDescriptors = 1000;
// So few from each source address that the kernel finds a free port at the first try.
constexpr uint32_t kConnectionsPerSource = 5000;
// Sockets made before one call puts them into a table.
constexpr uint32_t kInstallBatch = 64;

// 127.0.1.1, 127.0.1.2, … for each group of subscribers: all of 127/8 is this machine.
in_addr source_address(uint32_t who) {
  constexpr uint32_t kHostsPerNet = 250;
  const uint32_t source = who / kConnectionsPerSource;
  const uint32_t net = 1 + source / kHostsPerNet;
  return {.s_addr = htonl((127u << 24) | (net << 8) | (1 + source % kHostsPerNet))};
}

std::string why_not_connected(int error, uint16_t port) {
  if (error == EADDRNOTAVAIL) {
    return "no port is left to connect from; run: sysctl -w net.ipv4.ip_local_port_range=\"1024 "
           "65535\"";
  }
  if (error == ECONNREFUSED)
    return fmt::format("nobody listens on port {}; is the server running?", port);
  if (error == ECANCELED) return "a connect was cancelled";
  return fmt::format("connecting to port {} failed: {}", port, std::strerror(error));
}

}  // namespace

SubscriberFleet::SubscriberFleet(const FleetPlan& plan, StreamChecker& checker)
    : plan_(plan),
      checker_(checker),
      request_(fmt::format(
          "GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n", plan.path)),
      on_loopback_((ntohl(plan.server.sin_addr.s_addr) >> 24) == 127),
      begun_(plan.subscribers) {}

Result<std::unique_ptr<SubscriberFleet>> SubscriberFleet::open(const FleetPlan& plan,
                                                               StreamChecker& checker) {
  std::unique_ptr<SubscriberFleet> fleet(new SubscriberFleet(plan, checker));
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  // A ring's table may have as many slots as the process may have descriptors.
  const auto descriptors = static_cast<uint32_t>(std::min<rlim_t>(limit.rlim_cur, 1'000'000));
  if (descriptors < 2 * kPlainDescriptors) {
    return Error{fmt::format("only {} descriptors are allowed; raise the limit (ulimit -n 20000)",
                             descriptors)};
  }
  const uint32_t slots_max = descriptors - kPlainDescriptors;
  const uint32_t rings = (plan.subscribers + slots_max - 1) / slots_max;
  fleet->per_ring_ = (plan.subscribers + rings - 1) / rings;
  for (uint32_t i = 0; i < rings; ++i) {
    auto ring = IoRing::open({.slots = fleet->per_ring_ + plan.publishers});
    if (!ring) return ring.error();
    fleet->rings_.push_back(std::move(*ring));
  }
  return fleet;
}

int SubscriberFleet::make_socket(uint32_t who) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    fail(fmt::format("no socket for subscriber {}: {}; raise fs.file-max or RLIMIT_NOFILE", who,
                     std::strerror(errno)));
    return -1;
  }
  // Leave with a reset: 100 000 streams closed at once would otherwise keep their ports for a
  // minute.
  const linger abort_on_close{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_on_close, sizeof(abort_on_close));
  if (on_loopback_) {
    const int on = 1;
    sockaddr_in source{};
    source.sin_family = AF_INET;
    source.sin_addr = source_address(who);
    ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on,
                 sizeof(on));  // connect() chooses a port that is free
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&source), sizeof(source)) != 0)
      fail(why_not_connected(errno, 0));
  }
  return fd;
}

void SubscriberFleet::connect_more() {
  while (!failure_ && asked_ < plan_.subscribers) {
    const uint32_t in_flight = asked_ - streaming_;
    const uint32_t room = plan_.in_flight_max - std::min(in_flight, plan_.in_flight_max);
    const uint32_t left_in_ring = per_ring_ - slot_of(asked_);
    const uint32_t count =
        std::min({room, kInstallBatch, left_in_ring, plan_.subscribers - asked_});
    // Whole batches, so that one call installs many.
    if (count == 0 || (room < kInstallBatch && count == room)) return;

    std::array<int, kInstallBatch> fds{};
    for (uint32_t i = 0; i < count; ++i) fds[i] = make_socket(asked_ + i);
    IoRing& ring = *rings_[ring_of(asked_)];
    if (!failure_) {
      const auto installed = ring.install(slot_of(asked_), std::span(fds).first(count));
      if (!installed) failure_ = installed.error();
    }
    for (uint32_t i = 0; i < count; ++i) {
      if (fds[i] >= 0) ::close(fds[i]);
      if (!failure_) ring.plan_stream(slot_of(asked_ + i), asked_ + i, plan_.server, request_);
    }
    if (failure_) return;
    ring.submit();
    asked_ += count;
  }
}

Result<> SubscriberFleet::receive_answers_for(Publisher& publisher) {
  publisher_ = &publisher;
  for (uint32_t i = 0; i < publisher.sockets().size(); ++i) {
    const int fd = publisher.sockets()[i].get();
    if (auto installed = rings_[0]->install(per_ring_ + i, std::span(&fd, 1)); !installed)
      return installed;
    rings_[0]->plan_receive(per_ring_ + i, {.op = Tag::Op::kAnswer, .index = i});
  }
  return {};
}

uint32_t SubscriberFleet::collect() {
  uint32_t total = 0;
  for (const auto& ring : rings_) {
    if (ring->quiet()) continue;
    // One reading of the clock serves a batch: all of it was in our memory before.
    int64_t seen_ns = 0;
    total += ring->collect([&](Tag tag, int result, std::string_view bytes, bool ended) {
      if (seen_ns == 0) seen_ns = now_ns();
      on_completion(*ring, tag, result, bytes, ended, seen_ns);
    });
  }
  return total;
}

void SubscriberFleet::on_completion(IoRing& ring, Tag tag, int result, std::string_view bytes,
                                    bool ended, int64_t now_ns) {
  if (result == -ECANCELED) return;  // the rest of a chain whose head has failed and been reported
  switch (tag.op) {
    case Tag::Op::kConnect:
    case Tag::Op::kSend:
      return fail(why_not_connected(-result, ntohs(plan_.server.sin_port)));
    case Tag::Op::kReceive:
      return on_received(ring, tag.index, result, bytes, ended, now_ns);
    case Tag::Op::kAnswer:
      if (result != -ENOBUFS) publisher_->on_answer(tag.index, bytes, now_ns);
      if (ended && (result > 0 || result == -ENOBUFS))
        ring.plan_receive(per_ring_ + tag.index, tag);
      return;
  }
}

void SubscriberFleet::on_received(IoRing& ring, uint32_t who, int result, std::string_view bytes,
                                  bool ended, int64_t now_ns) {
  if (result > 0) {
    if (begun_[who]) {
      checker_.on_bytes(who, bytes, now_ns);
    } else {
      on_opening(who, bytes, now_ns);
    }
  } else if (result != -ENOBUFS) {
    if (!begun_[who])
      return fail(fmt::format("the server closed subscriber {} before its stream began", who));
    checker_.on_closed(who);
    return;
  }
  if (ended) ring.plan_receive(slot_of(who), {.op = Tag::Op::kReceive, .index = who});
}

void SubscriberFleet::on_opening(uint32_t who, std::string_view bytes, int64_t now_ns) {
  std::string& text = openings_[who].append(bytes);
  const Opening opening = parse_opening(text);
  if (opening.state == Opening::State::kIncomplete) return;
  if (opening.state == Opening::State::kRefused) {
    return fail(
        fmt::format("subscriber {}: {}: {}", who, opening.why, text.substr(0, text.find('\r'))));
  }
  begun_[who] = true;
  ++streaming_;
  if (opening.bytes < text.size())
    checker_.on_bytes(who, std::string_view(text).substr(opening.bytes), now_ns);
  openings_.erase(who);
}

void SubscriberFleet::fail(std::string what) {
  if (!failure_) failure_ = Error{std::move(what)};
}

}  // namespace ringcast::bench
