// Peers that do not speak HTTP, or stop doing so: answered once if at all, closed and counted.

#include <gtest/gtest.h>

#include <random>

#include "tests/support/seeds.h"
#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using net::CloseCause;
using net::Counters;

class Garbage : public EitherDescriptors {
 protected:
  // Sends `bytes` and returns all that is answered before the server closes: an abrupt close is as
  // good as an orderly one, since nobody promises these peers anything.
  static std::string answer_to(const TestServer& server, std::string_view bytes) {
    TcpClient client(server.port());
    std::string answer;
    try {
      client.send(bytes);
      for (std::string some = client.read_some(); !some.empty(); some = client.read_some()) {
        answer += some;
      }
    } catch (const ConnectionReset&) {
    }
    return answer;
  }
};
RC_EITHER_DESCRIPTORS(Garbage);

TEST_P(Garbage, WhateverIsNotHttpIsClosedAndCounted) {
  TestServer server(config());
  std::vector<std::string> peers = {
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + std::string(500, '\x5a'),
      std::string("\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c", 16) + std::string(12, '\0'),
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "SSH-2.0-OpenSSH_9.2\r\n",
      "GET /channels/news\r\n\r\n",
      "get /channels/news HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /channels/news HTTP/1.1\r\n\r\n",
      "GET /channels/news HTTP/1.1\nHost: a\n\n",
      "EHLO mail.example\n",
      "\r\n\r\n\r\n\r\n",
      "GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(200'000, 'a'),
      post("/channels/news", "x", "Transfer-Encoding: chunked\r\n"),
  };
  Dice dice(1);
  for (int i = 0; i < 50; ++i) {
    std::string noise;
    for (int byte = 0; byte < 4096; ++byte) noise += static_cast<char>(dice.below(256));
    peers.push_back(noise);
  }
  for (const std::string& bytes : peers) {
    const std::string answer = answer_to(server, bytes);
    const bool is_refusal = answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.1 5");
    EXPECT_TRUE(answer.empty() || is_refusal) << answer;
    EXPECT_EQ(answer.find("Server:"), answer.rfind("Server:")) << "answered twice: " << answer;
  }
  EXPECT_TRUE(comes_true([&] { return server.open() == 0; }));
  EXPECT_EQ(server.total(&Counters::requests_refused), peers.size());
  EXPECT_EQ(server.closed(CloseCause::kRefused), peers.size());
  EXPECT_EQ(server.total(&Counters::published), 0U);
}

TEST_P(Garbage, RequestBeforeItIsStillAnswered) {
  TestServer server(config());
  HttpClient client(server.port());
  client.send(get("/healthz/live") + "\x01\x02\x03 not HTTP\r\n\r\n" + get("/healthz/live"));
  EXPECT_EQ(client.read_response().status, 200);
  EXPECT_EQ(client.read_response().status, 400);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_P(Garbage, RequestBehindAStreamIsNeverAnswered) {
  TestServer server(config());
  // In one segment, and in a second one.
  SseClient subscriber(server.port(), "/channels/news");
  subscriber.socket().send(get("/healthz/live"));
  TcpClient at_once(server.port());
  at_once.send(get("/channels/news") + get("/healthz/live") + post("/channels/news", "smuggled"));
  (void)at_once.read_until("retry: 4711\n\r\n");
  HttpClient publisher(server.port());
  ASSERT_EQ(publisher.publish("news", "event").status, 201);
  EXPECT_EQ(server.total(&Counters::published), 1U);
  // Both either get the event next or are closed: an answer is not among it.
  const std::string rest = at_once.read_some();
  EXPECT_TRUE(rest.empty() || rest.find("\r\nid: ") != std::string::npos) << rest;
  EXPECT_EQ(rest.find("HTTP/"), std::string::npos);
}

// A few bytes are thrown away; who goes on is cut off, and nothing of it is kept.
TEST_P(Garbage, FloodBehindAStreamRequestEndsTheStream) {
  TestServer server(config());
  SseClient subscriber(server.port(), "/channels/news");
  for (int i = 0; i < 10; ++i) subscriber.socket().send("chatter");
  const std::string id = published_id(HttpClient(server.port()).publish("news", "event"));
  EXPECT_EQ(subscriber.next_event().id, id);
  const std::string flood(kMiB, 'x');
  (void)subscriber.socket().send_until_stuck(flood, kPatience);
  EXPECT_TRUE(comes_true([&] { return server.streaming() == 0; }));
  EXPECT_TRUE(comes_true([&] { return server.closed(CloseCause::kRefused) == 1; }));
}

TEST_P(Garbage, TrickleBehindAStreamRequestEndsTheStreamToo) {
  TestServer server(config());
  SseClient subscriber(server.port(), "/channels/news");
  size_t pieces = 0;
  (void)comes_true([&] {
    if (server.streaming() == 0) return true;
    pieces += subscriber.socket().send_until_stuck("x", kPatience);
    return false;
  });
  EXPECT_EQ(server.streaming(), 0U);
  EXPECT_GE(pieces, 64U);
  EXPECT_TRUE(comes_true([&] { return server.closed(CloseCause::kRefused) == 1; }));
}

// Its FIN is noticed at once, too: it does not wait behind them.
TEST_P(Garbage, WhoHasTalkedAndGoneIsNoticedWithoutAHeartbeat) {
  TestServer server(config());
  SseClient subscriber(server.port(), "/channels/news");
  subscriber.socket().send("chatter");
  subscriber.socket().half_close();
  EXPECT_TRUE(comes_true([&] { return server.streaming() == 0; }));
  EXPECT_TRUE(comes_true([&] { return server.closed(CloseCause::kPeerGone) == 1; }));
}

}  // namespace
}  // namespace ringcast
