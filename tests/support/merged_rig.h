// MergedRig: a merged audience on channels and a log of its own, with the few things around it that it needs.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/log/memory_log.h"
#include "net/merged_audience.h"

namespace ringcast::net {

// A channel with a ring of 4 KiB.
[[nodiscard]] inline ChannelConfig merged_channel(const std::string& name) {
  ChannelConfig config;
  config.name = name;
  config.history = {.events = 64, .bytes = 4096, .age = milliseconds(600'000)};
  config.event_bytes_max = 250;
  return config;
}

[[nodiscard]] inline ChannelConfig skipping_channel(const std::string& name) {
  ChannelConfig config = merged_channel(name);
  config.slow_subscriber = SlowSubscriberPolicy::kSkip;
  return config;
}

class MergedRig final : private CommitListener {
 public:
  explicit MergedRig(const std::vector<ChannelConfig>& configs)
      : channels_(std::move(*Channels::create(configs, epochs_))),
        log_(*channels_, *this, wall_clock),
        audience_(kNumber, log_, WireFormat::kChunked, 0) {}

  // --- Publishing. Ids begin one millisecond after the log.

  // Nothing when the publisher is paced.
  std::optional<EventId> publish(const std::string& name, const std::string& data = "x",
                                 milliseconds ttl = milliseconds(0)) {
    const Channels::Address address = channels_->find(name);
    const Publication publication{.channel = address.channel,
                                  .recipient = address.recipient,
                                  .event = {.type = {}, .data = data, .ttl = ttl}};
    std::optional<EventId> id;
    log_.append(std::span(&publication, 1), [&](const AppendOutcome& outcome) {
      if (outcome.status == AppendStatus::kCommitted) id = outcome.id;
    });
    return id;
  }
  // Publishes to `name` until all frames that are there now are gone; false when that is not allowed, even
  // after the audience has been asked how far it is.
  bool overwrite(const std::string& name, MonotonicMs now = 0) {
    const FrameNumber end = wire(name).end();
    while (wire(name).begin() < end) {
      if (publish(name, std::string(150, 'f'))) continue;
      (void)batch(now);
      if (!publish(name, std::string(150, 'f'))) return false;
    }
    return true;
  }
  void set_wall(uint64_t ms) { wall_ms() = ms; }
  [[nodiscard]] uint64_t wall() const { return wall_ms(); }

  // --- Members

  // As Subscribe does it; the head has yet to go.
  MemberIndex join_quiet(uint32_t slot, const std::vector<std::string>& names,
                         const Start& start = {}, MonotonicMs now = 0) {
    const auto guard = log_.hold();
    std::vector<Wanted> wanted;
    for (const std::string& name : names) {
      const Channels::Address address = channels_->find(name);
      Wanted& one = wanted.emplace_back();
      one.channel = address.channel;
      one.recipient = address.recipient;
      one.name = name;
      one.wire = address.channel->ring(WireFormat::kChunked);
      one.place = find_place(*one.channel, one.recipient, start, log_.now_ms());
    }
    return audience_.join(slot, wanted, start, now);
  }
  MemberIndex join(uint32_t slot, const std::vector<std::string>& names, const Start& start = {},
                   MonotonicMs now = 0) {
    const MemberIndex member = join_quiet(slot, names, start, now);
    audience_.settle_quiet(member);
    return member;
  }
  void leave(MemberIndex member) {
    const auto guard = log_.hold();
    (void)audience_.leave(member);
  }

  // --- Batches

  // One batch as the shard would do it; what it wants beside frames is in gaps() and lapped().
  std::vector<PlannedSend> batch(MonotonicMs now = 0) {
    batch_.begin();
    const ReadingRings reading(epochs_[0]);
    audience_.plan(batch_, now);
    for (const PlannedSend& send : batch_.sends.sends()) last_sends_[send.slot] = send;
    return {batch_.sends.sends().begin(), batch_.sends.sends().end()};
  }
  [[nodiscard]] const std::vector<BatchPlan::GapNotice>& gaps() const { return batch_.gaps; }
  [[nodiscard]] const std::vector<uint32_t>& lapped() const { return batch_.lapped; }
  [[nodiscard]] const PlannedSend& last_send(uint32_t slot) const { return last_sends_.at(slot); }

  // The ids of the frames in `send`, which must be whole.
  [[nodiscard]] std::vector<EventId> ids_in(const PlannedSend& send) const {
    std::vector<EventId> ids;
    const FrameIndex& index = channel_of(send).index();
    for (uint32_t i = 0; i < send.frames; ++i) ids.push_back(index.id(send.frame + i));
    EXPECT_EQ(send.from, send.wire->at(send.frame));
    EXPECT_EQ(send.to, send.wire->at(send.frame + send.frames));
    return ids;
  }
  // Batches until nothing comes, and all ids that were sent to `slot`. Gap events settle at once.
  std::vector<EventId> drain(uint32_t slot, MemberIndex member) {
    std::vector<EventId> ids;
    for (int turn = 0; turn < 100; ++turn) {
      const std::vector<PlannedSend> sends = batch();
      if (sends.empty() && gaps().empty()) break;
      for (const PlannedSend& send : sends) {
        if (send.slot != slot) continue;
        const std::vector<EventId> more = ids_in(send);
        ids.insert(ids.end(), more.begin(), more.end());
      }
      if (!gaps().empty()) audience_.settle_quiet(member);
    }
    return ids;
  }

  [[nodiscard]] MergedAudience& audience() { return audience_; }
  [[nodiscard]] Channel& channel(const std::string& name) const {
    return *channels_->find(name).channel;
  }
  [[nodiscard]] KeyedHash recipient(const std::string& name) const {
    return channels_->find(name).recipient;
  }
  [[nodiscard]] const WireRing& wire(const std::string& name) const {
    return *channel(name).ring(WireFormat::kChunked);
  }
  [[nodiscard]] ShardTally& tally(const std::string& name) const { return channel(name).tally(0); }
  [[nodiscard]] Position reported(const std::string& name) const {
    return wire(name).progress.reported(wire(name).progress.merged_reader(0));
  }
  [[nodiscard]] uint64_t owed(const std::string& name) {
    const auto guard = log_.hold();
    uint64_t total = 0;
    audience_.for_each_owed(
        [&](const Channel& one, uint32_t frames) { total += &one == &channel(name) ? frames : 0; });
    return total;
  }

 private:
  void on_commit(const Channel& /*channel*/) noexcept override { audience_.mark_dirty(); }
  void on_paced(const Channel& /*channel*/) noexcept override { audience_.mark_dirty(); }

  [[nodiscard]] Channel& channel_of(const PlannedSend& send) const {
    for (ChannelNumber i = 0; i < channels_->size(); ++i) {
      if (channels_->at(i).ring(WireFormat::kChunked) == send.wire) return channels_->at(i);
    }
    ADD_FAILURE() << "a send from no ring";
    return channels_->at(0);
  }

  // The log asks through a plain function.
  static uint64_t& wall_ms() noexcept {
    static uint64_t ms = 1'000'000;
    return ms;
  }
  static uint64_t wall_clock() noexcept { return wall_ms()++; }

  static constexpr AudienceNumber kNumber = 3;

  Epochs epochs_{1};
  std::unique_ptr<Channels> channels_;
  MemoryLog log_;
  MergedAudience audience_;
  BatchPlan batch_;
  std::map<uint32_t, PlannedSend> last_sends_;  // by slot
};

[[nodiscard]] inline Start after(EventId id) {
  return {.kind = Start::Kind::kAfter, .after = id};
}

}  // namespace ringcast::net
