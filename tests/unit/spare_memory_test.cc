#include "net/spare_memory.h"

#include <gtest/gtest.h>

namespace ringcast::net {
namespace {

int collections = 0;

class SpareMemoryTest : public testing::Test {
 protected:
  SpareMemoryTest() { collections = 0; }

  void come(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) memory_.exchange_made();
  }
  void go(uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) memory_.exchange_dropped();
  }

  SpareMemory memory_{[]() noexcept { ++collections; }};
};

TEST_F(SpareMemoryTest, CrowdThatHasGoneIsCollectedAfterAtOnceAndASecondLater) {
  come(1000);
  memory_.look(1);
  EXPECT_EQ(collections, 0) << "they are still here";
  go(750);
  memory_.look(2);
  EXPECT_EQ(collections, 1);
  EXPECT_EQ(memory_.again_at(), 2 + SpareMemory::kPauseMs);
  memory_.look(1001);
  EXPECT_EQ(collections, 1);
  memory_.look(1002);
  EXPECT_EQ(collections, 2);
  EXPECT_EQ(memory_.again_at(), 0);
  memory_.look(5000);
  EXPECT_EQ(collections, 2) << "nothing has happened since";
}

TEST_F(SpareMemoryTest, FewAreNoCrowd) {
  for (int round = 0; round < 10; ++round) {
    come(SpareMemory::kCrowd - 1);
    go(SpareMemory::kCrowd - 1);
    memory_.look(round);
  }
  EXPECT_EQ(collections, 0);
}

TEST_F(SpareMemoryTest, CrowdsThatComeAndGoAllTheTimeCostTwoLooksASecond) {
  for (MonotonicMs now = 1; now <= 10'000; ++now) {
    come(100);
    go(100);
    memory_.look(now);
  }
  EXPECT_LE(collections, 20);
  EXPECT_GE(collections, 10);
}

TEST_F(SpareMemoryTest, WhoStaysIsTheMeasureOfTheNextCrowd) {
  come(400);
  go(300);
  memory_.look(1);
  memory_.look(2000);
  ASSERT_EQ(collections, 2);
  come(40);
  go(60);
  memory_.look(3000);
  EXPECT_EQ(collections, 2) << "80 of 140 are still here";
  go(50);
  memory_.look(4000);
  EXPECT_EQ(collections, 3);
}

}  // namespace
}  // namespace ringcast::net
