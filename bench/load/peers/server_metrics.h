// ServerMetrics: the counters a server exports at GET /metrics of its admin listener.
//
// Threads: one. Failure: fetch() says why there are none.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/load/peers/request_pipe.h"
#include "engine/base/result.h"

namespace ringcast::bench {

class ServerMetrics {
 public:
  // Asks the server, on a connection of its own.
  static Result<ServerMetrics> fetch(const sockaddr_in& admin);
  // On a connection that stays. Requires: nothing else is unanswered on it.
  static Result<ServerMetrics> ask(RequestPipe& admin);
  explicit ServerMetrics(std::string text) : text_(std::move(text)) {}

  // The sum of all series of `name` that have `label` (`cause="lapped"`; empty: all of them); 0 when there is none.
  [[nodiscard]] uint64_t sum(std::string_view name, std::string_view label = {}) const;

 private:
  std::string text_;  // in Prometheus' text format
};

}  // namespace ringcast::bench
