#include "bench/load/follow/tagged_data.h"

#include <gtest/gtest.h>

namespace ringcast::bench {
namespace {

constexpr EventTag kTag{.lane = 3, .target = 812, .number = 42, .intended_ns = 1'234'567'890'123};

std::string data_of(const EventTag& tag, size_t bytes) {
  std::string data;
  append_tagged_data(data, tag, bytes);
  return data;
}

TEST(TaggedData, ComesBackAsItWasWrittenAtEverySize) {
  for (size_t bytes = kTaggedBytesMin; bytes < kTaggedBytesMin + 100; ++bytes) {
    const std::string data = data_of(kTag, bytes);
    ASSERT_EQ(data.size(), bytes);
    EXPECT_EQ(parse_tagged_data(data, bytes), kTag) << bytes;
  }
}

TEST(TaggedData, TheSmallestIsOnlyTheTag) {
  EXPECT_EQ(data_of(kTag, kTaggedBytesMin), "003 0000812 0000000042 0000001234567890123 ");
}

TEST(TaggedData, AnyByteChangedIsRefusedOrIsAnotherTag) {
  const std::string data = data_of(kTag, 120);
  for (size_t at = 0; at < data.size(); ++at) {
    std::string changed = data;
    changed[at] = changed[at] == '7' ? '8' : '7';
    EXPECT_NE(parse_tagged_data(changed, 120), kTag) << at;
  }
}

TEST(TaggedData, AnotherLengthIsRefused) {
  const std::string data = data_of(kTag, 120);
  EXPECT_FALSE(parse_tagged_data(data, 121));
  EXPECT_FALSE(parse_tagged_data(data.substr(0, 119), 120));
  EXPECT_FALSE(parse_tagged_data("", 0));
}

}  // namespace
}  // namespace ringcast::bench
