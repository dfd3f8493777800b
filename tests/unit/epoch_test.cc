#include "engine/epoch.h"

#include <gtest/gtest.h>

#include <memory>

namespace ringcast {
namespace {

TEST(Epoch, IsOddExactlyWhileRingsAreRead) {
  Epoch epoch;
  EXPECT_EQ(epoch.load() % 2, 0U);
  {
    const ReadingRings reading(epoch);
    EXPECT_EQ(epoch.load() % 2, 1U);
  }
  EXPECT_EQ(epoch.load() % 2, 0U);
}

TEST(Epoch, NeverReturnsToAnEarlierValue) {
  Epoch epoch;
  uint64_t before = epoch.load();
  for (int batch = 0; batch < 100; ++batch) {
    const ReadingRings reading(epoch);
    EXPECT_GT(epoch.load(), before);
    before = epoch.load();
  }
}

TEST(Epoch, StandsAloneOnItsCacheLine) {
  const Epochs epochs(3);
  for (const Epoch& epoch : epochs) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(&epoch) % kCacheLineBytes, 0U);
  }
  EXPECT_EQ(sizeof(Epoch), kCacheLineBytes);
}

TEST(EpochSnapshot, HasPassedBeforeAnythingWasNoted) {
  Epochs epochs(2);
  const ReadingRings reading(epochs[0]);
  EXPECT_TRUE(EpochSnapshot(epochs).passed());
}

TEST(EpochSnapshot, NobodyReadingMeansPassedAtOnce) {
  const Epochs epochs(3);
  EpochSnapshot batches(epochs);
  batches.note();
  EXPECT_TRUE(batches.passed());
}

TEST(EpochSnapshot, WaitsForABatchThatWasUnderWay) {
  Epochs epochs(3);
  EpochSnapshot batches(epochs);
  auto reading = std::make_unique<ReadingRings>(epochs[1]);
  batches.note();
  EXPECT_FALSE(batches.passed());
  EXPECT_FALSE(batches.passed()) << "asking must not change the answer";
  reading.reset();
  EXPECT_TRUE(batches.passed());
}

TEST(EpochSnapshot, LaterBatchOfTheSameShardDoesNotCount) {
  Epochs epochs(1);
  EpochSnapshot batches(epochs);
  auto reading = std::make_unique<ReadingRings>(epochs[0]);
  batches.note();
  reading.reset();
  reading = std::make_unique<ReadingRings>(epochs[0]);
  EXPECT_TRUE(batches.passed());
}

TEST(EpochSnapshot, BatchThatBeganAfterTheNoteDoesNotCount) {
  Epochs epochs(1);
  EpochSnapshot batches(epochs);
  batches.note();
  const ReadingRings reading(epochs[0]);
  EXPECT_TRUE(batches.passed());
}

TEST(EpochSnapshot, EveryShardThatWasReadingMustHaveMovedOn) {
  Epochs epochs(3);
  EpochSnapshot batches(epochs);
  auto first = std::make_unique<ReadingRings>(epochs[0]);
  auto last = std::make_unique<ReadingRings>(epochs[2]);
  batches.note();
  first.reset();
  EXPECT_FALSE(batches.passed());
  last.reset();
  EXPECT_TRUE(batches.passed());
}

TEST(EpochSnapshot, NotingAgainForgetsTheEarlierNote) {
  Epochs epochs(2);
  EpochSnapshot batches(epochs);
  auto first = std::make_unique<ReadingRings>(epochs[0]);
  batches.note();
  first.reset();
  const ReadingRings second(epochs[1]);
  batches.note();
  EXPECT_FALSE(batches.passed());
}

TEST(EpochDeathTest, BatchInsideABatchIsCaughtInDebugBuilds) {
  Epoch epoch;
  EXPECT_DEBUG_DEATH(
      {
        const ReadingRings outer(epoch);
        const ReadingRings inner(epoch);
      },
      "violated");
}

}  // namespace
}  // namespace ringcast
