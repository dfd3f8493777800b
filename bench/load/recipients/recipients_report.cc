#include "bench/load/recipients/recipients_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "bench/load/figures.h"

namespace ringcast::bench {
namespace {

using nlohmann::ordered_json;

void print_visits(const RecipientsResult& result, Visit visit, const char* name) {
  const auto& blocks = result.cpu_us[static_cast<size_t>(visit)];
  if (blocks.empty()) return;
  const auto [least, most] = std::minmax_element(blocks.begin(), blocks.end());
  fmt::print("  {:<17} {:.2f} µs of server CPU each ({:.2f} .. {:.2f})\n", name,
             result.cpu_of(visit), *least, *most);
}

}  // namespace

void print_recipients(const RecipientsPlan& plan, const RecipientsResult& result) {
  const auto count = static_cast<double>(result.recipients);
  fmt::print("recipients: {} with one event each\n", result.recipients);
  fmt::print(
      "  published         in {:.2f} s, {:.2f} µs of server CPU each; {} batches refused with "
      "503\n",
      as_seconds(result.publish_ns), share(static_cast<double>(result.publish_cpu_ns) / 1e3, count),
      result.refused);
  fmt::print(
      "  memory            {:.1f} B a recipient beyond its frame of {:.1f} B (bar {:.0f}); RSS "
      "{:.1f} -> {:.1f} MiB, "
      "anonymous {:.1f} B\n",
      result.memory_beyond_frame(), result.frame_bytes, plan.memory_bar_bytes,
      as_mib(result.resident_before), as_mib(result.resident_after),
      share(static_cast<double>(result.anonymous_after - result.anonymous_before), count));
  print_visits(result, Visit::kOpening, "a connection");
  print_visits(result, Visit::kChannel, "resuming c0");
  print_visits(result, Visit::kRecipient, "resuming one");
  fmt::print(
      "  difference        {:.2f} µs to a plain channel's (bar {:.1f}); {:.2f} µs to a connection "
      "that gets no event\n",
      result.cpu_difference(Visit::kRecipient, Visit::kChannel), plan.resume_bar_us,
      result.cpu_difference(Visit::kRecipient, Visit::kOpening));
  fmt::print(
      "  visits            {} in {:.1f} s; client {:.0f} %\n", result.visits,
      as_seconds(result.visit_ns),
      100 * share(static_cast<double>(result.client_cpu_ns), static_cast<double>(result.visit_ns)));
  print_not_alone(result.core_taken);
  fmt::print("  verdict           {}\n",
             result.good(plan) ? "everybody got their event, within the bars"
             : result.wrong > 0
                 ? fmt::format("WRONG: {} visits did not get their event", result.wrong)
                 : "every event arrived, but a bar was missed");
  for (const std::string& example : result.examples)
    fmt::print("                    {}\n", example);
}

ordered_json recipients_json(const RecipientsPlan& plan, const RecipientsResult& result) {
  const auto blocks = [&](Visit visit) { return result.cpu_us[static_cast<size_t>(visit)]; };
  return {
      {"good", result.good(plan)},
      {"recipients", result.recipients},
      {"publish_ns", result.publish_ns},
      {"publish_cpu_ns", result.publish_cpu_ns},
      {"refused", result.refused},
      {"resident_before_bytes", result.resident_before},
      {"resident_after_bytes", result.resident_after},
      {"anonymous_before_bytes", result.anonymous_before},
      {"anonymous_after_bytes", result.anonymous_after},
      {"frame_bytes", result.frame_bytes},
      {"bytes_per_recipient", result.memory_per_recipient()},
      {"bytes_beyond_frame", result.memory_beyond_frame()},
      {"visits", result.visits},
      {"wrong", result.wrong},
      {"examples", result.examples},
      {"connection_cpu_us", blocks(Visit::kOpening)},
      {"channel_resume_cpu_us", blocks(Visit::kChannel)},
      {"recipient_resume_cpu_us", blocks(Visit::kRecipient)},
      {"resume_beyond_channel_us", result.cpu_difference(Visit::kRecipient, Visit::kChannel)},
      {"resume_beyond_connection_us", result.cpu_difference(Visit::kRecipient, Visit::kOpening)},
      {"visit_ns", result.visit_ns},
      {"client_cpu_ns", result.client_cpu_ns},
      {"server_core_taken", result.core_taken}};
}

}  // namespace ringcast::bench
