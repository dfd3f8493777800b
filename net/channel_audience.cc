#include "net/channel_audience.h"

#include <algorithm>
#include <utility>

#include "engine/base/check.h"

namespace ringcast::net {

namespace {

// Who has been here for so long, or up to twice as long, is settled. A guess: a reader that does not read has filled its socket by then, in a
// channel where it would be missed.
constexpr MonotonicMs kSettlingMs = 5'000;

}  // namespace

// The report comes before the lock is let go: the writer raises no floor over whom it has not heard of. Those who come for
// the past are not reported before they have caught up.
MemberIndex ChannelAudience::join(uint32_t slot, FrameNumber first, MonotonicMs now) {
  const auto index = static_cast<MemberIndex>(members_.size());
  const FrameNumber end = wire_.end();
  if (wire_.progress.reported(shard_) == kNobodyBehind) {
    wire_.progress.report(shard_, ring().committed());
  }
  channel_.tally(shard_).replayed.add(end - first);
  Member& member = members_.emplace_back();
  member.slot = slot & 0xffffff;
  member.state = static_cast<uint32_t>(MemberState::kQuiet) & 0x7f;
  member.is_laggard = 0;
  member.mark = static_cast<uint32_t>(now);
  member.cursor = wire_.at(first);
  member.frames = static_cast<uint32_t>(first);
  if (first != end) add_laggard(index, LagPolicy::newcomer(ring().committed(), now));
  // The sweep under way counts who it has yet to look at; with one more in the circle it would stop
  // one short.
  if (sweep_left_ > 0) ++sweep_left_;
  return index;
}

// What it had been sent is counted to the frame, unless that has been overwritten meanwhile.
void ChannelAudience::square_books(const Member& member) noexcept {
  const uint32_t had =
      static_cast<uint32_t>(wire_.frame_at(member.cursor).value_or(FrameNumber{member.frames}));
  ShardTally& tally = channel_.tally(shard_);
  tally.sent.add(had - member.frames);
  tally.closed_owing.add(static_cast<uint32_t>(wire_.end()) - had);
}

uint64_t ChannelAudience::owed() const noexcept {
  uint64_t owed = 0;
  for (const Member& member : members_) owed += static_cast<uint32_t>(wire_.end()) - member.frames;
  return owed;
}

std::optional<uint32_t> ChannelAudience::leave(MemberIndex member) noexcept {
  square_books(members_[member]);
  if (members_[member].is_laggard) drop_laggard(members_[member].mark);
  set_state(members_[member], MemberState::kReady);
  const auto last = static_cast<MemberIndex>(members_.size() - 1);
  if (member != last) {
    if (members_[last].is_laggard) laggard_of(members_[last]).member = member;
    members_[member] = members_[last];
  }
  members_.pop_back();
  progress_stale_ = true;
  // The one who moved may have moved past the sweep under way: another one follows, which costs
  // little for who is up to date.
  if (sweep_left_ > 0) dirty_ = true;
  sweep_left_ = std::min(sweep_left_, members_.size());
  settling_ = std::min(settling_, members_.size());
  settled_ = std::min(settled_, members_.size());
  if (member == last) return std::nullopt;
  return uint32_t{members_[member].slot};
}

// A socket that is full may have taken a part of a frame; one that has room again has taken all up to its cursor.
bool ChannelAudience::stands_between_frames(MemberIndex index) const noexcept {
  const Member& member = members_[index];
  if (!member.is(MemberState::kReady) && !member.is(MemberState::kCatchingUp)) return false;
  const auto frame = wire_.frame_at(member.cursor);
  return frame && wire_.at(*frame) == member.cursor;
}

void ChannelAudience::plan(BatchPlan& batch, MonotonicMs now) {
  report_progress(now);
  floor_ = ring().floor();
  head_ = wire_.head();
  if (catching_up_ > 0) plan_catch_up(batch, now);
  if (dirty_ && sweep_left_ == 0) begin_sweep(now);
  if (sweep_left_ > 0) plan_sweep(batch, now);
}

// Each sweep starts elsewhere, so that nobody is always the last; but a crowd that has just come does not stand before those who were here.
void ChannelAudience::begin_sweep(MonotonicMs now) noexcept {
  dirty_ = false;
  if (now >= settle_at_) {
    settled_ = std::exchange(settling_, members_.size());
    settle_at_ = now + kSettlingMs;
  }
  sweep_left_ = members_.size();
  if (settled_ > 0) sweep_from_ = (sweep_from_ + settled_ / 3 + 1) % settled_;
  progress_stale_ = true;
}

// The settled from `sweep_from_` on and round to it, then the others.
MemberIndex ChannelAudience::next_to_sweep() const noexcept {
  const size_t looked_at = members_.size() - sweep_left_;
  if (looked_at >= settled_) return static_cast<MemberIndex>(looked_at);
  const size_t index = std::min(sweep_from_, settled_ - 1) + looked_at;
  return static_cast<MemberIndex>(index < settled_ ? index : index - settled_);
}

// Laggards take turns, and leave half of the batch to the sweep when there is one.
void ChannelAudience::plan_catch_up(BatchPlan& batch, MonotonicMs now) {
  release_caught_up(now);
  const bool sweeping = dirty_ || sweep_left_ > 0;
  const size_t sends_max = sweeping ? kSendsPerBatchMax / 2 : kSendsPerBatchMax;
  for (size_t left = laggards_.size(); left > 0 && batch.sends.size() < sends_max; --left) {
    if (catch_up_at_ >= laggards_.size()) catch_up_at_ = 0;
    Member& member = members_[laggards_[catch_up_at_++].member];
    if (member.is(MemberState::kCatchingUp) &&
        !plan_one(member, kCatchUpSendBytesMax, batch.sends, static_cast<uint32_t>(now))) {
      batch.lapped.push_back(uint32_t{member.slot});
    }
  }
  progress_stale_ = true;
}

// A member that is still kCatchingUp has had everything up to its cursor taken: a failure would
// have blocked it. From the back, so that whoever moves into a gap has been looked at.
void ChannelAudience::release_caught_up(MonotonicMs now) noexcept {
  for (auto entry = static_cast<uint32_t>(laggards_.size()); entry-- > 0;) {
    Member& member = members_[laggards_[entry].member];
    if (!member.is(MemberState::kCatchingUp) || member.cursor != head_.position) continue;
    drop_laggard(entry);
    member.mark = static_cast<uint32_t>(now);
    set_state(member, MemberState::kReady);
  }
}

void ChannelAudience::plan_sweep(BatchPlan& batch, MonotonicMs now) {
  while (sweep_left_ > 0 && !batch.sends.is_full()) {
    Member& member = members_[next_to_sweep()];
    --sweep_left_;
    if (!member.is(MemberState::kReady) || member.cursor == head_.position) continue;
    if (!plan_one(member, kSweepSendBytesMax, batch.sends, static_cast<uint32_t>(now))) {
      batch.lapped.push_back(uint32_t{member.slot});
    } else if (member.cursor != head_.position) {
      dirty_ = true;  // more than one send's worth behind: there is another round for it
    }
  }
  if (sweep_left_ > 0) return;
  // Laggards are not swept, but must learn when they have been lapped: their sockets may never have
  // room again.
  for (const Laggard& laggard : laggards_) {
    const Member& member = members_[laggard.member];
    if (member.is(MemberState::kBlocked) && member.cursor < floor_)
      batch.lapped.push_back(uint32_t{member.slot});
  }
}

bool ChannelAudience::plan_one(Member& member, uint64_t bytes_max, SendPlan& plan,
                               uint32_t now_ms) noexcept {
  RC_CHECK(member.cursor <= head_.position);
  if (member.cursor < floor_) return false;
  const Position to = std::min(head_.position, member.cursor + bytes_max);
  ShardTally& tally = channel_.tally(shard_);
  // A send that is cut short somewhere inside the ring is counted with the one that reaches the end.
  const uint32_t frames =
      to == head_.position ? static_cast<uint32_t>(head_.frames) - member.frames : 0;
  plan.add({.from = member.cursor,
            .to = to,
            .wire = &wire_,
            .tally = &tally,
            .frame = member.frames,
            .frames = frames,
            .slot = member.slot,
            .source = 0,
            .audience = number()});
  tally.sent.add(frames);
  member.frames += frames;
  member.cursor = to;
  if (!member.is_laggard) member.mark = now_ms;
  return true;
}

void ChannelAudience::return_to(const PlannedSend& send, Member& member,
                                Position position) noexcept {
  RC_CHECK(position <= member.cursor);
  member.cursor = position;
  member.frames = static_cast<uint32_t>(send.frame);
  send.tally->unsent.add(send.frames);
}

bool ChannelAudience::sent_only(const PlannedSend& send, MemberIndex index, Position position,
                                MonotonicMs now) {
  Member& member = members_[index];
  return_to(send, member, position);
  if (member.is_laggard) {
    laggard_of(member).lag.on_full_again(now);
  } else {
    add_laggard(index, LagPolicy(goal_from(position), now));
  }
  set_state(member, MemberState::kBlocked);
  progress_stale_ = true;
  return true;
}

void ChannelAudience::take_back(const PlannedSend& send, MemberIndex index) noexcept {
  return_to(send, members_[index], send.from);
  mark_dirty();
}

void ChannelAudience::room(MemberIndex index, MonotonicMs now) noexcept {
  RC_CHECK(members_[index].is(MemberState::kBlocked));
  set_state(members_[index], MemberState::kCatchingUp);
  laggard_of(members_[index]).lag.on_room(now);
}

void ChannelAudience::begin_quiet(MemberIndex index, uint32_t now_ms) noexcept {
  RC_CHECK(members_[index].is(MemberState::kReady));
  set_state(members_[index], MemberState::kQuiet);
  members_[index].mark = now_ms;
}

void ChannelAudience::settle_quiet(MemberIndex index) noexcept {
  if (!members_[index].is(MemberState::kQuiet)) return;
  set_state(members_[index],
            members_[index].is_laggard ? MemberState::kCatchingUp : MemberState::kReady);
  if (members_[index].cursor != ring().committed()) mark_dirty();
}

// Keeps the count; who becomes or ceases to be a laggard sees to its entry there.
void ChannelAudience::set_state(Member& member, MemberState state) noexcept {
  if (member.is(MemberState::kCatchingUp)) --catching_up_;
  if (state == MemberState::kCatchingUp) ++catching_up_;
  member.state = static_cast<uint32_t>(state) & 0x7f;
}

void ChannelAudience::add_laggard(MemberIndex index, const LagPolicy& lag) {
  members_[index].is_laggard = 1;
  members_[index].mark = static_cast<uint32_t>(laggards_.size());
  laggards_.push_back({.member = index, .lag = lag});
}

void ChannelAudience::drop_laggard(uint32_t entry) noexcept {
  members_[laggards_[entry].member].is_laggard = 0;
  laggards_[entry] = laggards_.back();
  members_[laggards_[entry].member].mark = entry;
  laggards_.pop_back();
}

ChannelAudience::Laggard& ChannelAudience::laggard_of(const Member& member) noexcept {
  RC_CHECK(member.is_laggard && member.mark < laggards_.size());
  return laggards_[member.mark];
}

int64_t ChannelAudience::silent_for(MemberIndex member, MonotonicMs now) const noexcept {
  if (members_[member].is_laggard) return 0;
  return static_cast<uint32_t>(now) - members_[member].mark;
}

Position ChannelAudience::goal_from(Position cursor) const noexcept {
  return std::min(ring().committed(), cursor + ring().capacity_bytes() / kRingLeadFraction);
}

void ChannelAudience::judge(Laggard& laggard, MonotonicMs now) noexcept {
  const Member& member = members_[laggard.member];
  if (laggard.lag.has_reached_goal(member.cursor)) {
    laggard.lag.set_goal(goal_from(member.cursor), now);
  } else if (member.is(MemberState::kBlocked)) {
    laggard.lag.judge(channel_.config().slow_after, now);
  }
}

void ChannelAudience::report_progress(MonotonicMs now) noexcept {
  if (!progress_stale_ || sweep_left_ > 0)
    return;  // half a sweep says nothing about the other half
  for (Laggard& laggard : laggards_) judge(laggard, now);
  wire_.progress.report(shard_, slowest_healthy());
  progress_stale_ = false;
}

Position ChannelAudience::slowest_healthy() const noexcept {
  Position slowest = kNobodyBehind;
  for (const Member& member : members_) {
    if (!member.is_laggard) slowest = std::min(slowest, member.cursor);
  }
  for (const Laggard& laggard : laggards_) {
    if (!laggard.lag.is_slow()) slowest = std::min(slowest, members_[laggard.member].cursor);
  }
  return slowest;
}

void ChannelAudience::check_invariants() const noexcept {
  size_t lagging = 0;
  size_t catching_up = 0;
  for (const Member& member : members_) {
    RC_CHECK(member.cursor <= ring().committed());
    catching_up += member.is(MemberState::kCatchingUp) ? 1 : 0;
    lagging += member.is_laggard ? 1 : 0;
  }
  for (const Laggard& laggard : laggards_) {
    const Member& member = members_[laggard.member];
    RC_CHECK(member.is_laggard && &laggards_[member.mark] == &laggard);
  }
  RC_CHECK(catching_up == catching_up_);
  RC_CHECK(lagging == laggards_.size());
  RC_CHECK(sweep_left_ <= members_.size());
}

}  // namespace ringcast::net
