#include "bench/load/peers/lane_publisher.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/load/clock.h"

namespace ringcast::bench {

LanePlan publish_to_channels(uint32_t channels, const PublishingPlan& publishing,
                             const sockaddr_in& server) {
  return {.server = server,
          .publishing = publishing,
          .choose_target = [channels, next = 0u]() mutable { return next++ % channels; },
          .name_of_target = [](uint32_t channel) { return fmt::format("c{}", channel); }};
}

LanePublisher::LanePublisher(LanePlan plan, PublishLedger& ledger)
    : plan_(std::move(plan)), ledger_(ledger) {}

Result<> LanePublisher::connect() {
  for (uint32_t i = 0; i < plan_.publishing.lanes; ++i) {
    auto pipe = RequestPipe::connect(plan_.server);
    if (!pipe) return pipe.error();
    lanes_.push_back({.pipe = std::move(*pipe), .unanswered = {}});
  }
  return {};
}

int64_t LanePublisher::next_due_ns() const noexcept {
  return start_ns_ +
         static_cast<int64_t>(static_cast<double>(scheduled_) * 1e9 / plan_.publishing.rate);
}

bool LanePublisher::schedule_over() const noexcept {
  return next_due_ns() >= start_ns_ + plan_.publishing.duration_ns;
}

bool LanePublisher::turn_to_lane_with_room() noexcept {
  for (size_t tried = 0; tried < lanes_.size(); ++tried) {
    if (lanes_[turn_].unanswered.size() < plan_.publishing.pipeline) return true;
    turn_ = (turn_ + 1) % plan_.publishing.lanes;
  }
  return false;
}

void LanePublisher::pump(int64_t now) {
  while (!failure_ && !schedule_over() && next_due_ns() <= now && turn_to_lane_with_room())
    publish(now);
  for (Lane& lane : lanes_) {
    lane.pipe.pump([&](const HttpAnswer& answer) { on_answer(lane, answer); });
    if (lane.pipe.failure() && !failure_) failure_ = lane.pipe.failure();
  }
}

void LanePublisher::publish(int64_t now) {
  EventTag tag{
      .lane = turn_, .target = plan_.choose_target(), .number = 0, .intended_ns = next_due_ns()};
  tag.number = ledger_.issue(tag.lane, tag.target);
  data_.clear();
  append_tagged_data(data_, tag, plan_.publishing.data_bytes);
  lateness_.record(static_cast<uint64_t>(std::max<int64_t>(now - tag.intended_ns, 0)));
  Lane& lane = lanes_[turn_];
  lane.unanswered.push_back({.tag = tag, .sent_ns = now_ns()});
  lane.pipe.send(
      post_request("/channels/" + plan_.name_of_target(tag.target), "text/plain", data_));
  ++scheduled_;
  turn_ = (turn_ + 1) % plan_.publishing.lanes;
}

void LanePublisher::on_answer(Lane& lane, const HttpAnswer& answer) {
  if (lane.unanswered.empty()) {
    failure_ = Error{"the server answered more publishes than it was sent"};
    return;
  }
  const Unanswered publish = lane.unanswered.front();
  lane.unanswered.pop_front();
  wait_.record(static_cast<uint64_t>(std::max<int64_t>(now_ns() - publish.sent_ns, 0)));
  const auto id = id_after(answer.body, "\"id\":\"");
  if (answer.status == 503) {
    ledger_.on_refused(publish.tag);
  } else if (answer.status == 201 && id) {
    ledger_.on_accepted(publish.tag, *id);
  } else {
    failure_ = Error{fmt::format("a publish to {} was answered: {} {}",
                                 plan_.name_of_target(publish.tag.target), answer.status_line(),
                                 answer.body)};
  }
}

bool LanePublisher::done() const noexcept {
  const auto idle = [](const Lane& lane) { return lane.unanswered.empty(); };
  return schedule_over() && std::all_of(lanes_.begin(), lanes_.end(), idle);
}

}  // namespace ringcast::bench
