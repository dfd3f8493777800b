#include "bench/load/recipients/recipients_plan.h"

#include <gtest/gtest.h>

#include "bench/load/recipients/recipients_publisher.h"

namespace ringcast::bench {
namespace {

RecipientsResult good_result() {
  RecipientsResult result;
  result.recipients = 1'000;
  result.resident_before = 50'000;
  result.resident_after = 200'000;
  result.frame_bytes = 100;
  result.cpu_us[static_cast<size_t>(Visit::kOpening)] = {30, 31, 50};
  result.cpu_us[static_cast<size_t>(Visit::kChannel)] = {40, 42, 60};
  result.cpu_us[static_cast<size_t>(Visit::kRecipient)] = {41, 44.5, 61.5};
  return result;
}

TEST(RecipientsResult, MemoryIsWhatRemainsBesideTheFrame) {
  EXPECT_DOUBLE_EQ(good_result().memory_per_recipient(), 150);
  EXPECT_DOUBLE_EQ(good_result().memory_beyond_frame(), 50);
}

TEST(RecipientsResult, AResumeIsTheMedianDifferenceOfNeighbouringBlocks) {
  EXPECT_DOUBLE_EQ(good_result().cpu_difference(Visit::kRecipient, Visit::kChannel), 1.5);
  EXPECT_DOUBLE_EQ(good_result().cpu_difference(Visit::kRecipient, Visit::kOpening), 11.5);
  EXPECT_DOUBLE_EQ(good_result().cpu_of(Visit::kChannel), 42);
}

TEST(RecipientsResult, IsGoodWithinItsBarsWhenNobodyGotAnythingElse) {
  EXPECT_TRUE(good_result().good({}));
  RecipientsResult result = good_result();
  result.wrong = 1;
  EXPECT_FALSE(result.good({}));
  result = good_result();
  result.resident_after += 15'000;
  EXPECT_FALSE(result.good({}));
  EXPECT_FALSE(good_result().good({.resume_bar_us = 1.4}));
}

TEST(RecipientsPublisher, ABatchHasALineForEachRecipient) {
  const std::string data = "000 0000008 0000000000 0000000000000000000 ";
  const std::string next = "000 0000009 0000000000 0000000000000000000 ";
  EXPECT_EQ(batch_body({.data_bytes = data.size()}, 7, 2),
            "{\"channel\":\"inbox/r7\",\"data\":\"" + data +
                "\"}\n{\"channel\":\"inbox/r8\",\"data\":\"" + next + "\"}\n");
}

}  // namespace
}  // namespace ringcast::bench
