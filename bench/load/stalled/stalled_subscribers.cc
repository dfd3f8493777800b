#include "bench/load/stalled/stalled_subscribers.h"

#include <fmt/format.h>

#include <algorithm>

namespace ringcast::bench {
namespace {

constexpr uint32_t kInFlightMax = 256;  // a listener's backlog must hold them

}  // namespace

StalledSubscribers::StalledSubscribers(const StalledPlan& plan, PublishLedger& published)
    : plan_(plan), published_(published) {
  const uint32_t all = plan.healthy + plan.laggards();
  subscribers_.reserve(all);
  // Whenever another share of the laggards is due, the next subscriber is one.
  uint32_t stalled = 0;
  for (uint32_t who = 0; who < all; ++who) {
    Kind kind = Kind::kHealthy;
    const uint64_t due = (uint64_t{who} + 1) * plan.laggards() / all;
    if (stalled + trickling_.size() < due) {
      kind = stalled < plan.stalled ? Kind::kStalled : Kind::kTrickling;
      if (kind == Kind::kStalled) ++stalled;
      if (kind == Kind::kTrickling) trickling_.push_back(who);
    }
    subscribers_.push_back({.ledger = FollowerLedger(who, {channel_of(who)}, plan.publishing.lanes),
                            .reader = StreamReader(plan.publishing.data_bytes),
                            .kind = kind});
  }
}

Result<std::unique_ptr<StalledSubscribers>> StalledSubscribers::open(const StalledPlan& plan,
                                                                     const sockaddr_in& server,
                                                                     PublishLedger& published) {
  std::unique_ptr<StalledSubscribers> subscribers(new StalledSubscribers(plan, published));
  auto sockets = StreamSockets::open(server, plan.healthy + plan.laggards(), *subscribers);
  if (!sockets) return sockets.error();
  subscribers->sockets_ = std::move(*sockets);
  return subscribers;
}

void StalledSubscribers::connect_more() {
  while (!failure() && asked_ < subscribers_.size() && asked_ - begun_ < kInFlightMax) {
    const bool lags = subscribers_[asked_].kind != Kind::kHealthy;
    sockets_->start(asked_, subscribe_request(fmt::format("/channels/c{}", channel_of(asked_)), {}),
                    lags ? plan_.receive_buffer_bytes : 0);
    ++asked_;
  }
}

void StalledSubscribers::turn(int64_t now_ns) {
  sockets_->collect(0);
  if (awake_ || now_ns < next_trickle_ns_) return;
  next_trickle_ns_ = now_ns + kSecond;
  for (const uint32_t who : trickling_) sockets_->read_byte(who);
}

void StalledSubscribers::wake_laggards() {
  awake_ = true;
  for (uint32_t who = 0; who < subscribers_.size(); ++who) {
    if (subscribers_[who].kind != Kind::kHealthy) sockets_->resume_reading(who);
  }
}

void StalledSubscribers::on_bytes(uint32_t who, std::string_view bytes) {
  now_ns_ = now_ns();
  subscribers_[who].reader.feed(bytes, [&](const StreamItem& item) { return on_item(who, item); });
}

bool StalledSubscribers::on_item(uint32_t who, const StreamItem& item) {
  Subscriber& subscriber = subscribers_[who];
  switch (item.kind) {
    case StreamItem::Kind::kOpening:
      on_opening(who);
      return true;
    case StreamItem::Kind::kEvent:
      subscriber.ledger.on_event(item.tag, item.id, published_, verdict_);
      if (subscriber.kind == Kind::kHealthy) {
        latency_.record(
            static_cast<uint64_t>(std::max<int64_t>(now_ns_ - item.tag.intended_ns, 0)));
      }
      return true;
    case StreamItem::Kind::kGap:
      subscriber.ledger.on_gap(channel_of(who), item.gap.requested, item.id, verdict_);
      return true;
    case StreamItem::Kind::kComment:
      return true;
    case StreamItem::Kind::kDamaged:
      if (!subscriber.reader.open())
        failure_ = Error{fmt::format("subscriber {}: {}", who, item.why)};
      subscriber.ledger.on_damage(item.why, verdict_);
      [[fallthrough]];
    case StreamItem::Kind::kEnd:
      sockets_->end(who, StreamSockets::Ending::kReset);
      on_closed(who);
      return false;
    case StreamItem::Kind::kIncomplete:
      return false;
  }
  return false;
}

void StalledSubscribers::on_opening(uint32_t who) {
  ++begun_;
  if (subscribers_[who].kind != Kind::kHealthy) sockets_->pause_reading(who);
}

void StalledSubscribers::on_closed(uint32_t who) {
  Subscriber& subscriber = subscribers_[who];
  subscriber.closed = true;
  if (!subscriber.reader.open() && !failure_)
    failure_ = Error{fmt::format("the server closed subscriber {} before its stream began", who)};
  ++(subscriber.kind == Kind::kHealthy ? healthy_closed_ : laggards_closed_);
}

bool StalledSubscribers::all_caught_up() const {
  for (uint32_t who = 0; who < subscribers_.size(); ++who) {
    const Subscriber& subscriber = subscribers_[who];
    const bool expected = awake_ || subscriber.kind == Kind::kHealthy;
    if (expected && !subscriber.closed &&
        subscriber.ledger.last_id() < published_.last_id(channel_of(who))) {
      return false;
    }
  }
  return true;
}

FollowVerdict StalledSubscribers::judge(LagPolicy policy) const {
  FollowVerdict verdict = verdict_;
  for (const Subscriber& subscriber : subscribers_) {
    // One that was closed for lagging has what it has.
    const bool skipping = policy == LagPolicy::kSkip && !subscriber.closed;
    if (subscriber.kind == Kind::kHealthy || skipping) subscriber.ledger.judge(published_, verdict);
  }
  judge_publications(published_, verdict);
  return verdict;
}

std::optional<Error> StalledSubscribers::failure() const {
  return failure_ ? failure_ : sockets_->failure();
}

}  // namespace ringcast::bench
