#include "bench/load/follow/follower_ledger.h"

#include <fmt/format.h>

#include <algorithm>

namespace ringcast::bench {
namespace {

constexpr size_t kExamplesMax = 8;

std::string text_of(FrameId id) {
  return fmt::format("{}-{}", id.ms, id.seq);
}

}  // namespace

bool FollowVerdict::good(bool gaps_allowed) const noexcept {
  const bool as_promised = uncovered + overcovered + repeated + reordered + damaged + misdelivered +
                               contradicted + unanswered + ids_differ + refused_yet_delivered ==
                           0;
  return as_promised && (gaps_allowed || gaps + covered == 0);
}

void judge_publications(const PublishLedger& published, FollowVerdict& verdict) {
  verdict.unanswered = published.unanswered();
  verdict.ids_differ = published.ids_differ();
  verdict.refused_yet_delivered = published.refused_yet_delivered();
}

size_t ranges_holding(FrameId id, const std::vector<FrameId>& froms,
                      const std::vector<FrameId>& tos) noexcept {
  const auto begun = std::lower_bound(froms.begin(), froms.end(), id) - froms.begin();
  const auto ended = std::lower_bound(tos.begin(), tos.end(), id) - tos.begin();
  return static_cast<size_t>(begun - ended);
}

FollowerLedger::FollowerLedger(uint32_t who, std::vector<uint32_t> targets, uint32_t lanes)
    : who_(who), lanes_(lanes), targets_(std::move(targets)) {
  std::sort(targets_.begin(), targets_.end());
  followed_.resize(targets_.size());
  next_.resize(targets_.size() * lanes_);
}

FollowerLedger::Followed* FollowerLedger::find(uint32_t target) noexcept {
  const auto at = std::lower_bound(targets_.begin(), targets_.end(), target);
  if (at == targets_.end() || *at != target) return nullptr;
  return &followed_[static_cast<size_t>(at - targets_.begin())];
}

uint32_t& FollowerLedger::next_number(const Followed& followed, uint32_t lane) noexcept {
  return next_[static_cast<size_t>(&followed - followed_.data()) * lanes_ + lane];
}

void FollowerLedger::on_event(const EventTag& tag, FrameId id, PublishLedger& published,
                              FollowVerdict& verdict) {
  if (!published.on_delivered(tag, id)) return on_damage("an event nobody published", verdict);
  Followed* followed = find(tag.target);
  if (followed == nullptr) {
    ++verdict.misdelivered;
    return note(verdict,
                fmt::format("got an event of target {}, which it had not asked for", tag.target));
  }
  ++verdict.deliveries;
  uint32_t& next = next_number(*followed, tag.lane);
  if (tag.number < next) {
    const bool late = take_late(followed->passed_over, tag.lane, tag.number);
    ++(late ? verdict.reordered : verdict.repeated);
    return note(verdict, fmt::format("got event {} of lane {}, target {} {} (id {}, last {})",
                                     tag.number, tag.lane, tag.target, late ? "late" : "again",
                                     text_of(id), text_of(last_id_)));
  }
  if (tag.number > next)
    followed->passed_over.push_back({.lane = tag.lane, .from = next, .to = tag.number});
  next = tag.number + 1;
  if (id <= last_id_) {
    ++verdict.reordered;
    note(verdict, fmt::format("got id {} after {}", text_of(id), text_of(last_id_)));
  }
  followed->last_id = std::max(followed->last_id, id);
  last_id_ = std::max(last_id_, id);
}

bool FollowerLedger::take_late(std::vector<Run>& passed_over, uint32_t lane, uint32_t number) {
  for (size_t i = 0; i < passed_over.size(); ++i) {
    Run& run = passed_over[i];
    if (run.lane != lane || number < run.from || number >= run.to) continue;
    const Run above{.lane = lane, .from = number + 1, .to = run.to};
    run.to = number;
    if (run.from == run.to) passed_over.erase(passed_over.begin() + static_cast<ptrdiff_t>(i));
    if (above.from < above.to) passed_over.push_back(above);
    return true;
  }
  return false;
}

void FollowerLedger::on_gap(uint32_t target, FrameId from, FrameId to, FollowVerdict& verdict) {
  ++verdict.gaps;
  Followed* followed = find(target);
  if (followed == nullptr) {
    ++verdict.misdelivered;
    return note(verdict, fmt::format("got a gap of target {}, which it had not asked for", target));
  }
  // The id just before an event of one channel may be that of an event of another: equal is in order here.
  if (to < last_id_ || to < from) {
    ++verdict.reordered;
    note(verdict, fmt::format("got a gap from {} to {} after id {}", text_of(from), text_of(to),
                              text_of(last_id_)));
  }
  if (from < followed->last_id) {
    ++verdict.contradicted;
    note(verdict, fmt::format("got a gap of target {} from {}, having had its event {}", target,
                              text_of(from), text_of(followed->last_id)));
  }
  if (targets_.size() > 1) {
    if (to <= followed->told_up_to) {
      ++verdict.overcovered;
      note(verdict,
           fmt::format("was told twice of a gap of target {} up to {}", target, text_of(to)));
    }
    from = std::max(followed->last_id, followed->told_up_to);
  }
  if (from <= to) followed->gaps.push_back({.from = from, .to = to});
  followed->told_up_to = to;
  last_id_ = std::max(last_id_, to);
}

void FollowerLedger::on_damage(const char* why, FollowVerdict& verdict) const {
  ++verdict.damaged;
  note(verdict, fmt::format("got {} (after id {})", why, text_of(last_id_)));
}

void FollowerLedger::judge(const PublishLedger& published, FollowVerdict& verdict) const {
  for (size_t i = 0; i < targets_.size(); ++i) judge_target(i, published, verdict);
}

void FollowerLedger::judge_target(size_t index, const PublishLedger& published,
                                  FollowVerdict& verdict) const {
  const Followed& followed = followed_[index];
  const uint32_t target = targets_[index];
  std::vector<FrameId> froms;
  std::vector<FrameId> tos;
  for (const Range& gap : followed.gaps) {
    froms.push_back(gap.from);
    tos.push_back(gap.to);
  }
  std::sort(froms.begin(), froms.end());
  std::sort(tos.begin(), tos.end());

  std::vector<FrameId> missed;
  bool noted = false;
  const auto judge_one = [&](uint32_t lane, uint32_t number) {
    const Publication& event = published.of(lane, target)[number];
    if (event.answer != Publication::Answer::kAccepted) return;
    const size_t gaps = ranges_holding(event.id, froms, tos);
    missed.push_back(event.id);
    ++(gaps == 0 ? verdict.uncovered : gaps == 1 ? verdict.covered : verdict.overcovered);
    if (gaps != 1 && !noted) {
      noted = true;  // one example of each target will do
      note(verdict,
           fmt::format("never got event {} of lane {}, target {} (id {}); {} gap events name it",
                       number, lane, target, text_of(event.id), gaps));
    }
  };
  for (const Run& run : followed.passed_over) {
    for (uint32_t number = run.from; number < run.to; ++number) judge_one(run.lane, number);
  }
  for (uint32_t lane = 0; lane < lanes_; ++lane) {
    const auto issued = static_cast<uint32_t>(published.of(lane, target).size());
    for (uint32_t number = next_[index * lanes_ + lane]; number < issued; ++number)
      judge_one(lane, number);
  }

  std::sort(missed.begin(), missed.end());
  for (const Range& gap : followed.gaps) {
    const auto first = std::upper_bound(missed.begin(), missed.end(), gap.from);
    if (first == missed.end() || gap.to < *first) ++verdict.idle_gaps;
  }
}

void FollowerLedger::note(FollowVerdict& verdict, const std::string& what) const {
  if (verdict.examples.size() < kExamplesMax)
    verdict.examples.push_back(fmt::format("subscriber {} {}", who_, what));
}

}  // namespace ringcast::bench
