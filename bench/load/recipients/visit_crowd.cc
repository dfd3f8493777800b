#include "bench/load/recipients/visit_crowd.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/load/clock.h"

namespace ringcast::bench {
namespace {

constexpr size_t kExamplesMax = 8;

}  // namespace

VisitCrowd::VisitCrowd(uint32_t in_flight, size_t data_bytes)
    : visitors_(in_flight, Visitor{.reader = StreamReader(data_bytes), .target = {}}) {}

Result<std::unique_ptr<VisitCrowd>> VisitCrowd::open(const sockaddr_in& server, uint32_t in_flight,
                                                     size_t data_bytes) {
  std::unique_ptr<VisitCrowd> crowd(new VisitCrowd(in_flight, data_bytes));
  auto sockets = StreamSockets::open(server, in_flight, *crowd);
  if (!sockets) return sockets.error();
  crowd->sockets_ = std::move(*sockets);
  return crowd;
}

Result<> VisitCrowd::run(uint64_t count, const std::function<VisitOrder()>& order,
                         int64_t stall_ns) {
  order_ = &order;
  to_begin_ = count;
  const uint64_t done_at_end = done_ + count;
  for (uint32_t who = 0; who < visitors_.size() && to_begin_ > 0; ++who) begin(who);
  uint64_t last = done_;
  for (int64_t moved_ns = now_ns(); done_ < done_at_end;) {
    sockets_->collect(0);
    if (sockets_->failure()) return *sockets_->failure();
    if (done_ != last) moved_ns = now_ns();
    last = done_;
    if (now_ns() - moved_ns > stall_ns) {
      return Error{fmt::format(
          "no visit was done for {} s, {} are under way; the events that were expected did not "
          "come",
          stall_ns / kSecond, std::min<uint64_t>(visitors_.size(), done_at_end - done_))};
    }
  }
  return {};
}

void VisitCrowd::begin(uint32_t who) {
  --to_begin_;
  const VisitOrder order = (*order_)();
  visitors_[who].reader.restart();
  visitors_[who].target = order.target;
  sockets_->start(who, order.request);
}

void VisitCrowd::on_bytes(uint32_t who, std::string_view bytes) {
  const uint64_t done_before = done_;
  visitors_[who].reader.feed(bytes, [&](const StreamItem& item) {
    on_item(who, item);
    return done_ == done_before;
  });
}

void VisitCrowd::on_item(uint32_t who, const StreamItem& item) {
  const std::optional<uint32_t> target = visitors_[who].target;
  switch (item.kind) {
    case StreamItem::Kind::kOpening:
      if (!target) finish(who, {});
      return;
    case StreamItem::Kind::kEvent:
      ++events_;
      event_bytes_ += item.wire_bytes;
      if (item.tag.target == target) return finish(who, {});
      return finish(who, fmt::format("came for target {} and got an event of target {}",
                                     target.value_or(0), item.tag.target));
    case StreamItem::Kind::kGap:
      return finish(who, "got a gap event");
    case StreamItem::Kind::kDamaged:
      return finish(who, fmt::format("got damage: {}", item.why));
    case StreamItem::Kind::kEnd:
      return finish(who, "got the end of the stream");
    case StreamItem::Kind::kComment:
    case StreamItem::Kind::kIncomplete:
      return;
  }
}

void VisitCrowd::on_closed(uint32_t who) {
  finish(who, "was closed by the server");
}

void VisitCrowd::finish(uint32_t who, const std::string& wrong) {
  sockets_->end(who, StreamSockets::Ending::kReset);
  ++done_;
  if (!wrong.empty()) {
    ++wrong_;
    if (examples_.size() < kExamplesMax)
      examples_.push_back(fmt::format("visit {} {}", done_, wrong));
  }
  if (to_begin_ > 0) begin(who);
}

}  // namespace ringcast::bench
