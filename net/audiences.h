// Audiences: who listens to what on one shard. Keeps the audience, the connection table and the
// channel's count in step when somebody joins or leaves, and knows which audiences have something
// to do.
//
// Threads: one shard. Memory: an audience for each channel and wire format that ever had a
// subscriber here.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "engine/channels.h"
#include "net/audience.h"
#include "net/shard_state.h"

namespace ringcast::net {

class Audiences {
 public:
  Audiences(ShardState& shard, const Channels& channels);

  // The connection in `slot` becomes a subscriber of `channel`, from what is committed now.
  void join(uint32_t slot, Channel& channel, WireRing& wire, WireFormat format);

  // The subscriber in `slot` leaves its audience. Requires: it is one.
  void leave(uint32_t slot) noexcept;

  // The audience of the subscriber in `slot`.
  [[nodiscard]] Audience& of(const Connection& connection) noexcept {
    return *audiences_[connection.audience];
  }
  [[nodiscard]] Audience& at(AudienceNumber number) noexcept { return *audiences_[number]; }
  [[nodiscard]] size_t size() const noexcept { return audiences_.size(); }

  // `channel` has news: its audiences here are dirty.
  void on_news(ChannelNumber channel) noexcept;

  // Puts the audience on the list of those that are looked at each turn.
  void activate(AudienceNumber number) noexcept;
  void activate(const Connection& connection) noexcept { activate(connection.audience); }

  // Those with sends to plan or progress to report; for_each_active() drops the ones that have
  // neither afterwards.
  [[nodiscard]] bool has_active() const noexcept { return !active_.empty(); }
  template <typename Visit>
  void for_each_active(Visit&& visit) noexcept {
    std::ranges::rotate(active_, active_.begin() + (active_.size() > 1 ? 1 : 0));
    for (const AudienceNumber number : active_) visit(*audiences_[number]);
    std::erase_if(active_, [&](AudienceNumber number) {
      const bool done = !audiences_[number]->has_sends() && !audiences_[number]->has_report();
      if (done) is_active_[number] = false;
      return done;
    });
  }

 private:
  static constexpr AudienceNumber kNone = 0xffff;

  Audience& find_or_add(Channel& channel, WireRing& wire, WireFormat format);
  void count(Channel& channel, int change) noexcept;

  struct PerChannel {
    std::array<AudienceNumber, kWireFormats> audience{kNone, kNone};
    uint32_t subscribers = 0;  // over both formats
  };

  ShardState& shard_;
  std::vector<PerChannel> channels_;
  std::vector<std::unique_ptr<Audience>> audiences_;
  std::vector<AudienceNumber> active_;
  std::vector<bool> is_active_;
};

}  // namespace ringcast::net
