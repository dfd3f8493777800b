#include "bench/load/recipients/recipients_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/load/follow/tagged_data.h"

namespace ringcast::bench {
namespace {

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

}  // namespace

double RecipientsResult::memory_per_recipient() const noexcept {
  return recipients == 0 ? 0
                         : static_cast<double>(resident_after - resident_before) /
                               static_cast<double>(recipients);
}

double RecipientsResult::cpu_of(Visit visit) const {
  return median_of(cpu_us[static_cast<size_t>(visit)]);
}

double RecipientsResult::cpu_difference(Visit visit, Visit base) const {
  const auto& costs = cpu_us[static_cast<size_t>(visit)];
  const auto& bases = cpu_us[static_cast<size_t>(base)];
  std::vector<double> differences;
  for (size_t i = 0; i < std::min(costs.size(), bases.size()); ++i)
    differences.push_back(costs[i] - bases[i]);
  return median_of(differences);
}

bool RecipientsResult::good(const RecipientsPlan& plan) const {
  return wrong == 0 && memory_beyond_frame() <= plan.memory_bar_bytes &&
         cpu_difference(Visit::kRecipient, Visit::kChannel) <= plan.resume_bar_us;
}

std::string inbox_of(uint32_t recipient) {
  return fmt::format("inbox/r{}", recipient);
}

std::string problem_of(const RecipientsPlan& plan) {
  if (plan.recipients == 0) return "at least one recipient is needed: --recipients 1";
  if (plan.recipients >= kTagTargetsMax)
    return fmt::format("at most {} recipients: --recipients", kTagTargetsMax - 1);
  if (plan.batch_events == 0) return "a batch needs at least one event: --batch 1";
  if (plan.blocks == 0 || plan.connects < plan.blocks)
    return "each block needs a connect at least: --connects and --blocks";
  if (plan.in_flight == 0) return "--in-flight must be at least 1";
  if (plan.data_bytes < kTaggedBytesMin)
    return fmt::format("an event needs {} bytes of data at least: --size", kTaggedBytesMin);
  return {};
}

}  // namespace ringcast::bench
