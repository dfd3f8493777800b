#include "bench/load/churn/churn_run.h"

#include <fmt/format.h>

#include "bench/load/churn/churn_subscribers.h"
#include "bench/load/clock.h"
#include "bench/load/peers/core_watch.h"
#include "bench/load/peers/lane_publisher.h"
#include "bench/load/process_stats.h"

namespace ringcast::bench {
namespace {

// After the last delivery: an event that is sent once too often arrives within it.
constexpr int64_t kLingerNs = 300 * kMillisecond;
// Whether everybody has everything is looked at so often.
constexpr int64_t kLookNs = 10 * kMillisecond;

class ChurnRun {
 public:
  ChurnRun(const ChurnPlan& plan, const Target& target)
      : plan_(plan),
        target_(target),
        random_(plan.seed + 1),
        published_(target_count(plan), plan.lanes),
        publisher_({.server = target.publish,
                    .lanes = plan.lanes,
                    .pipeline = plan.pipeline,
                    .rate = plan.rate,
                    .duration_ns = plan.duration_ns,
                    .data_bytes = plan.data_bytes,
                    .choose_target = [this] { return choose_target(plan_, random_); },
                    .name_of_target = [this](uint32_t it) { return target_name(plan_, it); }},
                   published_) {}

  Result<ChurnResult> run() {
    auto subscribers = ChurnSubscribers::open(plan_, target_.subscribe, published_);
    if (!subscribers) return subscribers.error();
    subscribers_ = std::move(*subscribers);
    if (auto connected = publisher_.connect(); !connected) return connected.error();
    if (auto connected = connect_all(); !connected) return connected.error();
    if (auto published = publish_all(); !published) return published.error();
    if (auto drained = drain(); !drained) return drained.error();
    take_figures();
    return std::move(result_);
  }

 private:
  Result<> connect_all() {
    int64_t moved_ns = now_ns();
    for (uint32_t last = 0; !subscribers_->all_streaming();) {
      subscribers_->connect_more();
      subscribers_->turn(now_ns());
      if (subscribers_->failure()) return *subscribers_->failure();
      if (subscribers_->streaming() != last) moved_ns = now_ns();
      last = subscribers_->streaming();
      if (now_ns() - moved_ns > plan_.stall_ns) {
        return Error{
            fmt::format("only {} of {} streams began, then none for {} s; see what the server says",
                        last, plan_.subscribers, plan_.stall_ns / kSecond)};
      }
    }
    return {};
  }

  Result<> publish_all() {
    result_.resident_before = memory_use(target_.pid).value_or(MemoryUse{}).resident;
    cpu_before_ns_ = cpu_ns(target_.pid).value_or(0);
    own_cpu_before_ns_ = cpu_ns(0).value_or(0);
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
      if (publisher_.failure()) return *publisher_.failure();
      if (subscribers_->failure()) return *subscribers_->failure();
    }
    result_.publish_ns = now_ns() - start;
    result_.core_taken = core.taken_by_others();
    return {};
  }

  // Everybody comes back and stays until it has all there is.
  Result<> drain() {
    const int64_t start = now_ns();
    subscribers_->settle(start);
    uint64_t last = subscribers_->deliveries();
    bool caught_up = false;
    for (int64_t moved = start, looked = 0; !caught_up && now_ns() - moved < plan_.stall_ns;) {
      const int64_t now = now_ns();
      subscribers_->turn(now);
      if (subscribers_->failure()) return *subscribers_->failure();
      if (subscribers_->deliveries() != last) moved = now;
      last = subscribers_->deliveries();
      if (now - looked < kLookNs) continue;
      looked = now;
      caught_up = subscribers_->all_caught_up();
    }
    result_.stalled = !caught_up;
    result_.drain_ns = now_ns() - start;
    result_.server_cpu_ns = cpu_ns(target_.pid).value_or(0) - cpu_before_ns_;
    result_.client_cpu_ns = cpu_ns(0).value_or(0) - own_cpu_before_ns_;
    for (const int64_t end = now_ns() + kLingerNs; now_ns() < end;) subscribers_->turn(now_ns());
    return {};
  }

  void take_figures() {
    result_.resident_after = memory_use(target_.pid).value_or(MemoryUse{}).resident;
    result_.counts = subscribers_->counts();
    result_.verdict = subscribers_->judge();
    result_.accepted = published_.accepted();
    result_.refused = published_.refused();
    result_.publish_wait = publisher_.wait();
    result_.publish_lateness = publisher_.lateness();
  }

  ChurnPlan plan_;
  Target target_;
  Random random_;
  PublishLedger published_;
  LanePublisher publisher_;
  std::unique_ptr<ChurnSubscribers> subscribers_;
  int64_t cpu_before_ns_ = 0;
  int64_t own_cpu_before_ns_ = 0;
  ChurnResult result_;
};

}  // namespace

Result<ChurnResult> run_churn(const ChurnPlan& plan, const Target& target) {
  return std::make_unique<ChurnRun>(plan, target)->run();
}

}  // namespace ringcast::bench
