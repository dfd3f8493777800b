// Goal: a siege is good only when nobody noticed it, the attackers are gone and the memory is back. Method: a round that is good, and
// each way of spoiling it.
#include "bench/load/siege/siege_comparison.h"

#include <gtest/gtest.h>

namespace ringcast::bench {
namespace {

SiegePlan plan() {
  SiegePlan plan;
  plan.normal.latency_bar = 1.5;
  plan.memory_bar_bytes = 1'000;
  plan.attack = {.command = "refused", .rate = 100, .duration_ns = 10 * kSecond};
  return plan;
}

SiegeResult phase(bool attacked, uint64_t latency_ns) {
  SiegeResult result;
  result.attacked = attacked;
  result.figures.published = 100;
  result.latency.record(latency_ns, 1'000);
  result.figures.publish_ns = 20 * kSecond;
  if (attacked) result.accepted_connections = result.flood_sent = 1'000;
  result.resident_start = 50'000;
  result.resident_peak = attacked ? 54'500 : 54'000;
  result.resident_after = attacked ? 53'900 : 53'000;
  return result;
}

SiegeComparison good_round() {
  SiegeComparison round;
  for (int i = 0; i < 3; ++i) {
    round.without.push_back(phase(false, 1'000));
    round.with.push_back(phase(true, 1'200));
  }
  return round;
}

TEST(SiegeComparison, IsGoodWhenNobodyNoticed) {
  EXPECT_TRUE(good_round().good(plan()));
  EXPECT_EQ(good_round().left_behind_bytes(), 900);
}

TEST(SiegeComparison, NormalSubscribersHeldUpAreNotGood) {
  SiegeComparison round = good_round();
  for (SiegeResult& with : round.with) with.latency.record(9'000, 500);
  EXPECT_FALSE(round.good(plan()));
}

TEST(SiegeComparison, AnAttackerLeftAtTheDeadlineIsNotGood) {
  SiegeComparison round = good_round();
  round.with[2].attackers_left = 1;
  EXPECT_FALSE(round.good(plan()));
}

TEST(SiegeComparison, AnAttackerThatStayedTooLongIsNotGood) {
  SiegeComparison round = good_round();
  round.with[2].gone_after_ns = plan().deadline_ns;
  EXPECT_TRUE(round.good(plan()));
  round.with[2].gone_after_ns = plan().deadline_ns + 1;
  EXPECT_FALSE(round.good(plan()));
}

TEST(SiegeComparison, AnAttackThatHardlyWasOneIsNotGood) {
  SiegeComparison round = good_round();
  round.with[1].flood_sent = 899;  // of 100 a second for ten seconds
  EXPECT_FALSE(round.good(plan()));
  round.with[1].flood_sent = 1'000;
  round.with[1].flood_unanswered = 11;
  EXPECT_FALSE(round.good(plan()));
  round.with[1].flood_unanswered = 10;
  EXPECT_TRUE(round.good(plan()));

  SiegePlan other = plan();
  other.attack = {.command = "slowhttptest", .attackers = 4};
  for (SiegeResult& with : round.with) {
    with.flood_sent = 0;
    with.attackers_most = 4;
  }
  EXPECT_TRUE(round.good(other));
  round.with[0].attackers_most = 3;
  EXPECT_FALSE(round.good(other));
}

TEST(SiegeComparison, MemoryTakenIsNotGoodUnderAFlood) {
  SiegeComparison round = good_round();
  round.with[2].resident_peak += 501;
  EXPECT_FALSE(round.good(plan()));
  SiegePlan other = plan();
  other.attack.command = "heads";  // which are kept until their deadline
  EXPECT_TRUE(round.good(other));
}

TEST(SiegeComparison, MemoryLeftBehindIsNotGood) {
  SiegeComparison round = good_round();
  round.with[0].resident_after += 101;
  EXPECT_FALSE(round.good(plan()));
  // Unless the phase before it has gained as much.
  round.without[0].resident_after += 101;
  EXPECT_TRUE(round.good(plan()));
}

TEST(SiegeComparison, EventsLostAndStreamsClosedAreNotGood) {
  SiegeComparison round = good_round();
  round.with[0].verdict.uncovered = 1;
  EXPECT_FALSE(round.good(plan()));
  round = good_round();
  round.without[1].normal_closed = 1;
  EXPECT_FALSE(round.good(plan()));
  round = good_round();
  round.with[1].unfinished = true;
  EXPECT_FALSE(round.good(plan()));
}

TEST(PairedLatency, TheMedianIsThatOfThePairs) {
  PairedLatency paired;
  EXPECT_EQ(paired.median_ratio(0.99), 0);
  const auto add = [&](uint64_t without_ns, uint64_t with_ns) {
    Histogram without;
    Histogram with;
    without.record(without_ns);
    with.record(with_ns);
    paired.add(without, with);
  };
  add(1'000, 2'000);
  EXPECT_NEAR(paired.median_ratio(0.5), 2.0, 0.03);
  add(1'000, 4'000);
  EXPECT_NEAR(paired.median_ratio(0.5), 3.0, 0.05);
  add(400'000'000, 1'000);  // a machine that was disturbed
  EXPECT_NEAR(paired.median_ratio(0.5), 2.0, 0.03);
  EXPECT_EQ(paired.ratios(0.5).size(), 3u);
}

}  // namespace
}  // namespace ringcast::bench
