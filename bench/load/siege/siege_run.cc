#include "bench/load/siege/siege_run.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>

#include "bench/load/peers/crowd_run.h"
#include "bench/load/peers/server_metrics.h"
#include "bench/load/siege/attack.h"
#include "bench/load/stalled/stalled_subscribers.h"

namespace ringcast::bench {
namespace {

constexpr int64_t kSettleNs = 500 * kMillisecond;  // after connecting, before memory is read
constexpr int64_t kLookNs = kSecond;               // between two looks at counters and memory
// Of attackers who look whether we still answer, between two looks: no wave of an attack.
constexpr uint64_t kProbesMax = 32;
constexpr int64_t kMemoryNs = 10 * kSecond;  // for the allocator to give back what was freed

// For as long as it lives this program comes before the attack, which is on the same core, as soon as it has something to do: a clock
// that waits for an attacker would blame the server. Where that is not allowed, it comes before it more often.
class Preferred {
 public:
  Preferred() : nice_before_(::getpriority(PRIO_PROCESS, 0)) {
    // What is started meanwhile, such as the attack, is scheduled as usual.
    const sched_param lowest{.sched_priority = 1};
    is_first_ = ::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest) == 0;
    if (!is_first_) ::setpriority(PRIO_PROCESS, 0, nice_before_ - 10);
  }
  ~Preferred() {
    const sched_param none{};
    if (is_first_) ::sched_setscheduler(0, SCHED_OTHER, &none);
    ::setpriority(PRIO_PROCESS, 0, nice_before_);
  }
  Preferred(const Preferred&) = delete;
  Preferred& operator=(const Preferred&) = delete;

 private:
  int nice_before_;
  bool is_first_;
};

class SiegeRun {
 public:
  SiegeRun(const SiegePlan& plan, bool attacked, int attack_cpu, const Target& target)
      : plan_(plan),
        attack_cpu_(attack_cpu),
        target_(target),
        run_({.lanes =
                  publish_to_channels(plan.normal.channels, plan.normal.publishing, target.publish),
              .targets = plan.normal.channels,
              .stall_ns = plan.normal.stall_ns,
              .pace = Pace::kNap},
             target) {
    result_.attacked = attacked;
  }

  Result<SiegeResult> run() {
    const Preferred preferred;
    auto admin = RequestPipe::connect(target_.publish);
    if (!admin) return admin.error();
    admin_ = std::make_unique<RequestPipe>(std::move(*admin));
    auto subscribers = StalledSubscribers::open(plan_.normal, target_.subscribe, run_.published());
    if (!subscribers) return subscribers.error();
    subscribers_ = std::move(*subscribers);
    if (auto connected = run_.connect_all(*subscribers_); !connected) return connected.error();
    run_.linger(*subscribers_, kSettleNs);

    if (auto begun = begin(); !begun) return begun.error();
    if (auto published = publish_all(); !published) return published.error();
    auto caught_up = run_.drain(*subscribers_);
    if (!caught_up) return caught_up.error();
    result_.unfinished = !*caught_up;
    if (auto ended = see_the_attack_off(); !ended) return ended.error();
    take_figures();
    return std::move(result_);
  }

 private:
  Result<> begin() {
    auto metrics = ServerMetrics::ask(*admin_);
    if (!metrics) return metrics.error();
    open_before_ = metrics->sum("ringcast_connections_open");
    accepted_before_ = accepted_ = metrics->sum("ringcast_connections_accepted_total");
    refused_before_ = metrics->sum("ringcast_requests_refused_total");
    result_.resident_start = result_.resident_peak = run_.resident_bytes();
    last_accept_ns_ = now_ns();
    if (!result_.attacked) return {};
    auto attack = Attack::start(plan_.attack, target_, attack_cpu_);
    if (!attack) return attack.error();
    attack_ = std::make_unique<Attack>(std::move(*attack));
    return {};
  }

  Result<> publish_all() {
    std::optional<Error> failure;
    auto published = run_.publish_all(*subscribers_, [&](int64_t now) {
      if (now - looked_ns_ < kLookNs || failure) return;
      if (auto looked = look(now); !looked) failure = looked.error();
    });
    if (!published) return published;
    if (failure) return *failure;
    result_.figures = run_.figures();
    return {};
  }

  // Counters and memory, also without an attack, so that looking costs both kinds of phase the same.
  Result<> look(int64_t now) {
    looked_ns_ = now;
    auto metrics = ServerMetrics::ask(*admin_);
    if (!metrics) return metrics.error();
    const uint64_t open = metrics->sum("ringcast_connections_open");
    const uint64_t accepted = metrics->sum("ringcast_connections_accepted_total");
    if (accepted - std::exchange(accepted_, accepted) > kProbesMax) {
      last_accept_ns_ = now;
      are_gone_ = false;
    }
    result_.attackers_left = open > open_before_ ? open - open_before_ : 0;
    result_.attackers_most = std::max(result_.attackers_most, result_.attackers_left);
    if (!are_gone_) result_.gone_after_ns = now - last_accept_ns_;
    if (result_.attackers_left == 0) are_gone_ = true;
    result_.accepted_connections = accepted - accepted_before_;
    result_.refused_requests = metrics->sum("ringcast_requests_refused_total") - refused_before_;
    result_.resident_peak = std::max(result_.resident_peak, run_.resident_bytes());
    return {};
  }

  // A flood ends when publishing has; another attack goes on until all its connections have been ended for it.
  Result<> see_the_attack_off() {
    if (!result_.attacked) {
      result_.resident_after = run_.resident_bytes();
      return {};
    }
    if (plan_.attack.is_flood()) attack_->stop();
    do {
      if (auto looked = look(now_ns()); !looked) return looked;
      if (result_.attackers_left == 0 && accepted_ > accepted_before_) break;
      run_.linger(*subscribers_, kLookNs / 4);
    } while (now_ns() - last_accept_ns_ < plan_.deadline_ns);
    attack_->stop();
    if (const std::string problem = attack_->problem(); !problem.empty()) return Error{problem};
    if (accepted_ == accepted_before_)
      return Error{"the attack made no connection; does its command name the right address?"};
    const int64_t give_up = now_ns() + kMemoryNs;
    do {
      run_.linger(*subscribers_, kLookNs / 4);
      result_.resident_after = run_.resident_bytes();
    } while (result_.growth_bytes() > plan_.memory_bar_bytes && now_ns() < give_up);
    result_.flood_sent = attack_->counts().sent;
    result_.flood_refused = attack_->counts().refused;
    result_.flood_unanswered = attack_->counts().unanswered;
    return {};
  }

  void take_figures() {
    result_.verdict = subscribers_->judge(LagPolicy::kDisconnect);
    result_.normal_closed = subscribers_->healthy_closed();
    result_.latency = subscribers_->latency();
  }

  SiegePlan plan_;
  int attack_cpu_;
  Target target_;
  CrowdRun run_;
  std::unique_ptr<RequestPipe> admin_;
  std::unique_ptr<StalledSubscribers> subscribers_;
  std::unique_ptr<Attack> attack_;
  uint64_t open_before_ = 0;
  uint64_t accepted_before_ = 0;
  uint64_t refused_before_ = 0;
  uint64_t accepted_ = 0;
  int64_t last_accept_ns_ = 0;
  bool are_gone_ = false;  // since then; who still looks in is a probe
  int64_t looked_ns_ = 0;
  SiegeResult result_;
};

}  // namespace

bool SiegeResult::delivered_well() const noexcept {
  return verdict.good(false) && !unfinished && normal_closed == 0 && figures.published > 0;
}

bool SiegeResult::ended_within(int64_t deadline_ns) const noexcept {
  return attackers_left == 0 && gone_after_ns <= deadline_ns;
}

bool SiegeResult::was_attacked(const AttackPlan& attack) const noexcept {
  if (!attack.is_flood()) return accepted_connections > 0 && attackers_most >= attack.attackers;
  const auto seconds = static_cast<double>(std::min(figures.publish_ns, attack.duration_ns)) / 1e9;
  return static_cast<double>(flood_sent) >= 0.9 * attack.rate * seconds &&
         flood_unanswered * 100 <= flood_sent;
}

Result<SiegeResult> run_siege(const SiegePlan& plan, bool attacked, int attack_cpu,
                              const Target& target) {
  return std::make_unique<SiegeRun>(plan, attacked, attack_cpu, target)->run();
}

std::string problem_of(const SiegePlan& plan) {
  if (plan.attack.command.empty()) {
    return "say what attacks: --attack refused, or --attack \"slowhttptest -H -c 5000 -r 1000 -i 5 "
           "-l 120 -u http://127.0.0.1:8000/\"";
  }
  if (plan.attack.is_heads() && plan.attack.attackers == 0)
    return "say how many: --attack heads --attackers 2500";
  return problem_of(plan.normal);
}

}  // namespace ringcast::bench
