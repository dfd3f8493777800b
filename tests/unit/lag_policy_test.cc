#include "net/lag_policy.h"

#include <gtest/gtest.h>

namespace ringcast::net {
namespace {

constexpr milliseconds kSlowAfter{100};

TEST(LagPolicy, IsSlowWhenItsGoalWasNotReachedInTime) {
  LagPolicy lag(1'000, 50);
  lag.judge(kSlowAfter, 150);
  EXPECT_FALSE(lag.is_slow());
  lag.judge(kSlowAfter, 151);
  EXPECT_TRUE(lag.is_slow());
}

TEST(LagPolicy, ReachesItsGoalAtTheGoalAndNotBefore) {
  const LagPolicy lag(1'000, 0);
  EXPECT_FALSE(lag.has_reached_goal(999));
  EXPECT_TRUE(lag.has_reached_goal(1'000));
  EXPECT_TRUE(lag.has_reached_goal(1'001));
}

TEST(LagPolicy, TimeInWhichItHadRoomDoesNotCount) {
  LagPolicy lag(1'000, 0);
  lag.on_room(60);
  lag.on_full_again(10'060);  // we let it wait
  lag.judge(kSlowAfter, 10'100);
  EXPECT_FALSE(lag.is_slow());
  lag.judge(kSlowAfter, 10'101);
  EXPECT_TRUE(lag.is_slow());
}

TEST(LagPolicy, SeveralSpellsOfBeingFullAddUp) {
  LagPolicy lag(1'000, 0);
  lag.on_room(50);
  lag.on_full_again(1'000);
  lag.on_room(1'040);
  lag.on_full_again(5'000);
  lag.judge(kSlowAfter, 5'010);
  EXPECT_FALSE(lag.is_slow());
  lag.judge(kSlowAfter, 5'011);
  EXPECT_TRUE(lag.is_slow());
}

TEST(LagPolicy, ANewGoalBeginsANewAccount) {
  LagPolicy lag(1'000, 0);
  lag.judge(kSlowAfter, 500);
  ASSERT_TRUE(lag.is_slow());
  lag.set_goal(2'000, 500);
  EXPECT_FALSE(lag.is_slow());
  EXPECT_FALSE(lag.has_reached_goal(1'999));
  lag.judge(kSlowAfter, 600);
  EXPECT_FALSE(lag.is_slow());
  lag.judge(kSlowAfter, 601);
  EXPECT_TRUE(lag.is_slow());
}

// Its socket had room when the goal was set, and becomes full later.
TEST(LagPolicy, AGoalSetWhileItHadRoomCountsFromWhenItIsFullAgain) {
  LagPolicy lag(1'000, 0);
  lag.on_room(10);
  lag.set_goal(2'000, 20);
  lag.on_full_again(300);
  lag.judge(kSlowAfter, 400);
  EXPECT_FALSE(lag.is_slow());
  lag.judge(kSlowAfter, 401);
  EXPECT_TRUE(lag.is_slow());
}

}  // namespace
}  // namespace ringcast::net
