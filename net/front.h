// Front: reads requests from connections and answers them, until one turns out to be for a stream.
// Answers go out in the order of the requests, however many were pipelined; while one has to wait
// (for room in a ring, or for the answers before a stream) nothing behind it is looked at, and
// nothing more is read.
//
// Threads: one shard.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/channels.h"
#include "net/exchange.h"
#include "net/http/http_date.h"
#include "net/lifecycle.h"
#include "net/listener.h"
#include "net/monitor.h"
#include "net/publish.h"
#include "net/shard_state.h"
#include "net/subscribe.h"

namespace ringcast::net {

class Front {
 public:
  Front(ShardState& shard, Lifecycle& lifecycle, const Channels& channels,
        const std::vector<Listener>& listeners, Publish& publish, Subscribe& subscribe,
        const Monitor& monitor);

  void on_received(const Completion& completion);
  void on_answered(const Completion& completion);
  void on_deadline(uint32_t slot);

  // Tries the paced publishes again. Once a turn.
  void retry_held();
  [[nodiscard]] bool has_held() const noexcept { return !held_.empty(); }

  // From now on streams are turned away and answers end their connections.
  void begin_stopping() noexcept { stopping_ = true; }
  [[nodiscard]] bool is_stopping() const noexcept { return stopping_; }

 private:
  enum class Handled {
    kAnswered,
    kBecameStream,
    kHeld,  // to be handled again later
  };
  enum class Publishing { kNo, kYes };

  // The paced publishes of one channel.
  struct Queue {
    uint32_t waiting = 0;     // as of the last look, plus those who came since
    bool is_refused = false;  // in this round: there is no room for the first of them
  };

  // Handles what has been read until more bytes, or patience, is needed.
  void proceed(uint32_t slot);
  Handled handle(uint32_t slot, Exchange& exchange);
  Handled handle_channel(uint32_t slot, Exchange& exchange, Channel& channel,
                         Publishing publishing);
  Handled open_stream(uint32_t slot, Exchange& exchange, Channel& channel);
  Handled publish(uint32_t slot, Exchange& exchange, Channel& channel);
  Handled answer_method(Exchange& exchange, const Channel& channel, std::string_view methods);
  void refuse(Exchange& exchange);
  void send_answers(uint32_t slot, Exchange& exchange);
  void read_more(uint32_t slot);
  void settle(uint32_t slot);

  [[nodiscard]] ResponseOptions options_for(const Exchange& exchange);
  [[nodiscard]] const ListenerConfig& listener_of(uint32_t slot) noexcept {
    return listeners_[shard_.connections[slot].listener].config;
  }

  ShardState& shard_;
  Lifecycle& lifecycle_;
  const Channels& channels_;
  const std::vector<Listener>& listeners_;
  Publish& publish_;
  Subscribe& subscribe_;
  const Monitor& monitor_;
  RequestLimits limits_;
  HttpDate date_;
  std::vector<CompletionTag> held_;  // connections with a paced publish, the longest waiting first
  std::vector<Queue> queues_;        // by channel
  bool is_retrying_ = false;
  bool stopping_ = false;
};

}  // namespace ringcast::net
