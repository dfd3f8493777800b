#include "engine/source_table.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/support/allocation_count.h"

namespace ringcast {
namespace {

using Entered = SourceTable::Entered;

constexpr RateLimit kTenASecond{.count = 10, .period = milliseconds{1000}, .burst = 20};
constexpr MonotonicMs kNow = 1'000'000;

KeyedHash source(size_t number) {
  return keyed_hash("source", fmt::format("{}", number));
}

TEST(TokenBucket, GivesABurstAndThenTheAverage) {
  TokenBucket bucket;
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(bucket.wait(kTenASecond, kNow).count(), 0) << i;
    bucket.take(kTenASecond, 1, kNow);
  }
  EXPECT_EQ(bucket.wait(kTenASecond, kNow).count(), 100);
  EXPECT_EQ(bucket.wait(kTenASecond, kNow + 99).count(), 1);
  EXPECT_EQ(bucket.wait(kTenASecond, kNow + 100).count(), 0);
  EXPECT_FALSE(bucket.is_full(kNow + 1999));
  EXPECT_TRUE(bucket.is_full(kNow + 2000));
}

TEST(TokenBucket, WhatIsTakenBeyondItIsWaitedFor) {
  TokenBucket bucket;
  bucket.take(kTenASecond, 120, kNow);
  EXPECT_EQ(bucket.wait(kTenASecond, kNow).count(), 10'100);
}

TEST(TokenBucket, ASlowRateAndAFastOneAreExact) {
  TokenBucket slow;
  constexpr RateLimit kOneAnHour{.count = 1, .period = milliseconds{3'600'000}, .burst = 1};
  slow.take(kOneAnHour, 1, kNow);
  EXPECT_EQ(slow.wait(kOneAnHour, kNow).count(), 3'600'000);
  TokenBucket fast;
  constexpr RateLimit kMillion{
      .count = 1'000'000, .period = milliseconds{1000}, .burst = 1'000'000};
  fast.take(kMillion, 1'000'000, kNow);
  EXPECT_EQ(fast.wait(kMillion, kNow).count(), 1);
  EXPECT_EQ(fast.wait(kMillion, kNow + 1).count(), 0);
}

TEST(SourceTable, CountsTheStreamsOfEachSourceByItself) {
  SourceTable table(100);
  EXPECT_EQ(table.enter(source(1), Holding::kStreams, 2, kNow), Entered::kYes);
  EXPECT_EQ(table.enter(source(1), Holding::kStreams, 2, kNow), Entered::kYes);
  EXPECT_EQ(table.enter(source(1), Holding::kStreams, 2, kNow), Entered::kFull);
  EXPECT_EQ(table.enter(source(2), Holding::kStreams, 2, kNow), Entered::kYes);
  table.leave(source(1), Holding::kStreams);
  EXPECT_EQ(table.enter(source(1), Holding::kStreams, 2, kNow), Entered::kYes);
}

TEST(SourceTable, CountsConnectionsBesideStreams) {
  SourceTable table(100);
  EXPECT_EQ(table.enter(source(1), Holding::kConnections, 1, kNow), Entered::kYes);
  EXPECT_EQ(table.enter(source(1), Holding::kStreams, 1, kNow), Entered::kYes);
  EXPECT_EQ(table.enter(source(1), Holding::kConnections, 1, kNow), Entered::kFull);
  table.leave(source(1), Holding::kConnections);
  EXPECT_EQ(table.enter(source(1), Holding::kStreams, 1, kNow), Entered::kFull);
}

TEST(SourceTable, TheDebtOfRefusalsIsOneBurst) {
  SourceTable table(100);
  table.charge(source(1), Taking::kRefusals, kTenASecond, 100'000, kNow);
  EXPECT_EQ(table.wait(source(1), Taking::kRefusals, kTenASecond, kNow).count(), 2'100);
}

TEST(SourceTable, HasABucketForEachKindOfThing) {
  SourceTable table(100);
  EXPECT_EQ(table.take(source(1), Taking::kPublishes, kTenASecond, 20, kNow).count(), 0);
  EXPECT_EQ(table.take(source(1), Taking::kPublishes, kTenASecond, 1, kNow).count(), 100);
  EXPECT_EQ(table.wait(source(1), Taking::kPublishes, kTenASecond, kNow).count(), 100);
  EXPECT_EQ(table.take(source(1), Taking::kRefusals, kTenASecond, 1, kNow).count(), 0);
  EXPECT_EQ(table.take(source(2), Taking::kPublishes, kTenASecond, 1, kNow).count(), 0);
  table.charge(source(2), Taking::kPublishes, kTenASecond, 100, kNow);
  EXPECT_EQ(table.wait(source(2), Taking::kPublishes, kTenASecond, kNow).count(), 8'200);
}

// Goal: a million strangers take no more than the table, and those who were there before them are still known.
TEST(SourceTable, AMillionSourcesTakeNoMoreMemoryAndForgetNoStream) {
  SourceTable table(10'000);
  for (size_t i = 0; i < 1'000; ++i)
    EXPECT_EQ(table.enter(source(i), Holding::kStreams, 1, kNow), Entered::kYes);
  const size_t before = allocation_count();
  for (size_t i = 1'000; i < 1'001'000; ++i) {
    table.charge(source(i), Taking::kRefusals, kTenASecond, 1 + static_cast<uint32_t>(i % 7), kNow);
  }
  EXPECT_EQ(allocation_count(), before);
  EXPECT_GT(table.untracked(), 900'000u);
  for (size_t i = 0; i < 1'000; ++i) {
    EXPECT_EQ(table.enter(source(i), Holding::kStreams, 1, kNow), Entered::kFull) << i;
    table.leave(source(i), Holding::kStreams);
  }
}

TEST(SourceTable, WhoOwesLeastIsForgottenFirst) {
  SourceTable table(1);  // one set of 16
  table.charge(source(0), Taking::kRefusals, kTenASecond, 1'000, kNow);
  for (size_t i = 1; i < 200; ++i) table.charge(source(i), Taking::kRefusals, kTenASecond, 1, kNow);
  EXPECT_GT(table.wait(source(0), Taking::kRefusals, kTenASecond, kNow).count(), 0);
}

TEST(SourceTable, WhoOwesNothingMakesRoomAndIsNotMissed) {
  SourceTable table(1);
  for (size_t i = 0; i < 10'000; ++i) {
    table.charge(source(i), Taking::kRefusals, kTenASecond, 1,
                 kNow + static_cast<MonotonicMs>(i) * 100);
  }
  EXPECT_EQ(table.untracked(), 0u);
}

TEST(SourceTable, ASetFullOfStreamsLetsNewcomersInAndCountsThem) {
  SourceTable table(1);
  for (size_t i = 0; i < 16; ++i)
    EXPECT_EQ(table.enter(source(i), Holding::kStreams, 1, kNow), Entered::kYes);
  EXPECT_EQ(table.enter(source(16), Holding::kStreams, 1, kNow), Entered::kUntracked);
  EXPECT_EQ(table.take(source(16), Taking::kStreams, kTenASecond, 1, kNow).count(), 0);
  EXPECT_EQ(table.untracked(), 2u);
  EXPECT_EQ(table.enter(source(3), Holding::kStreams, 1, kNow), Entered::kFull);
}

TEST(SourceTable, ShardsCountTogether) {
  SourceTable table(100);
  std::atomic<uint32_t> inside{0};
  std::vector<std::jthread> shards;
  for (int shard = 0; shard < 4; ++shard) {
    shards.emplace_back([&] {
      for (int i = 0; i < 2'000; ++i) {
        const KeyedHash one = source(static_cast<size_t>(i % 3));
        if (table.enter(one, Holding::kStreams, 2, kNow) == Entered::kYes) {
          inside.fetch_add(1);
          table.leave(one, Holding::kStreams);
        }
        (void)table.take(one, Taking::kStreams, kTenASecond, 1, kNow);
      }
    });
  }
  shards.clear();
  EXPECT_GT(inside.load(), 0u);
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(table.enter(source(i), Holding::kStreams, 1, kNow), Entered::kYes);
}

}  // namespace
}  // namespace ringcast
