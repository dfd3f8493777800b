// Who may read and publish, over real sockets: nobody gets what is not his, and nobody learns what there is.

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/http_client.h"
#include "tests/support/more_channels.h"
#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"
#include "tests/support/token_maker.h"

namespace ringcast {
namespace {

using namespace std::string_literals;
using net::CloseCause;

// Claims that are good for `seconds` more.
std::string claims_for(const std::string& more, int64_t milliseconds = 3'600'000) {
  const int64_t ms = static_cast<int64_t>(wall_now_ms()) + milliseconds;
  return "{\"exp\":" + std::to_string(ms / 1000) + "." +
         std::to_string(1000 + ms % 1000).substr(1) + more + "}";
}
std::string token_for(const std::string& subject, const std::string& more = "",
                      int64_t milliseconds = 3'600'000) {
  return hs256_token(claims_for(",\"sub\":\"" + subject + "\"" + more, milliseconds));
}
std::string bearer(const std::string& token) {
  return "Authorization: Bearer " + token + "\r\n";
}

// All of an answer but its Date: what may differ between two answers that must not.
std::string all_but_date(uint16_t port, const std::string& request_text) {
  TcpClient client(port);
  client.send(request_text);
  client.half_close();
  std::string answer = client.read_to_end();
  const size_t date = answer.find("Date: ");
  if (date != answer.npos) answer.erase(date, answer.find("\r\n", date) + 2 - date);
  return answer;
}

// A listener for everybody on this machine, which serves everything, and one that other machines reach, which subscribers and
// publishers use. Channels: news (public), prices (token), rooms/{room} (token), inbox/{recipient}; `loopback` and `open` are
// for publishing.
class AccessTest : public testing::TestWithParam<DescriptorMode> {
 protected:
  static constexpr size_t kLocal = 0;
  static constexpr size_t kPublic = 1;

  AccessTest() : key_file_(testing::TempDir() + "access-" + std::to_string(::getpid()) + ".key") {
    std::ofstream(key_file_) << kTestSecret << "\n";
  }
  ~AccessTest() override { ::unlink(key_file_.c_str()); }

  Config config() const {
    Config config = with_more_channels(test_config(GetParam()),
                                       {"prices", "rooms/{room}", "inbox/{recipient}", "feed"});
    config.listeners.push_back({.host = "0.0.0.0", .serve_subscribe = true, .serve_publish = true});
    config.access.tokens.keys = {{"main", SignatureAlgorithm::kHs256, key_file_}};
    config.access.tokens.cookie = "t";
    config.access.tokens.query = QueryTicketConfig{};
    config.access.keys = {{"billing", sha256("rck_billing"), {"prices", "inbox/*"}, false}};
    const auto set = [&](size_t i, SubscribeAccess subscribe, PublishAccess publish) {
      config.channels[i].access = {subscribe, publish};
      config.channels[i].path = i == 1 ? "/prices" : "";
    };
    set(1, SubscribeAccess::kToken, {.loopback = true, .token = true, .key = true});
    set(2, SubscribeAccess::kToken, {.loopback = true, .token = true});
    set(3, SubscribeAccess::kRecipient, {.loopback = true, .key = true});
    set(4, SubscribeAccess::kToken, {.loopback = false, .token = true});
    return config;
  }

  const std::string key_file_;
};

SseClient::Options with(const std::string& extra) {
  return {.format = WireFormat::kChunked, .extra = extra};
}

// --- Reading

TEST_P(AccessTest, WhatIsPublicIsForEverybody) {
  TestServer server(config());
  SseClient nobody(server.port(kPublic), "/channels/news");
  SseClient somebody(server.port(kPublic), "/channels/news", with("Authorization: Basic eA==\r\n"));
  EXPECT_EQ(nobody.head()["cache-control"], "no-cache, no-store, no-transform");
  EXPECT_EQ(somebody.head()["cache-control"], "no-cache, no-store, no-transform");
  HttpClient(server.port(kLocal)).publish("news", "for all");
  EXPECT_EQ(nobody.next_event().data, "for all");
  EXPECT_EQ(somebody.next_event().data, "for all");
}

TEST_P(AccessTest, ATokenOpensWhatItNames) {
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
TEST_P(AccessTest, NobodyReadsAnybodyElsesMessagesNorLearnsOfThem) {
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

TEST_P(AccessTest, WithoutACredentialNothingIsToldApartEither) {
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

TEST_P(AccessTest, WhereEverythingIsPublicWhatThereIsNotIsSimplyNotThere) {
  TestServer server(test_config(GetParam()));
  EXPECT_EQ(ask(server.port(), get("/channels/nothing")).status, 404);
  EXPECT_EQ(ask(server.port(), post("/channels/nothing", "x")).status, 404);
  EXPECT_EQ(ask(server.port(), get("/events?channel=nothing")).status, 404);
}

// --- Where the credential travels

struct Sent {
  std::string what;
  std::string target;
  std::string headers;
  int status;
};

TEST_P(AccessTest, WhereTheCredentialTravels) {
  TestServer server(config());
  const std::string good = token_for("u", R"(,"channels":["prices"])");
  const std::string soon = token_for("u", R"(,"channels":["prices"])", 60'000);
  const std::string path = "/channels/prices";
  const Sent kSent[] = {
      {"header", path, bearer(good), 200},
      {"header in lower case", path, "authorization: bEARER " + good + "\r\n", 200},
      {"two spaces", path, "Authorization: Bearer  " + good + "\r\n", 400},
      {"no token", path, "Authorization: Bearer\r\n", 400},
      {"nothing at all", path, "Authorization:\r\n", 400},
      {"two tokens", path, "Authorization: Bearer " + good + " " + good + "\r\n", 400},
      {"two in a list", path, "Authorization: Bearer " + good + ", x\r\n", 400},
      {"two headers", path, bearer(good) + bearer(good), 400},
      {"another scheme", path, "Authorization: Basic dTpw\r\n", 401},
      {"another scheme, good cookie", path,
       "Authorization: Basic dTpw\r\nCookie: t=" + good + "\r\n", 401},
      {"bad header, good cookie", path, bearer("a.b.c") + "Cookie: t=" + good + "\r\n", 401},
      {"good header, bad cookie", path, bearer(good) + "Cookie: t=x; t=y\r\n", 200},
      {"a key does not read", path, bearer("rck_billing"), 403},
      {"an unknown key", path, bearer("rck_bill"), 401},
      {"cookie", path, "Cookie: t=" + good + "\r\n", 200},
      {"cookie among others", path, "Cookie: a=b; tt=x; t=" + good + "; c\r\n", 200},
      {"second line", path, "Cookie: a=b\r\nCookie: t=" + good + "\r\n", 200},
      {"the name in capitals", path, "Cookie: T=" + good + "\r\n", 401},
      {"twice", path, "Cookie: t=a; t=b\r\n", 401},
      {"twice, good first", path, "Cookie: t=" + good + "; t=b\r\n", 401},
      {"twice, in two lines", path, "Cookie: t=" + good + "\r\nCookie: t=" + good + "\r\n", 401},
      {"empty cookie", path, "Cookie: t=\r\n", 401},
      {"eight lines, then it", path,
       "Cookie: a=1\r\nCookie: a=2\r\nCookie: a=3\r\nCookie: a=4\r\nCookie: a=5\r\nCookie: a=6\r\n"
       "Cookie: a=7\r\nCookie: a=8\r\nCookie: t=" +
           good + "\r\n",
       401},
      {"ticket", path + "?ticket=" + soon, "", 200},
      {"ticket of an hour", path + "?ticket=" + good, "", 401},
      {"two tickets", path + "?ticket=" + soon + "&ticket=" + soon, "", 401},
      {"empty ticket", path + "?ticket=", "", 401},
      {"bad header, good ticket", path + "?ticket=" + soon, bearer("a.b.c"), 401},
      {"bad cookie, good ticket", path + "?ticket=" + soon, "Cookie: t=x\r\n", 401},
      {"another name", path + "?Ticket=" + soon, "", 401},
      {"a key in the URL", path + "?ticket=rck_billing", "", 401},
  };
  for (const auto& [what, target, headers, status] : kSent) {
    const std::string answer = all_but_date(server.port(kPublic), request("HEAD", target, headers));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status))) << what << '\n' << answer;
    EXPECT_EQ(answer.find("Basic"), answer.npos);
    EXPECT_EQ(answer.find(good), answer.npos);
    EXPECT_EQ(answer.find(soon), answer.npos);
  }
  // In a cookie and in the URL alike, for real streams; and a publish takes none from a URL.
  SseClient by_cookie(server.port(kPublic), path, with("Cookie: t=" + good + "\r\n"));
  EXPECT_EQ(by_cookie.head()["cache-control"], "private, no-cache, no-store, no-transform");
  SseClient by_ticket(server.port(kPublic), path + "?ticket=" + soon);
  EXPECT_EQ(by_ticket.head()["referrer-policy"], "no-referrer");
  const std::string writer = token_for("u", R"(,"publish":["prices"])", 60'000);
  EXPECT_EQ(ask(server.port(kPublic), post(path + "?ticket=" + writer, "x")).status, 401);
  EXPECT_EQ(ask(server.port(kPublic), post(path, "x", bearer(writer))).status, 201);
}

TEST_P(AccessTest, WithACookieThePageHasToBeListed) {
  Config listed = config();
  listed.channels[1].cors = {.origins = {"https://app.example"}, .credentials = true};
  TestServer server(listed);
  const std::string cookie =
      "Cookie: t=" + token_for("u", R"(,"channels":["prices"],"publish":["prices"])") + "\r\n";
  const std::pair<const char*, int> kPages[] = {
      {"", 200},
      {"Origin: https://app.example\r\n", 200},
      {"Origin: https://evil.example\r\n", 403},
      {"Origin: https://app.example.evil.example\r\n", 403},
      {"Origin: null\r\n", 403},
      {"Sec-Fetch-Site: cross-site\r\n", 403},
      {"Sec-Fetch-Site: same-site\r\n", 403},
      {"Sec-Fetch-Site: same-origin\r\n", 200},
      {"Sec-Fetch-Site: none\r\n", 200},
  };
  for (const auto& [page, status] : kPages) {
    const std::string answer =
        all_but_date(server.port(kPublic), request("HEAD", "/channels/prices", cookie + page));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status))) << page << answer;
  }
  EXPECT_EQ(ask(server.port(kPublic),
                get("/channels/prices", cookie + "Origin: https://evil.example\r\n"))
                .status,
            403);
  EXPECT_EQ(server.streaming(), 0U);
  // To publish, it has to say so.
  const auto publish = [&](const std::string& headers) {
    return ask(server.port(kPublic), post("/channels/prices", "x", headers)).status;
  };
  EXPECT_EQ(publish(cookie), 403);
  EXPECT_EQ(publish(cookie + "Origin: https://evil.example\r\n"), 403);
  EXPECT_EQ(publish(cookie + "Sec-Fetch-Site: same-origin\r\n"), 403);
  EXPECT_EQ(publish(cookie + "Origin: https://app.example\r\n"), 201);
  EXPECT_EQ(publish(bearer(token_for("u", R"(,"publish":["prices"])"))), 201);
}

TEST_P(AccessTest, EveryBadTokenGetsTheSameAnswer) {
  TestServer server(config());
  const auto answer = [&](const std::string& token) {
    return all_but_date(server.port(kPublic), get("/channels/prices", bearer(token)));
  };
  const std::string claims = claims_for(R"(,"channels":["prices"])");
  const std::string good = hs256_token(claims);
  const std::string expected = answer("a.b.c");
  EXPECT_TRUE(expected.starts_with("HTTP/1.1 401 ")) << expected;
  EXPECT_NE(expected.find("error=\"invalid_token\""), expected.npos);
  const std::string unsigned_one =
      encode_base64url(R"({"alg":"none"})") + "." + encode_base64url(claims) + ".";
  for (const std::string& token :
       {unsigned_one, good.substr(0, good.size() - 1), good + "A", "x" + good,
        hs256_token(R"({"alg":"HS256","kid":"../../../dev/null"})", claims),
        hs256_token(R"({"alg":"HS256","crit":["x"]})", claims),
        hs256_token("{\"exp\":1,\"channels\":[\"prices\"]}"),
        hs256_token("{\"channels\":[\"prices\"]}"), hs256_token(claims_for(R"(,"nbf":4102444000)")),
        "a.b.c.d.e"s, std::string(9000, 'a') + ".b.c", "rck_nobody"s}) {
    EXPECT_EQ(answer(token), expected) << token.substr(0, 100);
  }
}

// --- Publishing

TEST_P(AccessTest, PublishingTakesItsOwnCredential) {
  TestServer server(config());
  const std::string reader = bearer(token_for("u", R"(,"channels":["*"])"));
  const std::string writer = bearer(token_for("u", R"(,"publish":["prices","rooms/*"])"));
  const std::string key = bearer("rck_billing");
  const auto publish = [&](size_t listener, const char* channel, const std::string& headers) {
    return ask(server.port(listener), post("/channels/"s + channel, "x", headers)).status;
  };
  EXPECT_EQ(publish(kLocal, "news", ""), 201);
  EXPECT_EQ(publish(kLocal, "prices", ""), 201);
  EXPECT_EQ(publish(kLocal, "feed", ""), 401) << "loopback is not enough here";
  EXPECT_EQ(publish(kLocal, "nothing", ""), 401);
  EXPECT_EQ(publish(kLocal, "nothing", writer), 403);
  EXPECT_EQ(publish(kPublic, "news", writer), 403);
  EXPECT_EQ(publish(kPublic, "prices", reader), 403);
  EXPECT_EQ(publish(kPublic, "prices", writer), 201);
  EXPECT_EQ(publish(kPublic, "prices", key), 201);
  EXPECT_EQ(publish(kPublic, "rooms/7", writer), 201);
  EXPECT_EQ(publish(kPublic, "rooms/7", key), 403);
  EXPECT_EQ(publish(kPublic, "inbox/bob", key), 201);
  EXPECT_EQ(publish(kPublic, "feed", writer), 403);
  EXPECT_EQ(publish(kPublic, "nothing", writer), 403);
}

TEST_P(AccessTest, ABatchIsForAllItsChannelsOrForNone) {
  TestServer server(config());
  const auto batch = [](std::initializer_list<const char*> channels) {
    std::string body;
    for (const char* const channel : channels) {
      body += R"({"channel":")"s + channel + R"(","data":"x"})" + "\n";
    }
    return body;
  };
  const auto publish = [&](size_t listener, std::initializer_list<const char*> channels,
                           const std::string& headers) {
    return ask(server.port(listener),
               post("/events", batch(channels), "Content-Type: application/x-ndjson\r\n" + headers))
        .status;
  };
  const std::string key = bearer("rck_billing");
  const std::string writer = bearer(token_for("u", R"(,"publish":["feed"])"));
  EXPECT_EQ(publish(kPublic, {"prices", "inbox/bob"}, key), 201);
  EXPECT_EQ(publish(kPublic, {"prices", "news"}, key), 403);
  EXPECT_EQ(publish(kPublic, {"prices", "nothing"}, key), 403);
  EXPECT_EQ(publish(kPublic, {"prices"}, ""), 401);
  EXPECT_EQ(publish(kPublic, {"prices"}, bearer(token_for("u"))), 403);
  EXPECT_EQ(publish(kLocal, {"prices", "news"}, ""), 201);
  EXPECT_EQ(publish(kLocal, {"news", "feed"}, ""), 401);
  EXPECT_EQ(publish(kLocal, {"news", "feed"}, writer), 201);
  EXPECT_EQ(publish(kLocal, {"news", "nothing"}, ""), 401);
  const Books prices = server.books("prices");
  EXPECT_EQ(prices.events, 2U)
      << "of three batches that named it and something else, one was whole";
}

// Nobody is made to send a body that will be refused, nor sent 100 Continue for it.
TEST_P(AccessTest, AStrangerIsRefusedBeforeHisBody) {
  TestServer server(config());
  const auto refused = [&](const std::string& head, int status) {
    HttpClient client(server.port(kPublic));
    client.send(head);
    const HttpResponse answer = client.read_response();
    EXPECT_EQ(answer.status, status) << head << "one answer, and no 100 Continue";
    EXPECT_EQ(answer["connection"], "close");
    client.half_close();
    EXPECT_EQ(client.read_to_end(), "");
  };
  for (const char* const target : {"/channels/prices", "/channels/nothing", "/events"}) {
    const std::string line = "POST "s + target + " HTTP/1.1\r\nHost: a\r\n";
    refused(line + "Content-Length: 1000\r\n\r\n", 401);
    refused(line + "Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n", 401);
    refused(line + "Transfer-Encoding: chunked\r\n\r\n", 401);
    refused(line + "Content-Length: 1000\r\n\r\nsome of it", 401);
    refused(line + "Content-Length: 1000\r\n" + bearer("a.b.c") + "\r\n", 401);
    refused(line + "Content-Length: 1000\r\n" + bearer(token_for("u")) + "\r\n", 403);
  }
  // Whoever may is asked for it, and known until it is there.
  TcpClient client(server.port(kPublic));
  client.send("POST /channels/prices HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n" +
              bearer("rck_billing") + "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_exactly(25), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  EXPECT_EQ(client.read_exactly(12), "HTTP/1.1 201");
}

// The next request on a connection is nobody's until it says whose.
TEST_P(AccessTest, OneRequestDoesNotLendItsCredentialToTheNext) {
  TestServer server(config());
  HttpClient client(server.port(kPublic));
  for (const bool in_pieces : {false, true}) {
    const std::string first = post("/channels/prices", "body", bearer("rck_billing"));
    client.send(first.substr(0, first.size() - 2));
    if (in_pieces) std::this_thread::sleep_for(milliseconds(20));  // only to part the segments
    client.send(first.substr(first.size() - 2));
    EXPECT_EQ(client.read_response().status, 201);
    EXPECT_EQ(client.ask(post("/channels/prices", "x")).status, 401);
    EXPECT_EQ(client.ask(get("/channels/prices")).status, 401);
  }
  client.send(post("/channels/prices", "x", bearer("rck_billing")) + post("/channels/prices", "x"));
  EXPECT_EQ(client.read_response().status, 201);
  EXPECT_EQ(client.read_response().status, 401);
}

// A key of one publisher's means nothing to another.
TEST_P(AccessTest, AnIdempotencyKeyIsItsSendersOwn) {
  TestServer server(config());
  const auto publish = [&](const std::string& who, const char* channel) {
    return ask(server.port(kPublic),
               post("/channels/"s + channel, "x", bearer(who) + "Idempotency-Key: order-1\r\n"));
  };
  const std::string ann = token_for("ann", R"(,"publish":["rooms/*"])");
  const std::string ben = token_for("ben", R"(,"publish":["prices"])");
  EXPECT_EQ(publish(ann, "rooms/1").status, 201);
  const HttpResponse first = publish(ben, "prices");
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(publish("rck_billing", "prices").status, 201);
  EXPECT_EQ(publish(ben, "prices").body, first.body) << "and his own is";
  EXPECT_EQ(publish(token_for("ben", R"(,"publish":["*"])"), "prices").body, first.body)
      << "with whichever token";
  EXPECT_EQ(server.books("prices").events, 2U);
}

TEST_P(AccessTest, ATokenThatEndsDuringTheBodyPublishesNothing) {
  TestServer server(config());
  HttpClient client(server.port(kPublic));
  const std::string whole =
      post("/channels/prices", "the body", bearer(token_for("u", R"(,"publish":["prices"])", 300)));
  client.send(whole.substr(0, whole.size() - 4));
  std::this_thread::sleep_for(milliseconds(400));  // past the token's end
  client.send(whole.substr(whole.size() - 4));
  EXPECT_EQ(client.read_response().status, 401);
  EXPECT_EQ(server.books("prices").events, 0U);
}

TEST_P(AccessTest, AHiddenChannelsPathIsLikeOneThatNothingHas) {
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

// --- The end of a token

TEST_P(AccessTest, AStreamEndsWithItsTokenBetweenTwoEvents) {
  TestServer server(config());
  const auto until = [](int64_t ms) {
    return with(bearer(token_for("alice", R"(,"channels":["prices"])", ms)));
  };
  SseClient plain(server.port(kPublic), "/channels/prices", until(1200));
  SseClient merged(server.port(kPublic), "/events?channel=inbox/alice&channel=news", until(1200));
  SseClient longer(server.port(kPublic), "/channels/prices", until(60'000));
  SseClient::Options raw = until(1200);
  raw.format = WireFormat::kRaw;
  SseClient old(server.port(kPublic), "/channels/prices", raw);
  const MonotonicMs begin = monotonic_now_ms();
  HttpClient publisher(server.port(kLocal));
  publisher.publish("prices", "1");
  publisher.publish("inbox/alice", "2");
  EXPECT_EQ(plain.read_to_end().size(), 1U);
  EXPECT_EQ(merged.read_to_end().size(), 1U);
  EXPECT_EQ(old.read_to_end().size(), 1U);
  const MonotonicMs took = monotonic_now_ms() - begin;
  EXPECT_GE(took, 600);
  EXPECT_LE(took, 2200);
  EXPECT_TRUE(comes_true([&] { return server.closed(CloseCause::kExpired) == 3; }));
  publisher.publish("prices", "3");
  EXPECT_EQ(longer.next_events(2).back().data, "3") << "whose token is still good";
  // The browser comes back with the same token, and that is final.
  EXPECT_EQ(
      ask(server.port(kPublic),
          get("/channels/prices", bearer(token_for("alice", R"(,"channels":["prices"])", -10))))
          .status,
      401);
}

// read_to_end() demands the last chunk.
TEST_P(AccessTest, AStreamInFullSwingEndsBetweenTwoEventsAsWell) {
  TestServer server(config());
  std::vector<std::unique_ptr<SseClient>> subscribers;
  for (int i = 0; i < 6; ++i) {
    subscribers.push_back(std::make_unique<SseClient>(
        server.port(kPublic), "/channels/prices",
        with(bearer(token_for("u", R"(,"channels":["prices"])", 400)))));
  }
  HttpClient publisher(server.port(kLocal));
  // They keep up, so that none is cut off for a full socket.
  const auto read = [](SseClient& subscriber) {
    try {
      (void)subscriber.next_events(8);
    } catch (const StreamEnded&) {
      // and what comes now is its end
    }
  };
  while (server.closed(CloseCause::kExpired) < subscribers.size()) {
    for (int i = 0; i < 8; ++i) publisher.publish("prices", "x");
    for (const auto& subscriber : subscribers) read(*subscriber);
  }
  for (const auto& subscriber : subscribers) (void)subscriber->read_to_end();
}

// A slot that a token's stream has left is anybody's.
TEST_P(AccessTest, AnExpiryDoesNotOutliveItsStream) {
  TestServer server(config());
  for (int i = 0; i < 4; ++i) {
    SseClient(server.port(kPublic), "/channels/prices",
              with(bearer(token_for("u", R"(,"channels":["prices"])", 1000))));
  }
  EXPECT_TRUE(comes_true([&] { return server.open() == 0; }));
  std::vector<std::unique_ptr<SseClient>> others;
  for (int i = 0; i < 8; ++i) {
    others.push_back(std::make_unique<SseClient>(server.port(kPublic), "/channels/news"));
  }
  std::this_thread::sleep_for(milliseconds(1200));  // past what the tokens had
  HttpClient(server.port(kLocal)).publish("news", "still here");
  for (const auto& other : others) EXPECT_EQ(other->next_event().data, "still here");
}

// --- Secrets

TEST_P(AccessTest, SecretsAreInNoMetric) {
  TestServer server(config());
  const std::string token = token_for("MARKERSUBJECT", R"(,"channels":["prices"])", 60'000);
  SseClient by_header(server.port(kLocal), "/channels/prices", with(bearer(token)));
  SseClient by_ticket(server.port(kLocal), "/channels/prices?ticket=" + token);
  (void)ask(server.port(kLocal), get("/channels/prices?ticket=MARKER", bearer("MARKER.a.b")));
  (void)ask(server.port(kLocal), post("/channels/feed", "x", bearer("rck_MARKER")));
  const std::string metrics = ask(server.port(kLocal), get("/metrics")).body;
  EXPECT_EQ(metrics.find("MARKER"), metrics.npos);
  EXPECT_EQ(metrics.find(token.substr(token.rfind('.'))), metrics.npos);
  EXPECT_EQ(metrics.find("rck_"), metrics.npos);
  EXPECT_NE(metrics.find("ringcast_requests_unauthorized_total"), metrics.npos);
}

RC_EITHER_DESCRIPTORS(AccessTest);

}  // namespace
}  // namespace ringcast
