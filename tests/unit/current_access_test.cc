#include "engine/access/current_access.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/wait.h"

namespace ringcast {
namespace {

// It knows one static key, whose name is a number.
std::unique_ptr<Access> access_number(int number) {
  Config config;
  config.access.keys = {{std::to_string(number), sha256("rck_key"), {}, true}};
  return std::move(*Access::create(config));
}

int number_of(const Access& access) {
  return std::stoi(access.identify("rck_key", 0).bearer.subject);
}

TEST(CurrentAccess, AShardAsksWhatItHasTakenUntilItTakesAgain) {
  CurrentAccess current(access_number(1), 2);
  const Access& before = current.take(0);
  EXPECT_EQ(number_of(before), 1);
  EXPECT_FALSE(current.has_news(0));
  EXPECT_FALSE(current.has_news(1));

  std::atomic<bool> is_current = false;
  std::atomic<bool> is_over = false;
  std::jthread exchanging([&] {
    current.exchange(access_number(2), [&] { is_current = true; });
    is_over = true;
  });
  EXPECT_TRUE(comes_true([&] { return is_current.load(); }));
  EXPECT_TRUE(current.has_news(0));
  EXPECT_TRUE(current.has_news(1));
  EXPECT_EQ(number_of(current.take(1)), 2);
  EXPECT_FALSE(current.has_news(1));
  EXPECT_FALSE(is_over) << "shard 0 is not through with the old one";
  EXPECT_EQ(number_of(before), 1);
  EXPECT_EQ(number_of(current.take(0)), 2);
  EXPECT_TRUE(comes_true([&] { return is_over.load(); }));
}

// Goal: whatever the shards are doing, none asks what has gone, none goes back to an older one, and none asks what was
// replaced once exchange() has returned.
// Method: hundreds of exchanges under shards that ask all the time. The sanitizers see the first of the three.
TEST(CurrentAccess, MayBeExchangedWhileEverybodyAsks) {
  constexpr int kExchanges = 500;
  constexpr size_t kShards = 3;
  CurrentAccess current(access_number(0), kShards);
  std::atomic<int> oldest = 0;  // that may still be asked
  std::atomic<int> mistakes = 0;
  std::atomic<uint64_t> asked = 0;
  {
    std::atomic<bool> is_over = false;
    std::vector<std::jthread> shards;
    for (size_t shard = 0; shard < kShards; ++shard) {
      shards.emplace_back([&, shard] {
        for (int last = 0; !is_over; ++asked) {
          const int at_least = std::max(last, oldest.load());
          last = number_of(current.take(shard));
          if (last < at_least) ++mistakes;
        }
      });
    }
    for (int number = 1; number <= kExchanges; ++number) {
      current.exchange(access_number(number), [] {});
      oldest = number;
    }
    is_over = true;
  }
  EXPECT_EQ(mistakes, 0);
  EXPECT_GE(asked, kExchanges * kShards);
  for (size_t shard = 0; shard < kShards; ++shard) EXPECT_EQ(number_of(current.take(shard)), 500);
}

}  // namespace
}  // namespace ringcast
