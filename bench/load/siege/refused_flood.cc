#include "bench/load/siege/refused_flood.h"

namespace ringcast::bench {
namespace {

// Requests under way. An answer takes some 100 µs, so that a tenth would do; those over a limit keep the streams they got before it.
constexpr uint32_t kConnections = 64;

std::string request_for(RefusedFor reason) {
  switch (reason) {
    case RefusedFor::kMalformed:
      return "GET  / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    case RefusedFor::kUnauthorized:
      return subscribe_request("/channels/private", {});
    case RefusedFor::kOverLimit:
      break;
  }
  return subscribe_request("/channels/c0", {});
}

// A stream that has begun and not ended: one that was not refused.
bool is_open_stream(std::string_view answer) {
  return answer.starts_with("HTTP/1.1 200") && !answer.ends_with("0\r\n\r\n");
}

}  // namespace

RefusedFlood::RefusedFlood(const AttackPlan& plan, FloodCounts& counts)
    : plan_(plan), counts_(counts), request_(request_for(plan.refused_for)) {
  for (uint32_t who = 0; who < kConnections; ++who) idle_.push_back(who);
}

Result<std::unique_ptr<RefusedFlood>> RefusedFlood::open(const AttackPlan& plan,
                                                         const sockaddr_in& server,
                                                         FloodCounts& counts) {
  std::unique_ptr<RefusedFlood> flood(new RefusedFlood(plan, counts));
  auto sockets =
      StreamSockets::open(server, kConnections, *flood, StreamSockets::Sources::kOneOfItsOwn);
  if (!sockets) return sockets.error();
  flood->sockets_ = std::move(*sockets);
  return flood;
}

void RefusedFlood::run() {
  const int64_t start = now_ns();
  uint64_t sent = 0;
  for (int64_t now = start; now - start < plan_.duration_ns && !failure(); now = now_ns()) {
    const auto due = static_cast<uint64_t>(static_cast<double>(now - start) * plan_.rate / 1e9);
    for (; sent < due && !idle_.empty() && !failure(); ++sent) {
      const uint32_t who = idle_.back();
      idle_.pop_back();
      counts_.sent.fetch_add(1, std::memory_order_relaxed);
      sockets_->start(who, request_);
    }
    sockets_->collect(1);
  }
}

void RefusedFlood::on_bytes(uint32_t who, std::string_view bytes) {
  if (plan_.refused_for == RefusedFor::kOverLimit && is_open_stream(bytes)) return;
  if (!bytes.starts_with("HTTP/1.1 ")) return;  // events of such a stream
  count_answer(bytes);
  sockets_->end(who, StreamSockets::Ending::kReset);
  idle_.push_back(who);
}

void RefusedFlood::on_closed(uint32_t who) {
  counts_.unanswered.fetch_add(1, std::memory_order_relaxed);
  idle_.push_back(who);
}

void RefusedFlood::count_answer(std::string_view answer) {
  const bool was_served = plan_.refused_for != RefusedFor::kOverLimit && answer[9] == '2';
  (was_served ? counts_.served : counts_.refused).fetch_add(1, std::memory_order_relaxed);
}

}  // namespace ringcast::bench
