#include "bench/load/stalled/stalled_run.h"

#include <fmt/format.h>

#include "bench/load/follow/tagged_data.h"
#include "bench/load/peers/core_watch.h"
#include "bench/load/peers/lane_publisher.h"
#include "bench/load/peers/server_metrics.h"
#include "bench/load/process_stats.h"
#include "bench/load/stalled/stalled_subscribers.h"

namespace ringcast::bench {
namespace {

constexpr int64_t kLookNs =
    10 * kMillisecond;  // between two looks at whether everybody has everything
constexpr int64_t kSettleNs = 300 * kMillisecond;  // after connecting, before memory is read

class StalledRun {
 public:
  StalledRun(const StalledPlan& plan, const Target& target)
      : plan_(plan),
        target_(target),
        published_(plan.channels, plan.lanes),
        publisher_({.server = target.publish,
                    .lanes = plan.lanes,
                    .pipeline = plan.pipeline,
                    .rate = plan.rate,
                    .duration_ns = plan.duration_ns,
                    .data_bytes = plan.data_bytes,
                    .choose_target = [this] { return next_channel_++ % plan_.channels; },
                    .name_of_target = [](uint32_t channel) { return fmt::format("c{}", channel); }},
                   published_) {}

  Result<StalledResult> run() {
    result_.laggards = plan_.laggards();
    auto subscribers = StalledSubscribers::open(plan_, target_.subscribe, published_);
    if (!subscribers) return subscribers.error();
    subscribers_ = std::move(*subscribers);
    if (auto connected = publisher_.connect(); !connected) return connected.error();
    if (auto connected = connect_all(); !connected) return connected.error();
    auto before = ServerMetrics::fetch(target_.publish);
    if (!before) return before.error();
    if (auto published = publish_all(); !published) return published.error();
    if (auto drained = drain(); !drained) return drained.error();
    auto after = ServerMetrics::fetch(target_.publish);
    if (!after) return after.error();
    take_figures(*before, *after);
    return std::move(result_);
  }

 private:
  Result<> connect_all() {
    int64_t moved_ns = now_ns();
    for (uint32_t last = 0; !subscribers_->all_begun();) {
      subscribers_->connect_more();
      subscribers_->turn(now_ns());
      if (subscribers_->failure()) return *subscribers_->failure();
      if (subscribers_->begun() != last) moved_ns = now_ns();
      last = subscribers_->begun();
      if (now_ns() - moved_ns > plan_.stall_ns) {
        return Error{fmt::format(
            "only {} streams began, then none for {} s; raise server.max_connections, or see what "
            "the server says",
            last, plan_.stall_ns / kSecond)};
      }
    }
    for (const int64_t end = now_ns() + kSettleNs; now_ns() < end;) subscribers_->turn(now_ns());
    return {};
  }

  Result<> publish_all() {
    result_.resident_start = resident();
    const int64_t cpu_before = cpu_ns(target_.pid).value_or(0);
    const int64_t own_cpu_before = cpu_ns(0).value_or(0);
    const CoreWatch core(target_);
    const int64_t start = now_ns();
    publisher_.start(start);
    uint64_t last = 0;
    for (int64_t moved = start; !publisher_.done() && now_ns() - moved < plan_.stall_ns;) {
      const int64_t now = now_ns();
      if (published_.answered() != last) moved = now;
      last = published_.answered();
      publisher_.pump(now);
      subscribers_->turn(now);
      if (result_.resident_middle == 0 && now > start + plan_.duration_ns / 2)
        result_.resident_middle = resident();
      if (publisher_.failure()) return *publisher_.failure();
      if (subscribers_->failure()) return *subscribers_->failure();
    }
    result_.publish_ns = now_ns() - start;
    result_.core_taken = core.taken_by_others();
    result_.resident_end = resident();
    result_.server_cpu_ns = cpu_ns(target_.pid).value_or(0) - cpu_before;
    result_.client_cpu_ns = cpu_ns(0).value_or(0) - own_cpu_before;
    return {};
  }

  Result<> drain() {
    if (plan_.policy == LagPolicy::kSkip) subscribers_->wake_laggards();
    uint64_t last = subscribers_->deliveries();
    for (int64_t moved = now_ns(), looked = 0;;) {
      const int64_t now = now_ns();
      subscribers_->turn(now);
      if (subscribers_->failure()) return *subscribers_->failure();
      if (subscribers_->deliveries() != last) moved = now;
      last = subscribers_->deliveries();
      if (now - looked < kLookNs) continue;
      looked = now;
      if (subscribers_->all_caught_up()) return {};
      if (now - moved < plan_.stall_ns) continue;
      result_.unfinished = true;
      return {};
    }
  }

  void take_figures(const ServerMetrics& before, const ServerMetrics& after) {
    const auto grown = [&](std::string_view name, std::string_view label) {
      return after.sum(name, label) - before.sum(name, label);
    };
    result_.closed_lapped = grown("ringcast_connections_closed_total", "cause=\"lapped\"");
    result_.skipped = grown("ringcast_events_skipped_total", "");
    result_.paced = grown("ringcast_publishes_paced_total", "");
    result_.verdict = subscribers_->judge(plan_.policy);
    result_.laggards_closed = subscribers_->laggards_closed();
    result_.healthy_closed = subscribers_->healthy_closed();
    result_.latency = subscribers_->latency();
    result_.accepted = published_.accepted();
    result_.refused = published_.refused();
    result_.publish_wait = publisher_.wait();
  }

  [[nodiscard]] int64_t resident() const {
    return memory_use(target_.pid).value_or(MemoryUse{}).resident;
  }

  StalledPlan plan_;
  Target target_;
  PublishLedger published_;
  uint32_t next_channel_ = 0;
  LanePublisher publisher_;
  std::unique_ptr<StalledSubscribers> subscribers_;
  StalledResult result_;
};

}  // namespace

bool StalledResult::delivered_well() const noexcept {
  // Only the laggards of a server that skips may be told of gaps, and there must be some then.
  return verdict.good(skipped > 0) && !unfinished && healthy_closed == 0 && accepted > 0;
}

bool StalledResult::accounted_for(LagPolicy policy) const noexcept {
  if (policy == LagPolicy::kDisconnect) return closed_lapped == laggards && skipped == 0;
  // What one that was closed had skipped is named by no gap event that it got.
  const bool named = laggards_closed == 0 ? skipped == verdict.covered : skipped >= verdict.covered;
  return closed_lapped == laggards_closed && named &&
         (laggards == 0 || closed_lapped + skipped > 0);
}

Result<StalledResult> run_stalled(const StalledPlan& plan, const Target& target) {
  return std::make_unique<StalledRun>(plan, target)->run();
}

std::string problem_of(const StalledPlan& plan) {
  if (plan.healthy == 0) return "at least one healthy subscriber is needed: --healthy 1";
  if (plan.channels == 0) return "at least one channel is needed: --channels 1";
  if (plan.data_bytes < kTaggedBytesMin)
    return fmt::format("an event needs {} bytes of data at least: --size", kTaggedBytesMin);
  return {};
}

}  // namespace ringcast::bench
