// AudienceRig: an audience on a channel of its own, with the few things around it that it needs.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/epoch.h"
#include "net/audience.h"

namespace ringcast::net {

class AudienceRig {
 public:
  // A ring of 8 KiB unless there is more history to keep.
  explicit AudienceRig(milliseconds slow_after = milliseconds(1'000),
                       uint64_t history_bytes = 4 * kKiB) {
    config_.name = "news";
    config_.history = {.events = 4096, .bytes = history_bytes, .age = milliseconds(600'000)};
    config_.event_bytes_max = 480;
    config_.slow_after = slow_after;
    channel_ = std::move(Channel::create(0, config_, epochs_).value());
    wire_ = channel_->ring(WireFormat::kChunked);
    audience_ = std::make_unique<Audience>(kNumber, *channel_, *wire_, WireFormat::kChunked, 0);
  }

  // Appends one frame of `data_bytes` and some, and says so. False when the publisher is paced.
  bool append(size_t data_bytes = 100) {
    const EventId id{++last_id_, 0};
    const std::string data(data_bytes, 'x');
    const Frame frame = encoder_.encode(id, {.type = {}, .data = data});
    if (channel_->try_append(id, frame) != Room::kReady) return false;
    audience_->mark_dirty();
    return true;
  }

  // One batch: what was planned, as the shard would do it. The lapped are in lapped().
  std::vector<PlannedSend> batch(MonotonicMs now = 0) {
    plan_.begin();
    lapped_.clear();
    const ReadingRings reading(epochs_[0]);
    audience_->report_progress(now);
    audience_->plan(plan_, lapped_, now);
    return {plan_.sends().begin(), plan_.sends().end()};
  }

  // A member that has had its stream head.
  MemberIndex join(uint32_t slot, MonotonicMs now = 0) {
    const MemberIndex member = audience_->join(slot, static_cast<uint32_t>(now));
    audience_->settle_quiet(member);
    return member;
  }

  [[nodiscard]] Audience& audience() { return *audience_; }
  [[nodiscard]] const Ring& ring() const { return *wire_->ring; }
  [[nodiscard]] Position committed() const { return ring().committed(); }
  [[nodiscard]] const std::vector<uint32_t>& lapped() const { return lapped_; }
  [[nodiscard]] Position reported() const { return wire_->progress.reported(0); }

 private:
  static constexpr AudienceNumber kNumber = 5;

  ChannelConfig config_;
  Epochs epochs_{1};
  std::unique_ptr<Channel> channel_;
  WireRing* wire_ = nullptr;
  std::unique_ptr<Audience> audience_;
  FrameEncoder encoder_;
  uint64_t last_id_ = 0;
  SendPlan plan_;
  std::vector<uint32_t> lapped_;
};

}  // namespace ringcast::net
