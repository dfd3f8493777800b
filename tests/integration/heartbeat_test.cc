// Heartbeats: two bytes, in silence only.

#include <gtest/gtest.h>

#include "tests/support/numbered_events.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

class Heartbeat : public EitherDescriptors {
 protected:
  static Config config_with(milliseconds interval) {
    Config changed = config();
    changed.channels[0].heartbeat = interval;
    return changed;
  }
};
RC_EITHER_DESCRIPTORS(Heartbeat);

TEST_P(Heartbeat, SilentStreamCarriesTheTwoBytesOfACommentAndNothingElse) {
  TestServer server(config_with(milliseconds(200)));
  const Stopwatch stopwatch;
  TcpClient chunked(server.port());
  chunked.send(SseClient::request("/channels/news", WireFormat::kChunked));
  TcpClient raw(server.port());
  raw.send(SseClient::request("/channels/news", WireFormat::kRaw));
  (void)chunked.read_until("retry: 4711\n\r\n");
  (void)raw.read_until("retry: 4711\n");
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(chunked.read_exactly(7), "2\r\n:\n\r\n");
    EXPECT_EQ(raw.read_exactly(2), ":\n");
  }
  // The first comes after half an interval at the earliest, the others an interval apart.
  EXPECT_GE(stopwatch.elapsed(), milliseconds(1100));
  RecordProperty("six_heartbeats_ms", std::to_string(stopwatch.elapsed().count()));
}

TEST_P(Heartbeat, StreamThatCarriesEventsHasNone) {
  // The server waits for half an interval of silence at least: the publisher has that long to be
  // held up by whatever else this machine is doing.
  TestServer server(config_with(milliseconds(1000)));
  SseClient chunked(server.port(), "/channels/news");
  SseClient raw(server.port(), "/channels/news", {.format = WireFormat::kRaw, .socket = {}});
  HttpClient publisher(server.port());
  const Stopwatch stopwatch;
  while (stopwatch.elapsed() < milliseconds(2500)) {
    const std::string id = published_id(publisher.publish("news", "tick"));
    EXPECT_EQ(chunked.next_event().id, id);
    EXPECT_EQ(raw.next_event().id, id);
    std::this_thread::sleep_for(milliseconds(10));  // the rate of this publisher
  }
  EXPECT_EQ(chunked.heartbeats(), 0U);
  EXPECT_EQ(raw.heartbeats(), 0U);
  EXPECT_EQ(server.total(&net::Counters::heartbeats), 0U);
  // And when the events stop they come.
  chunked.wait_for_heartbeats(1);
  raw.wait_for_heartbeats(1);
}

TEST_P(Heartbeat, EventsAndHeartbeatsNeverMixUp) {
  TestServer server(config_with(milliseconds(20)));
  std::vector<SseClient> subscribers;
  for (size_t i = 0; i < 20; ++i) {
    const auto format = i % 2 == 0 ? WireFormat::kChunked : WireFormat::kRaw;
    subscribers.emplace_back(server.port(), "/channels/news",
                             SseClient::Options{.format = format, .socket = {}});
  }
  HttpClient publisher(server.port());
  constexpr size_t kEvents = 60;
  for (size_t i = 0; i < kEvents; ++i) {
    // About as often as the heartbeats are due, so that the two meet.
    const uint64_t before = server.total(&net::Counters::heartbeats);
    EXPECT_TRUE(comes_true([&] { return server.total(&net::Counters::heartbeats) > before; }));
    EXPECT_EQ(publisher.publish("news", numbered_data(i, 200)).status, 201);
  }
  for (SseClient& subscriber : subscribers) {
    check_numbered(subscriber.next_events(kEvents), 0, 200);
    // Which of them had one among its events is up to the lots they drew; afterwards all have.
    subscriber.wait_for_heartbeats(1);
  }
}

}  // namespace
}  // namespace ringcast
