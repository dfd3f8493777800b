#include "bench/load/load_run.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <memory>

#include "bench/load/clock.h"
#include "bench/load/peers/core_watch.h"
#include "bench/load/publisher.h"
#include "bench/load/subscriber_fleet.h"

namespace ringcast::bench {
namespace {

// After connecting, before memory is read and the first publish: lets the server finish what it
// postponed.
constexpr int64_t kSettleNs = 300 * kMillisecond;
// After the last expected delivery: an event that is sent once too often arrives within it.
constexpr int64_t kLingerNs = 200 * kMillisecond;
// A timer on a virtual machine may be late by a quarter of a millisecond; stay awake from here on.
constexpr int64_t kWakeEarlyNs = 500 * kMicrosecond;
// Short enough to acknowledge heartbeats before TCP's 40 ms timer must, long enough to cost the
// server no wake-up.
constexpr int64_t kNapNs = 10 * kMillisecond;

class LoadRun {
 public:
  LoadRun(const LoadPlan& plan, const Target& target)
      : plan_(plan),
        target_(target),
        checker_(plan.subscribers, plan.publishers, plan.data_bytes),
        publisher_({.server = target.publish,
                    .path = "/channels/" + plan.channel,
                    .connections = plan.publishers,
                    .pipeline = plan.pipeline,
                    .subscribers = plan.subscribers,
                    .data_bytes = plan.data_bytes,
                    .interval_ns = plan.interval_ns,
                    .events_max = plan.events_max,
                    .duration_ns = plan.duration_ns}) {}

  Result<LoadResult> run() {
    result_.target = target_.name;
    result_.subscribers = plan_.subscribers;
    auto fleet = SubscriberFleet::open({.server = target_.subscribe,
                                        .path = "/channels/" + plan_.channel,
                                        .subscribers = plan_.subscribers,
                                        .publishers = plan_.publishers,
                                        .in_flight_max = plan_.in_flight_max},
                                       checker_);
    if (!fleet) return fleet.error();
    fleet_ = std::move(*fleet);
    if (auto connected = connect_all(); !connected) return connected.error();
    if (plan_.idle_ns > 0) watch_idle();
    if (!plan_.connect_only) {
      if (auto delivered = publish_all(); !delivered) return delivered.error();
    }
    result_.verdict = checker_.judge(publisher_.record());
    return std::move(result_);
  }

 private:
  Result<> connect_all() {
    result_.memory_before = memory_use(target_.pid).value_or(MemoryUse{});
    const int64_t cpu_before = server_cpu();
    const int64_t start = now_ns();
    int64_t moved = start;
    for (uint32_t last = 0; fleet_->streaming() < plan_.subscribers;) {
      fleet_->connect_more();
      fleet_->collect();
      if (fleet_->failure()) return *fleet_->failure();
      const int64_t now = now_ns();
      if (fleet_->streaming() != last) moved = now;
      last = fleet_->streaming();
      if (now - moved > plan_.stall_ns) {
        return Error{fmt::format(
            "only {} of {} streams began, then none for {} s; raise server.max_connections, or see "
            "what the server says",
            last, plan_.subscribers, plan_.stall_ns / kSecond)};
      }
    }
    result_.connect_ns = now_ns() - start;
    result_.connect_server_cpu_ns = server_cpu() - cpu_before;
    nap_until(now_ns() + kSettleNs);
    result_.memory_connected = memory_use(target_.pid).value_or(MemoryUse{});
    return {};
  }

  void watch_idle() {
    const int64_t cpu_before = server_cpu();
    const uint64_t heartbeats_before = checker_.heartbeats();
    const int64_t start = now_ns();
    nap_until(start + plan_.idle_ns);
    result_.idle_ns = now_ns() - start;
    result_.idle_server_cpu_ns = server_cpu() - cpu_before;
    result_.idle_heartbeats = checker_.heartbeats() - heartbeats_before;
  }

  Result<> publish_all() {
    if (auto connected = publisher_.connect(); !connected) return connected;
    if (auto watched = fleet_->receive_answers_for(publisher_); !watched) return watched;
    nap_until(now_ns() + kSettleNs / 10);
    const int64_t start = now_ns() + kMillisecond;
    publisher_.start(start);
    const int64_t cpu_before = server_cpu();
    const CoreWatch core(target_);
    const int64_t own_cpu_before = cpu_ns(0).value_or(0);
    const int64_t user_before = user_cpu_ns(target_.pid).value_or(0);
    if (auto delivered = deliver_all(); !delivered) return delivered;
    result_.server_cpu_ns = server_cpu() - cpu_before;
    result_.server_user_cpu_ns = user_cpu_ns(target_.pid).value_or(0) - user_before;
    result_.server_core_taken = core.taken_by_others();
    result_.client_cpu_ns = cpu_ns(0).value_or(0) - own_cpu_before;
    result_.deliver_ns = last_moved_ns_ - start;
    nap_until(now_ns() + kLingerNs);
    take_figures();
    return {};
  }

  // The measuring loop: publish what is due, collect what has come, and sleep only while nothing is
  // expected.
  Result<> deliver_all() {
    last_moved_ns_ = now_ns();
    uint64_t moved_before = 0;
    int64_t nothing_owed_ns = last_moved_ns_;
    for (int64_t now = now_ns(), before = now;; before = now) {
      publisher_.pump(now);
      const uint32_t completions = fleet_->collect();
      now = now_ns();
      awake_ns_ += now - before;
      if (completions > 0) busy_ns_ += now - before;
      if (publisher_.failure()) return *publisher_.failure();

      const uint64_t moved = checker_.deliveries() + publisher_.accepted() + publisher_.refused();
      if (moved != moved_before) last_moved_ns_ = now;
      moved_before = moved;
      const bool all_here =
          publisher_.unanswered() == 0 && checker_.deliveries() >= expected_deliveries();
      if (all_here && publisher_.done(now)) return {};
      if (!all_here) {
        if (now - std::max(last_moved_ns_, nothing_owed_ns) <= plan_.stall_ns) continue;
        result_.stalled = true;
        return {};
      }
      nothing_owed_ns = now;
      const int64_t spare_ns = publisher_.next_due_ns(now) - now - kWakeEarlyNs;
      if (spare_ns > 0) {
        nap(std::min(spare_ns, kNapNs));
        now = now_ns();
      }
    }
  }

  [[nodiscard]] uint64_t expected_deliveries() const noexcept {
    return publisher_.accepted() * plan_.subscribers;
  }
  [[nodiscard]] int64_t server_cpu() const { return cpu_ns(target_.pid).value_or(0); }

  static void nap(int64_t duration_ns) noexcept {
    const timespec time{.tv_sec = duration_ns / kSecond, .tv_nsec = duration_ns % kSecond};
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &time, nullptr);
  }
  // Receives, without hurry, what comes meanwhile.
  void nap_until(int64_t until_ns) {
    for (int64_t now = now_ns(); now < until_ns; now = now_ns()) {
      nap(std::min(until_ns - now, kNapNs));
      while (fleet_->collect() > 0 && now_ns() < until_ns) {
      }
    }
  }

  void take_figures() {
    result_.events = publisher_.accepted();
    result_.deliveries = checker_.deliveries();
    result_.latency = checker_.latency();
    result_.last_reader = checker_.last_reader();
    take_client_figures();
    result_.refused = publisher_.refused();
    result_.miscounted = publisher_.miscounted();
    result_.ids_agree = publisher_.id_digest() == checker_.id_digest();
    result_.publish_wait = publisher_.wait();
    result_.publish_lateness = publisher_.lateness();
  }

  // What its core's other users took is not the client's cost: it is spread evenly over busy and
  // idle waking time.
  void take_client_figures() {
    const auto awake = static_cast<double>(std::max<int64_t>(awake_ns_, 1));
    const double own = std::min(static_cast<double>(result_.client_cpu_ns) / awake, 1.0);
    result_.client_awake_ns = awake_ns_;
    result_.client_busy = static_cast<double>(busy_ns_) / awake;
    result_.client_cost_ns = static_cast<double>(busy_ns_) * own /
                             static_cast<double>(std::max<uint64_t>(result_.deliveries, 1));
  }

  LoadPlan plan_;
  Target target_;
  StreamChecker checker_;
  Publisher publisher_;
  std::unique_ptr<SubscriberFleet> fleet_;
  int64_t last_moved_ns_ = 0;
  int64_t awake_ns_ = 0;
  int64_t busy_ns_ = 0;
  LoadResult result_;
};

// A fleet's sockets are closed by the kernel in the background; the next run must not pay for that.
void wait_until_closed(int64_t sockets_before) {
  const int64_t give_up = now_ns() + 60 * kSecond;
  const timespec pause{.tv_sec = 0, .tv_nsec = 20 * kMillisecond};
  while (tcp_sockets_in_use() > sockets_before + 100 && now_ns() < give_up) {
    ::clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
  }
}

}  // namespace

Result<LoadResult> run_load(const LoadPlan& plan, const Target& target) {
  const int64_t sockets_before = tcp_sockets_in_use();
  auto run = std::make_unique<LoadRun>(plan, target);
  auto result = run->run();
  run.reset();
  wait_until_closed(sockets_before);
  return result;
}

}  // namespace ringcast::bench
