// The reference parser against the standard's own examples and every rule by itself.

#include "tests/support/sse_parser.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/stream_splits.h"

namespace ringcast {
namespace {

using namespace std::string_literals;
using Events = std::vector<DispatchedEvent>;

Events events_of(std::string_view stream) {
  return read_every_way(stream).events;
}

// The data of the events that `stream` brings, which are all nameless.
std::vector<std::string> data_of(std::string_view stream) {
  std::vector<std::string> data;
  for (const DispatchedEvent& event : events_of(stream)) {
    EXPECT_EQ(event.type, "message");
    data.push_back(event.data);
  }
  return data;
}

using Data = std::vector<std::string>;

std::string with_line_ends(std::string_view stream, std::string_view line_end) {
  std::string out;
  for (const char c : stream) out += c == '\n' ? std::string(line_end) : std::string(1, c);
  return out;
}

TEST(SseParser, ExamplesOfTheStandard) {
  EXPECT_EQ(data_of("data: YHOO\ndata: +2\ndata: 10\n\n"), Data{"YHOO\n+2\n10"});
  const Events four = events_of(
      ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n");
  EXPECT_EQ(four, (Events{{"1", "message", "first event"}, {"", "message", "second event"}}));
  EXPECT_EQ(data_of("data\n\ndata\ndata\n\ndata:"), (Data{"", "\n"}));
  EXPECT_EQ(data_of("data:test\n\ndata: test\n\n"), (Data{"test", "test"}));
}

TEST(SseParser, LinesEndAtLfCrAndCrLfAlikeAndAtNothingElse) {
  const std::string_view stream =
      ":\nretry: 7\n\nid: 1\nevent: t\ndata: a\ndata: b\n\n\n\ndata\n\ndata: unfinished\n";
  const StreamReading expected{{{"1", "t", "a\nb"}, {"1", "message", ""}}, "1", 7, 1};
  for (const std::string_view line_end : {"\n", "\r", "\r\n"}) {
    EXPECT_EQ(read_every_way(with_line_ends(stream, line_end)), expected)
        << testing::PrintToString(line_end);
  }
  EXPECT_EQ(data_of("data: a\rdata: b\ndata: c\r\n\r\n"), Data{"a\nb\nc"});
  EXPECT_EQ(data_of("data: a\n\rdata: b\r\r"), (Data{"a", "b"}));
  EXPECT_EQ(data_of("data: a\u2028b\u0085c\vd\fe\n\n"), Data{"a\u2028b\u0085c\vd\fe"});
}

TEST(SseParser, LineEndOfTwoBytesMayBeSplitOverFeeds) {
  SseParser parser;
  parser.feed("data: a\r");
  parser.feed("\ndata: b\r\n\r");
  EXPECT_EQ(parser.take_events(), (Events{{"", "message", "a\nb"}}));
  parser.feed("\n");
  parser.feed("data: c\n\n");
  EXPECT_EQ(parser.take_events(), (Events{{"", "message", "c"}}));
  EXPECT_EQ(parser.take_events(), Events{});
}

TEST(SseParser, OneByteOrderMarkMayStandAtTheBeginning) {
  const std::string bom = "\uFEFF";
  EXPECT_EQ(data_of(bom + "data: a\n\n"), Data{"a"});
  EXPECT_EQ(data_of(bom + bom + "data: 1\n\ndata: 2\n\n"), Data{"2"}) << "part of a name";
  EXPECT_EQ(data_of("data: 1\n\n" + bom + "data: 2\n\ndata: 3\n\n"), (Data{"1", "3"}));
  EXPECT_EQ(data_of("data: " + bom + "a\n\n"), Data{bom + "a"});
}

TEST(SseParser, WrongBytesBecomeReplacementCharacters) {
  EXPECT_EQ(data_of("data: ok\xC3\n\n"), Data{"ok\uFFFD"});
  EXPECT_EQ(data_of("data: \xE2\x80\ndata: \xED\xA0\x80\n\n"), Data{"\uFFFD\n\uFFFD\uFFFD\uFFFD"});
  EXPECT_EQ(data_of("data\xFF: 1\n\ndata: 2\n\n"), Data{"2"});
  EXPECT_EQ(events_of("event: \xFF\ndata: x\n\n"), (Events{{"", "\uFFFD", "x"}}));
}

TEST(SseParser, OneSpaceAfterTheColonIsNotData) {
  EXPECT_EQ(data_of("data:\tt\ndata: s\ndata:  ss\ndata:n\ndata: \ndata:\n\n"),
            Data{"\tt\ns\n ss\nn\n\n"});
  EXPECT_EQ(events_of("event:  x \nid:  7 \ndata: \n\n"), (Events{{" 7 ", " x ", ""}}));
}

TEST(SseParser, OnlyTheFirstColonEndsAName) {
  EXPECT_EQ(data_of("data:: a:b\n\n"), Data{": a:b"});
  EXPECT_EQ(data_of("data: data: a\n\n"), Data{"data: a"});
}

TEST(SseParser, LineWithoutAColonIsAFieldWithoutAValue) {
  EXPECT_EQ(data_of("data\n\n"), Data{""});
  EXPECT_EQ(data_of("data\ndata: x\ndata\n\n"), Data{"\nx\n"});
  EXPECT_EQ(events_of("event: t\nevent\ndata: x\n\n"), (Events{{"", "message", "x"}}));
  EXPECT_EQ(events_of("id: 1\nid\ndata: x\n\n"), (Events{{"", "message", "x"}}));
}

TEST(SseParser, OtherNamesMeanNothing) {
  for (const std::string& line :
       {"Data: x"s, "DATA: x"s, " data: x"s, "data : x"s, "data\0: x"s, "\tdata: x"s, "dat: x"s,
        "datas: x"s, "heartbeatTimeout: 5"s, "x"s, "Event: t"s, "ID: 9"s, "Retry: 9"s}) {
    const StreamReading reading = read_every_way(line + "\ndata: y\n\n");
    EXPECT_EQ(reading.events, (Events{{"", "message", "y"}})) << line;
    EXPECT_EQ(reading.retry_ms, std::nullopt) << line;
  }
}

TEST(SseParser, CommentsAreCountedAndNothingElse) {
  const StreamReading reading = read_every_way(":\n: data: x\n:data: y\n\ndata: a\n:\ndata: b\n\n");
  EXPECT_EQ(reading.events, (Events{{"", "message", "a\nb"}}));
  EXPECT_EQ(reading.comments, 4U);
}

TEST(SseParser, EventWithoutDataIsNone) {
  EXPECT_EQ(events_of("event: t\n\ndata: x\n\n"), (Events{{"", "message", "x"}}))
      << "its type does not outlive it";
  EXPECT_EQ(events_of("\n\n\n"), Events{});
  EXPECT_EQ(events_of("retry: 5\n\n"), Events{});
}

TEST(SseParser, LastTypeOfAnEventCountsAndOnlyForThatEvent) {
  EXPECT_EQ(events_of("event: a\nevent: b\ndata: 1\n\ndata: 2\n\n"),
            (Events{{"", "b", "1"}, {"", "message", "2"}}));
  EXPECT_EQ(events_of("data: 1\nevent: after\n\n"), (Events{{"", "after", "1"}}));
}

TEST(SseParser, IdStaysUntilTheNextOne) {
  EXPECT_EQ(events_of("id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\nid:\ndata: d\n\n"),
            (Events{{"1", "message", "a"},
                    {"1", "message", "b"},
                    {"2", "message", "c"},
                    {"", "message", "d"}}));
  EXPECT_EQ(events_of("id: 1\nid: 2\ndata: a\n\n"), (Events{{"2", "message", "a"}}));
  EXPECT_EQ(events_of("id: \u2026\ndata: a\n\n"), (Events{{"\u2026", "message", "a"}}));
}

TEST(SseParser, IdWithANulIsIgnored) {
  EXPECT_EQ(events_of("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n"s),
            (Events{{"1", "message", "a"}, {"1", "message", "b"}}));
  EXPECT_EQ(events_of("id: 1\nid: \0\ndata: a\n\n"s), (Events{{"1", "message", "a"}}));
}

TEST(SseParser, IdCountsAtItsBlankLineAndNotBefore) {
  EXPECT_EQ(read_every_way("id: 1\ndata: a\n\nid: 2\ndata: b\n").last_event_id, "1");
  EXPECT_EQ(read_every_way("id: 1\ndata: a\n\nid: 2\n\n").last_event_id, "2") << "without data";
  EXPECT_EQ(events_of("id: 2\n\ndata: a\n\n"), (Events{{"2", "message", "a"}}));
}

TEST(SseParser, NulInDataAndTypeArrives) {
  EXPECT_EQ(events_of("event: \0t\ndata: \0\n\n"s), (Events{{"", "\0t"s, "\0"s}}));
}

TEST(SseParser, RetryIsDigitsAndCountsAtOnce) {
  struct {
    std::string line;
    std::optional<uint64_t> retry_ms;
  } const cases[] = {
      {"retry: 4711", 4711},
      {"retry:4711", 4711},
      {"retry: 03000", 3000},
      {"retry: 0", 0},
      {"retry: 99999999999999999999999", std::numeric_limits<uint64_t>::max()},
      {"retry", std::nullopt},
      {"retry: ", std::nullopt},
      {"retry:  5", std::nullopt},
      {"retry: 5 ", std::nullopt},
      {"retry: -1", std::nullopt},
      {"retry: +5", std::nullopt},
      {"retry: 1e3", std::nullopt},
      {"retry: 0x10", std::nullopt},
      {"retry: 5.0", std::nullopt},
      {"retry: \u0663", std::nullopt},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(read_every_way(test.line + "\n").retry_ms, test.retry_ms) << test.line;
  }
  EXPECT_EQ(read_every_way("retry: 1000\nretry: 2000x\n").retry_ms, 1000U);
  EXPECT_EQ(read_every_way("retry: 1000\nretry: 2000\n").retry_ms, 2000U);
  EXPECT_EQ(read_every_way("retry: 1000").retry_ms, std::nullopt) << "its line has not ended";
}

TEST(SseParser, UnfinishedLastEventIsDiscarded) {
  for (const std::string_view rest :
       {"data: b", "data: b\n", "id: 2\ndata: b\nevent: t\n", "\xE2"}) {
    EXPECT_EQ(events_of("data: a\n\n" + std::string(rest)), (Events{{"", "message", "a"}})) << rest;
  }
}

TEST(SseParser, LongLinesAndManyEventsArriveWhole) {
  const std::string line(100'000, 'x');
  EXPECT_EQ(data_of("data: " + line + "\n\n"), Data{line});
  std::string stream;
  for (int i = 0; i < 1000; ++i) stream += "data: " + std::to_string(i) + "\n\n";
  const Data many = data_of(stream);
  ASSERT_EQ(many.size(), 1000U);
  EXPECT_EQ(many.back(), "999");
}

}  // namespace
}  // namespace ringcast
