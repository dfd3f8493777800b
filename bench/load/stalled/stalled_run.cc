#include "bench/load/stalled/stalled_run.h"

#include <fmt/format.h>

#include "bench/load/follow/tagged_data.h"
#include "bench/load/peers/crowd_run.h"
#include "bench/load/peers/server_metrics.h"
#include "bench/load/stalled/stalled_subscribers.h"

namespace ringcast::bench {
namespace {

constexpr int64_t kSettleNs = 300 * kMillisecond;  // after connecting, before memory is read

class StalledRun {
 public:
  StalledRun(const StalledPlan& plan, const Target& target)
      : plan_(plan),
        target_(target),
        run_({.lanes = publish_to_channels(plan.channels, plan.publishing, target.publish),
              .targets = plan.channels,
              .stall_ns = plan.stall_ns},
             target) {}

  Result<StalledResult> run() {
    result_.laggards = plan_.laggards();
    auto subscribers = StalledSubscribers::open(plan_, target_.subscribe, run_.published());
    if (!subscribers) return subscribers.error();
    subscribers_ = std::move(*subscribers);
    if (auto connected = run_.connect_all(*subscribers_); !connected) return connected.error();
    run_.linger(*subscribers_, kSettleNs);
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
  Result<> publish_all() {
    result_.resident_start = run_.resident_bytes();
    const int64_t middle = now_ns() + plan_.publishing.duration_ns / 2;
    auto published = run_.publish_all(*subscribers_, [&](int64_t now) {
      if (result_.resident_middle == 0 && now > middle)
        result_.resident_middle = run_.resident_bytes();
    });
    if (!published) return published;
    result_.resident_end = run_.resident_bytes();
    result_.figures = run_.figures();
    return {};
  }

  Result<> drain() {
    if (plan_.policy == LagPolicy::kSkip) subscribers_->wake_laggards();
    auto caught_up = run_.drain(*subscribers_);
    if (!caught_up) return caught_up.error();
    result_.unfinished = !*caught_up;
    return {};
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
  }

  StalledPlan plan_;
  Target target_;
  CrowdRun run_;
  std::unique_ptr<StalledSubscribers> subscribers_;
  StalledResult result_;
};

}  // namespace

bool StalledResult::delivered_well() const noexcept {
  // Only the laggards of a server that skips may be told of gaps, and there must be some then.
  return verdict.good(skipped > 0) && !unfinished && healthy_closed == 0 && figures.published > 0;
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
  if (plan.publishing.data_bytes < kTaggedBytesMin)
    return fmt::format("an event needs {} bytes of data at least: --size", kTaggedBytesMin);
  return {};
}

}  // namespace ringcast::bench
