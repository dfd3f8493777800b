#include "bench/load/churn/churn_subscribers.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/load/clock.h"

namespace ringcast::bench {
namespace {

constexpr uint32_t kInFlightMax = 256;  // a listener's backlog must hold them
constexpr size_t kPathShownMax = 100;
// One who has no id yet looks again after this.
constexpr int64_t kNoIdYetNs = 50 * kMillisecond;
// A server that ends each session at once must not be hammered by those who are settled.
constexpr int64_t kSettledRetryNs = 20 * kMillisecond;

}  // namespace

ChurnSubscribers::ChurnSubscribers(const ChurnPlan& plan, PublishLedger& published)
    : plan_(plan), published_(published), random_(plan.seed) {
  subscribers_.reserve(plan.subscribers);
  for (uint32_t who = 0; who < plan.subscribers; ++who) {
    Following chosen = following(plan, who, random_);
    subscribers_.push_back(
        {.ledger = FollowerLedger(who, std::move(chosen.targets), plan.publishing.lanes),
         .reader = StreamReader(plan.publishing.data_bytes),
         .path = std::move(chosen.path)});
  }
  for (uint32_t target = 0; target < target_count(plan); ++target)
    target_by_name_.emplace(target_name(plan, target), target);
}

Result<std::unique_ptr<ChurnSubscribers>> ChurnSubscribers::open(const ChurnPlan& plan,
                                                                 const sockaddr_in& server,
                                                                 PublishLedger& published) {
  std::unique_ptr<ChurnSubscribers> subscribers(new ChurnSubscribers(plan, published));
  auto sockets = StreamSockets::open(server, plan.subscribers, *subscribers);
  if (!sockets) return sockets.error();
  subscribers->sockets_ = std::move(*sockets);
  return subscribers;
}

void ChurnSubscribers::connect_more() {
  while (!failure() && asked_ < subscribers_.size() && asked_ - streaming_ < kInFlightMax)
    begin_session(asked_++);
}

void ChurnSubscribers::turn(int64_t now_ns) {
  now_ns_ = now_ns;
  sockets_->collect(0);
  // Bounded by those that were due when the turn began: what they set is later.
  while (!timers_.empty() && timers_.top().due_ns <= now_ns && !failure()) {
    const Timer timer = timers_.top();
    timers_.pop();
    on_timer(timer);
  }
}

void ChurnSubscribers::on_timer(const Timer& timer) {
  Subscriber& subscriber = subscribers_[timer.who];
  if (subscriber.session != timer.session) return;
  if (subscriber.state == State::kAway) return begin_session(timer.who);
  if (settled_) return;
  if (!subscriber.ledger.has_id()) return set_timer(timer.who, kNoIdYetNs);
  cut(timer.who);
}

void ChurnSubscribers::begin_session(uint32_t who) {
  Subscriber& subscriber = subscribers_[who];
  ++subscriber.session;
  ++counts_.sessions;
  if (subscriber.ledger.has_id()) ++counts_.resumes;
  subscriber.state = State::kOpening;
  subscriber.reader.restart();
  const bool by_bytes = plan_.cut == CutBy::kBytes && subscriber.ledger.has_id() && !settled_;
  subscriber.bytes_left =
      by_bytes ? std::uniform_int_distribution<uint64_t>(1, plan_.cut_bytes_max)(random_)
               : UINT64_MAX;
  sockets_->start(who, subscribe_request(subscriber.path, subscriber.ledger.last_id()));
}

void ChurnSubscribers::on_bytes(uint32_t who, std::string_view bytes) {
  Subscriber& subscriber = subscribers_[who];
  const uint32_t session = subscriber.session;
  const bool last = !settled_ && bytes.size() >= subscriber.bytes_left;
  if (last) bytes = bytes.substr(0, subscriber.bytes_left);
  if (subscriber.bytes_left != UINT64_MAX) subscriber.bytes_left -= bytes.size();
  subscriber.reader.feed(bytes, [&](const StreamItem& item) { return on_item(who, item); });
  const bool ended = subscriber.session != session || subscriber.state == State::kAway;
  if (last && !ended) cut(who);
}

bool ChurnSubscribers::on_item(uint32_t who, const StreamItem& item) {
  Subscriber& subscriber = subscribers_[who];
  switch (item.kind) {
    case StreamItem::Kind::kIncomplete:
      return false;
    case StreamItem::Kind::kOpening:
      subscriber.state = State::kStreaming;
      ++streaming_;
      if (!settled_) set_timer(who, draw(plan_.session));
      return true;
    case StreamItem::Kind::kComment:
      ++counts_.comments;
      return true;
    case StreamItem::Kind::kEvent:
      subscriber.ledger.on_event(item.tag, item.id, published_, verdict_);
      return true;
    case StreamItem::Kind::kGap:
      on_gap(subscriber, item);
      return true;
    case StreamItem::Kind::kEnd:
      ++counts_.closed_by_server;
      go_away(who);
      return false;
    case StreamItem::Kind::kDamaged:
      if (!subscriber.reader.open()) {
        failure_ = Error{fmt::format("subscriber {}: GET {}: {}", who,
                                     subscriber.path.substr(0, kPathShownMax), item.why)};
      }
      subscriber.ledger.on_damage(item.why, verdict_);
      cut(who);
      return false;
  }
  return false;
}

void ChurnSubscribers::on_gap(Subscriber& subscriber, const StreamItem& item) {
  FollowerLedger& ledger = subscriber.ledger;
  const FrameId from = item.gap.requested;
  if (item.gap.channels.empty()) {
    if (ledger.targets().size() == 1)
      return ledger.on_gap(ledger.targets().front(), from, item.id, verdict_);
    return ledger.on_damage("a gap event that does not say of which channel", verdict_);
  }
  for (const std::string& channel : item.gap.channels) {
    const auto named = target_by_name_.find(channel);
    if (named == target_by_name_.end())
      return ledger.on_damage("a gap event of no known channel", verdict_);
    ledger.on_gap(named->second, from, item.id, verdict_);
  }
}

void ChurnSubscribers::on_closed(uint32_t who) {
  ++counts_.closed_by_server;
  go_away(who);
}

void ChurnSubscribers::cut(uint32_t who) {
  if (subscribers_[who].reader.inside_item()) ++counts_.cuts_inside_item;
  const bool reset = (random_() & 1) == 0;
  ++(reset ? counts_.cuts_by_reset : counts_.cuts_by_finish);
  sockets_->end(who, reset ? StreamSockets::Ending::kReset : StreamSockets::Ending::kFinish);
  go_away(who);
}

void ChurnSubscribers::go_away(uint32_t who) {
  Subscriber& subscriber = subscribers_[who];
  sockets_->end(who, StreamSockets::Ending::kReset);
  if (subscriber.state == State::kStreaming) --streaming_;
  subscriber.state = State::kAway;
  ++subscriber.session;  // what its timer was set for is over
  set_timer(who, settled_ ? kSettledRetryNs : draw(plan_.away));
}

void ChurnSubscribers::settle(int64_t now_ns) {
  now_ns_ = now_ns;
  settled_ = true;
  for (uint32_t who = 0; who < subscribers_.size(); ++who) {
    subscribers_[who].bytes_left = UINT64_MAX;
    if (subscribers_[who].state == State::kAway) begin_session(who);
  }
}

bool ChurnSubscribers::all_caught_up() const {
  if (streaming_ < size()) return false;
  return std::all_of(subscribers_.begin(), subscribers_.end(), [&](const Subscriber& subscriber) {
    const auto& targets = subscriber.ledger.targets();
    return std::all_of(targets.begin(), targets.end(), [&](uint32_t target) {
      return subscriber.ledger.last_id() >= published_.last_id(target);
    });
  });
}

FollowVerdict ChurnSubscribers::judge() const {
  FollowVerdict verdict = verdict_;
  for (const Subscriber& subscriber : subscribers_) subscriber.ledger.judge(published_, verdict);
  judge_publications(published_, verdict);
  return verdict;
}

std::optional<Error> ChurnSubscribers::failure() const {
  return failure_ ? failure_ : sockets_->failure();
}

void ChurnSubscribers::set_timer(uint32_t who, int64_t delay_ns) {
  // now_ns() and not the turn's time: a timer of zero must not be due in the turn that sets it.
  timers_.push(
      {.due_ns = now_ns() + delay_ns + 1, .who = who, .session = subscribers_[who].session});
}

int64_t ChurnSubscribers::draw(const DurationRange& range) {
  return std::uniform_int_distribution<int64_t>(range.least_ns, range.most_ns)(random_);
}

}  // namespace ringcast::bench
