#include "bench/load/churn/churn_run.h"

#include "bench/load/churn/churn_subscribers.h"
#include "bench/load/clock.h"
#include "bench/load/peers/crowd_run.h"

namespace ringcast::bench {
namespace {

// After the last delivery: an event that is sent once too often arrives within it.
constexpr int64_t kLingerNs = 300 * kMillisecond;

class ChurnRun {
 public:
  ChurnRun(const ChurnPlan& plan, const Target& target)
      : plan_(plan),
        target_(target),
        random_(plan.seed + 1),
        run_({.lanes = {.server = target.publish,
                        .publishing = plan.publishing,
                        .choose_target = [this] { return choose_target(plan_, random_); },
                        .name_of_target = [this](uint32_t it) { return target_name(plan_, it); }},
              .targets = target_count(plan),
              .stall_ns = plan.stall_ns},
             target) {}

  Result<ChurnResult> run() {
    auto subscribers = ChurnSubscribers::open(plan_, target_.subscribe, run_.published());
    if (!subscribers) return subscribers.error();
    subscribers_ = std::move(*subscribers);
    if (auto connected = run_.connect_all(*subscribers_); !connected) return connected.error();
    result_.resident_before = run_.resident_bytes();
    if (auto published = run_.publish_all(*subscribers_); !published) return published.error();
    if (auto drained = drain(); !drained) return drained.error();
    take_figures();
    return std::move(result_);
  }

 private:
  // Everybody comes back and stays until it has all there is.
  Result<> drain() {
    const int64_t start = now_ns();
    subscribers_->settle(start);
    auto caught_up = run_.drain(*subscribers_);
    if (!caught_up) return caught_up.error();
    result_.stalled = !*caught_up;
    result_.drain_ns = now_ns() - start;
    result_.figures = run_.figures();
    run_.linger(*subscribers_, kLingerNs);
    return {};
  }

  void take_figures() {
    result_.resident_after = run_.resident_bytes();
    result_.counts = subscribers_->counts();
    result_.verdict = subscribers_->judge();
  }

  ChurnPlan plan_;
  Target target_;
  Random random_;
  CrowdRun run_;
  std::unique_ptr<ChurnSubscribers> subscribers_;
  ChurnResult result_;
};

}  // namespace

Result<ChurnResult> run_churn(const ChurnPlan& plan, const Target& target) {
  return std::make_unique<ChurnRun>(plan, target)->run();
}

}  // namespace ringcast::bench
