// ChurnSubscribers: subscribers that break their connections and resume, with everything each has received.
//
// Threads: one. Memory: some 200 bytes a subscriber and its ledger. Failure: failure() says why no further session can
// begin.
#pragma once

#include <memory>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "bench/load/churn/churn_plan.h"
#include "bench/load/churn/churn_result.h"
#include "bench/load/follow/follower_ledger.h"
#include "bench/load/follow/publish_ledger.h"
#include "bench/load/follow/stream_reader.h"
#include "bench/load/peers/crowd_run.h"
#include "bench/load/peers/stream_sockets.h"

namespace ringcast::bench {

class ChurnSubscribers final : public Crowd, private StreamSockets::Handler {
 public:
  static Result<std::unique_ptr<ChurnSubscribers>> open(const ChurnPlan& plan,
                                                        const sockaddr_in& server,
                                                        PublishLedger& published);

  // Opens first sessions.
  void connect_more() override;
  [[nodiscard]] uint32_t streaming() const noexcept override { return streaming_; }
  [[nodiscard]] uint32_t size() const noexcept override {
    return static_cast<uint32_t>(subscribers_.size());
  }
  // Also ends and begins the sessions whose time it is.
  void turn(int64_t now_ns) override;
  void wait(int64_t wait_ns) override { sockets_->wait(wait_ns); }
  // From now on sessions are begun at once and no longer ended.
  void settle(int64_t now_ns);
  // Everybody streams and has the last event of all it follows.
  [[nodiscard]] bool all_caught_up() const override;

  // Call when nothing more will come.
  [[nodiscard]] FollowVerdict judge() const;
  [[nodiscard]] const SessionCounts& counts() const noexcept { return counts_; }
  [[nodiscard]] uint64_t deliveries() const noexcept override { return verdict_.deliveries; }
  [[nodiscard]] std::optional<Error> failure() const override;

 private:
  enum class State : uint8_t { kAway, kOpening, kStreaming };
  struct Subscriber {
    FollowerLedger ledger;
    StreamReader reader;
    std::string path;
    State state = State::kAway;
    uint32_t session = 0;
    uint64_t bytes_left = UINT64_MAX;  // of this session, before it is cut
  };
  struct Timer {
    int64_t due_ns = 0;
    uint32_t who = 0;
    uint32_t session = 0;  // of another session: no longer wanted
    bool operator>(const Timer& other) const noexcept { return due_ns > other.due_ns; }
  };

  ChurnSubscribers(const ChurnPlan& plan, PublishLedger& published);
  void on_bytes(uint32_t who, std::string_view bytes) override;
  void on_closed(uint32_t who) override;
  bool on_item(uint32_t who, const StreamItem& item);
  void on_gap(Subscriber& subscriber, const StreamItem& item);
  void on_timer(const Timer& timer);
  void begin_session(uint32_t who);
  void cut(uint32_t who);
  void go_away(uint32_t who);
  void set_timer(uint32_t who, int64_t delay_ns);
  int64_t draw(const DurationRange& range);

  ChurnPlan plan_;
  PublishLedger& published_;
  Random random_;
  std::unique_ptr<StreamSockets> sockets_;
  std::vector<Subscriber> subscribers_;
  std::unordered_map<std::string, uint32_t> target_by_name_;
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  int64_t now_ns_ = 0;  // of this turn
  uint32_t asked_ = 0;
  uint32_t streaming_ = 0;
  bool settled_ = false;
  FollowVerdict verdict_;
  SessionCounts counts_;
  std::optional<Error> failure_;
};

}  // namespace ringcast::bench
