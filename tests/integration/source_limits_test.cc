// What one source address, one channel and the node may have at most, and how those are answered who want more.

#include <gtest/gtest.h>

#include <list>

#include "tests/support/http_client.h"
#include "tests/support/resident.h"
#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using net::CloseCause;
using net::Counters;
using net::Limit;

class SourceLimits : public EitherDescriptors {
 protected:
  static Config with(const std::function<void(LimitsConfig&)>& change) {
    Config changed = config();
    change(changed.limits);
    return changed;
  }

  static SseClient subscribe(const TestServer& server, const std::string& from = "") {
    return SseClient(server.port(), "/channels/news", {.socket = {.from = from}});
  }
  // All that a subscriber is told that is not let in.
  static std::string rejection(const TestServer& server, const std::string& from = "") {
    TcpClient client(server.port(), {.from = from});
    client.send(SseClient::request("/channels/news", WireFormat::kRaw));
    try {
      return client.read_to_end();
    } catch (const ConnectionReset&) {
      return "";
    }
  }
  // The same, where it is an ordinary answer.
  static HttpResponse asked(const TestServer& server, const std::string& from) {
    HttpClient client(server.port(), {.from = from});
    return client.ask(get("/channels/news"));
  }
};
RC_EITHER_DESCRIPTORS(SourceLimits);

TEST_P(SourceLimits, TheNodeHasSoManyStreamsOverAllShards) {
  TestServer server(with([](LimitsConfig& limits) { limits.streams_max = 20; }));
  std::list<SseClient> inside;
  for (int i = 0; i < 20; ++i) inside.push_back(subscribe(server));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(rejection(server).ends_with("\r\n\r\nretry: 4711\n"));
  EXPECT_EQ(server.limited(Limit::kStreams), 10U);
  inside.pop_front();
  ASSERT_TRUE(comes_true([&] { return server.streaming() == 19; }));
  inside.push_back(subscribe(server));
  EXPECT_EQ(ask(server.port(), get("/healthz/ready")).status, 200);
}

TEST_P(SourceLimits, ASourceAddressHasSoManyStreamsOverAllShards) {
  TestServer server(with([](LimitsConfig& limits) { limits.source_streams_max = 5; }));
  std::list<SseClient> inside;
  for (const char* from : {"127.0.1.1", "127.0.1.2"}) {
    for (int i = 0; i < 5; ++i) inside.push_back(subscribe(server, from));
    EXPECT_TRUE(rejection(server, from).ends_with("\r\n\r\nretry: 4711\n")) << from;
  }
  EXPECT_EQ(server.limited(Limit::kSourceStreams), 2U);
  inside.pop_front();
  ASSERT_TRUE(comes_true([&] { return server.streaming() == 9; }));
  inside.push_back(subscribe(server, "127.0.1.1"));
  EXPECT_TRUE(rejection(server, "127.0.1.1").ends_with("retry: 4711\n"));
}

TEST_P(SourceLimits, AnIpv6AddressCountsByItsNetwork) {
  Config six = with([](LimitsConfig& limits) { limits.source_streams_max = 2; });
  six.listeners.front().host = "::1";
  six.listeners.front().proxy_protocol = true;
  TestServer server(six);
  std::list<TcpClient> inside;
  const auto come_from = [&](const std::string& address) {
    inside.emplace_back(server.port(), TcpClient::Options{.host = "::1"});
    inside.back().send("PROXY TCP6 " + address + " ::1 1 2\r\n" +
                       SseClient::request("/channels/news", WireFormat::kRaw));
    (void)inside.back().read_until("\r\n\r\n");
    return inside.back().read_exactly(2);
  };
  EXPECT_EQ(come_from("2001:db8:0:1::1"), ":\n");
  EXPECT_EQ(come_from("2001:db8:0:1:ffff::2"), ":\n");
  EXPECT_EQ(come_from("2001:db8:0:1:8000::3"), "re");
  EXPECT_EQ(come_from("2001:db8:0:2::1"), ":\n");
}

TEST_P(SourceLimits, ASourceAddressHasSoManyConnectionsOfAnyKind) {
  TestServer server(with([](LimitsConfig& limits) { limits.source_connections_max = 10; }));
  std::list<SseClient> streams;
  for (int i = 0; i < 4; ++i) streams.push_back(subscribe(server, "127.0.1.1"));
  std::list<TcpClient> silent;
  for (int i = 0; i < 6; ++i)
    silent.emplace_back(server.port(), TcpClient::Options{.from = "127.0.1.1"});
  ASSERT_TRUE(comes_true([&] { return server.open() == 10; }));
  EXPECT_EQ(rejection(server, "127.0.1.1"), "");
  EXPECT_EQ(server.limited(Limit::kSourceConnections), 1U);
  const SseClient other = subscribe(server, "127.0.1.2");
  silent.clear();
  ASSERT_TRUE(comes_true([&] { return server.open() == 5; }));
  streams.push_back(subscribe(server, "127.0.1.1"));
}

TEST_P(SourceLimits, NewStreamsOfASourceComeInABurstAndThenAtTheRate) {
  TestServer server(with([](LimitsConfig& limits) {
    limits.stream_rate = {.count = 1, .period = milliseconds(3'600'000), .burst = 30};
  }));
  std::list<SseClient> inside;
  for (int i = 0; i < 30; ++i) inside.push_back(subscribe(server, "127.0.1.1"));
  EXPECT_TRUE(rejection(server, "127.0.1.1").ends_with("retry: 4711\n"));
  EXPECT_EQ(server.limited(Limit::kStreamRate), 1U);
  inside.push_back(subscribe(server, "127.0.1.2"));
}

TEST_P(SourceLimits, AChannelHasSoManySubscribers) {
  Config small = config();
  small.channels.push_back(small.channels.front());
  small.channels.back().name = "other";
  small.channels.front().subscribers_max = 3;
  TestServer server(small);
  std::list<SseClient> inside;
  for (int i = 0; i < 3; ++i) inside.push_back(subscribe(server));
  EXPECT_TRUE(rejection(server).ends_with("retry: 4711\n"));
  TcpClient both(server.port());
  both.send(SseClient::request("/events?channel=other&channel=news", WireFormat::kRaw));
  EXPECT_TRUE(both.read_to_end().ends_with("retry: 4711\n"));
  EXPECT_EQ(server.limited(Limit::kSubscribers), 2U);
  inside.emplace_back(server.port(), "/channels/other");
  inside.pop_front();
  ASSERT_TRUE(comes_true([&] { return server.streaming() == 3; }));
  inside.push_back(subscribe(server));
}

TEST_P(SourceLimits, WithStatusProgramsAreToldWhyAndWhenToComeBack) {
  TestServer server(with([](LimitsConfig& limits) {
    limits.streams_max = 2;
    limits.source_streams_max = 1;
    limits.overload = Overload::kStatus;
  }));
  const SseClient one = subscribe(server, "127.0.1.1");
  const HttpResponse of_source = asked(server, "127.0.1.1");
  EXPECT_EQ(of_source.status, 429);
  EXPECT_EQ(of_source["retry-after"], "5");
  EXPECT_EQ(of_source["access-control-allow-origin"], "*");
  const SseClient two = subscribe(server, "127.0.1.2");
  const HttpResponse of_node = asked(server, "127.0.1.3");
  EXPECT_EQ(of_node.status, 503);
  EXPECT_EQ(of_node["retry-after"], "5");
}

TEST_P(SourceLimits, WithRefuseNobodyIsAnsweredAndWhoWaitsIsServedLater) {
  TestServer server(with([](LimitsConfig& limits) {
    limits.source_streams_max = 1;
    limits.streams_max = 2;
    limits.overload = Overload::kRefuse;
  }));
  std::list<SseClient> inside;
  inside.push_back(subscribe(server, "127.0.1.1"));
  EXPECT_EQ(rejection(server, "127.0.1.1"), "");
  EXPECT_TRUE(comes_true([&] { return server.closed(CloseCause::kTurnedAway) == 1; }));

  inside.push_back(subscribe(server, "127.0.1.2"));
  ASSERT_TRUE(comes_true([&] { return server.total(&Counters::accepts_paused) >= 1; }));
  // Each shard has accepted all that were under way; from now on people wait.
  TcpClient waiting(server.port(), {.from = "127.0.1.3"});
  waiting.send(SseClient::request("/channels/news", WireFormat::kRaw));
  inside.clear();
  try {
    EXPECT_TRUE(waiting.read_until("retry: 4711\n").starts_with("HTTP/1.1 200"));
  } catch (const ClientFailure&) {
    // It had been accepted before the pause, found no room, and was closed.
    EXPECT_TRUE(comes_true([&] { return server.closed(CloseCause::kTurnedAway) == 2; }));
  }
}

TEST_P(SourceLimits, WhoPublishesTooFastIsToldWhenToGoOn) {
  TestServer server(with([](LimitsConfig& limits) {
    limits.publish_rate = {.count = 1, .period = milliseconds(60'000), .burst = 10};
  }));
  HttpClient publisher(server.port(), {.from = "127.0.1.1"});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(publisher.publish("news", "x").status, 201);
  const HttpResponse refused = publisher.publish("news", "x");
  EXPECT_EQ(refused.status, 429);
  EXPECT_GE(std::stoi(refused["retry-after"]), 59);
  EXPECT_LE(std::stoi(refused["retry-after"]), 60);
  EXPECT_EQ(refused["access-control-allow-origin"], "*");
  EXPECT_EQ(publisher.ask(get("/healthz/live")).status, 200) << "the connection goes on";
  EXPECT_EQ(server.limited(Limit::kPublishRate), 1U);

  HttpClient other(server.port(), {.from = "127.0.1.2"});
  std::string batch;
  for (int i = 0; i < 12; ++i) batch += "{\"channel\":\"news\",\"data\":\"x\"}\n";
  EXPECT_EQ(other.ask(post("/events", batch)).status, 201);
  const HttpResponse later = other.publish("news", "each event of a batch counts");
  EXPECT_EQ(later.status, 429);
  EXPECT_GE(std::stoi(later["retry-after"]), 179);
}

// A flood over one connection waits in its own socket, and one over many is closed at the door.
TEST_P(SourceLimits, WhoIsRefusedTooOftenIsNotReadForAWhile) {
  TestServer server(with([](LimitsConfig& limits) {
    limits.refused_rate = {.count = 100, .period = milliseconds(1000), .burst = 100};
    limits.pipelined_requests_max = 10;
  }));
  HttpClient flood(server.port(), {.from = "127.0.1.1"});
  std::string requests;
  for (int i = 0; i < 150; ++i) requests += get("/nothing");
  const Stopwatch flooding;
  flood.send(requests);
  for (int i = 0; i < 150; ++i) EXPECT_EQ(flood.read_response().status, 404);
  // 100 at once and ten as they were under way; the rest at their rate.
  EXPECT_GE(flooding.elapsed(), milliseconds(300));
  EXPECT_GE(server.limited(Limit::kRefusedRate), 1U);
  EXPECT_EQ(ask(server.port(), get("/healthz/live")).status, 200) << "others are served";
}

TEST_P(SourceLimits, WhoIsRefusedTooOftenMakesNoNewConnections) {
  TestServer server(with([](LimitsConfig& limits) {
    limits.refused_rate = {.count = 1, .period = milliseconds(3'600'000), .burst = 5};
  }));
  for (int i = 0; i < 5; ++i) {
    TcpClient client(server.port(), {.from = "127.0.1.1"});
    client.send("nonsense\r\n\r\n");
    EXPECT_TRUE(client.read_to_end().starts_with("HTTP/1.1 400"));
  }
  for (int i = 0; i < 5; ++i) {
    TcpClient client(server.port(), {.from = "127.0.1.1"});
    EXPECT_NO_THROW((void)client.wait_for_end());
  }
  EXPECT_EQ(server.limited(Limit::kRefusedRate), 5U);
  const SseClient other = subscribe(server, "127.0.1.2");
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// By the memory in use, which the sanitizers spend on remembering what was freed.
TEST_P(SourceLimits, RefusalsTakeNoMemory) {
  TestServer server(with([](LimitsConfig& limits) {
    limits.source_streams_max = 1;
    limits.publish_rate = {.count = 1, .period = milliseconds(3'600'000), .burst = 1};
  }));
  const SseClient inside = subscribe(server);
  HttpClient publisher(server.port());
  EXPECT_EQ(publisher.publish("news", "x").status, 201);
  const auto refuse_some = [&](int count) {
    for (int i = 0; i < count; ++i) {
      EXPECT_TRUE(rejection(server).ends_with("retry: 4711\n"));
      for (int k = 0; k < 20; ++k) EXPECT_EQ(publisher.publish("news", "x").status, 429);
      EXPECT_TRUE(ask(server.port(), "x\r\n\r\n").status == 400);
    }
  };
  refuse_some(200);
  const size_t before = resident_bytes();
  refuse_some(1'000);
  EXPECT_LT(resident_bytes(), before + kMiB);
}
#endif

}  // namespace
}  // namespace ringcast
