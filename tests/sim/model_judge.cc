#include "tests/sim/model_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace ringcast::net {

namespace {

constexpr EventId kNoEnd{std::numeric_limits<uint64_t>::max(), 0};

// The rule of Last-Event-ID: nothing, an id that was issued, or anything else.
Start start_of(const std::string& last_event_id, EventId newest) {
  if (last_event_id.empty()) return {};
  const std::optional<EventId> id = parse_event_id(last_event_id);
  if (!id) return {.kind = Start::Kind::kUnknown};
  return {.kind = *id > newest ? Start::Kind::kUnknown : Start::Kind::kAfter, .after = *id};
}

}  // namespace

Judge::Judge(const Chronicle& chronicle, const ModelSession& session, size_t moment)
    : chronicle_(&chronicle),
      session_(&session),
      events_at_join_(chronicle.moment(moment).events),
      start_(start_of(session.last_event_id, chronicle.last_id(moment))) {
  if (start_.kind == Start::Kind::kAfter) last_ = *start_.after;
  const bool is_before_everything =
      start_.kind == Start::Kind::kAfter && *start_.after < chronicle.origin();
  const bool misses_some = start_.kind == Start::Kind::kUnknown || is_before_everything;
  for (const size_t addressee : session.addressees) {
    Source& source = sources_.emplace_back(
        Source{.addressee = addressee,
               .begin = chronicle.history_begin(chronicle.addressees()[addressee].channel, moment),
               .owes_gap = false});
    const bool was_cut = std::ranges::find(session.untold, addressee) != session.untold.end();
    source.owes_gap = (misses_some || was_cut) && is_notified(source);
    source.was_cut = was_cut;
    if (source.begin.low != source.begin.high) seen_.is_unsure = true;
  }
}

bool Judge::object(std::string why) {
  fault_ = std::move(why);
  fault_ += fmt::format(" (joined after {} events, last id received {})", events_at_join_,
                        to_string(last_));
  return false;
}

Judge::Source* Judge::source_of(size_t addressee) {
  const auto found = std::ranges::find(sources_, addressee, &Source::addressee);
  return found == sources_.end() ? nullptr : &*found;
}

bool Judge::is_notified(const Source& source) const {
  return chronicle_->config_of(source.addressee).on_gap == GapPolicy::kNotify;
}

// What is owed
// ----------------------------------------------------------------

Judge::Due Judge::due(size_t i, const Source& source) const {
  if (i >= events_at_join_) return Due::kOwed;
  const ModelEvent& event = chronicle_->events()[i];
  if (start_.kind == Start::Kind::kAfter && event.id <= *start_.after) return Due::kNotOwed;
  if (start_.kind == Start::Kind::kFirst) {
    const FirstConnect& first = chronicle_->config_of(source.addressee).on_first_connect;
    if (first.from == FirstConnect::From::kLive) return Due::kNotOwed;
    if (first.from == FirstConnect::From::kLast) {
      // Expired ones do not count, and when it looked at the clock is not known to the millisecond.
      if (newer_ones(i, session_->wall_high) >= first.last_events) return Due::kNotOwed;
      if (newer_ones(i, session_->wall_low) >= first.last_events) return Due::kPerhaps;
    }
  }
  if (event.frame >= source.begin.high) return Due::kOwed;
  return event.frame < source.begin.low ? Due::kNotHistory : Due::kPerhaps;
}

// How many of the events for the same addressee came after event `i` and before it joined, and have not expired at `wall_ms`.
size_t Judge::newer_ones(size_t i, uint64_t wall_ms) const {
  const std::vector<ModelEvent>& events = chronicle_->events();
  size_t newer = 0;
  for (size_t other = i + 1; other < events_at_join_; ++other) {
    const bool has_expired = events[other].expires_ms != 0 && wall_ms >= events[other].expires_ms;
    newer += events[other].addressee == events[i].addressee && !has_expired ? 1 : 0;
  }
  return newer;
}

bool Judge::may_have_expired(const ModelEvent& event) const {
  return event.expires_ms != 0 && session_->wall_high >= event.expires_ms;
}

bool Judge::is_lost_by_now(const ModelEvent& event) const {
  return event.frame < chronicle_->history_begin(event.channel, chronicle_->now()).high;
}

// Everything before `end` that has not been received must have its reason.
bool Judge::walk_to(EventId end) {
  const std::vector<ModelEvent>& events = chronicle_->events();
  for (; next_ < events.size() && events[next_].id < end; ++next_) {
    Source* const source = source_of(events[next_].addressee);
    if (source != nullptr && !account_for(next_, *source)) return false;
  }
  return true;
}

bool Judge::account_for(size_t i, Source& source) {
  const ModelEvent& event = chronicle_->events()[i];
  const bool is_named = source.has_gap && event.id > source.from && event.id <= source.up_to;
  if (is_named) ++source.covered;
  const Due due = this->due(i, source);
  const bool asked_for_it = start_.kind != Start::Kind::kFirst;
  if (due == Due::kNotOwed) return true;
  if (due == Due::kNotHistory) {
    if (!is_named && asked_for_it && is_notified(source)) source.untold.push_back(event.id);
    return true;
  }
  if (is_named && due == Due::kOwed && !is_lost_by_now(event)) {
    return object("named as lost, and it is not: " + event.data);
  }
  const bool has_expired = may_have_expired(event);
  if (!is_named && !has_expired && due == Due::kPerhaps) {
    if (asked_for_it && is_notified(source)) source.untold.push_back(event.id);
    return true;
  }
  const bool is_skipped =
      chronicle_->config_of(source.addressee).slow_subscriber == SlowSubscriberPolicy::kSkip &&
      is_lost_by_now(event);
  if (!is_named && !has_expired && !is_skipped) return object("missing: " + event.data);
  ++seen_.skipped[event.channel];
  if (has_expired) {
    ++seen_.expired;
  } else if (is_notified(source)) {
    ++seen_.lost;
    if (!is_named) source.untold.push_back(event.id);
  } else {
    ++seen_.lost_silently;
  }
  return true;
}

// What comes
// ----------------------------------------------------------------

bool Judge::take(const StreamEvent& event) {
  std::optional<EventId> id;
  if (!event.id.empty()) {
    id = parse_event_id(event.id);
    if (!id) return object("not an id: " + event.id);
    if (*id <= last_) return object("repeated or out of order: " + event.id + ' ' + event.data);
  }
  if (event.type == kGapType) {
    const std::optional<Notice> notice = read_notice(event.data);
    if (!notice) return object("not what a gap event says: " + event.data);
    pending_.push_back(*notice);
    return !id || take_gaps(*id);
  }
  if (!id) return object("an event without an id: " + event.data);
  return take_event(event, *id);
}

bool Judge::take_event(const StreamEvent& event, EventId id) {
  if (!pending_.empty()) return object("a gap event without an id, and no other follows");
  if (!walk_to(id)) return false;
  const std::vector<ModelEvent>& events = chronicle_->events();
  if (next_ == events.size() || events[next_].id != id) {
    return object("never committed: " + event.id + ' ' + event.data);
  }
  const ModelEvent& expected = events[next_];
  Source* const source = source_of(expected.addressee);
  if (source == nullptr) return object("for somebody else: " + event.data);
  if (event.data != expected.data || event.type != expected.type) {
    return object("not as it was published: " + event.data);
  }
  const Due due = this->due(next_, *source);
  if (due == Due::kNotOwed) return object("nobody asked for it: " + event.data);
  if (due == Due::kNotHistory) return object("no history any more: " + event.data);
  if (source->has_gap && id <= source->up_to) return object("said to be lost: " + event.data);
  const bool had_expired = next_ < events_at_join_ && expected.expires_ms != 0 &&
                           session_->wall_low >= expected.expires_ms;
  if (had_expired) return object("replayed after its time: " + event.data);
  if (source->owes_gap || !source->untold.empty()) {
    return object("something is missing before it, and no gap event says so: " + event.data);
  }
  source->last = last_ = id;
  ++next_;
  return true;
}

bool Judge::finish() {
  if (!pending_.empty()) return object("a gap event without an id at the end");
  if (!walk_to(kNoEnd)) return false;
  for (const Source& source : sources_) {
    if (source.owes_gap || !source.untold.empty()) {
      return object("no gap event says what is missing");
    }
  }
  return true;
}

std::vector<size_t> Judge::untold() const {
  std::vector<size_t> addressees;
  for (const Source& source : sources_) {
    const bool is_still_untold = source.was_cut && source.owes_gap;
    if (is_still_untold || !source.untold.empty()) addressees.push_back(source.addressee);
  }
  return addressees;
}

}  // namespace ringcast::net
