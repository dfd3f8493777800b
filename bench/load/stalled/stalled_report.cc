#include "bench/load/stalled/stalled_report.h"

#include <fmt/format.h>

#include "bench/load/figures.h"
#include "bench/load/follow/verdict_report.h"
#include "bench/load/peers/phase_report.h"

namespace ringcast::bench {
namespace {

using nlohmann::ordered_json;

ordered_json phase_json(const StalledPlan& plan, const StalledResult& result) {
  ordered_json json = {{"laggards", result.laggards},
                       {"delivered_well", result.delivered_well()},
                       {"accounted_for", result.accounted_for(plan.policy)},
                       {"unfinished", result.unfinished},
                       {"healthy_closed", result.healthy_closed},
                       {"laggards_closed", result.laggards_closed},
                       {"latency_ns", histogram_json(result.latency)},
                       {"resident_start_bytes", result.resident_start},
                       {"resident_middle_bytes", result.resident_middle},
                       {"resident_end_bytes", result.resident_end},
                       {"closed_lapped", result.closed_lapped},
                       {"skipped", result.skipped},
                       {"paced", result.paced}};
  json.update(figures_json(result.figures));
  json["verdict"] = verdict_json(result.verdict);
  return json;
}

}  // namespace

void print_stalled(const StalledPlan& plan, const StalledResult& result) {
  fmt::print(
      "{} healthy subscribers, {} that do not read{}\n", plan.healthy, plan.stalled,
      plan.trickling > 0 ? fmt::format(", {} that read a byte a second", plan.trickling) : "");
  print_publishing(result.figures);
  fmt::print("  healthy           {} deliveries, latency {}\n", result.latency.count(),
             quantiles(result.latency));
  print_server(fmt::format("{:.2f} -> {:.2f} -> {:.2f}", as_mib(result.resident_start),
                           as_mib(result.resident_middle), as_mib(result.resident_end)),
               result.figures);
  fmt::print(
      "  its counters      {} publishes paced, {} closed as lapped, {} events skipped; gap events "
      "name {}\n",
      result.paced, result.closed_lapped, result.skipped, result.verdict.covered);
  print_not_alone(result.figures.core_taken);
  if (result.delivered_well() && (result.laggards == 0 || result.accounted_for(plan.policy)))
    return;
  fmt::print("  verdict           WRONG{}{}{}\n",
             result.unfinished ? "; given up before everybody had everything" : "",
             result.healthy_closed > 0
                 ? fmt::format("; {} healthy ones were closed", result.healthy_closed)
                 : "",
             result.accounted_for(plan.policy)
                 ? ""
                 : "; the counters do not account for those that did not read");
  print_faults(result.verdict);
}

void print_comparison(const StalledPlan& plan, const StalledComparison& comparison) {
  print_paired("healthy latency, with to without", comparison.paired_latency(), plan.latency_bar);
  fmt::print("  without           {}\n",
             quantiles(StalledComparison::latency_of(comparison.without)));
  fmt::print("  with              {}\n", quantiles(StalledComparison::latency_of(comparison.with)));
  fmt::print("  RSS               {:.2f} MiB gained in the second half, at most (bar {:.2f})\n",
             as_mib(comparison.growth_bytes()), as_mib(plan.growth_bar_bytes));
  fmt::print("  verdict           {}\n", comparison.good(plan)
                                             ? "nobody was held up, and everybody accounted for"
                                             : "WRONG: see above which");
}

ordered_json comparison_json(const StalledPlan& plan, const StalledComparison& comparison) {
  ordered_json json = {{"good", comparison.good(plan)},
                       {"latency_ratios", paired_json(comparison.paired_latency())},
                       {"growth_bytes", comparison.growth_bytes()},
                       {"without", ordered_json::array()},
                       {"with", ordered_json::array()}};
  for (const StalledResult& phase : comparison.without)
    json["without"].push_back(phase_json(plan, phase));
  for (const StalledResult& phase : comparison.with)
    json["with"].push_back(phase_json(plan, phase));
  return json;
}

}  // namespace ringcast::bench
