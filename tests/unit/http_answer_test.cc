#include "bench/load/http_answer.h"

#include <gtest/gtest.h>

#include <string>

namespace ringcast::bench {
namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 201 Created\r\ncontent-LENGTH: 32\r\n\r\n{\"id\":\"17-4\",\"subscribers\":1200}";

TEST(HttpAnswer, IsSplitOnceItIsWhole) {
  const std::string two = std::string(kAnswer) + "HTTP/1.1 503 X\r\n\r\n";
  for (size_t bytes = 0; bytes < kAnswer.size(); ++bytes)
    EXPECT_FALSE(split_answer(kAnswer.substr(0, bytes))) << bytes;
  const auto first = split_answer(two);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, 201);
  EXPECT_EQ(first->status_line(), "HTTP/1.1 201 Created");
  EXPECT_EQ(first->bytes, kAnswer.size());
  const auto second = split_answer(std::string_view(two).substr(first->bytes));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->status, 503);
  EXPECT_EQ(second->body, "");
}

TEST(HttpAnswer, FieldsAreFoundByTheirKeys) {
  const auto answer = split_answer(kAnswer);
  ASSERT_TRUE(answer);
  EXPECT_EQ(number_after(answer->body, "\"subscribers\":"), 1200u);
  EXPECT_EQ(id_after(answer->body, "\"id\":\""), (FrameId{.ms = 17, .seq = 4}));
  EXPECT_FALSE(number_after(answer->body, "\"accepted\":"));
  EXPECT_FALSE(id_after(answer->body, "\"first_id\":\""));
}

}  // namespace
}  // namespace ringcast::bench
