// Idempotency-Key: a publisher that did not hear the answer may send its request again, and nothing is
// delivered twice.

#include <gtest/gtest.h>

#include "tests/support/more_channels.h"
#include "tests/support/numbered_events.h"
#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using net::Counters;

std::string keyed(std::string_view key) {
  std::string line = "Idempotency-Key: ";
  return line.append(key) + "\r\n";
}

class Idempotency : public EitherDescriptors {
 protected:
  static Config many() { return with_more_channels(config(), {"other", "inbox/{recipient}"}); }
};
RC_EITHER_DESCRIPTORS(Idempotency);

// Publishers on each shard: which one gets a connection is up to the kernel.
std::vector<HttpClient> publishers_on_every_shard(TestServer& server) {
  std::vector<HttpClient> publishers;
  const auto is_spread = [&] {
    for (const Counters& shard : (*server).counters()) {
      if (shard.accepted.get() == 0) return false;
    }
    return publishers.size() >= 4;
  };
  while (!is_spread()) {
    if (publishers.size() == 200) throw ClientFailure("200 connections, and a shard has none");
    publishers.emplace_back(server.port());
    EXPECT_EQ(publishers.back().ask(get("/healthz/live")).status, 200);
  }
  return publishers;
}

// Repeated
// -------------------------------------------------------------------------------------------

TEST_P(Idempotency, SameRequestUnderTheSameKeyHasOneAnswerOnEveryShardAndIsDeliveredOnce) {
  TestServer server(many());
  std::vector<HttpClient> publishers = publishers_on_every_shard(server);
  SseClient subscriber(server.port(), "/events?channel=news&channel=inbox/a");
  const std::string lines = R"({"channel":"news","data":"1"})"
                            "\n"
                            R"({"channel":"inbox/a","data":"2"})"
                            "\n";
  const std::string requests[] = {
      post("/channels/news?event=t&ttl=1h", "single", keyed("first")),
      post("/channels/inbox/a", "hers", keyed("\"second\"")),
      post("/events", lines, keyed("third")),
      post("/channels/news", "", keyed("\u00fcber-" + std::string(249, 'k'))),
  };
  for (const std::string& request : requests) {
    const HttpResponse first = publishers[0].ask(request);
    ASSERT_EQ(first.status, 201) << first.body;
    // Who subscribes now is not counted in what was said then.
    SseClient later(server.port(), "/channels/news");
    for (HttpClient& publisher : publishers) {
      const HttpResponse again = publisher.ask(request);
      EXPECT_EQ(again.status_line, first.status_line);
      EXPECT_EQ(again.body, first.body);
    }
  }
  server.stop();
  std::vector<std::string> data;
  for (const StreamEvent& event : subscriber.read_to_end()) data.push_back(event.data);
  EXPECT_EQ(data, (std::vector<std::string>{"single", "hers", "1", "2", ""}));
}

TEST_P(Idempotency, RepeatMayComeInAnotherShapeAsLongAsItSaysTheSame) {
  TestServer server(many());
  HttpClient publisher(server.port());
  const HttpResponse first = publisher.ask(post("/channels/news", "hello", keyed("k")));
  const std::string chunked =
      request("POST", "/channels/news", keyed("k") + "Transfer-Encoding: chunked\r\n") +
      "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
  EXPECT_EQ(publisher.ask(chunked).body, first.body);
  EXPECT_EQ(publisher.ask(post("/channels/%6Eews", "hello", keyed("k") + "X-Else: 1\r\n")).body,
            first.body);
  EXPECT_EQ(server.books("news").events, 1U);
}

TEST_P(Idempotency, KeyOfAnotherRequestIsRefusedAndWithoutKeysNothingIsRemembered) {
  TestServer server(many());
  HttpClient publisher(server.port());
  ASSERT_EQ(publisher.ask(post("/channels/news", "x", keyed("k"))).status, 201);
  const std::string others[] = {
      post("/channels/news", "y", keyed("k")),
      post("/channels/news", "x\n", keyed("k")),
      post("/channels/news?event=t", "x", keyed("k")),
      post("/channels/news?ttl=1s", "x", keyed("k")),
      post("/channels/other", "x", keyed("k")),
      post("/channels/inbox/a", "x", keyed("k")),
      post("/events", R"({"channel":"news","data":"x"})", keyed("k")),
  };
  for (const std::string& other : others) {
    const HttpResponse response = publisher.ask(other);
    EXPECT_EQ(response.status, 422) << other;
    EXPECT_NE(response.body.find("different request"), std::string::npos) << response.body;
  }
  EXPECT_EQ(server.books("news").events, 1U);
  // Another key, in whatever little it differs, is another event; so is none.
  for (const std::string& extra : {keyed("K"), keyed("k2"), keyed("\"k\""), std::string()}) {
    EXPECT_EQ(publisher.ask(post("/channels/news", "x", extra)).status, 201);
  }
  EXPECT_EQ(publisher.ask(post("/channels/news", "x")).status, 201);
  EXPECT_EQ(server.books("news").events, 6U);
}

// Refused
// -------------------------------------------------------------------------------------------

TEST_P(Idempotency, WhatIsNoKeyIsRefused) {
  TestServer server(many());
  for (const std::string& key :
       {std::string(256, 'k'), std::string("two words"), std::string("a\tb"), std::string("\xFF"),
        std::string("\xC0\xAF"), std::string("\xED\xA0\x80")}) {
    const HttpResponse response = ask(server.port(), post("/channels/news", "x", keyed(key)));
    EXPECT_EQ(response.status, 400) << key;
    EXPECT_TRUE(response.body.starts_with("{\"error\":\"")) << response.body;
  }
  // Which of two is meant nobody can say.
  EXPECT_EQ(ask(server.port(), post("/channels/news", "x", keyed("a") + keyed("a"))).status, 400);
  EXPECT_EQ(server.books("news").events, 0U);
}

TEST_P(Idempotency, NewKeysAreRefusedWhileTheMemoryIsFullOfOthers) {
  Config forgetful = many();
  forgetful.server.idempotency_keys_max = 3;
  TestServer server(forgetful);
  HttpClient publisher(server.port());
  std::vector<std::string> answers;
  for (int i = 0; i < 3; ++i) {
    answers.push_back(
        publisher.ask(post("/channels/news", "x", keyed("key-" + std::to_string(i)))).body);
  }
  const HttpResponse full = publisher.ask(post("/channels/news", "x", keyed("one-more")));
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full["retry-after"], "1");
  EXPECT_NE(full.body.find("server.idempotency_keys"), std::string::npos) << full.body;
  EXPECT_EQ(server.books("news").events, 3U);
  // Those that are remembered still are, and without a key all goes on.
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(publisher.ask(post("/channels/news", "x", keyed("key-" + std::to_string(i)))).body,
              answers[static_cast<size_t>(i)]);
  }
  EXPECT_EQ(publisher.publish("news", "x").status, 201);
  EXPECT_EQ(server.books("news").events, 4U);
}

TEST_P(Idempotency, AttemptThatFailedDoesNotUseItsKeyUp) {
  Config forgetful = many();
  forgetful.server.idempotency_keys_max = 1;
  TestServer server(forgetful);
  HttpClient publisher(server.port());
  const struct {
    std::string target, body;
    int status;
  } failures[] = {
      {"/channels/news", "\xFF", 400},
      {"/channels/news?event=gap", "x", 400},
      {"/channels/news?ttl=0s", "x", 400},
      {"/channels/news", std::string(64 * 1024 - 20, 'x'), 413},
      {"/channels/nosuch", "x", 404},
      {"/events", "not json", 400},
      {"/events", R"({"channel":"nosuch","data":"x"})", 404},
  };
  for (const auto& [target, body, status] : failures) {
    EXPECT_EQ(publisher.ask(post(target, body, keyed("k"))).status, status) << target;
  }
  // The very key, mended request; and the only place for a key is still free.
  EXPECT_EQ(publisher.ask(post("/channels/news", "x", keyed("k"))).status, 201);
  EXPECT_EQ(server.books("news").events, 1U);
}

// Paced
// -------------------------------------------------------------------------------------------

constexpr size_t kEventBytes = 4000;

class PacedIdempotency : public Idempotency {
 protected:
  static Config paced(milliseconds publish_wait) {
    Config changed = many();
    changed.channels[0].slow_after = milliseconds(60'000);
    changed.channels[0].publish_wait = publish_wait;
    return changed;
  }
  static SseClient stuck_subscriber(const TestServer& server) {
    return SseClient(
        server.port(), "/channels/news",
        {.format = WireFormat::kChunked, .socket = {.receive_buffer_bytes = 8 * 1024}});
  }
};
RC_EITHER_DESCRIPTORS(PacedIdempotency);

TEST_P(PacedIdempotency, AttemptThatWaitedInVainDoesNotUseItsKeyUp) {
  TestServer server(paced(milliseconds(100)));
  SseClient stuck = stuck_subscriber(server);
  HttpClient publisher(server.port());
  size_t committed = 0;
  while (publisher.publish("news", numbered_data(committed, kEventBytes)).status == 201) {
    ASSERT_LT(++committed, 10'000U);
  }
  const std::string again =
      post("/channels/news", numbered_data(committed, kEventBytes), keyed("k"));
  EXPECT_EQ(publisher.ask(again).status, 503);
  EXPECT_EQ(publisher.ask(again).status, 503);
  check_numbered(stuck.next_events(committed), 0, kEventBytes);
  const HttpResponse first = publisher.ask(again);
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(publisher.ask(again).body, first.body);
  check_numbered(stuck.next_events(1), committed, kEventBytes);
  EXPECT_EQ(server.books("news").events, committed + 1);
}

TEST_P(PacedIdempotency, RepeatsThatWaitBesideTheFirstAllGetItsAnswer) {
  TestServer server(paced(milliseconds(60'000)));
  std::vector<HttpClient> publishers = publishers_on_every_shard(server);
  SseClient stuck = stuck_subscriber(server);
  size_t committed = 0;
  HttpClient filling(server.port());
  while (server.total(&Counters::paced) == 0) {
    ASSERT_LT(committed, 10'000U);
    filling.send(post("/channels/news", numbered_data(committed, kEventBytes)));
    ASSERT_TRUE(comes_true([&] {
      return server.total(&Counters::published) > committed || server.total(&Counters::paced) > 0;
    }));
    ++committed;  // or will be
  }
  for (HttpClient& publisher : publishers) {
    publisher.send(post("/channels/news", numbered_data(committed, kEventBytes), keyed("k")));
  }
  ASSERT_TRUE(comes_true([&] { return server.total(&Counters::paced) == 1 + publishers.size(); }));
  // On another shard a repeat may be committed before the last of those that filled the ring.
  std::vector<StreamEvent> events = stuck.next_events(committed + 1);
  if (events[committed].data == numbered_data(committed - 1, kEventBytes)) {
    std::swap(events[committed].data, events[committed - 1].data);
  }
  check_numbered(events, 0, kEventBytes);
  const HttpResponse first = publishers[0].read_response();
  EXPECT_EQ(first.status, 201);
  for (size_t i = 1; i < publishers.size(); ++i) {
    EXPECT_EQ(publishers[i].read_response().body, first.body);
  }
  const std::string next = published_id(publishers[0].publish("news", "next"));
  EXPECT_EQ(stuck.next_event(), (StreamEvent{next, "", "next"}));
  EXPECT_EQ(server.books("news").events, committed + 2);
}

}  // namespace
}  // namespace ringcast
