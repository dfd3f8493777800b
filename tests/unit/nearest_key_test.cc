#include "engine/config/nearest_key.h"

#include <gtest/gtest.h>

#include <string>

namespace ringcast {
namespace {

TEST(NearestKey, DistanceCountsInsertionsRemovalsReplacementsAndSwaps) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("retry", "retry"), 0U);
  EXPECT_EQ(edit_distance("rety", "retry"), 1U);
  EXPECT_EQ(edit_distance("rettry", "retry"), 1U);
  EXPECT_EQ(edit_distance("redry", "retry"), 1U);
  EXPECT_EQ(edit_distance("rerty", "retry"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(NearestKey, PicksTheClosestAndNoneThatIsFar) {
  constexpr std::string_view kKeys[] = {"heartbeat", "retry", "history", "min", "max"};
  EXPECT_EQ(nearest_key("hartbeet", kKeys), "heartbeat");
  EXPECT_EQ(nearest_key("histroy", kKeys), "history");
  EXPECT_EQ(nearest_key("mix", kKeys), "min");  // both are one letter away: the first
  EXPECT_EQ(nearest_key("mad", kKeys), "max");
  EXPECT_EQ(nearest_key("colour", kKeys), std::nullopt);
  EXPECT_EQ(nearest_key("", kKeys), std::nullopt);
  EXPECT_EQ(nearest_key(std::string(100'000, 'r'), kKeys), std::nullopt);
}

}  // namespace
}  // namespace ringcast
