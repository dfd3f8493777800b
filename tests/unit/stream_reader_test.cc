// Goal: a session's items are the same however its bytes are cut, and what ringcast does not write is damage. Method:
// one session with an item of every kind, whole and in every pair of pieces; and single chunks that are wrong in one
// way.
#include "bench/load/follow/stream_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <vector>

namespace ringcast::bench {
namespace {

using Kind = StreamItem::Kind;

constexpr size_t kDataBytes = 60;

std::string chunk(std::string_view content) {
  return fmt::format("{:x}\r\n{}\r\n", content.size(), content);
}

std::string event_data(uint32_t number) {
  std::string data;
  append_tagged_data(data, {.lane = 1, .target = 7, .number = number, .intended_ns = 99},
                     kDataBytes);
  return data;
}

std::string event(uint32_t number) {
  return chunk(fmt::format("id: 1000-{}\ndata: {}\n\n", number, event_data(number)));
}

std::string gap(std::string_view data) {
  return chunk(fmt::format("event: gap\nid: 1000-5\ndata: {}\n\n", data));
}

const std::string kOpening =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" +
    chunk(":\nretry: 2000\n");

std::vector<StreamItem> items_of(const std::vector<std::string_view>& pieces) {
  StreamReader reader(kDataBytes);
  std::vector<StreamItem> items;
  for (const std::string_view piece : pieces) {
    reader.feed(piece, [&](const StreamItem& item) {
      items.push_back(item);
      return true;
    });
  }
  return items;
}

StreamItem after_opening(const std::string& text) {
  const auto items = items_of({kOpening, text});
  return items.size() < 2 ? StreamItem{} : items[1];
}

TEST(StreamReader, ReadsEveryKindOfItemInEverySplit) {
  const std::string session =
      kOpening + event(4) + chunk(":\n") +
      gap(R"({"requested":"1000-4","oldest":"1000-6","channel":"inbox/r7"})") + event(6) +
      chunk("");
  for (size_t cut = 0; cut <= session.size(); ++cut) {
    const std::string_view text = session;
    const auto items = items_of({text.substr(0, cut), text.substr(cut)});
    ASSERT_EQ(items.size(), 6u) << cut;
    EXPECT_EQ(items[0].kind, Kind::kOpening);
    EXPECT_EQ(items[1].kind, Kind::kEvent);
    EXPECT_EQ(items[1].id, (FrameId{.ms = 1000, .seq = 4}));
    EXPECT_EQ(items[1].tag, (EventTag{.lane = 1, .target = 7, .number = 4, .intended_ns = 99}));
    EXPECT_EQ(items[2].kind, Kind::kComment);
    EXPECT_EQ(items[3].kind, Kind::kGap);
    EXPECT_EQ(items[3].id, (FrameId{.ms = 1000, .seq = 5}));
    EXPECT_EQ(items[3].gap.requested, (FrameId{.ms = 1000, .seq = 4}));
    EXPECT_EQ(items[3].gap.channels, std::vector<std::string>{"inbox/r7"});
    EXPECT_EQ(items[4].tag.number, 6u);
    EXPECT_EQ(items[5].kind, Kind::kEnd);
  }
}

TEST(StreamReader, TakesNothingOfAnEventThatIsNotWhole) {
  const std::string whole = event(4);
  for (size_t cut = 0; cut < whole.size(); ++cut) {
    const auto items = items_of({kOpening, std::string_view(whole).substr(0, cut)});
    EXPECT_EQ(items.size(), 1u) << cut;
  }
}

TEST(StreamReader, ForgetsTheTailOfTheSessionBefore) {
  StreamReader reader(kDataBytes);
  std::vector<Kind> kinds;
  const auto collect = [&](const StreamItem& item) {
    kinds.push_back(item.kind);
    return true;
  };
  reader.feed(kOpening + event(1).substr(0, 20), collect);
  reader.restart();
  EXPECT_FALSE(reader.open());
  reader.feed(kOpening + event(2), collect);
  EXPECT_EQ(kinds, (std::vector{Kind::kOpening, Kind::kOpening, Kind::kEvent}));
}

TEST(StreamReader, StopsWhenItIsToldTo) {
  StreamReader reader(kDataBytes);
  int seen = 0;
  reader.feed(kOpening + event(1) + event(2), [&](const StreamItem&) { return ++seen < 2; });
  EXPECT_EQ(seen, 2);
}

TEST(StreamReader, AGapMayHaveNothingAfterItAndNoChannel) {
  const StreamItem item = after_opening(gap(R"({"requested":"1000-4","oldest":null})"));
  EXPECT_EQ(item.kind, Kind::kGap);
  EXPECT_TRUE(item.gap.channels.empty());
}

TEST(StreamReader, AGapMayBeOfSeveralChannels) {
  const StreamItem item =
      after_opening(gap(R"({"requested":"1000-4","oldest":"1000-6","channels":["a","inbox/r7"]})"));
  EXPECT_EQ(item.gap.channels, (std::vector<std::string>{"a", "inbox/r7"}));
}

TEST(StreamReader, AGapThatDoesNotSayWhatItMustIsDamage) {
  for (const char* data : {R"({"requested":"1000-4"})", R"({"oldest":null})", R"(["1000-4"])",
                           R"({"requested":4,"oldest":null})", R"({"requested":"x","oldest":null})",
                           R"({"requested":"1000-4","oldest":"x"})",
                           R"({"requested":"1000-4","oldest":null,"channel":7})",
                           R"({"requested":"1000-4","oldest":null,"channels":[]})",
                           R"({"requested":"1000-4","oldest":null,"channels":"a"})", "{"}) {
    EXPECT_EQ(after_opening(gap(data)).kind, Kind::kDamaged) << data;
  }
}

TEST(StreamReader, WhatRingcastDoesNotWriteIsDamage) {
  const std::string data = event_data(4);
  for (const std::string& content :
       {fmt::format("data: {}\n\n", data), fmt::format("id: 1000\ndata: {}\n\n", data),
        fmt::format("id: 1000-4\ndata: {}\n", data), fmt::format("id: 1000-4\ndata: {}x\n\n", data),
        fmt::format("id: 1000-4\nid: 1000-5\ndata: {}\n\n", data),
        fmt::format("id: 1000-4\nevent: x\ndata: {}\n\n", data),
        fmt::format("id: 1000-4\nretry: 1\ndata: {}\n\n", data), std::string("id: 1000-4\n\n"),
        std::string("\n\n"), std::string(":\n:\n")}) {
    EXPECT_EQ(after_opening(chunk(content)).kind, Kind::kDamaged) << content;
  }
  EXPECT_EQ(after_opening("no chunk").kind, Kind::kDamaged);
}

TEST(StreamReader, ARefusedOpeningIsDamageAndTheStreamNotOpen) {
  StreamReader reader(kDataBytes);
  std::vector<Kind> kinds;
  reader.feed("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", [&](const StreamItem& item) {
    kinds.push_back(item.kind);
    return true;
  });
  EXPECT_EQ(kinds, std::vector{Kind::kDamaged});
  EXPECT_FALSE(reader.open());
}

}  // namespace
}  // namespace ringcast::bench
