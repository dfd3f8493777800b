// StalledSubscribers: healthy subscribers and laggards of many channels, with what each has received.
//
// Laggards read their stream's opening and then nothing, or one byte a second; they are spread evenly over the
// channels and over the order of connecting.
//
// Threads: one. Memory: some 200 bytes a subscriber. Failure: failure() says why no stream can begin.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "bench/load/follow/publish_ledger.h"
#include "bench/load/follow/stream_reader.h"
#include "bench/load/peers/crowd_run.h"
#include "bench/load/peers/stream_sockets.h"
#include "bench/load/stalled/stalled_run.h"

namespace ringcast::bench {

class StalledSubscribers final : public Crowd, private StreamSockets::Handler {
 public:
  static Result<std::unique_ptr<StalledSubscribers>> open(const StalledPlan& plan,
                                                          const sockaddr_in& server,
                                                          PublishLedger& published);

  void connect_more() override;
  [[nodiscard]] uint32_t streaming() const noexcept override { return begun_; }
  [[nodiscard]] uint32_t size() const noexcept override {
    return static_cast<uint32_t>(subscribers_.size());
  }
  // Those who trickle get the byte that is due, too.
  void turn(int64_t now_ns) override;
  void wait(int64_t wait_ns) override { sockets_->wait(wait_ns); }
  // All laggards read on as others do.
  void wake_laggards();
  // All healthy ones, or after wake_laggards() everybody still connected, have the last event of their channel.
  [[nodiscard]] bool all_caught_up() const override;

  [[nodiscard]] FollowVerdict judge(LagPolicy policy) const;
  [[nodiscard]] uint64_t healthy_closed() const noexcept { return healthy_closed_; }
  [[nodiscard]] uint64_t laggards_closed() const noexcept { return laggards_closed_; }
  [[nodiscard]] uint64_t deliveries() const noexcept override { return verdict_.deliveries; }
  [[nodiscard]] const Histogram& latency() const noexcept { return latency_; }
  [[nodiscard]] std::optional<Error> failure() const override;

 private:
  enum class Kind : uint8_t { kHealthy, kStalled, kTrickling };
  struct Subscriber {
    FollowerLedger ledger;
    StreamReader reader;
    Kind kind = Kind::kHealthy;
    bool closed = false;
  };
  StalledSubscribers(const StalledPlan& plan, PublishLedger& published);
  void on_bytes(uint32_t who, std::string_view bytes) override;
  void on_closed(uint32_t who) override;
  bool on_item(uint32_t who, const StreamItem& item);
  void on_opening(uint32_t who);
  [[nodiscard]] uint32_t channel_of(uint32_t who) const noexcept { return who % plan_.channels; }

  StalledPlan plan_;
  PublishLedger& published_;
  std::unique_ptr<StreamSockets> sockets_;
  std::vector<Subscriber> subscribers_;
  std::vector<uint32_t> trickling_;
  int64_t next_trickle_ns_ = 0;
  int64_t now_ns_ = 0;  // when the bytes at hand were seen
  uint32_t asked_ = 0;
  uint32_t begun_ = 0;
  bool awake_ = false;
  uint64_t healthy_closed_ = 0;
  uint64_t laggards_closed_ = 0;
  FollowVerdict verdict_;
  Histogram latency_;
  std::optional<Error> failure_;
};

}  // namespace ringcast::bench
