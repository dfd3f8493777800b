#include "engine/reader_progress.h"

#include <gtest/gtest.h>

namespace ringcast {
namespace {

TEST(ReaderProgress, NobodyIsBehindAtFirst) {
  const ReaderProgress progress(4);
  EXPECT_EQ(progress.slowest(), kNobodyBehind);
  EXPECT_EQ(progress.reported(3), kNobodyBehind);
}

TEST(ReaderProgress, WithoutShardsNobodyIsBehind) {
  EXPECT_EQ(ReaderProgress(0).slowest(), kNobodyBehind);
}

TEST(ReaderProgress, SlowestShardCounts) {
  ReaderProgress progress(3);
  progress.report(0, 500);
  progress.report(1, 200);
  progress.report(2, 900);
  EXPECT_EQ(progress.slowest(), 200U);
  progress.report(1, 700);
  EXPECT_EQ(progress.slowest(), 500U);
}

TEST(ReaderProgress, ShardWithoutHealthySubscribersHoldsNobodyUp) {
  ReaderProgress progress(2);
  progress.report(0, 0);
  progress.report(1, 100);
  EXPECT_EQ(progress.slowest(), 0U);
  progress.report(0, kNobodyBehind);
  EXPECT_EQ(progress.slowest(), 100U);
}

TEST(ReaderProgress, EachShardReadsBackItsOwnReport) {
  ReaderProgress progress(2);
  progress.report(0, 11);
  progress.report(1, 22);
  EXPECT_EQ(progress.reported(0), 11U);
  EXPECT_EQ(progress.reported(1), 22U);
}

}  // namespace
}  // namespace ringcast
