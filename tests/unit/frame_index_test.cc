#include "engine/frame_index.h"

#include <gtest/gtest.h>

namespace ringcast {
namespace {

constexpr uint32_t kFrameBytes = 100;

// Frame n has id n-0 and starts at n * kFrameBytes.
class FrameIndexTest : public testing::Test {
 protected:
  void push(uint64_t n) {
    index_.push({.id = {n, 0}, .at = n * kFrameBytes, .bytes = kFrameBytes});
  }
  void push_range(uint64_t first, uint64_t last) {
    for (uint64_t n = first; n <= last; ++n) push(n);
  }
  [[nodiscard]] uint64_t oldest() const { return index_.at(0).id.ms; }
  [[nodiscard]] uint64_t newest() const { return index_.at(index_.size() - 1).id.ms; }

  FrameIndex index_{4};
};

TEST(FrameIndex, AnEntryIsAsSmallAsTheMemoryTableSays) {
  EXPECT_EQ(sizeof(FrameIndex::Entry), 32U);
}

TEST_F(FrameIndexTest, StartsEmpty) {
  EXPECT_TRUE(index_.empty());
  EXPECT_EQ(index_.size(), 0U);
  EXPECT_EQ(index_.first_after({0, 0}), 0U);
  EXPECT_EQ(index_.first_after({~0ULL, ~0ULL}), 0U);
}

TEST_F(FrameIndexTest, KeepsWhatItWasTold) {
  index_.push({.id = {7, 3}, .at = 1ULL << 40, .bytes = 321});
  ASSERT_EQ(index_.size(), 1U);
  EXPECT_EQ(index_.at(0).id, (EventId{7, 3}));
  EXPECT_EQ(index_.at(0).at, 1ULL << 40);
  EXPECT_EQ(index_.at(0).bytes, 321U);
}

TEST_F(FrameIndexTest, ForgetsTheOldestWhenFull) {
  push_range(1, 4);
  EXPECT_EQ(oldest(), 1U);
  push_range(5, 11);
  EXPECT_EQ(index_.size(), 4U);
  EXPECT_EQ(oldest(), 8U);
  EXPECT_EQ(newest(), 11U);
}

TEST_F(FrameIndexTest, OneFrameOfHistoryIsTheNewest) {
  FrameIndex index(1);
  for (uint64_t n = 1; n <= 3; ++n) {
    index.push({.id = {n, 0}, .at = n, .bytes = 1});
    ASSERT_EQ(index.size(), 1U);
    EXPECT_EQ(index.at(0).id.ms, n);
  }
}

TEST_F(FrameIndexTest, ForgetsFramesThatStartBelowTheFloor) {
  push_range(1, 4);
  index_.forget_before(2 * kFrameBytes, 0);
  EXPECT_EQ(oldest(), 2U) << "a frame that starts at the floor stays";
  index_.forget_before(2 * kFrameBytes + 1, 0);
  EXPECT_EQ(oldest(), 3U) << "a frame the floor cuts goes";
}

TEST_F(FrameIndexTest, ForgetsFramesThatAreTooOld) {
  push_range(1, 4);
  index_.forget_before(0, 3);
  EXPECT_EQ(oldest(), 3U);
}

TEST_F(FrameIndexTest, WhicheverBoundBitesFirst) {
  push_range(1, 4);
  index_.forget_before(3 * kFrameBytes, 2);
  EXPECT_EQ(oldest(), 3U);
  index_.forget_before(0, 4);
  EXPECT_EQ(oldest(), 4U);
}

TEST_F(FrameIndexTest, ForgettingEverythingLeavesItUsable) {
  push_range(1, 3);
  index_.forget_before(~0ULL, 0);
  EXPECT_TRUE(index_.empty());
  index_.forget_before(~0ULL, ~0ULL);
  push_range(4, 9);
  EXPECT_EQ(oldest(), 6U);
  EXPECT_EQ(newest(), 9U);
}

TEST_F(FrameIndexTest, FirstAfterAnIdIsTheNextFrame) {
  push_range(1, 4);
  EXPECT_EQ(index_.first_after({0, 0}), 0U);
  EXPECT_EQ(index_.first_after({1, 0}), 1U);
  EXPECT_EQ(index_.first_after({2, 99}), 2U) << "an id between two frames";
  EXPECT_EQ(index_.first_after({3, 0}), 3U);
  EXPECT_EQ(index_.first_after({4, 0}), 4U);
  EXPECT_EQ(index_.first_after({4, 1}), 4U);
}

TEST_F(FrameIndexTest, IdsOlderThanWhatIsKeptAreBeforeTheOldest) {
  push_range(1, 9);
  EXPECT_EQ(index_.first_after({2, 0}), 0U);
  EXPECT_EQ(index_.first_after({5, 0}), 0U);
  EXPECT_EQ(index_.first_after({6, 0}), 1U);
}

TEST_F(FrameIndexTest, FirstAfterCountsSequenceNumbersToo) {
  for (uint64_t seq = 0; seq < 4; ++seq) {
    index_.push({.id = {5, seq}, .at = seq, .bytes = 1});
  }
  EXPECT_EQ(index_.first_after({5, 1}), 2U);
  EXPECT_EQ(index_.first_after({4, 9}), 0U);
}

using FrameIndexDeathTest = FrameIndexTest;

TEST_F(FrameIndexDeathTest, IdsThatDoNotIncreaseAreCaught) {
  push(5);
  EXPECT_DEATH(push(5), "violated");
  EXPECT_DEATH(push(4), "violated");
}

TEST_F(FrameIndexDeathTest, AskingBeyondTheNewestIsCaughtInDebugBuilds) {
  push_range(1, 2);
  EXPECT_DEBUG_DEATH((void)index_.at(2), "violated");
}

}  // namespace
}  // namespace ringcast
