// ChannelAudience: the subscribers of one shard who get all of one channel, in one wire format.
//
// kReady members are swept: each one behind gets one send from its cursor up to what is committed,
// however many frames that is, so that late sweeps catch up by themselves. Blocked ones cost
// nothing until their socket has room. Nobody's frames are looked at one by one, and no lock is taken.
//
// Threads: one shard; what it reads of the ring it reads inside ReadingRings. Memory: 24 bytes per
// subscriber and 40 per laggard, in vectors that grow when people join or fall behind.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/clock.h"
#include "engine/channel.h"
#include "net/audience.h"
#include "net/lag_policy.h"

namespace ringcast::net {

struct Member {
  Position cursor;  // everything before it has been handed to the socket
  uint32_t slot : 24;
  uint32_t state : 7;  // a MemberState
  uint32_t is_laggard : 1;
  // When bytes were last planned for it, in ms of the shard's clock, wrapping after 49 days. Of a
  // laggard: its entry among the laggards.
  uint32_t mark;
  // How many frames of the channel lie before the cursor, its low 32 bits: exact when the cursor has been at
  // the ring's end, a little behind while it is inside.
  uint32_t frames;

  [[nodiscard]] bool is(MemberState s) const noexcept { return state == static_cast<uint32_t>(s); }
};
static_assert(sizeof(Member) == 24);

class ChannelAudience final : public Audience {
 public:
  ChannelAudience(AudienceNumber number, Channel& channel, WireRing& wire, WireFormat format,
                  size_t shard)
      : Audience(number, format), channel_(channel), wire_(wire), shard_(shard) {}

  [[nodiscard]] Channel& channel() const noexcept { return channel_; }
  [[nodiscard]] const Ring& ring() const noexcept { return wire_.ring(); }
  [[nodiscard]] size_t size() const noexcept override { return members_.size(); }
  [[nodiscard]] const Member& operator[](MemberIndex i) const noexcept { return members_[i]; }

  // Adds the connection in `slot`, to be sent the channel from frame `first` on. It begins as kQuiet: its
  // stream head goes first. Requires: the log's lock, and a frame that is known or the ring's end.
  MemberIndex join(uint32_t slot, FrameNumber first, MonotonicMs now);

  std::optional<uint32_t> leave(MemberIndex member) noexcept override;
  void mark_dirty() noexcept override { dirty_ = true; }
  [[nodiscard]] bool has_work() const noexcept override { return has_sends() || has_report(); }
  [[nodiscard]] bool has_sends() const noexcept {
    return dirty_ || sweep_left_ > 0 || catching_up_ > 0;
  }
  [[nodiscard]] bool has_report() const noexcept { return progress_stale_; }
  void plan(BatchPlan& batch, MonotonicMs now) override;
  [[nodiscard]] bool sent_only(const PlannedSend& send, MemberIndex member, Position position,
                               MonotonicMs now) override;
  void take_back(const PlannedSend& send, MemberIndex member) noexcept override;
  // Its members are told of gaps before they join.
  void gaps_refused(MemberIndex /*member*/, MonotonicMs /*now*/) override {
    RC_CHECK(!"a gap event that was never planned");
  }
  void room(MemberIndex member, MonotonicMs now) noexcept override;
  void begin_quiet(MemberIndex member, uint32_t now_ms) noexcept override;
  void settle_quiet(MemberIndex member) noexcept override;
  [[nodiscard]] bool can_take_quiet(MemberIndex member) const noexcept override {
    return is_up_to_date(member);
  }
  [[nodiscard]] bool is_up_to_date(MemberIndex member) const noexcept override {
    return members_[member].is(MemberState::kReady) &&
           members_[member].cursor == ring().committed();
  }
  [[nodiscard]] bool stands_between_frames(MemberIndex member) const noexcept override;
  [[nodiscard]] int64_t silent_for(MemberIndex member, MonotonicMs now) const noexcept override;
  [[nodiscard]] milliseconds heartbeat_of(MemberIndex /*member*/) const noexcept override {
    return channel_.config().heartbeat;
  }
  void check_invariants() const noexcept override;

  // What subscribers here are still owed, in frames. Requires: the log's lock. O(size()).
  [[nodiscard]] uint64_t owed() const noexcept;

 private:
  struct Laggard {
    MemberIndex member;
    LagPolicy lag;
  };

  void begin_sweep(MonotonicMs now) noexcept;
  [[nodiscard]] MemberIndex next_to_sweep() const noexcept;
  void report_progress(MonotonicMs now) noexcept;
  void plan_catch_up(BatchPlan& batch, MonotonicMs now);
  void release_caught_up(MonotonicMs now) noexcept;
  void plan_sweep(BatchPlan& batch, MonotonicMs now);
  // Plans one send for `member` of at most `bytes_max`; false when it is lapped.
  bool plan_one(Member& member, uint64_t bytes_max, SendPlan& plan, uint32_t now_ms) noexcept;
  // Undoes `send` from `position` on.
  void return_to(const PlannedSend& send, Member& member, Position position) noexcept;
  void square_books(const Member& member) noexcept;
  void set_state(Member& member, MemberState state) noexcept;
  [[nodiscard]] Position slowest_healthy() const noexcept;
  void judge(Laggard& laggard, MonotonicMs now) noexcept;
  [[nodiscard]] Position goal_from(Position cursor) const noexcept;
  [[nodiscard]] Laggard& laggard_of(const Member& member) noexcept;
  void add_laggard(MemberIndex member, const LagPolicy& lag);
  void drop_laggard(uint32_t entry) noexcept;

  Channel& channel_;
  WireRing& wire_;
  const size_t shard_;

  std::vector<Member> members_;
  std::vector<Laggard> laggards_;
  size_t catching_up_ = 0;
  uint32_t catch_up_at_ = 0;  // the laggard whose turn is next

  // The ring as this batch sees it.
  Position floor_ = 0;
  WireRing::Head head_{};

  bool dirty_ = false;           // frames came since the sweep under way, or the last one, began
  bool progress_stale_ = false;  // somebody's cursor or health changed since the last report
  size_t sweep_left_ = 0;        // how many the sweep has yet to look at
  size_t sweep_from_ = 0;        // which of the settled it began with

  // Members join at the end, so the first are those who have been here for longest.
  size_t settled_ = 0;         // how many of them have been here for a while
  size_t settling_ = 0;        // how many will have been when
  MonotonicMs settle_at_ = 0;  // has come
};

}  // namespace ringcast::net
