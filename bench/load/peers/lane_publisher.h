// LanePublisher: several publishers, each with a connection of its own, posting to many channels and recipients on
// one schedule.
//
// Event k is meant for start + k * interval whatever happened to those before it, so that latency measured from that
// time hides no stall. A publish that is refused with 503 is counted and not sent again.
//
// Threads: one. Memory: some 50 bytes for every publish that is unanswered. Failure: failure() says what the server
// did.
#pragma once

#include <netinet/in.h>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/follow/publish_ledger.h"
#include "bench/load/peers/publishing_plan.h"
#include "bench/load/peers/request_pipe.h"
#include "engine/base/histogram.h"
#include "engine/base/result.h"

namespace ringcast::bench {

struct LanePlan {
  sockaddr_in server{};
  PublishingPlan publishing{};
  std::function<uint32_t()> choose_target;              // of the next event
  std::function<std::string(uint32_t)> name_of_target;  // its channel, as in /channels/NAME
};
// To channels c0, c1, … in turn.
[[nodiscard]] LanePlan publish_to_channels(uint32_t channels, const PublishingPlan& publishing,
                                           const sockaddr_in& server);

class LanePublisher {
 public:
  // Requires: `ledger` outlives it and has the plan's lanes.
  LanePublisher(LanePlan plan, PublishLedger& ledger);
  Result<> connect();
  void start(int64_t at_ns) noexcept { start_ns_ = at_ns; }

  // Sends what is due and takes the answers that have come. Never waits.
  void pump(int64_t now);
  // Everything is sent and answered.
  [[nodiscard]] bool done() const noexcept;
  // When the next event is meant for.
  [[nodiscard]] int64_t next_due_ns() const noexcept;
  [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }

  // Sent to answered, and intended to sent.
  [[nodiscard]] const Histogram& wait() const noexcept { return wait_; }
  [[nodiscard]] const Histogram& lateness() const noexcept { return lateness_; }

 private:
  struct Unanswered {
    EventTag tag;
    int64_t sent_ns = 0;
  };
  struct Lane {
    RequestPipe pipe;
    std::deque<Unanswered> unanswered;
  };
  [[nodiscard]] bool schedule_over() const noexcept;
  bool turn_to_lane_with_room() noexcept;
  void publish(int64_t now);
  void on_answer(Lane& lane, const HttpAnswer& answer);

  LanePlan plan_;
  PublishLedger& ledger_;
  std::vector<Lane> lanes_;
  uint32_t turn_ = 0;  // the lane whose turn it is
  uint64_t scheduled_ = 0;
  int64_t start_ns_ = 0;
  std::string data_;
  Histogram wait_;
  Histogram lateness_;
  std::optional<Error> failure_;
};

}  // namespace ringcast::bench
