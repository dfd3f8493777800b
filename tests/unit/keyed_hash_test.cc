#include "engine/keyed_hash.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace ringcast {
namespace {

using namespace std::string_view_literals;

std::pair<uint64_t, uint64_t> as_pair(KeyedHash hash) {
  return {hash.a, hash.b};
}

TEST(KeyedHash, EqualTextsHaveEqualHashesWhereverTheyLie) {
  for (size_t length = 0; length < 100; ++length) {
    const std::string text(length, 'x');
    const std::string shifted = "y" + text;
    EXPECT_EQ(keyed_hash(text), keyed_hash(std::string_view(shifted).substr(1))) << length;
  }
}

TEST(KeyedHash, DifferentTextsHaveDifferentHashes) {
  std::map<std::pair<uint64_t, uint64_t>, std::string> seen;
  const auto expect_new = [&](const std::string& text) {
    const auto [at, is_new] = seen.emplace(as_pair(keyed_hash(text)), text);
    EXPECT_TRUE(is_new) << testing::PrintToString(text) << " and " << at->second;
  };
  for (size_t length = 0; length < 100; ++length) expect_new(std::string(length, '\0'));
  for (int number = 0; number < 10'000; ++number) expect_new(std::to_string(number));
}

// A table may therefore take its slot from any bits of either word.
TEST(KeyedHash, BothWordsVaryInAllTheirBits) {
  uint64_t set_a = 0;
  uint64_t set_b = 0;
  uint64_t clear_a = 0;
  uint64_t clear_b = 0;
  for (int number = 0; number < 200; ++number) {
    const KeyedHash hash = keyed_hash(std::to_string(number));
    set_a |= hash.a;
    set_b |= hash.b;
    clear_a |= ~hash.a;
    clear_b |= ~hash.b;
  }
  EXPECT_EQ(~set_a | ~set_b | ~clear_a | ~clear_b, 0U);
}

TEST(KeyedHash, OnlyNothingIsZero) {
  EXPECT_TRUE(KeyedHash{}.is_zero());
  EXPECT_FALSE((KeyedHash{.a = 1, .b = 0}.is_zero()));
  EXPECT_FALSE((KeyedHash{.a = 0, .b = 1}.is_zero()));
  EXPECT_FALSE(keyed_hash("").is_zero());
}

TEST(KeyedHash, OfTwoTextsKnowsWhereTheFirstOneEnds) {
  EXPECT_EQ(keyed_hash("ab", "c"), keyed_hash("ab", "c"));
  EXPECT_NE(keyed_hash("ab", "c"), keyed_hash("a", "bc"));
  EXPECT_NE(keyed_hash("ab", "c"), keyed_hash("c", "ab"));
  EXPECT_NE(keyed_hash("abc", ""), keyed_hash("", "abc"));
  EXPECT_NE(keyed_hash("abc", ""), keyed_hash("abc"));
  EXPECT_NE(keyed_hash("a\0"sv, "b"), keyed_hash("a", "\0b"sv));
}

TEST(KeyedHash, AllThreadsUseTheSameKey) {
  std::array<KeyedHash, 4> hashes;
  {
    std::vector<std::jthread> threads;
    for (KeyedHash& hash : hashes) threads.emplace_back([&hash] { hash = keyed_hash("alice"); });
  }
  for (const KeyedHash& hash : hashes) EXPECT_EQ(hash, keyed_hash("alice"));
}

// Known beforehand, the hash would let strangers choose texts that collide. A new process is made
// by executing this test again: the key of a fork is its parent's.
TEST(KeyedHashDeathTest, EveryProcessDrawsItsOwnKey) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const KeyedHash here = keyed_hash("alice");
  ASSERT_EQ(::setenv("RC_TEST_HASH", std::to_string(here.a).c_str(), 0), 0);
  EXPECT_EXIT(std::exit(std::to_string(keyed_hash("alice").a) == std::getenv("RC_TEST_HASH")),
              testing::ExitedWithCode(0), "");
  ::unsetenv("RC_TEST_HASH");
}

}  // namespace
}  // namespace ringcast
