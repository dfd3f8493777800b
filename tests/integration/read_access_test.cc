// Who may read, over real sockets: nobody gets what is not theirs, and nobody learns what there is.

#include "tests/support/access_rig.h"

namespace ringcast {
namespace {

using namespace std::string_literals;

using ReadAccess = AccessTest;
RC_EITHER_DESCRIPTORS(ReadAccess);

TEST_P(ReadAccess, WhatIsPublicIsForEverybody) {
  TestServer server(config());
  SseClient nobody(server.port(kPublic), "/channels/news");
  SseClient somebody(server.port(kPublic), "/channels/news", with("Authorization: Basic eA==\r\n"));
  EXPECT_EQ(nobody.head()["cache-control"], "no-cache, no-store, no-transform");
  EXPECT_EQ(somebody.head()["cache-control"], "no-cache, no-store, no-transform");
  HttpClient(server.port(kLocal)).publish("news", "for all");
  EXPECT_EQ(nobody.next_event().data, "for all");
  EXPECT_EQ(somebody.next_event().data, "for all");
}

TEST_P(ReadAccess, ATokenOpensWhatItNames) {
  TestServer server(config());
  const std::string token = bearer(token_for("u", R"(,"channels":["prices","rooms/*"])"));
  for (const char* const target : {"/channels/prices", "/prices", "/events?channel=prices",
                                   "/channels/rooms/7", "/events?channel=news&channel=rooms/7"}) {
    SseClient subscriber(server.port(kPublic), target, with(token));
    EXPECT_EQ(subscriber.head()["cache-control"], "private, no-cache, no-store, no-transform");
    EXPECT_EQ(subscriber.head()["referrer-policy"], "");
  }
  for (const char* const target : {"/channels/feed", "/channels/inbox/u2", "/channels/rooms",
                                   "/events?channel=prices&channel=feed"}) {
    EXPECT_EQ(ask(server.port(kPublic), get(target, token)).status, 403) << target;
  }
  EXPECT_EQ(server.total(&net::Counters::requests_forbidden), 4U);
}

// One alice, everything of bob's that she might ask for, in every way there is to ask.
TEST_P(ReadAccess, NobodyReadsAnybodyElsesMessagesNorLearnsOfThem) {
  TestServer server(config());
  HttpClient publisher(server.port(kLocal));
  const std::string bobs_id = published_id(publisher.publish("inbox/bob", "MARKER for bob"));
  const std::string alice = bearer(token_for("alice", R"(,"channels":["*","inbox/*"])"));
  const std::string resumed = alice + "Last-Event-ID: " + bobs_id + "\r\n";
  const uint16_t port = server.port(kPublic);

  const std::string of_nothing = all_but_date(port, get("/channels/nothing", alice));
  EXPECT_TRUE(of_nothing.starts_with("HTTP/1.1 403 ")) << of_nothing;
  for (const std::string& target : {"/channels/inbox/bob"s,
                                    "/channels/inbox/%62ob"s,
                                    "/channels/inbox/%62%6F%62"s,
                                    "/channels/inbox%2Fbob"s,
                                    "/channels/inbox%2fbob"s,
                                    "/channels/%69nbox/bob"s,
                                    "/channels/Inbox/bob"s,
                                    "/channels/inbox/BOB"s,
                                    "/channels/INBOX/bob"s,
                                    "/channels/inbox/bob%20"s,
                                    "/channels/inbox/%2562ob"s,
                                    "/channels/inbox//bob"s,
                                    "/channels/inbox/bob/"s,
                                    "/channels/inbox/alice/../bob"s,
                                    "/channels/inbox/./bob"s,
                                    "/channels/inbox/alice%2f..%2fbob"s,
                                    "/channels/inbox/Alice"s,
                                    "/channels/inbox/alice%20"s,
                                    "/channels/inbox/*"s,
                                    "/channels/inbox/%7Brecipient%7D"s,
                                    "/channels/inbox/"s,
                                    "/events?channel=inbox/bob"s,
                                    "/events?channel=inbox%2Fbob"s,
                                    "/events?channel=inbox/%62ob"s,
                                    "/events?channel=inbox/alice&channel=inbox/bob"s,
                                    "/events?channel=inbox/bob&channel=inbox/alice"s,
                                    "/events?channel=news&channel=inbox/bob"s,
                                    "/events?channel=inbox/bob&user=alice"s,
                                    "/events?channel=inbox/alice&channel=nothing"s,
                                    "/channels/inbox/bob?user=bob"s,
                                    "/channels/inbox/bob?lastEventId=" + bobs_id,
                                    "/channels/nothing/at/all"s}) {
    EXPECT_EQ(all_but_date(port, get(target, alice)), of_nothing) << target;
    EXPECT_EQ(all_but_date(port, get(target, resumed)), of_nothing) << target;
    // HEAD, which would say as much.
    const std::string head = all_but_date(port, request("HEAD", target, alice));
    EXPECT_EQ(head, of_nothing.substr(0, of_nothing.find("\r\n\r\n") + 4)) << target;
  }
  // Methods that are not served, and preflights, are told the same as well.
  for (const char* const method : {"OPTIONS", "PUT", "DELETE"}) {
    EXPECT_EQ(all_but_date(port, request(method, "/channels/inbox/bob")),
              all_but_date(port, request(method, "/channels/nothing")));
  }
  // Her own inbox opens, and whoever presents bob's id there gets nothing of his.
  SseClient subscriber(port, "/channels/inbox/%61lice", with(resumed));
  publisher.publish("inbox/bob", "MARKER again");
  publisher.publish("inbox/alice", "for alice");
  EXPECT_EQ(subscriber.next_event().data, "for alice");
  SseClient mixed(port, "/events?channel=inbox/alice&channel=news", with(resumed));
  EXPECT_EQ(mixed.next_event().data, "for alice");
  EXPECT_EQ(server.books("inbox/{recipient}").due, 1U);
}

TEST_P(ReadAccess, WithoutACredentialNothingIsToldApartEither) {
  TestServer server(config());
  const uint16_t port = server.port(kPublic);
  const std::string of_nothing = all_but_date(port, get("/channels/nothing"));
  EXPECT_TRUE(of_nothing.starts_with("HTTP/1.1 401 ")) << of_nothing;
  EXPECT_NE(of_nothing.find("WWW-Authenticate: Bearer realm=\"ringcast\"\r\n"), of_nothing.npos);
  for (const char* const target :
       {"/channels/prices", "/prices", "/channels/inbox/bob", "/channels/rooms/1",
        "/channels/rooms", "/events?channel=prices", "/events?channel=news&channel=nothing",
        "/events?channel=news&channel=prices"}) {
    EXPECT_EQ(all_but_date(port, get(target)), of_nothing) << target;
  }
  // As many names as a stream may carry: what there is and what there is not count alike.
  std::string known = "/events?channel=prices";
  std::string unknown = "/events?channel=nothing";
  for (int i = 0; i < 64; ++i) {
    known += "&channel=rooms/" + std::to_string(i);
    unknown += "&channel=doors/" + std::to_string(i);
  }
  EXPECT_EQ(all_but_date(port, get(known)), all_but_date(port, get(unknown)));
  // Publishing.
  const std::string publish_nothing = all_but_date(port, post("/channels/nothing", "x"));
  EXPECT_TRUE(publish_nothing.starts_with("HTTP/1.1 401 "));
  for (const char* const target : {"/channels/news", "/channels/prices", "/channels/inbox/bob"}) {
    EXPECT_EQ(all_but_date(port, post(target, "x")), publish_nothing) << target;
  }
}

TEST_P(ReadAccess, WhereEverythingIsPublicWhatThereIsNotIsSimplyNotThere) {
  TestServer server(test_config(GetParam()));
  EXPECT_EQ(ask(server.port(), get("/channels/nothing")).status, 404);
  EXPECT_EQ(ask(server.port(), post("/channels/nothing", "x")).status, 404);
  EXPECT_EQ(ask(server.port(), get("/events?channel=nothing")).status, 404);
}

TEST_P(ReadAccess, AHiddenChannelsPathIsLikeOneThatNothingHas) {
  TestServer server(config());
  const uint16_t port = server.port(kPublic);
  const std::string alice = bearer(token_for("alice"));
  for (const std::string& headers : {""s, alice, bearer("a.b.c")}) {
    for (const char* const method : {"GET", "HEAD", "POST", "OPTIONS", "PUT"}) {
      EXPECT_EQ(all_but_date(port, request(method, "/prices", headers)),
                all_but_date(port, request(method, "/nothing", headers)))
          << method << ' ' << headers;
    }
  }
}

}  // namespace
}  // namespace ringcast
