// Goal: the load generator's verdict can be trusted. Method: feed streams that are right, and
// streams that are wrong in one known way, cut into pieces of every size, and ask for the exact
// counts.
#include "bench/load/stream_checker.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringcast::bench {
namespace {

constexpr size_t kDataBytes = 60;
constexpr std::string_view kHeartbeatChunk = "2\r\n:\n\r\n";

std::string frame(uint64_t number, uint64_t seq) {
  std::string data;
  append_event_data(data, {.number = number, .intended_ns = static_cast<int64_t>(1000 * number)},
                    kDataBytes);
  std::string out;
  append_frame(out, {.ms = 1'700'000'000'000, .seq = seq}, data);
  return out;
}
std::string frame(uint64_t number) {
  return frame(number, number);
}

std::string frames(std::initializer_list<uint64_t> numbers) {
  std::string out;
  for (const uint64_t number : numbers) out += frame(number);
  return out;
}

PublishRecord published(uint64_t count) {
  return {.issued = {count}, .refused = {}};
}

class StreamCheckerTest : public testing::Test {
 protected:
  void feed(uint32_t who, std::string_view bytes, size_t piece_bytes = SIZE_MAX) {
    while (!bytes.empty()) {
      checker.on_bytes(who, bytes.substr(0, piece_bytes), now_ns);
      bytes.remove_prefix(std::min(piece_bytes, bytes.size()));
    }
  }

  StreamChecker checker{2, 1, kDataBytes};
  int64_t now_ns = 1'000'000;
};

TEST_F(StreamCheckerTest, EqualAndOrderedStreamsAreGoodWhateverThePieces) {
  const std::string stream = frames({0, 1, 2, 3, 4});
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    StreamChecker fresh{2, 1, kDataBytes};
    for (const uint32_t who : {0u, 1u}) {
      for (size_t at = 0; at < stream.size(); at += piece)
        fresh.on_bytes(who, stream.substr(at, piece), now_ns);
    }
    const Verdict verdict = fresh.judge(published(5));
    ASSERT_TRUE(verdict.good()) << "pieces of " << piece;
    ASSERT_EQ(fresh.deliveries(), 10u);
    ASSERT_EQ(fresh.events_complete(), 5u);
  }
}

TEST_F(StreamCheckerTest, HeartbeatsBetweenFramesAreCountedWhereverTheyAreCut) {
  const std::string plain = frames({0, 1, 2});
  const std::string with_heartbeats = std::string(kHeartbeatChunk) + frame(0) +
                                      std::string(kHeartbeatChunk) + std::string(kHeartbeatChunk) +
                                      frames({1, 2}) + std::string(kHeartbeatChunk);
  for (size_t piece = 1; piece <= with_heartbeats.size(); ++piece) {
    for (const bool heartbeats_first : {false, true}) {
      StreamChecker fresh{2, 1, kDataBytes};
      for (const uint32_t who : {0u, 1u}) {
        const std::string& stream = (who == 0) == heartbeats_first ? with_heartbeats : plain;
        for (size_t at = 0; at < stream.size(); at += piece)
          fresh.on_bytes(who, stream.substr(at, piece), now_ns);
      }
      ASSERT_TRUE(fresh.judge(published(3)).good()) << "pieces of " << piece;
      ASSERT_EQ(fresh.heartbeats(), 4u);
      ASSERT_EQ(fresh.deliveries(), 6u);
    }
  }
}

TEST(StreamChecker, HeartbeatThatBeginsLikeAFrameIsNotMistakenForOne) {
  // A frame of 0x2xx bytes begins with the heartbeat's own first byte.
  constexpr size_t kLongData = 600;
  std::string data;
  append_event_data(data, {.number = 0, .intended_ns = 0}, kLongData);
  std::string long_frame;
  append_frame(long_frame, {.ms = 1, .seq = 0}, data);
  ASSERT_EQ(long_frame.front(), '2');
  const std::string late = std::string(kHeartbeatChunk) + long_frame;
  for (size_t piece = 1; piece <= late.size(); ++piece) {
    StreamChecker checker{2, 1, kLongData};
    checker.on_bytes(0, long_frame, 0);
    for (size_t at = 0; at < late.size(); at += piece)
      checker.on_bytes(1, late.substr(at, piece), 0);
    ASSERT_TRUE(checker.judge(published(1)).good()) << "pieces of " << piece;
    ASSERT_EQ(checker.heartbeats(), 1u);
  }
}

TEST_F(StreamCheckerTest, EventMissedByOneIsLostOnce) {
  feed(0, frames({0, 1, 2, 3}));
  feed(1, frames({0, 1, 3}));
  const Verdict verdict = checker.judge(published(4));
  EXPECT_EQ(verdict.lost, 1u);
  EXPECT_EQ(
      verdict.repeated + verdict.reordered + verdict.damaged + verdict.cut + verdict.unpublished,
      0u);
}

TEST_F(StreamCheckerTest, WhoMissesAnEventFirstIsTheOneBlamed) {
  feed(0, frames({0, 1, 3}));
  feed(1, frames({0, 1, 2, 3}));
  const Verdict verdict = checker.judge(published(4));
  EXPECT_EQ(verdict.lost, 1u);
  EXPECT_EQ(
      verdict.repeated + verdict.reordered + verdict.damaged + verdict.cut + verdict.unpublished,
      0u);
}

TEST_F(StreamCheckerTest, EventMissedByAllIsLostForEachOfThem) {
  for (const uint32_t who : {0u, 1u}) feed(who, frames({0, 2}));
  EXPECT_EQ(checker.judge(published(3)).lost, 2u);
}

TEST_F(StreamCheckerTest, EventsThatNeverCameAreLost) {
  feed(0, frames({0, 1}));
  feed(1, frames({0}));
  EXPECT_EQ(checker.judge(published(4)).lost, 2u + 3u);
}

TEST_F(StreamCheckerTest, HalfAFrameIsNotADelivery) {
  const std::string two = frames({0, 1});
  feed(0, two);
  feed(1, std::string_view(two).substr(0, two.size() - 1));
  EXPECT_EQ(checker.deliveries(), 3u);
  EXPECT_EQ(checker.judge(published(2)).lost, 1u);
}

TEST_F(StreamCheckerTest, RepeatedEventsAreCounted) {
  feed(0, frames({0, 1, 2}));
  feed(1, frames({0, 1, 1, 2, 0}), 7);
  const Verdict verdict = checker.judge(published(3));
  EXPECT_EQ(verdict.repeated, 2u);
  EXPECT_EQ(verdict.lost + verdict.reordered + verdict.damaged + verdict.cut, 0u);
}

TEST_F(StreamCheckerTest, RepetitionIsSeenAlsoByTheFirstReader) {
  feed(0, frames({0, 1, 1, 2}));
  feed(1, frames({0, 1, 2}));
  EXPECT_EQ(checker.judge(published(3)).repeated, 1u);
}

TEST_F(StreamCheckerTest, SwappedEventsAreReorderedNotLost) {
  feed(0, frames({0, 1, 2, 3}));
  feed(1, frames({0, 2, 1, 3}), 11);
  const Verdict verdict = checker.judge(published(4));
  EXPECT_EQ(verdict.reordered, 1u);
  EXPECT_EQ(verdict.lost + verdict.repeated + verdict.damaged + verdict.cut, 0u);
}

TEST_F(StreamCheckerTest, SameEventInOtherBytesIsDamage) {
  feed(0, frames({0, 1, 2}));
  feed(1, frame(0) + frame(2, 1) + frame(1, 2));
  const Verdict verdict = checker.judge(published(3));
  EXPECT_EQ(verdict.reordered, 1u);
  EXPECT_EQ(verdict.damaged, 2u);
}

TEST_F(StreamCheckerTest, IdThatDoesNotGrowIsReordered) {
  feed(0, frame(0, 5) + frame(1, 5));
  EXPECT_EQ(checker.judge(published(2)).reordered, 1u);
}

TEST_F(StreamCheckerTest, ByteChangedInTheDataIsDamage) {
  std::string torn = frames({0, 1});
  feed(0, torn);
  torn[torn.size() - 10] ^= 1;
  feed(1, torn);
  const Verdict verdict = checker.judge(published(2));
  EXPECT_EQ(verdict.damaged, 1u);
  EXPECT_EQ(verdict.lost, 1u);
}

TEST_F(StreamCheckerTest, ByteChangedForTheFirstReaderIsDamageAndBlamesNobodyElse) {
  std::string torn = frames({0, 1});
  torn[torn.size() - 10] ^= 1;
  feed(0, torn);
  feed(1, frames({0, 1}));
  const Verdict verdict = checker.judge(published(2));
  EXPECT_EQ(verdict.damaged, 1u);
  EXPECT_EQ(verdict.lost, 1u);
  EXPECT_EQ(verdict.repeated + verdict.reordered + verdict.cut, 0u);
}

TEST_F(StreamCheckerTest, EveryByteOfAFrameIsChecked) {
  const std::string right = frames({0, 1});
  for (size_t at = frame(0).size(); at < right.size(); ++at) {
    std::string wrong = right;
    wrong[at] ^= 1;
    StreamChecker second{2, 1, kDataBytes};
    second.on_bytes(0, right, now_ns);
    second.on_bytes(1, wrong, now_ns);
    ASSERT_FALSE(second.judge(published(2)).good())
        << "byte " << at << " changed for the second reader";
  }
}

TEST_F(StreamCheckerTest, FrameTornByOverwritingIsDamage) {
  const std::string right = frames({0, 1, 2});
  std::string torn = frame(0) + frame(1).substr(0, 30) + frame(2).substr(30);
  feed(0, right);
  feed(1, torn);
  EXPECT_FALSE(checker.judge(published(3)).good());
}

TEST_F(StreamCheckerTest, GarbageInsteadOfAChunkIsDamage) {
  feed(0, frame(0) + "data: no chunk\n\n");
  feed(1, frame(0));
  const Verdict verdict = checker.judge(published(1));
  EXPECT_EQ(verdict.damaged, 1u);
  EXPECT_EQ(verdict.lost, 0u);
}

TEST_F(StreamCheckerTest, ClosedAndEndedStreamsAreCut) {
  feed(0, frame(0));
  checker.on_closed(0);
  feed(1, frame(0) + "0\r\n\r\n");
  checker.on_closed(1);
  const Verdict verdict = checker.judge(published(2));
  EXPECT_EQ(verdict.cut, 2u);
  EXPECT_EQ(verdict.lost, 2u);
}

TEST_F(StreamCheckerTest, RefusedNumberIsNotMissed) {
  for (const uint32_t who : {0u, 1u}) feed(who, frames({0, 2}));
  EXPECT_TRUE(checker.judge({.issued = {4}, .refused = {1, 3}}).good());
}

TEST_F(StreamCheckerTest, RefusedEventThatIsDeliveredAllTheSameIsCounted) {
  for (const uint32_t who : {0u, 1u}) feed(who, frames({0, 1, 2}));
  const Verdict verdict = checker.judge({.issued = {3}, .refused = {1}});
  EXPECT_EQ(verdict.unpublished, 1u);
  EXPECT_EQ(verdict.lost, 0u);
}

TEST(StreamChecker, LanesMayInterleaveAnyWayButEachInOrder) {
  StreamChecker good{2, 3, kDataBytes};
  StreamChecker bad{2, 3, kDataBytes};
  const std::string right = frame(1, 0) + frame(0, 1) + frame(4, 2) + frame(2, 3) + frame(3, 4);
  const std::string wrong = frame(1, 0) + frame(3, 1) + frame(4, 2) + frame(2, 3) + frame(0, 4);
  for (const uint32_t who : {0u, 1u}) {
    good.on_bytes(who, right, 0);
    bad.on_bytes(who, wrong, 0);
  }
  const PublishRecord record{.issued = {2, 2, 1}, .refused = {}};
  EXPECT_TRUE(good.judge(record).good());
  EXPECT_EQ(bad.judge(record).reordered, 2u);
  EXPECT_EQ(good.judge({.issued = {2, 2, 2}, .refused = {}}).lost, 2u);
}

TEST(StreamChecker, SubscribersMustAgreeOnTheOrderOfLanes) {
  StreamChecker checker{2, 2, kDataBytes};
  checker.on_bytes(0, frame(0, 0) + frame(1, 1), 0);
  checker.on_bytes(1, frame(1, 1) + frame(0, 0), 0);
  EXPECT_EQ(checker.judge({.issued = {1, 1}, .refused = {}}).reordered, 1u);
}

TEST(StreamChecker, LongStreamsReuseTheirMemoryAndStayRight) {
  StreamChecker checker{3, 1, kDataBytes};
  constexpr uint64_t kEvents = 40'000;  // several blocks of the reference
  for (uint64_t number = 0; number < kEvents; ++number) {
    const std::string one = frame(number);
    for (const uint32_t who : {0u, 1u}) checker.on_bytes(who, one, 0);
  }
  for (uint64_t number = 0; number < kEvents; ++number) checker.on_bytes(2, frame(number), 0);
  EXPECT_TRUE(checker.judge(published(kEvents)).good());
  EXPECT_EQ(checker.events_complete(), kEvents);
}

TEST_F(StreamCheckerTest, LatencyRunsFromTheIntendedTime) {
  now_ns = 5000;
  feed(0, frame(1));  // intended at 1000
  EXPECT_EQ(checker.latency().max(), 4000u);
  EXPECT_EQ(checker.last_reader().count(), 0u);
  now_ns = 9000;
  feed(1, frame(1));
  EXPECT_EQ(checker.last_reader().max(), 8000u);
}

TEST(StreamText, OpeningIsReadWholeOrNotAtAll) {
  const std::string head =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
      "e\r\n:\nretry: 2345\n\r\n";
  for (size_t bytes = 0; bytes < head.size(); ++bytes) {
    ASSERT_EQ(parse_opening(head.substr(0, bytes)).state, Opening::State::kIncomplete) << bytes;
  }
  const Opening opening = parse_opening(head + frame(0));
  EXPECT_EQ(opening.state, Opening::State::kOpen);
  EXPECT_EQ(opening.bytes, head.size());
}

TEST(StreamText, OpeningsThatAreNoStreamAreRefused) {
  for (const char* text :
       {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n:\nretry: 1\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ne\r\n:\nretry: 2345\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        "6\r\nhello\n\r\n"}) {
    EXPECT_EQ(parse_opening(text).state, Opening::State::kRefused) << text;
  }
}

TEST(StreamText, FrameHasExactlyTheSizeOfItsParts) {
  std::string data;
  append_event_data(data, {.number = 42, .intended_ns = 7}, 200);
  EXPECT_EQ(data.size(), 200u);
  std::string bytes;
  append_frame(bytes, {.ms = 1'732'271'234'567, .seq = 0}, data);
  EXPECT_EQ(bytes.size(), 234u);
  const Chunk chunk = split_chunk(bytes);
  ASSERT_EQ(chunk.state, Chunk::State::kWhole);
  const auto parsed = parse_frame(chunk.content, 200);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->stamp.number, 42u);
  EXPECT_EQ(parsed->id.ms, 1'732'271'234'567u);
}

}  // namespace
}  // namespace ringcast::bench
