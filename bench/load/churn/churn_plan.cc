#include "bench/load/churn/churn_plan.h"

#include <fmt/format.h>

#include <numeric>

#include "bench/load/follow/tagged_data.h"

namespace ringcast::bench {
namespace {

uint32_t below(uint32_t count, Random& random) {
  return std::uniform_int_distribution<uint32_t>(0, count - 1)(random);
}

Shape shape_of(const ChurnPlan& plan, uint32_t who) {
  // 61 has no divisor in common with 100, so that any hundred neighbours hold every shape in its share.
  uint32_t place = who % 100 * 61 % 100;
  size_t shape = 0;
  while (place >= plan.shares[shape]) place -= plan.shares[shape++];
  return static_cast<Shape>(shape);
}

}  // namespace

ChurnPlan merge_preset() {
  ChurnPlan plan;
  plan.subscribers = 100;  // 100 000 deliveries a second, many to a send
  plan.channels = 64;
  plan.recipients = 0;
  plan.shares = {0, 0, 0, 100};
  plan.publishing.rate = 1'000;
  plan.cut = CutBy::kBytes;
  return plan;
}

std::string target_name(const ChurnPlan& plan, uint32_t target) {
  return target < plan.channels ? fmt::format("c{}", target)
                                : fmt::format("inbox/r{}", target - plan.channels);
}

Following following(const ChurnPlan& plan, uint32_t who, Random& random) {
  const Shape shape = shape_of(plan, who);
  Following result;
  if (shape == Shape::kAllChannels) {
    result.targets.resize(plan.channels);
    std::iota(result.targets.begin(), result.targets.end(), 0);
  }
  if (shape == Shape::kChannel || shape == Shape::kChannelAndRecipient)
    result.targets.push_back(below(plan.channels, random));
  if (shape == Shape::kRecipient || shape == Shape::kChannelAndRecipient)
    result.targets.push_back(plan.channels + below(plan.recipients, random));

  if (shape == Shape::kChannel || shape == Shape::kRecipient) {
    result.path = "/channels/" + target_name(plan, result.targets.front());
    return result;
  }
  result.path = "/events";
  for (const uint32_t target : result.targets) {
    result.path += result.path == "/events" ? "?channel=" : "&channel=";
    result.path += target_name(plan, target);
  }
  return result;
}

uint32_t choose_target(const ChurnPlan& plan, Random& random) {
  const bool channel = plan.recipients == 0 ||
                       std::uniform_real_distribution<double>(0, 1)(random) < plan.channel_share;
  return channel ? below(plan.channels, random) : plan.channels + below(plan.recipients, random);
}

std::string problem_of(const ChurnPlan& plan) {
  const auto& shares = plan.shares;
  const auto share = [&](Shape shape) { return shares[static_cast<size_t>(shape)]; };
  if (std::accumulate(shares.begin(), shares.end(), 0u) != 100)
    return "--shares must be four numbers that make 100, such as 30,30,35,5";
  if (plan.channels == 0) return "at least one channel is needed: --channels 1";
  if (share(Shape::kAllChannels) > 0 && plan.channels > 64)
    return "a stream has at most 64 channels; ask for fewer with --channels";
  if (share(Shape::kRecipient) + share(Shape::kChannelAndRecipient) > 0 && plan.recipients == 0)
    return "these --shares need --recipients";
  if (plan.publishing.data_bytes < kTaggedBytesMin)
    return fmt::format("an event needs {} bytes of data at least: --size", kTaggedBytesMin);
  if (plan.session.least_ns > plan.session.most_ns || plan.away.least_ns > plan.away.most_ns)
    return "a range names the smaller first, such as --session 50ms..500ms";
  if (plan.cut_bytes_max == 0) return "--cut-bytes must be at least 1";
  return {};
}

}  // namespace ringcast::bench
