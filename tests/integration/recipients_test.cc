// Recipients: what is published to inbox/alice reaches all of alice's connections and nobody else's, and
// the past she comes back to is hers alone.

#include <gtest/gtest.h>

#include "tests/support/every_shard.h"
#include "tests/support/published.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

class Recipients : public EitherDescriptors {
 protected:
  static Config inboxes() {
    Config changed = config();
    ChannelConfig inbox = changed.channels.front();
    inbox.name = "inbox/{recipient}";
    changed.channels.push_back(inbox);
    inbox.name = "users/{id}/mail";
    changed.channels.push_back(inbox);
    inbox.name = "inbox/all";
    changed.channels.push_back(inbox);
    return changed;
  }
};
RC_EITHER_DESCRIPTORS(Recipients);

TEST_P(Recipients, EachGetsOnAllOfTheirConnectionsWhatIsTheirsAndNothingElse) {
  TestServer server(inboxes());
  std::vector<SseClient> alices = subscribe_on_every_shard(server, "/channels/inbox/alice", 2);
  std::vector<SseClient> bobs = subscribe_on_every_shard(server, "/channels/inbox/bob", 1);
  SseClient both(server.port(), "/events?channel=inbox/bob&channel=inbox/alice");
  HttpClient publisher(server.port());
  std::vector<StreamEvent> for_alice, for_bob, for_either;
  for (int i = 0; i < 60; ++i) {
    const bool is_for_alice = i % 3 != 0;
    const std::string name = is_for_alice ? "inbox/alice" : "inbox/bob";
    const std::string data = name + " " + std::to_string(i);
    const HttpResponse response = publisher.publish(name, data);
    EXPECT_EQ(published_subscribers(response), (is_for_alice ? alices : bobs).size() + 1);
    const StreamEvent event{published_id(response), "", data};
    (is_for_alice ? for_alice : for_bob).push_back(event);
    for_either.push_back(event);
    // And to somebody nobody listens for.
    EXPECT_EQ(published_subscribers(publisher.publish("inbox/carol", data)), 0U);
  }
  // The streams end behind what they were owed, so nothing else can have been in them.
  server.stop();
  for (SseClient& alice : alices) EXPECT_EQ(alice.read_to_end(), for_alice);
  for (SseClient& bob : bobs) EXPECT_EQ(bob.read_to_end(), for_bob);
  EXPECT_EQ(both.read_to_end(), for_either);
}

TEST_P(Recipients, NumberOfSubscribersIsExactForEachOfThemAtEveryMoment) {
  TestServer server(inboxes());
  HttpClient publisher(server.port());
  const auto subscribers_of = [&](std::string_view name) {
    return published_subscribers(publisher.publish(name, "x"));
  };
  EXPECT_EQ(subscribers_of("inbox/alice"), 0U);
  {
    SseClient one(server.port(), "/channels/inbox/alice");
    EXPECT_EQ(subscribers_of("inbox/alice"), 1U);
    EXPECT_EQ(subscribers_of("inbox/bob"), 0U);
    const std::vector<SseClient> more =
        subscribe_on_every_shard(server, "/channels/inbox/alice", 3);
    EXPECT_EQ(subscribers_of("inbox/alice"), 1 + more.size());
    SseClient by_events(server.port(), "/events?channel=inbox/alice&channel=news");
    SseClient twice(server.port(), "/events?channel=inbox/alice&channel=inbox%2Falice");
    EXPECT_EQ(subscribers_of("inbox/alice"), 3 + more.size());
    EXPECT_EQ(subscribers_of("news"), 1U);
    EXPECT_EQ(subscribers_of("inbox/Alice"), 0U);
    EXPECT_EQ(subscribers_of("users/alice/mail"), 0U);
  }
  ASSERT_TRUE(comes_true([&] { return server.streaming() == 0; }));
  EXPECT_EQ(subscribers_of("inbox/alice"), 0U);
  EXPECT_TRUE(server.books_close());
}

// The past
// -------------------------------------------------------------------------------------------

TEST_P(Recipients, HistoryIsTheirsAloneAndResumingWalksNothingElse) {
  TestServer server(inboxes());
  HttpClient publisher(server.port());
  std::vector<StreamEvent> hers, his;
  for (int i = 0; i < 20; ++i) {
    const bool is_hers = i % 4 == 1;
    const std::string data = std::to_string(i);
    const std::string name = is_hers ? "inbox/alice" : "inbox/bob";
    (is_hers ? hers : his).push_back({published_id(publisher.publish(name, data)), "", data});
  }
  for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
    for (size_t i = 0; i + 1 < hers.size(); ++i) {
      SseClient alice(server.port(), "/channels/inbox/alice", resuming_after(hers[i].id, format));
      EXPECT_EQ(alice.next_events(hers.size() - i - 1), from(hers, i + 1));
    }
    // His ids are as good as hers: one order holds for all.
    SseClient alice(server.port(), "/channels/inbox/alice", resuming_after(his[1].id, format));
    EXPECT_EQ(alice.next_events(hers.size() - 1), from(hers, 1));
    SseClient bob(server.port(), "/channels/inbox/bob", resuming_after(hers[0].id, format));
    EXPECT_EQ(bob.next_events(his.size() - 1), from(his, 1));
    for (SseClient* const client : {&alice, &bob}) {
      EXPECT_FALSE(client->head().headers.contains("ringcast-gap"));
    }
  }
}

TEST_P(Recipients, StartsAndGapsCountTheirOwnEventsOnly) {
  Config starting = inboxes();
  starting.channels[1].on_first_connect = {.from = FirstConnect::From::kLast, .last_events = 2};
  starting.channels[1].history.events = 12;
  TestServer server(starting);
  HttpClient publisher(server.port());
  const std::vector<StreamEvent> lost = publish_some(publisher, "inbox/alice", 2, "lost ");
  publish_some(publisher, "inbox/bob", 4);
  const std::vector<StreamEvent> kept = publish_some(publisher, "inbox/alice", 3, "kept ");
  publish_some(publisher, "inbox/bob", 9);
  // The newest twelve have her last three among them.
  SseClient newcomer(server.port(), "/channels/inbox/alice");
  EXPECT_EQ(newcomer.next_events(2), from(kept, 1));
  SseClient late(server.port(), "/channels/inbox/alice", resuming_after(lost[0].id));
  EXPECT_EQ(late.next_event(), gap_event(lost[1].id, in_quotes(lost[0].id), in_quotes(kept[0].id)));
  EXPECT_EQ(late.next_events(3), kept);
  SseClient in_time(server.port(), "/channels/inbox/alice", resuming_after(lost[1].id));
  EXPECT_EQ(in_time.next_events(3), kept);
  EXPECT_FALSE(in_time.head().headers.contains("ringcast-gap"));
}

TEST_P(Recipients, SomebodyNewMayComeBackWithAnyIdAndIsToldNothingOfOthers) {
  TestServer server(inboxes());
  HttpClient publisher(server.port());
  const std::vector<StreamEvent> his = publish_some(publisher, "inbox/bob", 5);
  SseClient carol(server.port(), "/channels/inbox/carol", resuming_after(his[0].id));
  EXPECT_FALSE(carol.head().headers.contains("ringcast-gap"));
  const HttpResponse first = publisher.publish("inbox/carol", "hello");
  EXPECT_EQ(published_subscribers(first), 1U);
  EXPECT_EQ(carol.next_event(), (StreamEvent{published_id(first), "", "hello"}));
}

// Names
// -------------------------------------------------------------------------------------------

TEST_P(Recipients, NameIsWhatItDecodesToByteByByte) {
  TestServer server(inboxes());
  HttpClient publisher(server.port());
  const std::string names[] = {"alice",
                               "Alice",
                               "ALICE",
                               "a b",
                               "a+b",
                               "a%b",
                               "100%",
                               "j\u00e9r\u00f4me",
                               "je\u0301ro\u0302me",
                               "\u4ef7\u683c",
                               "\U0001f600",
                               "\"quoted\"",
                               "a?b=c&d#e",
                               "user@example.org",
                               "...",
                               "-",
                               std::string(128, 'n')};
  std::vector<SseClient> by_path, by_query;
  for (const std::string& name : names) {
    by_path.emplace_back(server.port(), "/channels/inbox/" + percent_encoded(name));
    by_query.emplace_back(server.port(), "/events?channel=" + percent_encoded("inbox/" + name));
  }
  for (size_t i = 0; i < std::size(names); ++i) {
    const HttpResponse response =
        publisher.ask(post("/channels/inbox/" + percent_encoded(names[i]), names[i]));
    ASSERT_EQ(published_subscribers(response), 2U) << names[i];
    const StreamEvent event{published_id(response), "", names[i]};
    EXPECT_EQ(by_path[i].next_event(), event);
    EXPECT_EQ(by_query[i].next_event(), event);
  }
  // Encoded or not is the same; and the variable may stand in the middle.
  EXPECT_EQ(published_subscribers(publisher.publish("inbox/alice", "x")), 2U);
  EXPECT_EQ(published_subscribers(publisher.publish("inbox/al%69ce", "x")), 2U);
  SseClient mail(server.port(), "/channels/users/a%20b/mail");
  EXPECT_EQ(published_subscribers(publisher.publish("users/a%20b/mail", "x")), 1U);
  EXPECT_EQ(published_subscribers(publisher.publish("users/a+b/mail", "x")), 0U);
  // A channel of that very name is no recipient.
  SseClient all(server.port(), "/channels/inbox/all");
  EXPECT_EQ(published_subscribers(publisher.publish("inbox/all", "x")), 1U);
  EXPECT_EQ(server.books("inbox/all").events, 1U);
}

TEST_P(Recipients, WhatIsNoNameIsNoChannelHowEverItIsAskedFor) {
  TestServer server(inboxes());
  HttpClient client(server.port());
  const char* const targets[] = {"inbox",
                                 "inbox/",
                                 "inbox/a/b",
                                 "inbox/a%2Fb",
                                 "inbox/%2F",
                                 "inbox/.",
                                 "inbox/..",
                                 "inbox/%2E%2e",
                                 "inbox/%7Brecipient%7D",
                                 "inbox/a%7D",
                                 "users//mail",
                                 "users/a/b/mail",
                                 "users/a/mail/",
                                 "users/%2e%2e/mail",
                                 "Inbox/alice",
                                 "inbox//alice",
                                 "/inbox/alice",
                                 "inbox/../inbox/alice",
                                 "users/mail"};
  for (const std::string name : targets) {
    EXPECT_EQ(client.ask(get("/channels/" + name)).status, 404) << name;
    EXPECT_EQ(client.ask(post("/channels/" + name, "x")).status, 404) << name;
    EXPECT_EQ(client.ask(get("/events?channel=" + name)).status, 404) << name;
  }
  const std::string long_name = "inbox/" + std::string(129, 'n');
  EXPECT_EQ(client.ask(get("/channels/" + long_name)).status, 404);
  EXPECT_EQ(client.ask(get("/events?channel=" + long_name)).status, 404);
  // A path that hides control bytes or is not UTF-8 is refused as HTTP; a query is only a name that nobody has.
  for (const std::string bytes : {"%00", "%0a", "%7F", "%FF", "%C0%AF", "%ED%A0%80", "%C2%85"}) {
    const int by_path = ask(server.port(), get("/channels/inbox/" + bytes)).status;
    EXPECT_TRUE(by_path == 400 || by_path == 404) << bytes << " " << by_path;
    EXPECT_EQ(ask(server.port(), get("/events?channel=inbox/" + bytes)).status, 404) << bytes;
  }
  EXPECT_EQ(server.streaming(), 0U);
  EXPECT_EQ(server.books("inbox/{recipient}").events, 0U);
}

// Cost
// -------------------------------------------------------------------------------------------

// Many more than have room in the history: what is overwritten is forgotten, and nothing else about its
// recipient is left to be remembered.
TEST_P(Recipients, ManyThousandsMayComeAndGo) {
  Config small = inboxes();
  small.channels[1].history.events = 500;
  TestServer server(small);
  HttpClient publisher(server.port());
  constexpr size_t kRecipients = 20'000;
  constexpr size_t kPerBatch = 500;
  for (size_t first = 0; first < kRecipients; first += kPerBatch) {
    std::string lines;
    for (size_t i = first; i < first + kPerBatch; ++i) {
      lines +=
          R"({"channel":"inbox/r)" + std::to_string(i) + R"(","data":)" + std::to_string(i) + "}\n";
    }
    ASSERT_EQ(publisher.ask(post("/events", lines)).status, 201);
  }
  // The last ones have their event; of the first ones it is only known that something was lost.
  const std::string name = "/channels/inbox/r" + std::to_string(kRecipients - 1);
  SseClient last(server.port(), name, resuming_after("1-0"));
  std::vector<StreamEvent> events = last.next_events(2);
  EXPECT_EQ(events[0].type, "gap");
  EXPECT_EQ(events[1].data, std::to_string(kRecipients - 1));
  SseClient first(server.port(), "/channels/inbox/r0", resuming_after("1-0"));
  EXPECT_EQ(first.next_event().type, "gap");
  // Subscribers who never get anything leave nothing either.
  for (size_t i = 0; i < 300; ++i) {
    SseClient nobody(server.port(), "/channels/inbox/nobody" + std::to_string(i));
  }
  first.socket().close();
  last.socket().close();
  EXPECT_TRUE(server.books_close());
  EXPECT_EQ(server.books("inbox/{recipient}").replayed, 1U);
}

}  // namespace
}  // namespace ringcast
