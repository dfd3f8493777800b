// AudienceRig: an audience on a channel of its own, with the few things around it that it needs.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/epoch.h"
#include "net/channel_audience.h"

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
    audience_ =
        std::make_unique<ChannelAudience>(kNumber, *channel_, *wire_, WireFormat::kChunked, 0);
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
    batch_.begin();
    const ReadingRings reading(epochs_[0]);
    audience_->plan(batch_, now);
    for (const PlannedSend& send : batch_.sends.sends()) last_sends_[send.slot] = send;
    return {batch_.sends.sends().begin(), batch_.sends.sends().end()};
  }

  // The socket took of the member's last send only what lies before `position`, and is full.
  void sent_only(MemberIndex member, Position position, MonotonicMs now) {
    EXPECT_TRUE(audience_->sent_only(last_send_of(member), member, position, now));
  }
  // The member's last send was never handed over.
  void take_back(MemberIndex member) { audience_->take_back(last_send_of(member), member); }

  // A member that waits for its stream head.
  MemberIndex join_quiet(uint32_t slot, MonotonicMs now = 0) {
    return audience_->join(slot, wire_->end(), now);
  }
  // A member that waits for its stream head and then wants everything from frame `first` on.
  MemberIndex join_from(uint32_t slot, FrameNumber first, MonotonicMs now = 0) {
    return audience_->join(slot, first, now);
  }
  // A member that has had its stream head.
  MemberIndex join(uint32_t slot, MonotonicMs now = 0) {
    const MemberIndex member = join_quiet(slot, now);
    audience_->settle_quiet(member);
    return member;
  }

  [[nodiscard]] ChannelAudience& audience() { return *audience_; }
  [[nodiscard]] const Ring& ring() const { return wire_->ring(); }
  [[nodiscard]] Position committed() const { return ring().committed(); }
  [[nodiscard]] const std::vector<uint32_t>& lapped() const { return batch_.lapped; }
  [[nodiscard]] Position reported() const { return wire_->progress.reported(0); }

 private:
  [[nodiscard]] const PlannedSend& last_send_of(MemberIndex member) const {
    return last_sends_.at((*audience_)[member].slot);
  }

  static constexpr AudienceNumber kNumber = 5;

  ChannelConfig config_;
  Epochs epochs_{1};
  std::unique_ptr<Channel> channel_;
  WireRing* wire_ = nullptr;
  std::unique_ptr<ChannelAudience> audience_;
  FrameEncoder encoder_;
  uint64_t last_id_ = 0;
  BatchPlan batch_;
  std::map<uint32_t, PlannedSend> last_sends_;  // by slot
};

}  // namespace ringcast::net
