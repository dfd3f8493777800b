// UnfinishedHeads: many connections, each with nearly as large a request head as is read, which never ends: what an attack can make a
// server keep. They stay until the server has ended them.
//
// Threads: one. Memory: its sockets. Failure: failure() says why it could not go on.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bench/load/peers/stream_sockets.h"
#include "bench/load/siege/siege_plan.h"

namespace ringcast::bench {

class UnfinishedHeads final : private StreamSockets::Handler {
 public:
  static Result<std::unique_ptr<UnfinishedHeads>> open(const AttackPlan& plan,
                                                       const sockaddr_in& server);
  // Until all have been ended.
  void run();
  [[nodiscard]] const std::optional<Error>& failure() const noexcept { return sockets_->failure(); }

 private:
  explicit UnfinishedHeads(const AttackPlan& plan) : plan_(plan) {}
  void on_bytes(uint32_t who, std::string_view bytes) override;
  void on_closed(uint32_t who) override;

  AttackPlan plan_;
  std::unique_ptr<StreamSockets> sockets_;
  uint32_t ended_ = 0;
};

}  // namespace ringcast::bench
