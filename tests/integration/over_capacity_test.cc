// More connections than configured: newcomers are turned away so that a browser survives it, those
// who are there notice nothing, and there is room again when somebody goes.

#include <gtest/gtest.h>

#include <list>

#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using net::CloseCause;
using net::Counters;

class OverCapacity : public EitherDescriptors {
 protected:
  static Config small_config(uint32_t shards, uint32_t connections_max) {
    Config changed = config();
    changed.server.shards = shards;
    changed.server.connections_max = connections_max;
    return changed;
  }

  // Subscribes until somebody is turned away.
  static std::list<SseClient> fill(TestServer& server) {
    std::list<SseClient> inside;
    while (true) {
      inside.emplace_back(server.port(), "/channels/news");
      if (server.total(&Counters::turned_away) > 0) break;
      if (inside.size() == 1000) throw ClientFailure("there is no end to its capacity");
    }
    inside.pop_back();
    return inside;
  }
};
RC_EITHER_DESCRIPTORS(OverCapacity);

TEST_P(OverCapacity, NewcomerIsToldWhenToComeBackInAWayNoBrowserTakesForFinal) {
  TestServer server(small_config(1, 10));
  std::list<SseClient> inside = fill(server);
  EXPECT_EQ(inside.size(), 10U);

  TcpClient chunked(server.port());
  chunked.send(SseClient::request("/channels/news", WireFormat::kChunked));
  const HttpHead head = HttpHead::parse(chunked.read_until("\r\n\r\n"));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head["content-type"], "text/event-stream");
  EXPECT_EQ(head["access-control-allow-origin"], "*");
  EXPECT_EQ(chunked.read_to_end(), "c\r\nretry: 4711\n\r\n0\r\n\r\n");

  TcpClient raw(server.port());
  raw.send(SseClient::request("/channels/news", WireFormat::kRaw));
  EXPECT_EQ(HttpHead::parse(raw.read_until("\r\n\r\n")).status, 200);
  EXPECT_EQ(raw.read_to_end(), "retry: 4711\n");
  EXPECT_TRUE(comes_true([&] { return server.closed(CloseCause::kTurnedAway) == 3; }));
}

TEST_P(OverCapacity, FullServerStillPublishesAndSaysThatItIsWell) {
  TestServer server(small_config(2, 20));
  std::list<SseClient> inside = fill(server);
  HttpClient publisher(server.port());
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(ask(server.port(), get("/healthz/ready")).status, 200);
    const std::string id = published_id(publisher.publish("news", "still here"));
    for (SseClient& subscriber : inside) EXPECT_EQ(subscriber.next_event().id, id);
  }
}

TEST_P(OverCapacity, WhoeverGoesMakesRoomForTheNext) {
  TestServer server(small_config(1, 10));
  std::list<SseClient> inside = fill(server);
  for (int round = 0; round < 20; ++round) {
    const uint64_t before = server.streaming();
    inside.pop_front();
    ASSERT_TRUE(comes_true([&] { return server.streaming() == before - 1; }));
    inside.emplace_back(server.port(), "/channels/news");
    EXPECT_EQ(server.streaming(), before);
  }
  EXPECT_EQ(server.total(&Counters::turned_away), 1U);
}

TEST_P(OverCapacity, StormIsTurnedAwayToTheLastOne) {
  TestServer server(small_config(2, 20));
  std::list<SseClient> inside = fill(server);
  constexpr size_t kStorm = 1500;
  std::list<TcpClient> storm;
  for (size_t i = 0; i < kStorm; ++i) {
    storm.emplace_back(server.port());
    storm.back().send(SseClient::request("/channels/news", WireFormat::kRaw));
  }
  // The other shard may have had room for a few.
  size_t turned_away = 0;
  for (TcpClient& client : storm) {
    (void)client.read_until("\r\n\r\n");
    const std::string begin = client.read_exactly(2);
    if (begin == ":\n") continue;
    EXPECT_EQ(begin + client.read_to_end(), "retry: 4711\n");
    ++turned_away;
  }
  EXPECT_GE(turned_away, kStorm - 10);
  EXPECT_EQ(server.total(&Counters::turned_away), turned_away + 1);
}

// People who connect and say nothing take slots as well. The server stops accepting while they do,
// without working at it, and serves those it has.
TEST_P(OverCapacity, SlotsTakenBySilenceComeBackWithoutSpinning) {
  TestServer server(small_config(1, 10));
  HttpClient early(server.port());
  EXPECT_EQ(early.ask(get("/healthz/live")).status, 200);
  std::list<TcpClient> silent;
  while (server.total(&Counters::accepts_paused) == 0) {
    ASSERT_LT(silent.size(), 1000U);
    const uint64_t accepted = server.total(&Counters::accepted);
    silent.emplace_back(server.port());
    ASSERT_TRUE(comes_true([&] {
      return server.total(&Counters::accepted) > accepted ||
             server.total(&Counters::accepts_paused) > 0;
    }));
  }
  EXPECT_EQ(early.ask(get("/healthz/live")).status, 200);

  const uint64_t turns = server.total(&Counters::turns);
  std::this_thread::sleep_for(milliseconds(200));  // the time that is measured
  EXPECT_LT(server.total(&Counters::turns) - turns, 100U);

  HttpClient waiting(server.port());  // in the backlog
  waiting.send(get("/healthz/live"));
  silent.clear();
  EXPECT_EQ(waiting.read_response().status, 200);
}

}  // namespace
}  // namespace ringcast
