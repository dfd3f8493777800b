// Audiences: who listens to what on one shard. Keeps the audience, the connection table and the
// channel's count in step when somebody joins or leaves, and knows which audiences have something
// to do.
//
// Threads: one shard. Memory: an audience for each channel and wire format that ever had a
// subscriber here, and one per format for those who get a selection.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "engine/channels.h"
#include "net/channel_audience.h"
#include "net/merged_audience.h"
#include "net/shard_state.h"

namespace ringcast::net {

class Audiences {
 public:
  Audiences(ShardState& shard, EventLog& log, const Channels& channels);

  // The connection in `slot` becomes a subscriber of all of a channel, from `wanted`'s place on. Requires: the
  // log's lock, held since the place was found.
  void join(uint32_t slot, const Wanted& wanted, WireFormat format);

  // The same for one who gets a selection.
  void join_merged(uint32_t slot, const std::vector<Wanted>& wanted, const Start& start,
                   WireFormat format);

  // The subscriber in `slot` leaves its audience. Takes the log's lock. Requires: it is one.
  void leave(uint32_t slot) noexcept;

  // Calls `visit(channel, recipient)` for each channel that the subscriber `connection` follows; the recipient is zero
  // where it follows all of it.
  template <typename Visit>
  void for_each_source(const Connection& connection, Visit&& visit) {
    const Entry& entry = audiences_[connection.audience];
    if (entry.channel != nullptr) return visit(*entry.channel, KeyedHash{});
    static_cast<MergedAudience&>(*entry.audience).for_each_source(connection.member, visit);
  }

  // See Audience. Takes the log's lock.
  [[nodiscard]] bool stands_between_frames(const Connection& connection) noexcept;

  // The audience of the subscriber in `slot`.
  [[nodiscard]] Audience& of(const Connection& connection) noexcept {
    return at(connection.audience);
  }
  [[nodiscard]] Audience& at(AudienceNumber number) noexcept {
    return *audiences_[number].audience;
  }
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
    std::rotate(active_.begin(), active_.begin() + (active_.size() > 1 ? 1 : 0), active_.end());
    for (const AudienceNumber number : active_) visit(at(number));
    std::erase_if(active_, [&](AudienceNumber number) {
      const bool done = !at(number).has_work();
      if (done) is_active_[number] = false;
      return done;
    });
  }

  // Adds what each subscriber here is still owed to `owed`, by channel. For checking the books; requires: the
  // log's lock.
  void add_owed(std::vector<uint64_t>& owed);

 private:
  static constexpr AudienceNumber kNone = 0xffff;

  struct Entry {
    std::unique_ptr<Audience> audience;
    Channel* channel;  // nullptr: a MergedAudience
  };
  struct PerChannel {
    std::array<AudienceNumber, kWireFormats> audience{kNone, kNone};
    uint32_t subscribers = 0;  // of both kinds and formats
    uint32_t merged = 0;       // of those, in merged audiences
  };

  ChannelAudience& find_or_add(const Wanted& wanted, WireFormat format);
  MergedAudience& find_or_add_merged(WireFormat format);
  AudienceNumber add(std::unique_ptr<Audience> audience, Channel* channel);
  void enter(uint32_t slot, AudienceNumber number, MemberIndex member) noexcept;
  void count(Channel& channel, int change) noexcept;
  void on_news_for(AudienceNumber number) noexcept;

  ShardState& shard_;
  EventLog& log_;
  std::vector<PerChannel> channels_;
  std::array<AudienceNumber, kWireFormats> merged_{kNone, kNone};
  std::vector<Entry> audiences_;
  std::vector<AudienceNumber> active_;
  std::vector<bool> is_active_;
};

}  // namespace ringcast::net
