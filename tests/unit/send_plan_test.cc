#include "net/send_plan.h"

#include <gtest/gtest.h>

namespace ringcast::net {
namespace {

TEST(SendPlan, KeepsWhatWasPlannedByItsPlaceInTheBatch) {
  SendPlan plan;
  plan.begin();
  plan.add({.from = 10, .to = 20, .slot = 3, .audience = 1});
  plan.add({.from = 20, .to = 50, .slot = 4, .audience = 2});
  ASSERT_EQ(plan.size(), 2u);
  EXPECT_EQ(plan[1].from, 20u);
  EXPECT_EQ(plan[1].to, 50u);
  EXPECT_EQ(plan[1].slot, 4u);
  EXPECT_EQ(plan[1].audience, 2u);
  EXPECT_EQ(plan.sends().front().slot, 3u);
  EXPECT_FALSE(plan.is_full());
}

TEST(SendPlan, ANewBatchIsEmptyAndHasANumberOfItsOwn) {
  SendPlan plan;
  plan.begin();
  const uint32_t first = plan.batch();
  plan.add({.from = 0, .to = 1, .slot = 0, .audience = 0});
  plan.begin();
  EXPECT_EQ(plan.size(), 0u);
  EXPECT_NE(plan.batch(), first);
}

TEST(SendPlan, IsFullAtTheBatchLimit) {
  SendPlan plan;
  plan.begin();
  for (uint32_t i = 0; i < kSendsPerBatchMax; ++i) {
    ASSERT_FALSE(plan.is_full());
    plan.add({.from = i, .to = i + 1, .slot = i, .audience = 0});
  }
  EXPECT_TRUE(plan.is_full());
  EXPECT_EQ(plan.sends().size(), kSendsPerBatchMax);
}

TEST(SendPlanDeathTest, APlaceThatWasNotPlannedIsNotLookedAt) {
  SendPlan plan;
  plan.begin();
  plan.add({.from = 0, .to = 1, .slot = 0, .audience = 0});
  EXPECT_DEATH((void)plan[1], "violated");
}

}  // namespace
}  // namespace ringcast::net
