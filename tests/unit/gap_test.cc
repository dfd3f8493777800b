#include "engine/gap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

namespace ringcast {
namespace {

constexpr EventId kId{1'732'271'299'000, 2};
constexpr EventId kRequested{1'732'271'234'567, 0};
constexpr EventId kOldest{1'732'271'299'000, 3};

std::string frame_of(WireFormat format, const Gap& gap) {
  std::string out;
  append_gap(out, format, gap);
  return out;
}

// What stands between `data: ` and its line's end.
std::string data_of(const Gap& gap) {
  const std::string frame = frame_of(WireFormat::kRaw, gap);
  const size_t from = frame.find("data: ");
  if (from == std::string::npos) return "";
  return frame.substr(from + 6, frame.find('\n', from) - from - 6);
}

TEST(Gap, IsOneFrameOfItsOwnType) {
  EXPECT_EQ(frame_of(WireFormat::kRaw, {.id = kId, .requested = kRequested, .oldest = kOldest}),
            "id: 1732271299000-2\n"
            "event: gap\n"
            "data: {\"requested\":\"1732271234567-0\",\"oldest\":\"1732271299000-3\"}\n"
            "\n");
}

TEST(Gap, IsOneChunkInAChunkedStream) {
  EXPECT_EQ(frame_of(WireFormat::kChunked, {.id = kId, .requested = kRequested, .oldest = kOldest}),
            "61\r\n"
            "id: 1732271299000-2\n"
            "event: gap\n"
            "data: {\"requested\":\"1732271234567-0\",\"oldest\":\"1732271299000-3\"}\n"
            "\n"
            "\r\n");
}

TEST(Gap, IsAppendedToWhatIsThere) {
  std::string out = ":\nretry: 1000\n";
  append_gap(out, WireFormat::kRaw, {.id = {7, 0}, .requested = EventId{1, 0}, .oldest = {}});
  append_gap(out, WireFormat::kRaw, {.id = {8, 0}, .requested = {}, .oldest = EventId{9, 0}});
  EXPECT_EQ(out,
            ":\nretry: 1000\n"
            "id: 7-0\nevent: gap\ndata: {\"requested\":\"1-0\",\"oldest\":null}\n\n"
            "id: 8-0\nevent: gap\ndata: {\"requested\":null,\"oldest\":\"9-0\"}\n\n");
}

// As text, since a JavaScript number would not hold it; null is what a program can tell from any id.
TEST(Gap, WhatIsNotKnownIsNull) {
  EXPECT_EQ(data_of({.id = kId, .requested = {}, .oldest = {}}),
            "{\"requested\":null,\"oldest\":null}");
  EXPECT_EQ(data_of({.id = kId, .requested = EventId{}, .oldest = {}}),
            "{\"requested\":\"0-0\",\"oldest\":null}");
}

TEST(Gap, NamesTheChannelWhereThereAreSeveral) {
  EXPECT_EQ(
      data_of({.id = kId, .requested = EventId{1, 0}, .oldest = {}, .channel = "inbox/alice"}),
      "{\"channel\":\"inbox/alice\",\"requested\":\"1-0\",\"oldest\":null}");
}

TEST(Gap, ChannelNamesAreEscapedAsJsonDemandsAndNoFurther) {
  EXPECT_EQ(data_of({.id = kId, .requested = {}, .oldest = {}, .channel = R"(inbox/a"b\c)"}),
            R"({"channel":"inbox/a\"b\\c","requested":null,"oldest":null})");
  EXPECT_EQ(data_of({.id = kId, .requested = {}, .oldest = {}, .channel = "inbox/жук 虫/<&'"}),
            R"({"channel":"inbox/жук 虫/<&'","requested":null,"oldest":null})");
}

// Whatever the name, the frame stays one event of one data line that a JSON reader gives the name back from.
TEST(Gap, HostileNameForgesNothing) {
  const std::string hostile =
      "inbox/\",\"oldest\":\"9-9\"}\nid: 6-6\r\rdata: x\xe2\x80\xa8\x01\x7f end";
  const Gap gap{.id = kId, .requested = kRequested, .oldest = {}, .channel = hostile};
  const std::string frame = frame_of(WireFormat::kRaw, gap);
  EXPECT_EQ(std::count(frame.begin(), frame.end(), '\n'), 4) << frame;
  EXPECT_EQ(frame.find('\r'), std::string::npos);
  const nlohmann::json data = nlohmann::json::parse(data_of(gap));
  EXPECT_EQ(data.at("channel"), hostile);
  EXPECT_TRUE(data.at("oldest").is_null());
  EXPECT_EQ(data.size(), 3U);
}

// Several gaps that end at one id: a reconnect after the first of them must be told of the others.
TEST(Gap, WithoutAnIdOfItsOwnItHasNoIdLine) {
  EXPECT_EQ(frame_of(WireFormat::kRaw, {.id = {}, .requested = kRequested, .oldest = kOldest}),
            "event: gap\n"
            "data: {\"requested\":\"1732271234567-0\",\"oldest\":\"1732271299000-3\"}\n"
            "\n");
  EXPECT_EQ(frame_of(WireFormat::kChunked, {.id = {}, .requested = kRequested, .oldest = kOldest}),
            "4d\r\n"
            "event: gap\n"
            "data: {\"requested\":\"1732271234567-0\",\"oldest\":\"1732271299000-3\"}\n"
            "\n"
            "\r\n");
}

}  // namespace
}  // namespace ringcast
