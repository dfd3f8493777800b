// Goal: a stalled round is good only when nobody healthy was held up and the laggards are accounted for. Method: a round
// that is good, and each way of spoiling it.
#include "bench/load/stalled/stalled_comparison.h"

#include <gtest/gtest.h>

namespace ringcast::bench {
namespace {

constexpr StalledPlan kPlan{.stalled = 10, .latency_bar = 1.5, .growth_bar_bytes = 1'000};

StalledResult phase(uint32_t laggards, uint64_t latency_ns) {
  StalledResult result;
  result.laggards = laggards;
  result.closed_lapped = laggards;
  result.figures.published = 100;
  result.latency.record(latency_ns, 1'000);
  result.resident_start = 1'000;
  result.resident_middle = 50'000;
  result.resident_end = 50'500;
  return result;
}

StalledComparison good_round() {
  StalledComparison round;
  for (int i = 0; i < 3; ++i) {
    round.without.push_back(phase(0, 1'000));
    round.with.push_back(phase(10, 1'200));
  }
  return round;
}

TEST(StalledComparison, IsGoodWhenNobodyWasHeldUp) {
  EXPECT_TRUE(good_round().good(kPlan));
  EXPECT_NEAR(good_round().paired_latency().median_ratio(0.99), 1.2, 0.02);
  EXPECT_EQ(good_round().growth_bytes(), 500);
}

TEST(StalledComparison, HealthyOnesHeldUpAreNotGood) {
  StalledComparison round = good_round();
  for (StalledResult& with : round.with) with.latency.record(9'000, 500);
  EXPECT_FALSE(round.good(kPlan));
}

TEST(StalledComparison, OneDisturbedPhaseSaysNothing) {
  StalledComparison round = good_round();
  round.with[1].latency.record(400'000'000, 500);
  EXPECT_TRUE(round.good(kPlan));
  for (StalledResult& with : round.with) with.latency.record(9'000, 500);
  round.without[0].latency.record(400'000'000, 500);
  EXPECT_FALSE(round.good(kPlan));
}

TEST(StalledComparison, MemoryThatGrowsIsNotGood) {
  StalledComparison round = good_round();
  round.with[0].resident_end += 1'000;
  EXPECT_FALSE(round.good(kPlan));
}

TEST(StalledComparison, HealthyOnesThatLoseOrAreClosedAreNotGood) {
  StalledComparison round = good_round();
  round.without[0].verdict.uncovered = 1;
  EXPECT_FALSE(round.good(kPlan));
  round = good_round();
  round.with[0].healthy_closed = 1;
  EXPECT_FALSE(round.good(kPlan));
}

TEST(StalledResult, WhereLaggardsAreCutEachIsClosedAsLapped) {
  StalledResult result = phase(10, 1);
  EXPECT_TRUE(result.accounted_for(LagPolicy::kDisconnect));
  EXPECT_FALSE(result.accounted_for(LagPolicy::kSkip));
  result.closed_lapped = 9;
  EXPECT_FALSE(result.accounted_for(LagPolicy::kDisconnect));
}

TEST(StalledResult, WhereLaggardsSkipTheCounterIsWhatTheirGapsName) {
  StalledResult result = phase(10, 1);
  result.closed_lapped = 0;
  result.skipped = result.verdict.covered = 70;
  result.verdict.gaps = 10;
  EXPECT_TRUE(result.accounted_for(LagPolicy::kSkip));
  EXPECT_TRUE(result.delivered_well());
  result.skipped = 69;
  EXPECT_FALSE(result.accounted_for(LagPolicy::kSkip));
}

TEST(StalledResult, WhereLaggardsSkipOnesStoppedInsideAnEventAreClosedAndCounted) {
  StalledResult result = phase(10, 1);
  result.closed_lapped = result.laggards_closed = 4;
  result.skipped = 70;
  result.verdict.gaps = 6;
  result.verdict.covered = 60;
  EXPECT_TRUE(result.accounted_for(LagPolicy::kSkip));
  result.closed_lapped = 3;
  EXPECT_FALSE(result.accounted_for(LagPolicy::kSkip));
}

TEST(StalledResult, GapsWithoutSkippedEventsAreNotDeliveredWell) {
  StalledResult result = phase(0, 1);
  result.verdict.gaps = result.verdict.covered = 1;
  EXPECT_FALSE(result.delivered_well());
}

}  // namespace
}  // namespace ringcast::bench
