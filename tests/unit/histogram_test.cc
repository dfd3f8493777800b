#include "engine/base/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

namespace ringcast {
namespace {

TEST(Histogram, EmptyOneAnswersZeroEverywhere) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.min(), 0u);
  EXPECT_EQ(histogram.max(), 0u);
  EXPECT_EQ(histogram.quantile(0.5), 0u);
  EXPECT_EQ(histogram.mean(), 0.0);
}

TEST(Histogram, SmallValuesAreExact) {
  Histogram histogram;
  for (uint64_t value = 1; value <= 100; ++value) histogram.record(value);
  EXPECT_EQ(histogram.quantile(0.0), 1u);
  EXPECT_EQ(histogram.quantile(0.5), 50u);
  EXPECT_EQ(histogram.quantile(0.99), 99u);
  EXPECT_EQ(histogram.quantile(1.0), 100u);
  EXPECT_DOUBLE_EQ(histogram.mean(), 50.5);
}

TEST(Histogram, QuantilesAreNeverBelowTheTruthAndWithinOnePercentAboveIt) {
  auto histogram = std::make_unique<Histogram>();
  std::mt19937_64 random{7};
  std::vector<uint64_t> values;
  for (int i = 0; i < 50'000; ++i) {
    values.push_back(random() >> (random() % 64));  // every magnitude is as likely as every other
    histogram->record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double fraction : {0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<size_t>(std::ceil(fraction * static_cast<double>(values.size())));
    const uint64_t truth = values[rank - 1];
    const uint64_t got = histogram->quantile(fraction);
    EXPECT_GE(got, truth) << fraction;
    EXPECT_LE(static_cast<double>(got), static_cast<double>(truth) * 1.01 + 1) << fraction;
  }
}

TEST(Histogram, TheExtremesFit) {
  Histogram histogram;
  histogram.record(0);
  histogram.record(UINT64_MAX);
  EXPECT_EQ(histogram.min(), 0u);
  EXPECT_EQ(histogram.max(), UINT64_MAX);
  EXPECT_EQ(histogram.quantile(0.5), 0u);
  EXPECT_EQ(histogram.quantile(1.0), UINT64_MAX);
}

TEST(Histogram, CountedRecordEqualsRepeatedOnes) {
  Histogram counted;
  Histogram repeated;
  counted.record(777, 5);
  for (int i = 0; i < 5; ++i) repeated.record(777);
  EXPECT_EQ(counted.count(), repeated.count());
  EXPECT_EQ(counted.quantile(0.5), repeated.quantile(0.5));
  EXPECT_DOUBLE_EQ(counted.mean(), repeated.mean());
}

TEST(Histogram, MergeIsTheSameAsRecordingBoth) {
  Histogram left;
  Histogram right;
  Histogram both;
  for (uint64_t value = 1; value < 100'000; value = value * 3 / 2 + 1) {
    (value % 2 == 0 ? left : right).record(value);
    both.record(value);
  }
  left.merge(right);
  EXPECT_EQ(left.count(), both.count());
  EXPECT_EQ(left.min(), both.min());
  EXPECT_EQ(left.max(), both.max());
  for (const double fraction : {0.1, 0.5, 0.9})
    EXPECT_EQ(left.quantile(fraction), both.quantile(fraction));
}

}  // namespace
}  // namespace ringcast
