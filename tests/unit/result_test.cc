#include "engine/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace ringcast {
namespace {

Result<int> half_of(int n) {
  if (n % 2 != 0) return Error{"odd"};
  return n / 2;
}

Result<> check_even(int n) {
  if (n % 2 != 0) return Error{"odd"};
  return {};
}

TEST(Result, HoldsAValue) {
  Result<int> half = half_of(42);
  ASSERT_TRUE(half);
  EXPECT_TRUE(half.has_value());
  EXPECT_EQ(*half, 21);
  half.value() = 5;
  const Result<int>& reader = half;
  EXPECT_EQ(reader.value(), 5);
}

TEST(Result, OrSaysWhyThereIsNone) {
  const Result<int> half = half_of(41);
  EXPECT_FALSE(half);
  EXPECT_FALSE(half.has_value());
  EXPECT_EQ(half.error().message, "odd");
}

TEST(Result, MayHoldNothingButSuccess) {
  EXPECT_TRUE(check_even(2));
  EXPECT_EQ(check_even(3).error().message, "odd");
}

TEST(Result, HandsOverWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> boxed = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = std::move(*boxed);
  EXPECT_EQ(*taken, 7);
  Result<std::unique_ptr<int>> other = std::make_unique<int>(8);
  EXPECT_EQ(*std::move(other).value(), 8);
}

TEST(Result, ReachesIntoItsValue) {
  Result<std::string> text = std::string("frame");
  EXPECT_EQ(text->size(), 5U);
}

// A string is not mistaken for the error's message.
TEST(Result, TextIsAValueUnlessItIsCalledAnError) {
  const Result<std::string> text = std::string("fine");
  EXPECT_TRUE(text);
}

TEST(ResultDeathTest, TakingTheValueOfAnErrorIsCaught) {
  Result<int> half = half_of(41);
  const Result<int>& reader = half;
  EXPECT_DEATH((void)half.value(), "violated");
  EXPECT_DEATH((void)reader.value(), "violated");
  EXPECT_DEATH((void)*half, "violated");
  EXPECT_DEATH((void)half.operator->(), "violated");
}

TEST(ResultDeathTest, TakingTheErrorOfAValueIsCaught) {
  const Result<int> half = half_of(42);
  EXPECT_DEATH((void)half.error(), "violated");
}

}  // namespace
}  // namespace ringcast
