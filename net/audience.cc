#include "net/audience.h"

#include <algorithm>

#include "engine/base/check.h"

namespace ringcast::net {

namespace {

bool is_laggard(const Member& member) noexcept {
  return member.is(MemberState::kBlocked) || member.is(MemberState::kCatchingUp);
}

}  // namespace

// Saying that we are here comes before looking where the ring is: a publisher then either finds us,
// or we start behind it.
MemberIndex Audience::join(uint32_t slot, uint32_t now_ms) {
  const auto index = static_cast<MemberIndex>(members_.size());
  if (wire_.progress.reported(shard_) == kNobodyBehind) {
    wire_.progress.report(shard_, ring().committed());
  }
  Member& member = members_.emplace_back();
  member.slot = slot & 0xffffff;
  member.state = static_cast<uint32_t>(MemberState::kQuiet);
  member.mark = now_ms;
  member.cursor = ring().committed();
  // The sweep under way counts who it has yet to look at; with one more in the circle it would stop
  // one short.
  if (sweep_left_ > 0) ++sweep_left_;
  return index;
}

std::optional<uint32_t> Audience::leave(MemberIndex member) noexcept {
  if (is_laggard(members_[member])) drop_laggard(members_[member].mark);
  set_state(members_[member], MemberState::kReady);
  const auto last = static_cast<MemberIndex>(members_.size() - 1);
  if (member != last) {
    if (is_laggard(members_[last])) laggard_of(members_[last]).member = member;
    members_[member] = members_[last];
  }
  members_.pop_back();
  progress_stale_ = true;
  // The one who moved may have moved past the sweep under way: another one follows, which costs
  // little for who is up to date.
  if (sweep_left_ > 0) dirty_ = true;
  sweep_left_ = std::min(sweep_left_, members_.size());
  if (sweep_at_ >= members_.size()) sweep_at_ = 0;
  if (member == last) return std::nullopt;
  return uint32_t{members_[member].slot};
}

void Audience::plan(SendPlan& plan, std::vector<uint32_t>& lapped, MonotonicMs now) {
  floor_ = ring().floor();
  committed_ = ring().committed();
  if (catching_up_ > 0) plan_catch_up(plan, lapped, now);
  if (dirty_ && sweep_left_ == 0) begin_sweep();
  if (sweep_left_ > 0) plan_sweep(plan, lapped, now);
}

// Each sweep starts elsewhere, so that nobody is always the last.
void Audience::begin_sweep() noexcept {
  dirty_ = false;
  sweep_left_ = members_.size();
  if (!members_.empty()) {
    sweep_at_ = static_cast<MemberIndex>((sweep_at_ + members_.size() / 3 + 1) % members_.size());
  }
  progress_stale_ = true;
}

// Laggards take turns, and leave half of the batch to the sweep when there is one.
void Audience::plan_catch_up(SendPlan& plan, std::vector<uint32_t>& lapped, MonotonicMs now) {
  release_caught_up(now);
  const bool sweeping = dirty_ || sweep_left_ > 0;
  const size_t sends_max = sweeping ? kSendsPerBatchMax / 2 : kSendsPerBatchMax;
  for (size_t left = laggards_.size(); left > 0 && plan.size() < sends_max; --left) {
    if (catch_up_at_ >= laggards_.size()) catch_up_at_ = 0;
    Member& member = members_[laggards_[catch_up_at_++].member];
    if (member.is(MemberState::kCatchingUp) &&
        !plan_one(member, kCatchUpSendBytesMax, plan, static_cast<uint32_t>(now))) {
      lapped.push_back(uint32_t{member.slot});
    }
  }
  progress_stale_ = true;
}

// A member that is still kCatchingUp has had everything up to its cursor taken: a failure would
// have blocked it. From the back, so that whoever moves into a gap has been looked at.
void Audience::release_caught_up(MonotonicMs now) noexcept {
  for (auto entry = static_cast<uint32_t>(laggards_.size()); entry-- > 0;) {
    Member& member = members_[laggards_[entry].member];
    if (!member.is(MemberState::kCatchingUp) || member.cursor != committed_) continue;
    drop_laggard(entry);
    member.mark = static_cast<uint32_t>(now);
    set_state(member, MemberState::kReady);
  }
}

void Audience::plan_sweep(SendPlan& plan, std::vector<uint32_t>& lapped, MonotonicMs now) {
  while (sweep_left_ > 0 && !plan.is_full()) {
    Member& member = members_[sweep_at_];
    sweep_at_ = sweep_at_ + 1 == members_.size() ? 0 : sweep_at_ + 1;
    --sweep_left_;
    if (!member.is(MemberState::kReady) || member.cursor == committed_) continue;
    if (!plan_one(member, kSweepSendBytesMax, plan, static_cast<uint32_t>(now))) {
      lapped.push_back(uint32_t{member.slot});
    } else if (member.cursor != committed_) {
      dirty_ = true;  // more than one send's worth behind: there is another round for it
    }
  }
  if (sweep_left_ > 0) return;
  // Laggards are not swept, but must learn when they have been lapped: their sockets may never have
  // room again.
  for (const Laggard& laggard : laggards_) {
    const Member& member = members_[laggard.member];
    if (member.is(MemberState::kBlocked) && member.cursor < floor_)
      lapped.push_back(uint32_t{member.slot});
  }
}

bool Audience::plan_one(Member& member, uint64_t bytes_max, SendPlan& plan,
                        uint32_t now_ms) noexcept {
  RC_CHECK(member.cursor <= committed_);
  if (member.cursor < floor_) return false;
  const Position to = std::min(committed_, member.cursor + bytes_max);
  plan.add({.from = member.cursor, .to = to, .slot = member.slot, .audience = number_});
  member.cursor = to;
  if (!is_laggard(member)) member.mark = now_ms;
  return true;
}

// Only the time its socket was full counts against a laggard: while it had room and waited for us,
// the clock stood still.
void Audience::sent_only(MemberIndex index, Position position, MonotonicMs now) {
  Member& member = members_[index];
  RC_CHECK(position <= member.cursor);
  member.cursor = position;
  if (is_laggard(member)) {
    Laggard& laggard = laggard_of(member);
    laggard.since += now - laggard.room_at;
  } else {
    laggards_.push_back({.member = index,
                         .is_slow = false,
                         .goal = goal_from(position),
                         .since = now,
                         .room_at = now});
    member.mark = static_cast<uint32_t>(laggards_.size() - 1);
  }
  set_state(member, MemberState::kBlocked);
  progress_stale_ = true;
}

void Audience::take_back(MemberIndex index, Position position) noexcept {
  members_[index].cursor = position;
  mark_dirty();
}

void Audience::room(MemberIndex index, MonotonicMs now) noexcept {
  RC_CHECK(members_[index].is(MemberState::kBlocked));
  set_state(members_[index], MemberState::kCatchingUp);
  laggard_of(members_[index]).room_at = now;
}

void Audience::begin_quiet(MemberIndex index, uint32_t now_ms) noexcept {
  RC_CHECK(members_[index].is(MemberState::kReady));
  set_state(members_[index], MemberState::kQuiet);
  members_[index].mark = now_ms;
}

void Audience::settle_quiet(MemberIndex index) noexcept {
  if (!members_[index].is(MemberState::kQuiet)) return;
  set_state(members_[index], MemberState::kReady);
  if (members_[index].cursor != ring().committed()) mark_dirty();
}

// Keeps the count; who becomes or ceases to be a laggard sees to its entry there.
void Audience::set_state(Member& member, MemberState state) noexcept {
  if (member.is(MemberState::kCatchingUp)) --catching_up_;
  if (state == MemberState::kCatchingUp) ++catching_up_;
  member.state = static_cast<uint32_t>(state);
}

void Audience::drop_laggard(uint32_t entry) noexcept {
  laggards_[entry] = laggards_.back();
  members_[laggards_[entry].member].mark = entry;
  laggards_.pop_back();
}

Audience::Laggard& Audience::laggard_of(const Member& member) noexcept {
  RC_CHECK(is_laggard(member) && member.mark < laggards_.size());
  return laggards_[member.mark];
}

int64_t Audience::silent_for(MemberIndex member, MonotonicMs now) const noexcept {
  if (is_laggard(members_[member])) return 0;
  return static_cast<uint32_t>(now) - members_[member].mark;
}

Position Audience::goal_from(Position cursor) const noexcept {
  return std::min(ring().committed(), cursor + ring().capacity_bytes() / kRingLeadFraction);
}

void Audience::judge(Laggard& laggard, MonotonicMs now) noexcept {
  const Member& member = members_[laggard.member];
  if (member.cursor >= laggard.goal) {
    laggard.is_slow = false;
    laggard.goal = goal_from(member.cursor);
    laggard.since = laggard.room_at = now;
  } else if (member.is(MemberState::kBlocked)) {
    laggard.is_slow = now - laggard.since > channel_.config().slow_after.count();
  }
}

void Audience::report_progress(MonotonicMs now) noexcept {
  if (!progress_stale_ || sweep_left_ > 0)
    return;  // half a sweep says nothing about the other half
  for (Laggard& laggard : laggards_) judge(laggard, now);
  wire_.progress.report(shard_, slowest_healthy());
  progress_stale_ = false;
}

Position Audience::slowest_healthy() const noexcept {
  Position slowest = kNobodyBehind;
  for (const Member& member : members_) {
    if (!is_laggard(member)) slowest = std::min(slowest, member.cursor);
  }
  for (const Laggard& laggard : laggards_) {
    if (!laggard.is_slow) slowest = std::min(slowest, members_[laggard.member].cursor);
  }
  return slowest;
}

void Audience::check_invariants() const noexcept {
  size_t lagging = 0;
  size_t catching_up = 0;
  for (const Member& member : members_) {
    RC_CHECK(member.cursor <= ring().committed());
    catching_up += member.is(MemberState::kCatchingUp) ? 1 : 0;
    lagging += is_laggard(member) ? 1 : 0;
  }
  for (const Laggard& laggard : laggards_) {
    const Member& member = members_[laggard.member];
    RC_CHECK(is_laggard(member) && &laggards_[member.mark] == &laggard);
  }
  RC_CHECK(catching_up == catching_up_);
  RC_CHECK(lagging == laggards_.size());
  RC_CHECK(sweep_left_ <= members_.size());
}

}  // namespace ringcast::net
