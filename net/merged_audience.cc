#include "net/merged_audience.h"

#include <algorithm>

#include "engine/base/check.h"

namespace ringcast::net {

namespace {

// How much progress proves a laggard's health.
uint64_t lead_bytes(const WireRing& wire) noexcept {
  return wire.ring().capacity_bytes() / kRingLeadFraction;
}

}  // namespace

// --- Membership

MemberIndex MergedAudience::join(uint32_t slot, const std::vector<Wanted>& wanted,
                                 const Start& start, MonotonicMs now) {
  sources_.scan([this](MemberIndex member) { enlist(member); });
  MemberIndex index = static_cast<MemberIndex>(members_.size());
  if (free_.empty()) {
    members_.emplace_back().is_listed = false;
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Member& member = members_[index];
  member = {.last = start.kind == Start::Kind::kAfter ? *start.after : log_.last_id(),
            .first_source = kNoSource,
            .slot = slot,
            .laggard = kNone,
            .mark = static_cast<uint32_t>(now),
            .heartbeat_ms = kNone,
            .state = MemberState::kQuiet,
            .is_free = false,
            .is_listed = member.is_listed};
  const Naming naming = wanted.size() > 1 ? Naming::kKept : Naming::kNotNeeded;
  uint64_t past_bytes = 0;
  for (const Wanted& one : wanted) past_bytes += add_source(index, one, start, naming);
  if (past_bytes > 0) {
    add_laggard(index, LagPolicy::newcomer(past_bytes, now), lead_bytes(*wanted.front().wire));
  }
  return index;
}

// Returns how many bytes of the ring there are from its place on.
uint64_t MergedAudience::add_source(MemberIndex index, const Wanted& wanted, const Start& start,
                                    Naming naming) {
  Member& member = members_[index];
  const uint32_t feed = sources_.feed_of(*wanted.channel, *wanted.wire);
  const SourceIndex i =
      sources_.add(feed, wanted.recipient, wanted.place, index, member.first_source);
  member.first_source = i;
  const ChannelConfig& config = wanted.channel->config();
  member.heartbeat_ms =
      std::min(member.heartbeat_ms, static_cast<uint32_t>(config.heartbeat.count()));
  if (naming == Naming::kKept) names_.emplace(i, wanted.name);
  if (wanted.place.gap_up_to && config.on_gap == GapPolicy::kNotify) {
    gaps_.owe(i, *wanted.place.gap_up_to, start.after);
  }
  // The report comes before the lock is let go: the writer forgets nothing that it knows to be wanted. Those who come for
  // the past are not reported before they have caught up.
  ReaderProgress& progress = wanted.wire->progress;
  const size_t reader = progress.merged_reader(shard_);
  const Position end = wanted.wire->ring().committed();
  progress.report(reader, std::min(progress.reported(reader), end));
  const FrameNumber next = sources_[i].next;
  if (next == kNoFrame) return 0;
  // Older events that it asked for came before whatever else was issued.
  member.last = std::min(member.last, id_before(wanted.channel->index().id(next)));
  return end - wanted.wire->at(next);
}

std::optional<uint32_t> MergedAudience::leave(MemberIndex index) noexcept {
  sources_.scan([this](MemberIndex member) { enlist(member); });
  Member& member = members_[index];
  for (SourceIndex i = member.first_source; i != kNoSource; i = sources_[i].next_of_member) {
    sources_.remove(i);
    gaps_.forget(i);
    names_.erase(i);
    const Feed& feed = sources_.feed_of(sources_[i]);
    ReaderProgress& progress = feed.wire.progress;
    if (feed.sources == 0) progress.report(progress.merged_reader(shard_), kNobodyBehind);
  }
  if (member.laggard != kNone) release(member);
  member.first_source = kNoSource;
  member.is_free = true;
  free_.push_back(index);
  progress_stale_ = true;
  return std::nullopt;
}

void MergedAudience::enlist(MemberIndex index) {
  Member& member = members_[index];
  if (member.is_listed || member.is_free) return;
  member.is_listed = true;
  next_round_.push_back(index);
}

// --- What became of it

std::optional<SourceIndex> MergedAudience::return_to(const PlannedSend& send, Member& member,
                                                     Position position) {
  Source& source = sources_[send.source];
  const Feed& feed = sources_.feed_of(source);
  if (member.laggard != kNone) laggards_[member.laggard].taken -= send.to - position;
  const bool is_known = send.frame >= feed.wire.begin();
  const FrameNumber frame = is_known ? feed.wire.frame_at(position).value() : send.frame;
  const auto unsent = send.frames - static_cast<uint32_t>(frame - send.frame);
  source.next = frame;
  source.owed += unsent;
  send.tally->unsent.add(unsent);
  if (!is_known) return std::nullopt;
  member.last = std::min(member.last, id_before(feed.channel.index().id(frame)));
  return position > feed.wire.at(frame) ? send.source : kNoSource;
}

bool MergedAudience::sent_only(const PlannedSend& send, MemberIndex index, Position position,
                               MonotonicMs now) {
  const auto guard = log_.hold();
  const std::optional<SourceIndex> cut = return_to(send, members_[index], position);
  Laggard& laggard = block(index, lead_bytes(*send.wire), now);
  laggard.cut = cut.value_or(kNoSource);
  laggard.rest = position;
  return cut.has_value();
}

// Only the rest of a frame begins in the middle of one. Where it stands may have been forgotten since it was
// planned: then it is taken for a rest, which plan_rest() finds gone.
void MergedAudience::take_back(const PlannedSend& send, MemberIndex index) noexcept {
  const auto guard = log_.hold();
  Member& member = members_[index];
  const std::optional<SourceIndex> cut = return_to(send, member, send.from);
  if (member.laggard != kNone) {
    Laggard& laggard = laggards_[member.laggard];
    const bool was_rest = laggard.rest == send.from;
    laggard.cut = cut.value_or(was_rest ? send.source : kNoSource);
    laggard.rest = send.from;
  }
  enlist(index);
}

void MergedAudience::gaps_refused(MemberIndex index, MonotonicMs now) {
  Member& member = members_[index];
  uint64_t goal_bytes = 0;
  for (SourceIndex i = member.first_source; i != kNoSource; i = sources_[i].next_of_member) {
    if (!gaps_.refuse(i)) continue;
    goal_bytes = lead_bytes(sources_.feed_of(sources_[i]).wire);
  }
  block(index, goal_bytes, now);
}

MergedAudience::Laggard& MergedAudience::add_laggard(MemberIndex index, const LagPolicy& lag,
                                                     uint64_t goal_bytes) {
  members_[index].laggard = static_cast<uint32_t>(laggards_.size());
  return laggards_.emplace_back(Laggard{.member = index,
                                        .lag = lag,
                                        .taken = 0,
                                        .goal_bytes = goal_bytes,
                                        .cut = kNoSource,
                                        .rest = 0});
}

MergedAudience::Laggard& MergedAudience::block(MemberIndex index, uint64_t goal_bytes,
                                               MonotonicMs now) {
  Member& member = members_[index];
  member.state = MemberState::kBlocked;
  progress_stale_ = true;
  if (member.laggard == kNone) return add_laggard(index, LagPolicy(goal_bytes, now), goal_bytes);
  laggards_[member.laggard].lag.on_full_again(now);
  return laggards_[member.laggard];
}

void MergedAudience::release(Member& member) noexcept {
  const uint32_t entry = member.laggard;
  laggards_[entry] = laggards_.back();
  members_[laggards_[entry].member].laggard = entry;
  laggards_.pop_back();
  member.laggard = kNone;
  progress_stale_ = true;
}

void MergedAudience::room(MemberIndex index, MonotonicMs now) noexcept {
  Member& member = members_[index];
  RC_CHECK(member.state == MemberState::kBlocked);
  member.state = MemberState::kCatchingUp;
  laggards_[member.laggard].lag.on_room(now);
  enlist(index);
}

void MergedAudience::begin_quiet(MemberIndex index, uint32_t now_ms) noexcept {
  RC_CHECK(members_[index].state == MemberState::kReady);
  members_[index].state = MemberState::kQuiet;
  members_[index].mark = now_ms;
}

void MergedAudience::settle_quiet(MemberIndex index) noexcept {
  Member& member = members_[index];
  if (member.state != MemberState::kQuiet) return;
  member.state = member.laggard == kNone ? MemberState::kReady : MemberState::kCatchingUp;
  enlist(index);
}

bool MergedAudience::can_take_quiet(MemberIndex index) const noexcept {
  return members_[index].state == MemberState::kReady;
}

bool MergedAudience::stands_between_frames(MemberIndex index) const noexcept {
  const Member& member = members_[index];
  return member.state == MemberState::kReady ||
         (member.state == MemberState::kCatchingUp && laggards_[member.laggard].cut == kNoSource);
}

bool MergedAudience::is_up_to_date(MemberIndex index) const noexcept {
  const Member& member = members_[index];
  if (member.state != MemberState::kReady || owes(member)) return false;
  for (SourceIndex i = member.first_source; i != kNoSource; i = sources_[i].next_of_member) {
    if (!sources_.is_scanned(sources_[i])) return false;
  }
  return true;
}

// --- Pacing

int64_t MergedAudience::silent_for(MemberIndex index, MonotonicMs now) const noexcept {
  const Member& member = members_[index];
  if (member.laggard != kNone) return 0;
  return static_cast<uint32_t>(now) - member.mark;
}

void MergedAudience::judge(Laggard& laggard, MonotonicMs now) noexcept {
  const Member& member = members_[laggard.member];
  if (laggard.lag.has_reached_goal(laggard.taken)) {
    laggard.lag.set_goal(laggard.taken + laggard.goal_bytes, now);
  } else if (member.state == MemberState::kBlocked) {
    laggard.lag.judge(slow_after_of(member), now);
  }
}

milliseconds MergedAudience::slow_after_of(const Member& member) noexcept {
  milliseconds least = milliseconds::max();
  for (SourceIndex i = member.first_source; i != kNoSource; i = sources_[i].next_of_member) {
    least = std::min(least, sources_.feed_of(sources_[i]).channel.config().slow_after);
  }
  return least;
}

// All that was scanned has been sent to whoever is not on the list and no laggard.
void MergedAudience::report_progress(MonotonicMs now) noexcept {
  for (Laggard& laggard : laggards_) judge(laggard, now);
  slowest_.clear();
  for (const Feed& feed : sources_.feeds()) {
    slowest_.push_back(feed.sources == 0 ? kNobodyBehind : feed.wire.at(feed.scanned));
  }
  const auto count = [&](const Member& member) {
    for (SourceIndex i = member.first_source; i != kNoSource; i = sources_[i].next_of_member) {
      const Source& source = sources_[i];
      if (source.next == kNoFrame) continue;
      const WireRing& wire = sources_.feed_of(source).wire;
      const Position at = wire.at(std::max(source.next, wire.begin()));
      slowest_[source.feed] = std::min(slowest_[source.feed], at);
    }
  };
  for (const MemberIndex index : next_round_) {
    if (!members_[index].is_free && members_[index].laggard == kNone) count(members_[index]);
  }
  for (const Laggard& laggard : laggards_) {
    if (!laggard.lag.is_slow()) count(members_[laggard.member]);
  }
  size_t number = 0;
  for (const Feed& feed : sources_.feeds()) {
    ReaderProgress& progress = feed.wire.progress;
    progress.report(progress.merged_reader(shard_), slowest_[number++]);
  }
  progress_stale_ = false;
}

void MergedAudience::check_invariants() const noexcept {
  size_t lagging = 0;
  for (const Member& member : members_) {
    if (member.is_free) {
      RC_CHECK(member.first_source == kNoSource && member.laggard == kNone);
      continue;
    }
    lagging += member.laggard != kNone ? 1 : 0;
    RC_CHECK(member.state != MemberState::kBlocked || member.laggard != kNone);
    RC_CHECK(member.state != MemberState::kReady || member.laggard == kNone);
    for (SourceIndex i = member.first_source; i != kNoSource; i = sources_[i].next_of_member) {
      RC_CHECK((sources_[i].next == kNoFrame) == (sources_[i].owed == 0));
    }
  }
  RC_CHECK(lagging == laggards_.size());
  for (const Laggard& laggard : laggards_) {
    RC_CHECK(&laggards_[members_[laggard.member].laggard] == &laggard);
  }
}

}  // namespace ringcast::net
