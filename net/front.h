// Front: reads requests from connections and sends the answers, until one turns out to be for a stream.
// What the answers are is for Routes to say, and whom the requests are from, for Senders.
//
// Answers go out in the order of the requests, however many were pipelined; while one has to wait
// (for room in a ring, or for the answers before a stream) nothing behind it is looked at, and
// nothing more is read.
//
// Threads: one shard.
#pragma once

#include <vector>

#include "net/access_log.h"
#include "net/exchange.h"
#include "net/lifecycle.h"
#include "net/listener.h"
#include "net/routes.h"
#include "net/senders.h"
#include "net/shard_state.h"

namespace ringcast::net {

class Front {
 public:
  // Bodies may be as long as `limits` say.
  Front(ShardState& shard, Lifecycle& lifecycle, Senders& senders,
        const std::vector<Listener>& listeners, const RequestLimits& limits, Routes& routes,
        AccessLog& access_log)
      : shard_(shard),
        lifecycle_(lifecycle),
        senders_(senders),
        listeners_(listeners),
        limits_(limits),
        routes_(routes),
        access_log_(access_log) {}

  void on_received(const Completion& completion);
  void on_answered(const Completion& completion);
  void on_deadline(uint32_t slot);

  // Tries the paced publishes again. Once a turn.
  void retry_held();
  [[nodiscard]] bool has_held() const noexcept { return !held_.empty(); }

 private:
  // Takes in what was received.
  void take(uint32_t slot, std::string_view bytes);
  void await_proxy_header(uint32_t slot, bool goes_on);
  // Handles what has been read until more bytes, or patience, is needed.
  void proceed(uint32_t slot);
  // Whose requests are refused too often is read no further for a while.
  [[nodiscard]] bool hold_back(uint32_t slot, Exchange& exchange);
  // Through a proxy, which is always read: whose requests are refused too often is told so, and nothing else. True: he was.
  [[nodiscard]] bool slow_down(uint32_t slot, Exchange& exchange);
  // The request is to be handled again; a paced publish every turn.
  void hold(uint32_t slot, Exchange& exchange);
  [[nodiscard]] bool refuse_before_body(uint32_t slot, Exchange& exchange);
  void refuse(uint32_t slot, Exchange& exchange, Refusal refusal, CloseCause cause);
  void linger(uint32_t slot, const Completion& completion, size_t bytes);
  // The answer to the request that was read last is what has been appended from `from` on.
  void note_answer(uint32_t slot, Exchange& exchange, size_t from) noexcept;
  void send_answers(uint32_t slot, Exchange& exchange);
  void read_more(uint32_t slot);
  void settle(uint32_t slot);
  void await_the_rest(uint32_t slot, Exchange& exchange);
  [[nodiscard]] MonotonicMs deadline_of(const Exchange& exchange) const noexcept;

  [[nodiscard]] RequestLimits limits_for(const ListenerConfig& listener) const noexcept;
  [[nodiscard]] const ListenerConfig& listener_of(uint32_t slot) noexcept {
    return listeners_[shard_.connections[slot].listener].config;
  }

  ShardState& shard_;
  Lifecycle& lifecycle_;
  Senders& senders_;
  const std::vector<Listener>& listeners_;
  const RequestLimits limits_;
  Routes& routes_;
  AccessLog& access_log_;
  std::vector<CompletionTag> held_;  // connections with a paced publish, the longest waiting first
};

}  // namespace ringcast::net
