// MergedAudience: the subscribers of one shard who get a selection of frames: one recipient's, several
// channels', or a single channel's where frames have to be looked at one by one. Each has one or more
// sources, and gets their frames in the order of their ids, so that the last id it got says "everything up
// to here, in all of them".
//
// Only members that are owed something are looked at. They stand in a list and are served in rounds: one
// send each and batch, which covers as many frames as lie side by side in the ring and come next in order.
//
// A member whose next frame is gone has lost it, whether it was slow or came back late. It is closed, or
// told so by a gap event at that very place in the order, and goes on with the oldest frame that is kept.
//
// Threads: one shard. plan() takes the log's lock for as long as it plans, for all members of the batch at
// once; nothing is delivered under it. Memory: 40 bytes per subscriber, 56 per source and 72 per laggard, and of members
// with several sources the names they asked for.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "engine/gap.h"
#include "engine/log/event_log.h"
#include "net/audience.h"
#include "net/lag_policy.h"
#include "net/owed_gaps.h"
#include "net/sources.h"

namespace ringcast::net {

// What a subscriber asked for, found: a channel, or one recipient of it.
struct Wanted {
  Channel* channel = nullptr;
  KeyedHash recipient{};
  std::string name;  // as it was asked for
  WireRing* wire = nullptr;
  Place place{};
};

class MergedAudience final : public Audience {
 public:
  MergedAudience(AudienceNumber number, EventLog& log, WireFormat format, size_t shard)
      : Audience(number, format), log_(log), shard_(shard), sources_(shard) {}

  [[nodiscard]] size_t size() const noexcept override { return members_.size() - free_.size(); }

  // Adds the connection in `slot`, to be sent each of `wanted` from its place on. It begins as kQuiet: its
  // stream head goes first. Requires: the log's lock, held since the places were found; distinct channels
  // and recipients.
  MemberIndex join(uint32_t slot, const std::vector<Wanted>& wanted, const Start& start,
                   MonotonicMs now);

  // Calls `visit(channel, recipient)` for each source of `member`.
  template <typename Visit>
  void for_each_source(MemberIndex member, Visit&& visit) {
    for (SourceIndex i = members_[member].first_source; i != kNoSource;
         i = sources_[i].next_of_member) {
      visit(sources_.feed_of(sources_[i]).channel, sources_[i].recipient);
    }
  }

  std::optional<uint32_t> leave(MemberIndex member) noexcept override;
  // Perhaps because publishers wait: then it is time to say anew who is slow.
  void mark_dirty() noexcept override { has_news_ = progress_stale_ = true; }
  [[nodiscard]] bool has_work() const noexcept override {
    return has_news_ || progress_stale_ || at_ < round_.size() || !next_round_.empty();
  }
  void plan(BatchPlan& batch, MonotonicMs now) override;
  [[nodiscard]] bool sent_only(const PlannedSend& send, MemberIndex member, Position position,
                               MonotonicMs now) override;
  void take_back(const PlannedSend& send, MemberIndex member) noexcept override;
  void gaps_refused(MemberIndex member, MonotonicMs now) override;
  void room(MemberIndex member, MonotonicMs now) noexcept override;
  void begin_quiet(MemberIndex member, uint32_t now_ms) noexcept override;
  void settle_quiet(MemberIndex member) noexcept override;
  [[nodiscard]] bool can_take_quiet(MemberIndex member) const noexcept override;
  [[nodiscard]] bool stands_between_frames(MemberIndex member) const noexcept override;
  [[nodiscard]] bool is_up_to_date(MemberIndex member) const noexcept override;
  [[nodiscard]] int64_t silent_for(MemberIndex member, MonotonicMs now) const noexcept override;
  [[nodiscard]] milliseconds heartbeat_of(MemberIndex member) const noexcept override {
    return milliseconds(members_[member].heartbeat_ms);
  }
  void check_invariants() const noexcept override;

  // Calls `visit(channel, frames)` for each source with what it is owed, looked at or not; changes nothing.
  // Requires: the log's lock.
  template <typename Visit>
  void for_each_owed(Visit&& visit) const {
    for (const Member& member : members_) {
      for (SourceIndex i = member.first_source; i != kNoSource; i = sources_[i].next_of_member) {
        visit(sources_.feed_of(sources_[i]).channel,
              sources_[i].owed + sources_.unscanned(sources_[i]));
      }
    }
  }

 private:
  static constexpr uint32_t kNone = ~uint32_t{0};

  struct Member {
    EventId last;  // everything up to here has been handed to the socket, or was never owed
    SourceIndex first_source;
    uint32_t slot;
    uint32_t laggard;  // its entry among the laggards, or kNone
    uint32_t mark;     // when bytes were last planned for it, wrapping
    uint32_t heartbeat_ms;
    MemberState state;
    bool is_free;
    bool is_listed;  // in round_ or next_round_
  };
  static_assert(sizeof(Member) == 40);

  struct Laggard {
    MemberIndex member;
    LagPolicy lag;
    Position taken;       // bytes since it became one: the scale of its goal
    uint64_t goal_bytes;  // from one goal to the next
    SourceIndex
        cut;  // whose next frame has been sent up to `rest`; kNoSource: it is between two frames
    Position rest;
  };

  // What comes next for a member.
  struct Choice {
    enum class Kind { kNothing, kFrames, kGap, kLapped } kind = Kind::kNothing;
    SourceIndex source = kNoSource;
    EventId id{};     // of the frame or gap
    EventId bound{};  // where another source comes in
  };

  // What a source was asked for as: its gap events name it where there are others beside it.
  enum class Naming { kKept, kNotNeeded };
  uint64_t add_source(MemberIndex member, const Wanted& wanted, const Start& start, Naming naming);
  void enlist(MemberIndex member);

  void begin_round(BatchPlan& batch, MonotonicMs now);
  void find_lapped(BatchPlan& batch);
  [[nodiscard]] bool is_lapped(const Laggard& laggard) const noexcept;
  void plan_member(Member& member, BatchPlan& batch, MonotonicMs now);
  [[nodiscard]] Choice choose(Member& member);
  // Brings `source` to a frame that can be sent; false when it has lost some and must be closed for it.
  [[nodiscard]] bool bring_up(Member& member, SourceIndex source);
  [[nodiscard]] bool skip_lost(Member& member, SourceIndex source);
  void skip_expired(SourceIndex source) noexcept;
  void plan_frames(Member& member, const Choice& choice, uint64_t bytes_max, BatchPlan& batch);
  // False: the rest of a frame that was cut is gone.
  [[nodiscard]] bool plan_rest(Member& member, Laggard& laggard, BatchPlan& batch);
  void plan_gaps(Member& member, EventId up_to, BatchPlan& batch);
  void add_send(Member& member, SourceIndex source, Position from, FrameNumber first,
                uint32_t frames, BatchPlan& batch);
  // Undoes `send` from `position` on; returns the source if that is inside of a frame, kNoSource if it is
  // not, nothing if it cannot be told.
  std::optional<SourceIndex> return_to(const PlannedSend& send, Member& member, Position position);
  Laggard& add_laggard(MemberIndex member, const LagPolicy& lag, uint64_t goal_bytes);
  Laggard& block(MemberIndex member, uint64_t goal_bytes, MonotonicMs now);
  void release(Member& member) noexcept;
  void judge(Laggard& laggard, MonotonicMs now) noexcept;
  void report_progress(MonotonicMs now) noexcept;
  [[nodiscard]] bool owes(const Member& member) const noexcept;
  [[nodiscard]] milliseconds slow_after_of(const Member& member) noexcept;

  EventLog& log_;
  const size_t shard_;
  Sources sources_;
  std::vector<Member> members_;
  std::vector<MemberIndex> free_;
  std::vector<Laggard> laggards_;
  OwedGaps gaps_;
  std::unordered_map<SourceIndex, std::string> names_;

  std::vector<MemberIndex> round_;  // being served, from at_ on
  size_t at_ = 0;
  std::vector<MemberIndex> next_round_;
  std::vector<Position> slowest_;  // of a report, by feed
  uint64_t wall_now_ms_ = 0;       // as of this batch
  bool has_news_ = false;          // frames may have come since the last scan
  bool progress_stale_ = false;    // somebody has moved since the last report
};

}  // namespace ringcast::net
