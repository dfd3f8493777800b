#include "bench/load/churn/churn_report.h"

#include <fmt/format.h>

#include "bench/load/figures.h"
#include "bench/load/follow/verdict_report.h"
#include "bench/load/peers/phase_report.h"

namespace ringcast::bench {

using nlohmann::ordered_json;

void print_churn(const ChurnPlan& plan, const ChurnResult& result) {
  const SessionCounts& counts = result.counts;
  const FollowVerdict& verdict = result.verdict;
  const double seconds = as_seconds(result.figures.publish_ns);
  fmt::print("churn: {} subscribers, {} channels, {} recipients, {:.1f} s\n", plan.subscribers,
             plan.channels, plan.recipients, seconds);
  fmt::print(
      "  sessions          {} ({} resumed, {:.0f} a second); {} reset, {} ended by FIN, {} of them "
      "inside an event; "
      "{} ended by the server\n",
      counts.sessions, counts.resumes, share(static_cast<double>(counts.resumes), seconds),
      counts.cuts_by_reset, counts.cuts_by_finish, counts.cuts_inside_item,
      counts.closed_by_server);
  print_publishing(result.figures);
  fmt::print(
      "  deliveries        {}, {:.0f} a second; everybody had everything {:.2f} s after the last "
      "publish\n",
      verdict.deliveries, share(static_cast<double>(verdict.deliveries), seconds),
      as_seconds(result.drain_ns));
  fmt::print("  gaps              {}; they name {} events that were not received; {} name none\n",
             verdict.gaps, verdict.covered, verdict.idle_gaps);
  print_server(fmt::format("{:.1f} -> {:.1f}", as_mib(result.resident_before),
                           as_mib(result.resident_after)),
               result.figures);
  print_not_alone(result.figures.core_taken);
  if (result.good(plan.gaps_allowed)) {
    return fmt::print("  verdict           none repeated, none out of order, none lost{}\n",
                      verdict.covered > 0 ? " but those that one gap event each names" : "");
  }
  fmt::print("  verdict           WRONG{}\n",
             result.stalled ? ": given up before everybody had everything" : "");
  if (!plan.gaps_allowed && verdict.gaps > 0)
    fmt::print(
        "                    there are gaps; a run that may have them says --gaps allowed\n");
  print_faults(verdict);
}

ordered_json churn_json(const ChurnPlan& plan, const ChurnResult& result) {
  const SessionCounts& counts = result.counts;
  ordered_json json = {{"good", result.good(plan.gaps_allowed)},
                       {"stalled", result.stalled},
                       {"sessions", counts.sessions},
                       {"resumes", counts.resumes},
                       {"cuts_by_reset", counts.cuts_by_reset},
                       {"cuts_by_finish", counts.cuts_by_finish},
                       {"cuts_inside_event", counts.cuts_inside_item},
                       {"closed_by_server", counts.closed_by_server},
                       {"comments", counts.comments},
                       {"drain_ns", result.drain_ns},
                       {"resident_before_bytes", result.resident_before},
                       {"resident_after_bytes", result.resident_after}};
  json.update(figures_json(result.figures));
  json["verdict"] = verdict_json(result.verdict);
  return json;
}

}  // namespace ringcast::bench
