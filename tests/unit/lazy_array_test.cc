#include "engine/base/lazy_array.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "engine/base/memory.h"

namespace ringcast {
namespace {

// How many pages of the array are in memory.
size_t resident_pages(LazyArray<uint64_t>& array) {
  const auto page_bytes = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t bytes = array.size() * sizeof(uint64_t);
  std::vector<unsigned char> pages(bytes / page_bytes);
  EXPECT_EQ(::mincore(&array[0], bytes, pages.data()), 0);
  return static_cast<size_t>(
      std::ranges::count_if(pages, [](unsigned char page) { return (page & 1) != 0; }));
}

TEST(LazyArray, ElementsBeginAsZero) {
  LazyArray<uint64_t> array(10'000);
  ASSERT_EQ(array.size(), 10'000U);
  for (size_t i = 0; i < array.size(); ++i) ASSERT_EQ(array[i], 0U);
}

TEST(LazyArray, KeepsWhatIsWritten) {
  LazyArray<uint64_t> array(10'000);
  for (size_t i = 0; i < array.size(); ++i) array[i] = i * i;
  const LazyArray<uint64_t>& reader = array;
  for (size_t i = 0; i < array.size(); ++i) ASSERT_EQ(reader[i], i * i);
}

TEST(LazyArray, MemoryFollowsUse) {
  LazyArray<uint64_t> array(kMiB * 32);  // 256 MiB
  EXPECT_EQ(resident_pages(array), 0U);
  array[0] = 1;
  array[array.size() - 1] = 1;
  EXPECT_GT(resident_pages(array), 0U);
  EXPECT_LE(resident_pages(array), 2 * (2 * kMiB / 4096)) << "two pages, be they huge ones";
}

TEST(LazyArray, MovingHandsTheElementsOver) {
  LazyArray<uint64_t> array(100);
  array[42] = 7;
  const LazyArray<uint64_t> moved(std::move(array));
  EXPECT_EQ(moved.size(), 100U);
  EXPECT_EQ(moved[42], 7U);
}

TEST(LazyArray, MayBeEmpty) {
  EXPECT_EQ(LazyArray<uint64_t>(0).size(), 0U);
}

TEST(LazyArrayDeathTest, SizeBeyondTheAddressSpaceIsCaught) {
  constexpr size_t kMax = std::numeric_limits<size_t>::max();
  EXPECT_DEATH(LazyArray<uint64_t>(kMax / 16), "violated") << "refused by the kernel";
  EXPECT_DEATH(LazyArray<uint64_t>(kMax / 8 + 2), "violated") << "must not wrap round to 8 bytes";
}

TEST(LazyArrayDeathTest, IndexBeyondTheEndIsCaughtInDebugBuilds) {
  LazyArray<uint64_t> array(5);
  uint64_t sink = 0;
  EXPECT_DEBUG_DEATH(sink = array[5], "violated");
  EXPECT_EQ(sink, 0U);
}

}  // namespace
}  // namespace ringcast
