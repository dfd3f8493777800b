#include "bench/load/siege/siege_report.h"

#include <fmt/format.h>

#include "bench/load/figures.h"
#include "bench/load/follow/verdict_report.h"
#include "bench/load/peers/phase_report.h"

namespace ringcast::bench {
namespace {

using nlohmann::ordered_json;

void print_attack(const SiegePlan& plan, const SiegeResult& result) {
  fmt::print(
      "  attack            {} connections accepted, {} open at most, {} requests refused; {} left, "
      "gone {:.1f} s after the last wave (deadline {:.0f} s)\n",
      result.accepted_connections, result.attackers_most, result.refused_requests,
      result.attackers_left, as_seconds(result.gone_after_ns), as_seconds(plan.deadline_ns));
  if (!plan.attack.is_flood()) return;
  const double seconds = as_seconds(std::min(result.figures.publish_ns, plan.attack.duration_ns));
  fmt::print(
      "  its own count     {} requests ({:.0f} a second), {} refused, {} without an answer\n",
      result.flood_sent, share(static_cast<double>(result.flood_sent), seconds),
      result.flood_refused, result.flood_unanswered);
}

ordered_json phase_json(const AttackPlan& attack, const SiegeResult& result) {
  ordered_json json = {{"attacked", result.attacked},
                       {"as_asked_for", !result.attacked || result.was_attacked(attack)},
                       {"delivered_well", result.delivered_well()},
                       {"unfinished", result.unfinished},
                       {"normal_closed", result.normal_closed},
                       {"latency_ns", histogram_json(result.latency)},
                       {"accepted_connections", result.accepted_connections},
                       {"refused_requests", result.refused_requests},
                       {"attackers_most", result.attackers_most},
                       {"attackers_left", result.attackers_left},
                       {"gone_after_ns", result.gone_after_ns},
                       {"flood_sent", result.flood_sent},
                       {"flood_refused", result.flood_refused},
                       {"flood_unanswered", result.flood_unanswered},
                       {"resident_start_bytes", result.resident_start},
                       {"resident_peak_bytes", result.resident_peak},
                       {"resident_after_bytes", result.resident_after}};
  json.update(figures_json(result.figures));
  json["verdict"] = verdict_json(result.verdict);
  return json;
}

}  // namespace

void print_siege(const SiegePlan& plan, const SiegeResult& result) {
  fmt::print("{} normal subscribers, {}\n", plan.normal.healthy,
             result.attacked ? "attacked by: " + plan.attack.command : "left in peace");
  print_publishing(result.figures);
  fmt::print("  latency           {} deliveries, {}\n", result.latency.count(),
             quantiles(result.latency));
  print_server(fmt::format("{:.2f} -> {:.2f} at most -> {:.2f}", as_mib(result.resident_start),
                           as_mib(result.resident_peak), as_mib(result.resident_after)),
               result.figures);
  if (result.attacked) print_attack(plan, result);
  if (result.attacked && !result.was_attacked(plan.attack))
    fmt::print("  verdict           WRONG; this is not the attack that was asked for\n");
  print_not_alone(result.figures.core_taken);
  if (result.delivered_well()) return;
  fmt::print("  verdict           WRONG{}{}\n",
             result.unfinished ? "; given up before everybody had everything" : "",
             result.normal_closed > 0
                 ? fmt::format("; {} normal subscribers were closed", result.normal_closed)
                 : "");
  print_faults(result.verdict);
}

void print_siege_comparison(const SiegePlan& plan, const SiegeComparison& comparison) {
  print_paired("latency, attacked to in peace", comparison.paired_latency(),
               plan.normal.latency_bar);
  fmt::print("  attackers         {} left in the end\n", comparison.attackers_left());
  fmt::print(
      "  RSS               {:.2f} MiB taken by an attack, {:.2f} left behind, at most (bar "
      "{:.2f})\n",
      as_mib(comparison.taken_bytes()), as_mib(comparison.left_behind_bytes()),
      as_mib(plan.memory_bar_bytes));
  fmt::print("  verdict           {}\n",
             comparison.good(plan) ? "nobody noticed" : "WRONG: see above which");
}

ordered_json siege_json(const SiegePlan& plan, const SiegeComparison& comparison) {
  ordered_json json = {{"good", comparison.good(plan)},
                       {"attack", plan.attack.command},
                       {"latency_ratios", paired_json(comparison.paired_latency())},
                       {"attackers_left", comparison.attackers_left()},
                       {"left_behind_bytes", comparison.left_behind_bytes()},
                       {"taken_bytes", comparison.taken_bytes()},
                       {"without", ordered_json::array()},
                       {"with", ordered_json::array()}};
  for (const SiegeResult& phase : comparison.without)
    json["without"].push_back(phase_json(plan.attack, phase));
  for (const SiegeResult& phase : comparison.with)
    json["with"].push_back(phase_json(plan.attack, phase));
  return json;
}

}  // namespace ringcast::bench
