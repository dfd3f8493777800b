// RefusedFlood: requests that are refused, at a steady rate, all from one source address, each on a connection of its own that is
// reset once the answer has begun.
//
// Threads: one. Memory: its sockets. Failure: failure() says why it could not go on.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/peers/stream_sockets.h"
#include "bench/load/siege/siege_plan.h"

namespace ringcast::bench {

// Written by the flood, read by whoever started it, in memory that both processes have.
struct FloodCounts {
  std::atomic<uint64_t> sent{0};
  std::atomic<uint64_t> refused{0};
  std::atomic<uint64_t> unanswered{0};  // closed without an answer
  std::atomic<uint64_t> served{0};      // answered as if there were nothing to refuse
};

class RefusedFlood final : private StreamSockets::Handler {
 public:
  static Result<std::unique_ptr<RefusedFlood>> open(const AttackPlan& plan,
                                                    const sockaddr_in& server, FloodCounts& counts);
  // Until the plan's time is over.
  void run();
  [[nodiscard]] const std::optional<Error>& failure() const noexcept { return sockets_->failure(); }

 private:
  RefusedFlood(const AttackPlan& plan, FloodCounts& counts);
  void on_bytes(uint32_t who, std::string_view bytes) override;
  void on_closed(uint32_t who) override;
  void count_answer(std::string_view answer);

  AttackPlan plan_;
  FloodCounts& counts_;
  std::string request_;
  std::unique_ptr<StreamSockets> sockets_;
  std::vector<uint32_t> idle_;
};

}  // namespace ringcast::bench
