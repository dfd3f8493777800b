#include "engine/config/units.h"

#include <gtest/gtest.h>

namespace ringcast {
namespace {

struct Accepted {
  const char* text;
  int64_t value;
};

struct Refused {
  const char* text;
  const char* says;  // part of the message
};

template <typename T>
void expect_refused(const Result<T>& parsed, const Refused& refused) {
  ASSERT_FALSE(parsed) << refused.text << " was accepted";
  EXPECT_NE(parsed.error().message.find(refused.says), std::string::npos)
      << refused.text << ": " << parsed.error().message;
}

TEST(Units, DurationsAreAWholeNumberAndAUnit) {
  constexpr Accepted kCases[] = {
      {"0ms", 0},          {"1ms", 1},       {"500ms", 500},
      {"15s", 15'000},     {"10m", 600'000}, {"24h", 86'400'000},
      {"7d", 604'800'000}, {"007s", 7'000},  {"2147483647ms", 2'147'483'647},
  };
  for (const auto& [text, value] : kCases) {
    auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(parsed->count(), value) << text;
  }
}

TEST(Units, OtherDurationsAreRefusedWithTheRemedy) {
  constexpr Refused kCases[] = {
      {"", "\"\" does not begin with a number"},
      {"15", "\"15\" has no unit; write a number and ms, s, m, h or d, such as 15s"},
      {"0", "has no unit"},
      {"s", "does not begin with a number"},
      {"-5s", "does not begin with a number"},
      {"+5s", "does not begin with a number"},
      {" 5s", "does not begin with a number"},
      {"5 s", "does not end in a known unit"},
      {"5s ", "does not end in a known unit"},
      {"5sec", "does not end in a known unit"},
      {"5S", "does not end in a known unit"},
      {"5M", "does not end in a known unit"},
      {"1h30m", "does not end in a known unit"},
      {"1.5h", "is not a whole number; use a smaller unit"},
      {"1e3s", "does not end in a known unit"},
      {"0x10s", "does not end in a known unit"},
      {"9223372036854775808ms", "is too large to count"},
      {"9223372036854775807s", "is too large to count"},
      {"99999999999999999999999s", "is too large to count"},
  };
  for (const Refused& refused : kCases) expect_refused(parse_duration(refused.text), refused);
}

TEST(Units, SizesArePowersOf1024) {
  constexpr Accepted kCases[] = {
      {"0B", 0}, {"512B", 512}, {"64KiB", 65'536}, {"1MiB", 1'048'576}, {"4GiB", 4'294'967'296},
  };
  for (const auto& [text, value] : kCases) {
    auto parsed = parse_bytes(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(*parsed, static_cast<uint64_t>(value)) << text;
  }
}

TEST(Units, OtherSizesAreRefusedWithTheRemedy) {
  constexpr Refused kCases[] = {
      {"64KB",
       "\"64KB\" has the unit \"KB\", which means 1000 to some and 1024 to others and is "
       "not accepted; write 64KiB"},
      {"64kB", "write 64KiB"},
      {"64k", "write 64KiB"},
      {"64kib", "write 64KiB"},
      {"1MB", "write 1MiB"},
      {"1m", "write 1MiB"},
      {"2G", "write 2GiB"},
      {"64", "has no unit; write a number and B, KiB, MiB or GiB, such as 64KiB"},
      {"1TiB", "does not end in a known unit"},
      {"64b", "does not end in a known unit"},
      {"1.5MiB", "is not a whole number"},
      {"-1B", "does not begin with a number"},
      {"9223372036854775807GiB", "is too large to count"},
  };
  for (const Refused& refused : kCases) expect_refused(parse_bytes(refused.text), refused);
}

TEST(Units, RangesHaveTwoDotsAndTheSmallerFirst) {
  auto range = parse_duration_range("500ms..8s");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->min, milliseconds{500});
  EXPECT_EQ(range->max, milliseconds{8000});
  EXPECT_TRUE(parse_duration_range("3s..3s"));

  constexpr Refused kCases[] = {
      {"3s", "is not a range; write two durations with two dots between, such as 2s..8s"},
      {"2s-8s", "is not a range"},
      {"8s..2s", "runs backwards; write the smaller duration first: 2s..8s"},
      {"2..8s", "\"2\" has no unit"},
      {"2s..8", "\"8\" has no unit"},
      {"2s...8s", "\".8s\" does not begin with a number"},
      {"..", "does not begin with a number"},
  };
  for (const Refused& refused : kCases) expect_refused(parse_duration_range(refused.text), refused);
}

TEST(Units, IntegersAreDecimalDigits) {
  constexpr Accepted kCases[] = {
      {"0", 0}, {"1024", 1024}, {"-7", -7}, {"010", 10}, {"-9223372036854775808", INT64_MIN}};
  for (const auto& [text, value] : kCases) {
    auto parsed = parse_integer(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(*parsed, value) << text;
  }
  constexpr Refused kRefused[] = {
      {"", "is not a whole number; write digits only, such as 1024"},
      {"1_000", "is not a whole number"},
      {"1,000", "is not a whole number"},
      {"+1", "is not a whole number"},
      {"0x10", "is not a whole number"},
      {"1.0", "is not a whole number"},
      {"1k", "is not a whole number"},
      {"9223372036854775808", "is too large to count"},
  };
  for (const Refused& refused : kRefused) expect_refused(parse_integer(refused.text), refused);
}

TEST(Units, WhatIsWrittenReadsBackAsTheSameValue) {
  for (const char* text : {"0ms", "1ms", "1500ms", "15s", "90s", "10m", "25h", "1d", "365d"}) {
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  }
  EXPECT_EQ(format_duration(milliseconds{60'000}), "1m");
  for (const char* text : {"0B", "1B", "1000B", "64KiB", "1025KiB", "1MiB", "4GiB"}) {
    EXPECT_EQ(format_bytes(*parse_bytes(text)), text);
  }
  EXPECT_EQ(format_bytes(1 << 20), "1MiB");
}

TEST(Units, RatesAreReadAndWritten) {
  struct Case {
    const char* text;
    RateLimit rate;
  };
  for (const Case& c : {Case{"100/s", {100, milliseconds{1000}, 100}},
                        Case{"60/m burst 500", {60, milliseconds{60'000}, 500}},
                        Case{"1/h burst 2", {1, milliseconds{3'600'000}, 2}}}) {
    Result<RateLimit> rate = parse_rate(c.text);
    ASSERT_TRUE(rate) << c.text;
    EXPECT_EQ(*rate, c.rate) << c.text;
    EXPECT_EQ(format_rate(c.rate), c.text);
  }
  EXPECT_EQ(format_rate(*parse_rate("5/s burst 5")), "5/s");
}

TEST(Units, WhatIsNoRateIsSaidToBeNone) {
  for (const char* text :
       {"", "100", "/s", "100/", "100/d", "0/s", "-1/s", "1.5/s", "100/s burst", "100/s burst 0",
        "100/s burst x", "1000001/s", "100/s  burst 5", "100 /s"}) {
    EXPECT_FALSE(parse_rate(text)) << text;
  }
}

}  // namespace
}  // namespace ringcast
