#include "bench/load/scenarios.h"

#include <fmt/format.h>

#include <cstdio>

#include "bench/load/churn/churn_report.h"
#include "bench/load/churn/churn_run.h"
#include "bench/load/figures.h"
#include "bench/load/recipients/recipients_report.h"
#include "bench/load/recipients/recipients_run.h"
#include "bench/load/server_under_test.h"
#include "bench/load/siege/siege_report.h"
#include "bench/load/stalled/stalled_report.h"

namespace ringcast::bench {
namespace {

// One round: whether it was good, and its figures.
struct Outcome {
  bool good = false;
  nlohmann::ordered_json json;
};

Result<Outcome> churn_round(const Options& options, const ChurnPlan& plan) {
  auto server = ServerUnderTest::open(options);
  if (!server) return server.error();
  auto result = run_churn(plan, server->target());
  if (!result) return result.error();
  print_churn(plan, *result);
  return Outcome{.good = result->good(plan.gaps_allowed), .json = churn_json(plan, *result)};
}

Result<StalledResult> stalled_phase(const Options& options, const StalledPlan& plan) {
  auto server = ServerUnderTest::open(options);
  if (!server) return server.error();
  auto result = run_stalled(plan, server->target());
  if (result) print_stalled(plan, *result);
  return result;
}

// Without and with the laggards in turn, so that a machine that changes meanwhile shows.
Result<Outcome> stalled_round(const Options& options) {
  StalledPlan without = options.stalled;
  without.stalled = without.trickling = 0;
  StalledComparison comparison;
  for (uint32_t pair = 0; pair < options.stalled.pairs; ++pair) {
    for (const StalledPlan& plan : {without, options.stalled}) {
      auto result = stalled_phase(options, plan);
      if (!result) return result.error();
      auto& phases = plan.laggards() == 0 ? comparison.without : comparison.with;
      phases.push_back(std::move(*result));
    }
  }
  print_comparison(options.stalled, comparison);
  return Outcome{.good = comparison.good(options.stalled),
                 .json = comparison_json(options.stalled, comparison)};
}

// In peace and under attack in turn, likewise.
Result<Outcome> siege_round(const Options& options) {
  SiegeComparison comparison;
  for (uint32_t pair = 0; pair < options.siege.normal.pairs; ++pair) {
    for (const bool attacked : {false, true}) {
      auto server = ServerUnderTest::open(options);
      if (!server) return server.error();
      auto result = run_siege(options.siege, attacked, options.client_cpu, server->target());
      if (!result) return result.error();
      print_siege(options.siege, *result);
      std::fflush(stdout);
      (attacked ? comparison.with : comparison.without).push_back(std::move(*result));
    }
  }
  print_siege_comparison(options.siege, comparison);
  return Outcome{.good = comparison.good(options.siege),
                 .json = siege_json(options.siege, comparison)};
}

Result<Outcome> recipients_round(const Options& options) {
  auto server = ServerUnderTest::open(options);
  if (!server) return server.error();
  auto result = run_recipients(options.recipients, server->target());
  if (!result) return result.error();
  print_recipients(options.recipients, *result);
  return Outcome{.good = result->good(options.recipients),
                 .json = recipients_json(options.recipients, *result)};
}

Result<Outcome> run_round(const Options& options) {
  switch (options.mode) {
    case Options::Mode::kChurn:
      return churn_round(options, options.churn);
    case Options::Mode::kMerge:
      return churn_round(options, options.merge);
    case Options::Mode::kStalled:
      return stalled_round(options);
    case Options::Mode::kRecipients:
      return recipients_round(options);
    case Options::Mode::kSiege:
      return siege_round(options);
    case Options::Mode::kFloor:
    case Options::Mode::kFanout:
      break;
  }
  return Error{"floor and fanout are no scenarios"};
}

}  // namespace

Result<bool> run_scenario(const Options& options) {
  bool good = true;
  auto rounds = nlohmann::ordered_json::array();
  for (uint32_t i = 0; i < options.rounds; ++i) {
    auto outcome = run_round(options);
    if (!outcome) return outcome.error();
    std::fflush(stdout);
    good = good && outcome->good;
    rounds.push_back(std::move(outcome->json));
  }
  if (auto written = write_json(options, std::move(rounds)); !written) return written.error();
  return good;
}

}  // namespace ringcast::bench
