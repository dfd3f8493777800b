// CrowdRun: the course of a scenario with many subscribers and an open schedule: everybody connects, publishers publish, and everybody
// gets what there is to get.
//
// Threads: one. Memory: the ledger of what is published, and a publisher. Failure: one sentence when it could not be gone through;
// what subscribers did not get is for the scenario's verdict.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "bench/load/follow/publish_ledger.h"
#include "bench/load/load_run.h"
#include "bench/load/peers/core_watch.h"
#include "bench/load/peers/lane_publisher.h"
#include "bench/load/peers/phase_figures.h"
#include "engine/base/result.h"

namespace ringcast::bench {

// The subscribers of a scenario, as its course needs to know them.
class Crowd {
 public:
  virtual ~Crowd() = default;

  // Opens streams, as many at a time as a listener's backlog holds.
  virtual void connect_more() = 0;
  [[nodiscard]] virtual uint32_t streaming() const noexcept = 0;
  [[nodiscard]] virtual uint32_t size() const noexcept = 0;
  // Receives what has come and does what is due. Never waits.
  virtual void turn(int64_t now_ns) = 0;
  // Waits for something to come, at most so long.
  virtual void wait(int64_t wait_ns) = 0;
  // Everybody who is expected to has the last event of all it follows.
  [[nodiscard]] virtual bool all_caught_up() const = 0;
  [[nodiscard]] virtual uint64_t deliveries() const noexcept = 0;
  [[nodiscard]] virtual std::optional<Error> failure() const = 0;
};

// Between two turns: look again at once, or sleep until something is due or has come. Who polls has no wake-up between the bytes and
// the clock; who naps leaves its core to others.
enum class Pace : uint8_t { kPoll, kNap };

class CrowdRun {
 public:
  struct Plan {
    LanePlan lanes;
    uint32_t targets = 1;  // that the lanes choose from
    int64_t stall_ns = 0;  // nothing moves for so long: give up
    Pace pace = Pace::kPoll;
  };
  CrowdRun(Plan plan, const Target& target);

  // The phases, in this order. `each_turn` is called at every turn of publishing.
  Result<> connect_all(Crowd& crowd);
  Result<> publish_all(Crowd& crowd, const std::function<void(int64_t now_ns)>& each_turn = {});
  // Whether everybody caught up before nothing moved any more.
  Result<bool> drain(Crowd& crowd);
  // Turns for so long, whatever comes.
  void linger(Crowd& crowd, int64_t duration_ns);

  [[nodiscard]] PublishLedger& published() noexcept { return published_; }
  // Once all is published; processor times are those from the first publish until now.
  [[nodiscard]] PhaseFigures figures() const;
  // Of the server, now.
  [[nodiscard]] int64_t resident_bytes() const;

 private:
  void turn(Crowd& crowd, int64_t now_ns);

  Plan plan_;
  Target target_;
  PublishLedger published_;
  LanePublisher publisher_;
  int64_t start_ns_ = 0;
  int64_t server_cpu_before_ns_ = 0;
  int64_t client_cpu_before_ns_ = 0;
  int64_t publish_ns_ = 0;
  double core_taken_ = 0;
};

}  // namespace ringcast::bench
