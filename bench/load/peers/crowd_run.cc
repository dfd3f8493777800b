#include "bench/load/peers/crowd_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/load/clock.h"
#include "bench/load/process_stats.h"

namespace ringcast::bench {
namespace {

// Between two looks at whether everybody has everything.
constexpr int64_t kLookNs = 10 * kMillisecond;
// The answers of publishes end no nap, so that naps are short.
constexpr int64_t kNapNs = kMillisecond;

}  // namespace

CrowdRun::CrowdRun(Plan plan, const Target& target)
    : plan_(std::move(plan)),
      target_(target),
      published_(plan_.targets, plan_.lanes.publishing.lanes),
      publisher_(plan_.lanes, published_) {}

void CrowdRun::turn(Crowd& crowd, int64_t now_ns) {
  crowd.turn(now_ns);
  if (plan_.pace == Pace::kPoll) return;
  const int64_t due_ns = publisher_.next_due_ns();
  const int64_t nap_ns = due_ns > now_ns ? std::min(due_ns - now_ns, kNapNs) : kNapNs;
  crowd.wait(nap_ns);
}

Result<> CrowdRun::connect_all(Crowd& crowd) {
  if (auto connected = publisher_.connect(); !connected) return connected;
  int64_t moved_ns = now_ns();
  for (uint32_t last = 0; crowd.streaming() < crowd.size();) {
    crowd.connect_more();
    crowd.turn(now_ns());
    if (crowd.failure()) return *crowd.failure();
    if (crowd.streaming() != last) moved_ns = now_ns();
    last = crowd.streaming();
    if (now_ns() - moved_ns > plan_.stall_ns) {
      return Error{fmt::format(
          "only {} of {} streams began, then none for {} s; raise server.max_connections, or see "
          "what the server says",
          last, crowd.size(), plan_.stall_ns / kSecond)};
    }
  }
  return {};
}

Result<> CrowdRun::publish_all(Crowd& crowd, const std::function<void(int64_t now_ns)>& each_turn) {
  server_cpu_before_ns_ = cpu_ns(target_.pid).value_or(0);
  client_cpu_before_ns_ = cpu_ns(0).value_or(0);
  const CoreWatch core(target_);
  start_ns_ = now_ns();
  publisher_.start(start_ns_);
  uint64_t last = 0;
  for (int64_t moved = start_ns_; !publisher_.done() && now_ns() - moved < plan_.stall_ns;) {
    const int64_t now = now_ns();
    if (published_.answered() != last) moved = now;
    last = published_.answered();
    publisher_.pump(now);
    turn(crowd, now);
    if (each_turn) each_turn(now);
    if (publisher_.failure()) return *publisher_.failure();
    if (crowd.failure()) return *crowd.failure();
  }
  publish_ns_ = now_ns() - start_ns_;
  core_taken_ = core.taken_by_others();
  return {};
}

Result<bool> CrowdRun::drain(Crowd& crowd) {
  uint64_t last = crowd.deliveries();
  for (int64_t moved = now_ns(), looked = 0; now_ns() - moved < plan_.stall_ns;) {
    const int64_t now = now_ns();
    crowd.turn(now);
    if (crowd.failure()) return *crowd.failure();
    if (crowd.deliveries() != last) moved = now;
    last = crowd.deliveries();
    if (now - looked < kLookNs) continue;
    looked = now;
    if (crowd.all_caught_up()) return true;
  }
  return false;
}

void CrowdRun::linger(Crowd& crowd, int64_t duration_ns) {
  for (const int64_t end = now_ns() + duration_ns; now_ns() < end;) turn(crowd, now_ns());
}

PhaseFigures CrowdRun::figures() const {
  return {.published = published_.accepted(),
          .refused = published_.refused(),
          .publish_wait = publisher_.wait(),
          .publish_lateness = publisher_.lateness(),
          .publish_ns = publish_ns_,
          .watched_ns = now_ns() - start_ns_,
          .server_cpu_ns = cpu_ns(target_.pid).value_or(0) - server_cpu_before_ns_,
          .client_cpu_ns = cpu_ns(0).value_or(0) - client_cpu_before_ns_,
          .core_taken = core_taken_};
}

int64_t CrowdRun::resident_bytes() const {
  return memory_use(target_.pid).value_or(MemoryUse{}).resident;
}

}  // namespace ringcast::bench
