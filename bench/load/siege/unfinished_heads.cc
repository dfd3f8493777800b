#include "bench/load/siege/unfinished_heads.h"

#include <fmt/format.h>

namespace ringcast::bench {
namespace {

// Two lines below the 16 KiB that a line may have by default, and together below the 32 KiB of a head.
constexpr size_t kLineBytes = 15'500;
constexpr uint32_t kStartsPerTurn = 64;  // a listener's backlog holds more

}  // namespace

Result<std::unique_ptr<UnfinishedHeads>> UnfinishedHeads::open(const AttackPlan& plan,
                                                               const sockaddr_in& server) {
  std::unique_ptr<UnfinishedHeads> heads(new UnfinishedHeads(plan));
  auto sockets = StreamSockets::open(server, plan.attackers, *heads);
  if (!sockets) return sockets.error();
  heads->sockets_ = std::move(*sockets);
  return heads;
}

void UnfinishedHeads::run() {
  const std::string line(kLineBytes, 'x');
  const std::string head =
      fmt::format("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: {}\r\nY: {}", line, line);
  for (uint32_t started = 0; ended_ < plan_.attackers && !failure();) {
    for (uint32_t i = 0; i < kStartsPerTurn && started < plan_.attackers; ++i)
      sockets_->start(started++, head);
    sockets_->collect(1);
  }
}

void UnfinishedHeads::on_bytes(uint32_t /*who*/, std::string_view /*bytes*/) {}

void UnfinishedHeads::on_closed(uint32_t /*who*/) {
  ++ended_;
}

}  // namespace ringcast::bench
