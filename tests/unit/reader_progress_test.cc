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

TEST(ReaderProgress, EachReaderReadsBackItsOwnReport) {
  ReaderProgress progress(2);
  progress.report(0, 11);
  progress.report(1, 22);
  progress.report(progress.merged_reader(0), 33);
  progress.report(progress.merged_reader(1), 44);
  EXPECT_EQ(progress.reported(0), 11U);
  EXPECT_EQ(progress.reported(1), 22U);
  EXPECT_EQ(progress.reported(progress.merged_reader(0)), 33U);
  EXPECT_EQ(progress.reported(progress.merged_reader(1)), 44U);
}

// A shard's two kinds of subscribers hold publishers up each for themselves.
TEST(ReaderProgress, EachOfAShardsReadersCounts) {
  ReaderProgress progress(3);
  for (size_t shard = 0; shard < 3; ++shard) {
    progress.report(progress.merged_reader(shard), 100 + shard);
    progress.report(shard, 500);
    EXPECT_EQ(progress.slowest(), 100 + shard) << "those who get a selection are behind";
    progress.report(progress.merged_reader(shard), 900);
    EXPECT_EQ(progress.slowest(), 500U) << "those who get all of it are";
    progress.report(progress.merged_reader(shard), kNobodyBehind);
    progress.report(shard, kNobodyBehind);
    EXPECT_EQ(progress.slowest(), kNobodyBehind);
  }
}

}  // namespace
}  // namespace ringcast
