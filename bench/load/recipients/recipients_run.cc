#include "bench/load/recipients/recipients_run.h"

#include <fmt/format.h>
#include <time.h>

#include <random>

#include "bench/load/peers/core_watch.h"
#include "bench/load/process_stats.h"
#include "bench/load/recipients/recipients_publisher.h"
#include "bench/load/recipients/visit_crowd.h"

namespace ringcast::bench {
namespace {

// The server finishes what it postponed: before memory is read, and before a block's CPU is.
constexpr int64_t kSettleNs = 300 * kMillisecond;

void settle() noexcept {
  const timespec pause{.tv_sec = 0, .tv_nsec = kSettleNs};
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, nullptr);
}

class RecipientsRun {
 public:
  RecipientsRun(const RecipientsPlan& plan, const Target& target, RecipientsPublisher publisher)
      : plan_(plan), target_(target), publisher_(std::move(publisher)), random_(plan.seed) {}

  Result<RecipientsResult> run() {
    if (auto published = publish(); !published) return published.error();
    auto crowd = VisitCrowd::open(target_.subscribe, plan_.in_flight, plan_.data_bytes);
    if (!crowd) return crowd.error();
    crowd_ = std::move(*crowd);
    if (auto visited = visit_all(); !visited) return visited.error();
    result_.wrong = crowd_->wrong();
    result_.examples = crowd_->examples();
    result_.frame_bytes = static_cast<double>(crowd_->event_bytes()) /
                          static_cast<double>(std::max<uint64_t>(crowd_->events(), 1));
    return std::move(result_);
  }

 private:
  Result<> publish() {
    if (auto published = publisher_.publish_channel(); !published) return published;
    settle();
    const MemoryUse before = memory_use(target_.pid).value_or(MemoryUse{});
    const int64_t cpu_before = server_cpu();
    const int64_t start = now_ns();
    if (auto published = publisher_.publish_recipients(); !published) return published;
    result_.publish_ns = now_ns() - start;
    settle();
    result_.publish_cpu_ns = server_cpu() - cpu_before;
    const MemoryUse after = memory_use(target_.pid).value_or(MemoryUse{});
    result_.recipients = plan_.recipients;
    result_.resident_before = before.resident;
    result_.resident_after = after.resident;
    result_.anonymous_before = before.anonymous;
    result_.anonymous_after = after.anonymous;
    result_.refused = publisher_.refused();
    return {};
  }

  Result<> visit_all() {
    const int64_t own_cpu_before = cpu_ns(0).value_or(0);
    const CoreWatch core(target_);
    const int64_t start = now_ns();
    for (uint32_t block = 0; block < plan_.blocks; ++block) {
      for (const Visit visit : {Visit::kOpening, Visit::kChannel, Visit::kRecipient}) {
        if (auto visited = visit_block(visit); !visited) return visited;
      }
    }
    result_.visit_ns = now_ns() - start;
    result_.core_taken = core.taken_by_others();
    result_.client_cpu_ns = cpu_ns(0).value_or(0) - own_cpu_before;
    return {};
  }

  Result<> visit_block(Visit visit) {
    const uint64_t count = plan_.connects / plan_.blocks;
    const int64_t cpu_before = server_cpu();
    auto visited = crowd_->run(
        count, [&] { return order(visit); }, plan_.stall_ns);
    if (!visited) return visited;
    settle();  // the resets of the last ones belong to the block
    result_.cpu_us[static_cast<size_t>(visit)].push_back(
        static_cast<double>(server_cpu() - cpu_before) / 1e3 / static_cast<double>(count));
    result_.visits += count;
    return {};
  }

  VisitOrder order(Visit visit) {
    switch (visit) {
      case Visit::kOpening:
        return {.request = subscribe_request("/channels/c0", {}), .target = {}};
      case Visit::kChannel:
        return {.request = subscribe_request("/channels/c0", publisher_.id_before_channel()),
                .target = 0};
      case Visit::kRecipient:
        break;
    }
    const uint32_t recipient =
        std::uniform_int_distribution<uint32_t>(0, plan_.recipients - 1)(random_);
    return {.request = subscribe_request("/channels/" + inbox_of(recipient),
                                         publisher_.id_before(recipient)),
            .target = 1 + recipient};
  }

  [[nodiscard]] int64_t server_cpu() const { return cpu_ns(target_.pid).value_or(0); }

  RecipientsPlan plan_;
  Target target_;
  RecipientsPublisher publisher_;
  std::mt19937_64 random_;
  std::unique_ptr<VisitCrowd> crowd_;
  RecipientsResult result_;
};

}  // namespace

Result<RecipientsResult> run_recipients(const RecipientsPlan& plan, const Target& target) {
  auto publisher = RecipientsPublisher::connect(plan, target.publish);
  if (!publisher) return publisher.error();
  return RecipientsRun(plan, target, std::move(*publisher)).run();
}

}  // namespace ringcast::bench
