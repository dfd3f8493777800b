#include "bench/load/churn/churn_plan.h"

#include <gtest/gtest.h>

#include <map>

namespace ringcast::bench {
namespace {

TEST(ChurnPlan, ShapesHaveTheirSharesInEveryHundred) {
  ChurnPlan plan;
  Random random(1);
  for (const uint32_t first : {0u, 100u, 731u}) {
    std::map<std::string, int> count;
    for (uint32_t who = first; who < first + 100; ++who) {
      const Following chosen = following(plan, who, random);
      const bool inbox = chosen.targets.back() >= plan.channels;
      ++count[chosen.targets.size() == plan.channels ? "all"
              : chosen.targets.size() == 2           ? "both"
              : inbox                                ? "recipient"
                                                     : "channel"];
    }
    EXPECT_EQ(count, (std::map<std::string, int>{
                         {"all", 5}, {"both", 35}, {"recipient", 30}, {"channel", 30}}));
  }
}

TEST(ChurnPlan, OneTargetIsAskedForByItsPathAndSeveralAsEvents) {
  ChurnPlan plan{.channels = 2, .recipients = 1};
  Random random(1);
  plan.shares = {0, 100, 0, 0};
  EXPECT_EQ(following(plan, 0, random).path, "/channels/inbox/r0");
  plan.shares = {0, 0, 0, 100};
  EXPECT_EQ(following(plan, 0, random).path, "/events?channel=c0&channel=c1");
  plan.channels = 1;
  plan.shares = {0, 0, 100, 0};
  EXPECT_EQ(following(plan, 0, random).path, "/events?channel=c0&channel=inbox/r0");
}

TEST(ChurnPlan, EventsGoToChannelsInTheirShare) {
  const ChurnPlan plan{.channels = 8, .recipients = 1'000, .channel_share = 0.1};
  Random random(1);
  int channels = 0;
  for (int i = 0; i < 10'000; ++i) {
    const uint32_t target = choose_target(plan, random);
    ASSERT_LT(target, target_count(plan));
    if (target < plan.channels) ++channels;
  }
  EXPECT_NEAR(channels, 1'000, 150);
}

TEST(ChurnPlan, ThePresetsCanBeRun) {
  EXPECT_EQ(problem_of(ChurnPlan{}), "");
  EXPECT_EQ(problem_of(merge_preset()), "");
}

TEST(ChurnPlan, SaysWhatIsWrong) {
  ChurnPlan plan;
  plan.shares = {1, 2, 3, 4};
  EXPECT_NE(problem_of(plan).find("--shares"), std::string::npos);
  plan = {.recipients = 0};
  EXPECT_NE(problem_of(plan).find("--recipients"), std::string::npos);
  plan = {.channels = 65};
  EXPECT_NE(problem_of(plan).find("64 channels"), std::string::npos);
  plan = {.publishing = {.data_bytes = 10}};
  EXPECT_NE(problem_of(plan).find("--size"), std::string::npos);
  plan = {.session = {.least_ns = 2, .most_ns = 1}};
  EXPECT_NE(problem_of(plan).find("smaller first"), std::string::npos);
}

}  // namespace
}  // namespace ringcast::bench
