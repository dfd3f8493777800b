// Goal: the scenarios pass a server that keeps the contract, and fail one that does not under the right name. Method: a
// small server of our own that breaks it in one known way, and runs of a second against it.
#include <gtest/gtest.h>
#include <unistd.h>

#include "bench/load/churn/churn_run.h"
#include "bench/load/recipients/recipients_run.h"
#include "tests/load/scripted_hub.h"

namespace ringcast::bench {
namespace {

constexpr size_t kSmallPast = 2;

ChurnPlan small_plan() {
  return {.subscribers = 60,
          .channels = 3,
          .recipients = 10,
          .channel_share = 0.5,
          .publishing = {.rate = 400, .data_bytes = 80, .duration_ns = 800 * kMillisecond},
          .session = {.least_ns = 5 * kMillisecond, .most_ns = 40 * kMillisecond},
          .away = {.least_ns = 0, .most_ns = 40 * kMillisecond},
          .cut_bytes_max = 2'000,
          .stall_ns = kSecond};
}

Target target_of(const ScriptedHub& hub) {
  return {.name = "hub", .pid = ::getpid(), .subscribe = hub.subscribe, .publish = hub.publish};
}

ChurnResult churn(const ChurnPlan& plan, Fault fault, size_t kept = SIZE_MAX,
                  GapForm gap_form = GapForm::kEachChannel) {
  const ScriptedHub hub(fault, kept, gap_form);
  auto result = run_churn(plan, target_of(hub));
  if (result) return std::move(*result);
  ADD_FAILURE() << result.error().message;
  return {};
}

TEST(Churn, AServerThatKeepsItsPromisesIsGoodHoweverConnectionsBreak) {
  for (const CutBy cut : {CutBy::kTime, CutBy::kBytes}) {
    ChurnPlan plan = small_plan();
    plan.cut = cut;
    const ChurnResult result = churn(plan, Fault::kNone);
    EXPECT_TRUE(result.good(false)) << testing::PrintToString(result.verdict.examples);
    EXPECT_EQ(result.figures.published, 320u);
    EXPECT_GT(result.counts.resumes, 200u);
    EXPECT_GT(result.counts.cuts_by_reset, 0u);
    EXPECT_GT(result.counts.cuts_by_finish, 0u);
    EXPECT_GT(result.verdict.deliveries, 1'000u);
    if (cut == CutBy::kBytes) {
      EXPECT_GT(result.counts.cuts_inside_item, 50u);
    }
  }
}

TEST(Churn, ManyChannelsOnOneConnectionAreGoodToo) {
  ChurnPlan plan = merge_preset();
  plan.subscribers = 20;
  plan.publishing = {.rate = 400, .data_bytes = 80, .duration_ns = 800 * kMillisecond};
  plan.cut_bytes_max = 8'000;
  const ChurnResult result = churn(plan, Fault::kNone);
  EXPECT_TRUE(result.good(false)) << testing::PrintToString(result.verdict.examples);
  EXPECT_EQ(result.verdict.deliveries, 20u * 320u);
  EXPECT_GT(result.counts.cuts_inside_item, 20u);
}

TEST(Churn, APastThatIsTooShortIsGoodOnlyWhereGapsAreAllowed) {
  const ChurnResult result = churn(small_plan(), Fault::kNone, kSmallPast);
  EXPECT_TRUE(result.good(true)) << testing::PrintToString(result.verdict.examples);
  EXPECT_FALSE(result.good(false));
  EXPECT_GT(result.verdict.covered, 0u);
  EXPECT_GT(result.verdict.gaps, 0u);
  EXPECT_EQ(result.verdict.idle_gaps, 0u);
}

// Everybody on twelve channels, cut inside what they missed.
ChurnPlan cut_replays_plan() {
  ChurnPlan plan = small_plan();
  plan.channels = 12;
  plan.recipients = 0;
  plan.shares = {0, 0, 0, 100};
  plan.cut = CutBy::kBytes;
  return plan;
}

TEST(Churn, AGapOfEachChannelByItselfIsNotExactWhereReplaysAreCut) {
  // Of two channels with gaps one is told first; cut there, the subscriber comes back with an id above what the other
  // has lost.
  const ChurnResult result =
      churn(cut_replays_plan(), Fault::kNone, kSmallPast, GapForm::kEachChannel);
  EXPECT_GT(result.verdict.uncovered, 0u);
}

TEST(Churn, AGapOfAllChannelsTogetherIsExactWhereverReplaysAreCut) {
  const ChurnResult result =
      churn(cut_replays_plan(), Fault::kNone, kSmallPast, GapForm::kTogether);
  EXPECT_TRUE(result.good(true)) << testing::PrintToString(result.verdict.examples);
  EXPECT_GT(result.verdict.covered, 100u);
  EXPECT_GT(result.counts.cuts_inside_item, 20u);
}

struct Expected {
  Fault fault;
  size_t kept;
  uint64_t FollowVerdict::*named;
};

class ChurnFaultTest : public testing::TestWithParam<Expected> {};

TEST_P(ChurnFaultTest, IsNamed) {
  const ChurnResult result = churn(small_plan(), GetParam().fault, GetParam().kept);
  EXPECT_FALSE(result.good(true));
  EXPECT_GT(result.verdict.*GetParam().named, 0u);
  EXPECT_FALSE(result.verdict.examples.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Faults, ChurnFaultTest,
    testing::Values(Expected{Fault::kLose, SIZE_MAX, &FollowVerdict::uncovered},
                    Expected{Fault::kRepeat, SIZE_MAX, &FollowVerdict::repeated},
                    Expected{Fault::kSwap, SIZE_MAX, &FollowVerdict::reordered},
                    Expected{Fault::kStray, SIZE_MAX, &FollowVerdict::misdelivered},
                    Expected{Fault::kTear, SIZE_MAX, &FollowVerdict::damaged},
                    Expected{Fault::kNoGap, kSmallPast, &FollowVerdict::uncovered},
                    Expected{Fault::kTwoGaps, kSmallPast, &FollowVerdict::overcovered},
                    Expected{Fault::kWideGap, kSmallPast, &FollowVerdict::contradicted}));

TEST(Recipients, EveryVisitGetsItsEventAndIsCounted) {
  const ScriptedHub hub(Fault::kNone);
  const RecipientsPlan plan{
      .recipients = 950, .connects = 120, .blocks = 2, .batch_events = 100, .in_flight = 16};
  auto result = run_recipients(plan, target_of(hub));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->wrong, 0u) << testing::PrintToString(result->examples);
  EXPECT_EQ(result->visits, 360u);
  for (const auto& blocks : result->cpu_us) EXPECT_EQ(blocks.size(), 2u);
  // `60\r\n` around `id: 1000-NNN\ndata: ` and 64 bytes and `\n\n`, and `\r\n`.
  EXPECT_GT(result->frame_bytes, 88.0);
  EXPECT_LT(result->frame_bytes, 92.0);
}

TEST(Recipients, AVisitWhoseEventDoesNotComeEndsTheRun) {
  // Published at one server and looked for at another.
  const ScriptedHub publisher(Fault::kNone);
  const ScriptedHub subscriber(Fault::kNone);
  const RecipientsPlan plan{.recipients = 10,
                            .connects = 10,
                            .blocks = 1,
                            .batch_events = 10,
                            .stall_ns = 200 * kMillisecond};
  const auto result = run_recipients(plan, {.name = "hub",
                                            .pid = ::getpid(),
                                            .subscribe = subscriber.subscribe,
                                            .publish = publisher.publish});
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("did not come"), std::string::npos);
}

}  // namespace
}  // namespace ringcast::bench
