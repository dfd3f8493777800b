#include "bench/load/churn/churn_report.h"

#include <fmt/format.h>

#include "bench/load/figures.h"
#include "bench/load/follow/verdict_report.h"

namespace ringcast::bench {

using nlohmann::ordered_json;

void print_churn(const ChurnPlan& plan, const ChurnResult& result) {
  const SessionCounts& counts = result.counts;
  const FollowVerdict& verdict = result.verdict;
  const double seconds = static_cast<double>(result.publish_ns) / 1e9;
  fmt::print("churn: {} subscribers, {} channels, {} recipients, {:.1f} s\n", plan.subscribers,
             plan.channels, plan.recipients, seconds);
  fmt::print(
      "  sessions          {} ({} resumed, {:.0f} a second); {} reset, {} ended by FIN, {} of them "
      "inside an event; "
      "{} ended by the server\n",
      counts.sessions, counts.resumes, share(static_cast<double>(counts.resumes), seconds),
      counts.cuts_by_reset, counts.cuts_by_finish, counts.cuts_inside_item,
      counts.closed_by_server);
  fmt::print(
      "  published         {} ({:.0f} a second), {} refused with 503; answer after {}; late by p99 "
      "{:.1f} µs\n",
      result.accepted, share(static_cast<double>(result.accepted), seconds), result.refused,
      quantiles(result.publish_wait),
      static_cast<double>(result.publish_lateness.quantile(0.99)) / 1e3);
  fmt::print(
      "  deliveries        {}, {:.0f} a second; everybody had everything {:.2f} s after the last "
      "publish\n",
      verdict.deliveries, share(static_cast<double>(verdict.deliveries), seconds),
      static_cast<double>(result.drain_ns) / 1e9);
  fmt::print("  gaps              {}; they name {} events that were not received; {} name none\n",
             verdict.gaps, verdict.covered, verdict.idle_gaps);
  fmt::print("  server            {:.0f} % of a core, RSS {:.1f} -> {:.1f} MiB; client {:.0f} %\n",
             100 * share(static_cast<double>(result.server_cpu_ns),
                         static_cast<double>(result.publish_ns + result.drain_ns)),
             static_cast<double>(result.resident_before) / 1048576,
             static_cast<double>(result.resident_after) / 1048576,
             100 * share(static_cast<double>(result.client_cpu_ns),
                         static_cast<double>(result.publish_ns + result.drain_ns)));
  print_not_alone(result.core_taken);
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
  return {{"good", result.good(plan.gaps_allowed)},
          {"stalled", result.stalled},
          {"sessions", counts.sessions},
          {"resumes", counts.resumes},
          {"cuts_by_reset", counts.cuts_by_reset},
          {"cuts_by_finish", counts.cuts_by_finish},
          {"cuts_inside_event", counts.cuts_inside_item},
          {"closed_by_server", counts.closed_by_server},
          {"comments", counts.comments},
          {"published", result.accepted},
          {"refused", result.refused},
          {"publish_wait_ns", histogram_json(result.publish_wait)},
          {"publish_lateness_ns", histogram_json(result.publish_lateness)},
          {"publish_ns", result.publish_ns},
          {"drain_ns", result.drain_ns},
          {"server_cpu_ns", result.server_cpu_ns},
          {"client_cpu_ns", result.client_cpu_ns},
          {"server_core_taken", result.core_taken},
          {"resident_before_bytes", result.resident_before},
          {"resident_after_bytes", result.resident_after},
          {"verdict", verdict_json(result.verdict)}};
}

}  // namespace ringcast::bench
