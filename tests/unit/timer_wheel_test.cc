#include "net/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

namespace ringcast::net {
namespace {

constexpr size_t kSlots = 1000;
constexpr MonotonicMs kStart = 5'000;
constexpr MonotonicMs kTickMs = 16;
constexpr MonotonicMs kTurnMs = 1024 * kTickMs;
constexpr MonotonicMs kNever = std::numeric_limits<MonotonicMs>::max();

class TimerWheelTest : public testing::Test {
 protected:
  std::vector<uint32_t> expire(MonotonicMs now, size_t most = kSlots) {
    std::vector<uint32_t> due;
    wheel_.expire(now, most, [&](uint32_t slot) { due.push_back(slot); });
    return due;
  }

  TimerWheel wheel_{kSlots, kStart};
};

TEST_F(TimerWheelTest, ADeadlineIsMetByTheFirstTickAfterItAndNotBefore) {
  for (MonotonicMs after : {1, 15, 16, 17, 100, 16'000}) {
    const MonotonicMs deadline = kStart + after;
    TimerWheel wheel(kSlots, kStart);
    wheel.arm(7, deadline);
    std::vector<uint32_t> due;
    const auto collect = [&](uint32_t slot) { due.push_back(slot); };
    wheel.expire(deadline - 1, kSlots, collect);
    EXPECT_TRUE(due.empty()) << after;
    wheel.expire(deadline + kTickMs - 1, kSlots, collect);
    EXPECT_EQ(due, std::vector{7u}) << after;
    EXPECT_FALSE(wheel.is_armed(7));
  }
}

TEST_F(TimerWheelTest, EachIsMetOnce) {
  wheel_.arm(1, kStart + 50);
  EXPECT_EQ(expire(kStart + 200).size(), 1u);
  EXPECT_TRUE(expire(kStart + 10 * kTurnMs).empty());
}

TEST_F(TimerWheelTest, ADisarmedDeadlineIsNeverMet) {
  wheel_.arm(1, kStart + 50);
  wheel_.arm(2, kStart + 50);
  wheel_.arm(3, kStart + 50);
  wheel_.disarm(2);
  wheel_.disarm(2);
  EXPECT_FALSE(wheel_.is_armed(2));
  std::vector<uint32_t> due = expire(kStart + 200);
  std::ranges::sort(due);
  EXPECT_EQ(due, (std::vector{1u, 3u}));
}

TEST_F(TimerWheelTest, ANewDeadlineReplacesTheOldOne) {
  wheel_.arm(1, kStart + 50);
  wheel_.arm(1, kStart + 500);
  wheel_.arm(2, kStart + 500);
  wheel_.arm(2, kStart + 50);
  EXPECT_EQ(expire(kStart + 100), std::vector{2u});
  EXPECT_EQ(expire(kStart + 600), std::vector{1u});
}

TEST_F(TimerWheelTest, ADeadlineFartherThanATurnOfTheWheelWaitsForItsOwnTurn) {
  wheel_.arm(1, kStart + 2 * kTurnMs + 100);
  wheel_.arm(2, kStart + 100);
  EXPECT_EQ(expire(kStart + 200), std::vector{2u});
  EXPECT_TRUE(expire(kStart + kTurnMs + 200).empty());
  EXPECT_TRUE(wheel_.is_armed(1));
  EXPECT_EQ(expire(kStart + 2 * kTurnMs + 200), std::vector{1u});
}

TEST_F(TimerWheelTest, ADeadlineInThePastIsMetWithinATick) {
  expire(kStart + 1'000);
  wheel_.arm(1, kStart - 100);
  wheel_.arm(2, kStart + 1'000);
  EXPECT_EQ(expire(kStart + 1'000 + kTickMs).size(), 2u);
}

TEST_F(TimerWheelTest, ACallDoesOnlyAboutSoManyAndTheNextGoesOn) {
  for (uint32_t slot = 0; slot < kSlots; ++slot) wheel_.arm(slot, kStart + 10);
  const std::vector<uint32_t> first = expire(kStart + 100, 200);
  EXPECT_GE(first.size(), 200u);
  EXPECT_LT(first.size(), 400u);
  EXPECT_LE(wheel_.next_deadline(), kStart + 100);  // nobody may sleep on what is due
  std::vector<uint32_t> all = first;
  for (int calls = 0; calls < 10; ++calls) {
    const std::vector<uint32_t> more = expire(kStart + 100, 200);
    all.insert(all.end(), more.begin(), more.end());
  }
  std::ranges::sort(all);
  std::vector<uint32_t> expected(kSlots);
  std::iota(expected.begin(), expected.end(), 0u);
  EXPECT_EQ(all, expected);
}

TEST_F(TimerWheelTest, WhoIsCalledMayArmDisarmAndArmAgain) {
  wheel_.arm(1, kStart + 10);
  std::vector<MonotonicMs> met;
  for (MonotonicMs now = kStart; now < kStart + 1'000; ++now) {
    wheel_.expire(now, kSlots, [&](uint32_t slot) {
      met.push_back(now - kStart);
      wheel_.arm(slot, now + 100);
      wheel_.arm(2, now + 50);
      wheel_.disarm(2);
    });
  }
  ASSERT_GE(met.size(), 8u);
  for (size_t i = 1; i < met.size(); ++i) {
    EXPECT_GE(met[i] - met[i - 1], 100);
    EXPECT_LE(met[i] - met[i - 1], 100 + kTickMs);
  }
}

TEST_F(TimerWheelTest, TheNextDeadlineIsNeverTooLateAndFarAwayWhenThereIsNone) {
  EXPECT_EQ(wheel_.next_deadline(), kNever);
  wheel_.arm(1, kStart + 300);
  wheel_.arm(2, kStart + 90);
  EXPECT_GE(wheel_.next_deadline(), kStart + 90);
  EXPECT_LT(wheel_.next_deadline(), kStart + 90 + kTickMs);
  wheel_.disarm(2);
  EXPECT_GE(wheel_.next_deadline(), kStart + 300);
  EXPECT_LT(wheel_.next_deadline(), kStart + 300 + kTickMs);
  wheel_.disarm(1);
  EXPECT_EQ(wheel_.next_deadline(), kNever);
}

// Sleeping until the next deadline gets there in a few steps however far it is, and never stands
// still.
TEST_F(TimerWheelTest, SleepingFromDeadlineToDeadlineAlwaysMovesOn) {
  wheel_.arm(1, kStart + 10 * kTurnMs);
  MonotonicMs now = kStart;
  expire(now);
  int steps = 0;
  for (; wheel_.is_armed(1) && steps < 30; ++steps) {
    ASSERT_GT(wheel_.next_deadline(), now);
    now = wheel_.next_deadline();
    expire(now);
  }
  EXPECT_FALSE(wheel_.is_armed(1));
  EXPECT_GE(now, kStart + 10 * kTurnMs);
  EXPECT_LE(steps, 12);
}

TEST_F(TimerWheelTest, ALongSleepMeetsEverythingInBetween) {
  for (uint32_t slot = 0; slot < 100; ++slot) {
    wheel_.arm(slot, kStart + MonotonicMs{slot} * 700);
  }
  EXPECT_EQ(expire(kStart + 70'000).size(), 100u);
}

}  // namespace
}  // namespace ringcast::net
