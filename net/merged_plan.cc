// Planning of a MergedAudience: who is sent what in this batch. What the kernel makes of it comes back in
// merged_audience.cc.
#include <algorithm>
#include <limits>

#include "engine/base/check.h"
#include "net/merged_audience.h"

namespace ringcast::net {

namespace {

constexpr EventId kNoBound{std::numeric_limits<uint64_t>::max(), 0};

}  // namespace

void MergedAudience::plan(BatchPlan& batch, MonotonicMs now) {
  const auto guard = log_.hold();
  wall_now_ms_ = log_.now_ms();
  has_news_ = false;
  sources_.scan([this](MemberIndex member) { enlist(member); });
  if (at_ == round_.size()) begin_round(batch, now);
  while (at_ < round_.size() && !batch.is_full()) {
    const MemberIndex index = round_[at_++];
    Member& member = members_[index];
    member.is_listed = false;
    if (member.is_free || member.state == MemberState::kBlocked) continue;  // room() will enlist it
    if (member.state != MemberState::kQuiet) plan_member(member, batch, now);
    if (member.state != MemberState::kReady || owes(member)) enlist(index);
  }
}

// Every failure of the last round has been seen by now, so the members are where they say.
void MergedAudience::begin_round(BatchPlan& batch, MonotonicMs now) {
  if (progress_stale_) report_progress(now);
  find_lapped(batch);
  round_.swap(next_round_);
  next_round_.clear();
  at_ = 0;
  progress_stale_ = !round_.empty();
}

// Blocked members are not served, but must learn when they have been lapped: their sockets may never have room again.
void MergedAudience::find_lapped(BatchPlan& batch) {
  for (const Laggard& laggard : laggards_) {
    if (batch.is_full()) return;
    const Member& member = members_[laggard.member];
    if (member.state == MemberState::kBlocked && is_lapped(laggard)) {
      batch.lapped.push_back(member.slot);
    }
  }
}

// Whether it can only be closed: what it is owed is gone where nothing may be skipped.
bool MergedAudience::is_lapped(const Laggard& laggard) const noexcept {
  const Member& member = members_[laggard.member];
  for (SourceIndex i = member.first_source; i != kNoSource; i = sources_[i].next_of_member) {
    const Source& source = sources_[i];
    const Feed& feed = sources_.feed_of(source);
    if (source.next == kNoFrame || source.next >= feed.wire.begin()) continue;
    const SlowSubscriberPolicy policy = feed.channel.config().slow_subscriber;
    if (policy == SlowSubscriberPolicy::kDisconnect || i == laggard.cut) return true;
  }
  return false;
}

void MergedAudience::plan_member(Member& member, BatchPlan& batch, MonotonicMs now) {
  const bool is_laggard = member.laggard != kNone;
  if (is_laggard && laggards_[member.laggard].cut != kNoSource) {
    if (!plan_rest(member, laggards_[member.laggard], batch)) batch.lapped.push_back(member.slot);
    return;
  }
  const Choice choice = choose(member);
  switch (choice.kind) {
    case Choice::Kind::kLapped:
      batch.lapped.push_back(member.slot);
      return;
    case Choice::Kind::kNothing:
      if (!is_laggard) return;
      release(member);
      member.state = MemberState::kReady;
      member.mark = static_cast<uint32_t>(now);
      return;
    case Choice::Kind::kGap:
      plan_gaps(member, choice.id, batch);
      break;
    case Choice::Kind::kFrames:
      plan_frames(member, choice, is_laggard ? kCatchUpSendBytesMax : kSweepSendBytesMax, batch);
      break;
  }
  member.mark = static_cast<uint32_t>(now);
}

// The source with the lowest id comes next, as far as the second lowest.
MergedAudience::Choice MergedAudience::choose(Member& member) {
  Choice best{.bound = kNoBound};
  for (SourceIndex i = member.first_source; i != kNoSource; i = sources_[i].next_of_member) {
    if (!bring_up(member, i)) return {.kind = Choice::Kind::kLapped};
    const Source& source = sources_[i];
    const OwedGaps::OwedGap* const gap = gaps_.find(i);
    if (gap == nullptr && source.next == kNoFrame) continue;
    const EventId id =
        gap != nullptr ? gap->up_to : sources_.feed_of(source).channel.index().id(source.next);
    if (best.kind != Choice::Kind::kNothing && id >= best.id) {
      best.bound = std::min(best.bound, id);
      continue;
    }
    const EventId bound = best.kind == Choice::Kind::kNothing ? kNoBound : best.id;
    best = {.kind = gap != nullptr ? Choice::Kind::kGap : Choice::Kind::kFrames,
            .source = i,
            .id = id,
            .bound = bound};
  }
  return best;
}

bool MergedAudience::bring_up(Member& member, SourceIndex i) {
  if (const auto told_up_to = gaps_.confirm(i)) member.last = std::max(member.last, *told_up_to);
  const Source& source = sources_[i];
  if (source.next != kNoFrame && source.next < sources_.feed_of(source).wire.begin()) {
    if (!skip_lost(member, i)) return false;
  }
  skip_expired(i);
  return true;
}

// What was owed had a greater id than anything sent so far, so "after the last one sent" names it.
bool MergedAudience::skip_lost(Member& member, SourceIndex i) {
  Source& source = sources_[i];
  Channel& channel = sources_.feed_of(source).channel;
  if (channel.config().slow_subscriber == SlowSubscriberPolicy::kDisconnect) return false;
  const Start start{.kind = Start::Kind::kAfter, .after = member.last};
  const Place place = find_place(channel, source.recipient, start, wall_now_ms_);
  RC_CHECK(place.frames <= source.owed);
  sources_.tally_of(source).skipped.add(source.owed - place.frames);
  source.owed = static_cast<uint32_t>(place.frames);
  source.next = place.frames == 0 ? kNoFrame : place.frame;
  if (channel.config().on_gap == GapPolicy::kNotify && place.gap_up_to) {
    gaps_.owe(i, *place.gap_up_to, member.last);
  }
  return true;
}

void MergedAudience::skip_expired(SourceIndex i) noexcept {
  Source& source = sources_[i];
  const FrameIndex& index = sources_.feed_of(source).channel.index();
  while (source.next < source.live && index.is_expired(source.next, wall_now_ms_)) {
    sources_.tally_of(source).skipped.add();
    --source.owed;
    source.next = sources_.following(source, source.next);
  }
}

// As many frames as lie side by side in the ring, are all for this member, and come next.
void MergedAudience::plan_frames(Member& member, const Choice& choice, uint64_t bytes_max,
                                 BatchPlan& batch) {
  Source& source = sources_[choice.source];
  const Feed& feed = sources_.feed_of(source);
  const FrameIndex& index = feed.channel.index();
  const FrameNumber first = source.next;
  const Position from = feed.wire.at(first);
  FrameNumber last = first;
  FrameNumber next = sources_.following(source, first);
  while (next == last + 1 && index.id(next) < choice.bound &&
         feed.wire.at(next + 1) - from <= bytes_max &&
         !(next < source.live && index.is_expired(next, wall_now_ms_))) {
    last = next;
    next = sources_.following(source, last);
  }
  member.last = index.id(last);
  source.next = next;
  add_send(member, choice.source, from, first, static_cast<uint32_t>(last - first + 1), batch);
}

bool MergedAudience::plan_rest(Member& member, Laggard& laggard, BatchPlan& batch) {
  const SourceIndex cut = laggard.cut;
  Source& source = sources_[cut];
  const Feed& feed = sources_.feed_of(source);
  const FrameNumber frame = source.next;
  if (frame < feed.wire.begin()) return false;
  member.last = feed.channel.index().id(frame);
  source.next = sources_.following(source, frame);
  laggard.cut = kNoSource;
  add_send(member, cut, laggard.rest, frame, 1, batch);
  return true;
}

void MergedAudience::add_send(Member& member, SourceIndex i, Position from, FrameNumber first,
                              uint32_t frames, BatchPlan& batch) {
  Source& source = sources_[i];
  const Feed& feed = sources_.feed_of(source);
  ShardTally& tally = sources_.tally_of(source);
  const Position to = feed.wire.at(first + frames);
  source.owed -= frames;
  tally.sent.add(frames);
  if (member.laggard != kNone) laggards_[member.laggard].taken += to - from;
  batch.sends.add({.from = from,
                   .to = to,
                   .wire = &feed.wire,
                   .tally = &tally,
                   .frame = first,
                   .frames = frames,
                   .slot = member.slot,
                   .source = i,
                   .audience = number()});
}

// All that end with the same id in one go. Whoever resumes from it is told of none of them again, so only the last
// says it, and nothing may come between.
void MergedAudience::plan_gaps(Member& member, EventId up_to, BatchPlan& batch) {
  BatchPlan::GapNotice& notice = batch.gaps.emplace_back();
  notice.slot = member.slot;
  notice.format = format();
  for (SourceIndex i = member.first_source; i != kNoSource; i = sources_[i].next_of_member) {
    const OwedGaps::OwedGap* const owed = gaps_.find(i);
    if (owed == nullptr || owed->up_to != up_to) continue;
    gaps_.plan(i);
    const Source& source = sources_[i];
    Gap& gap = notice.gaps.emplace_back(Gap{.id = {}, .requested = owed->requested, .oldest = {}});
    if (source.next != kNoFrame) {
      gap.oldest = sources_.feed_of(source).channel.index().id(source.next);
    }
    if (const auto name = names_.find(i); name != names_.end()) gap.channel = name->second;
  }
  notice.gaps.back().id = up_to;
  batch.gap_events += notice.gaps.size();
  member.state = MemberState::kQuiet;
}

bool MergedAudience::owes(const Member& member) const noexcept {
  for (SourceIndex i = member.first_source; i != kNoSource; i = sources_[i].next_of_member) {
    if (sources_[i].next != kNoFrame || gaps_.find(i) != nullptr) return true;
  }
  return false;
}

}  // namespace ringcast::net
