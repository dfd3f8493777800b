#include "net/ttl.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/config/units.h"
#include "engine/event.h"

namespace ringcast::net {
namespace {

TEST(Ttl, IsWrittenAsInTheConfiguration) {
  EXPECT_EQ(parse_ttl("1ms").value(), milliseconds(1));
  EXPECT_EQ(parse_ttl("30s").value(), milliseconds(30'000));
  EXPECT_EQ(parse_ttl("12h").value(), milliseconds(43'200'000));
  EXPECT_EQ(parse_ttl("49d").value(), kTtlMax);
  EXPECT_EQ(parse_ttl(format_duration(kTtlMax)).value(), kTtlMax);
}

TEST(Ttl, AnythingElseIsRefusedWithTheRemedy) {
  struct Refused {
    std::string text;
    const char* message;
  };
  const Refused kCases[] = {
      {"30", "ttl has no unit; write a number and ms, s, m, h or d, such as 15s"},
      {"", "ttl does not begin with a number; write a number and ms, s, m, h or d, such as 15s"},
      {"-1s", "ttl does not begin with a number; write a number and ms, s, m, h or d, such as 15s"},
      {"1.5h",
       "ttl is not a whole number; use a smaller unit: "
       "write a number and ms, s, m, h or d, such as 15s"},
      {"1\"\n",
       "ttl does not end in a known unit; write a number and ms, s, m, h or d, such as 15s"},
      {std::string(1000, 'x'),
       "ttl does not begin with a number; write a number and ms, s, m, h or d, such as 15s"},
      {"0s", "ttl is no time at all; write 1ms or more, or leave it out"},
      {"50d", "ttl is longer than 49d; write less, or leave it out"},
      {"4233600001ms", "ttl is longer than 49d; write less, or leave it out"},
      {"99999999999999999999s", "ttl is too large to count; write a smaller value"},
  };
  for (const auto& [text, message] : kCases) {
    const Result<milliseconds> ttl = parse_ttl(text);
    ASSERT_FALSE(ttl) << text;
    EXPECT_EQ(ttl.error().message, message);
  }
}

}  // namespace
}  // namespace ringcast::net
