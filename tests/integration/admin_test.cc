// What operators see and do: channels and connections as JSON, under the listener's own names and for no web page, and
// streams ended on all shards.

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <list>
#include <nlohmann/json.hpp>

#include "tests/support/http_client.h"
#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"
#include "tests/support/token_maker.h"

namespace ringcast {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kJson = "Accept: application/json\r\n";

class Admin : public EitherDescriptors {
 protected:
  // The channels news, other and inbox/{recipient}; one listener for streams and publishers, and one for operators.
  static Config two_listeners() {
    Config two = config();
    two.listeners = {{.host = "127.0.0.1", .serve_subscribe = true, .serve_publish = true},
                     {.host = "127.0.0.1", .serve_admin = true, .hosts = {"ops.example"}}};
    for (const char* name : {"other", "inbox/{recipient}"}) {
      two.channels.push_back(two.channels[0]);
      two.channels.back().name = name;
    }
    return two;
  }

  static std::string under(std::string_view host, std::string_view method,
                           std::string_view target) {
    return std::string(method) + " " + std::string(target) +
           " HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n";
  }
  static Json json_of(const HttpResponse& answer) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer["content-type"], "application/json");
    return Json::parse(answer.body);
  }
  static Json look(uint16_t port, std::string_view target) {
    return json_of(ask(port, get(target, kJson)));
  }
  static HttpResponse revoke(uint16_t port, std::string_view query) {
    return ask(port, request("POST", "/revoke?" + std::string(query), "Content-Length: 0\r\n"));
  }
};
RC_EITHER_DESCRIPTORS(Admin);

TEST_P(Admin, ChannelsSayWhoListensAndWhatIsKept) {
  TestServer server(two_listeners());
  SseClient one(server.port(), "/channels/news");
  SseClient both(server.port(), "/events?channel=news&channel=inbox/alice");
  HttpClient publisher(server.port());
  const std::string first = published_id(publisher.publish("news", "a"));
  const std::string last = published_id(publisher.publish("news", "b"));
  const Json news = look(server.port(1), "/channels/news");
  EXPECT_EQ(news["name"], "news");
  EXPECT_EQ(news["subscribers"], 2);
  EXPECT_EQ(news["published"], 2);
  EXPECT_EQ(news["kept"]["events"], 2);
  EXPECT_GT(news["kept"]["bytes"], 50);
  EXPECT_EQ(news["kept"]["oldest"], first);
  EXPECT_EQ(news["kept"]["newest"], last);
  EXPECT_EQ(news["limits"]["events"], 1024);
  EXPECT_EQ(news["limits"]["max_event_bytes"], 64 * 1024);
  const Json all = look(server.port(1), "/channels")["channels"];
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0], news);
  EXPECT_EQ(all[1]["subscribers"], 0);
  EXPECT_EQ(all[1]["kept"]["oldest"], nullptr);
  EXPECT_EQ(all[2]["name"], "inbox/{recipient}");
  EXPECT_EQ(all[2]["subscribers"], 1);
  EXPECT_EQ(look(server.port(1), "/channels/inbox/alice"), all[2]);
  EXPECT_EQ(look(server.port(1), "/channels/inbox/%7Brecipient%7D"), all[2]);
  EXPECT_EQ(ask(server.port(1), get("/channels/nwes")).status, 404);
  EXPECT_EQ(ask(server.port(1), post("/channels/news", "x")).status, 405);
}

TEST_P(Admin, ConnectionsAreCountedByListenerShardAndCause) {
  TestServer server(two_listeners());
  SseClient subscriber(server.port(), "/channels/news");
  HttpClient waiting(server.port());
  EXPECT_EQ(waiting.publish("news", "x").status, 201);
  (void)ask(server.port(), "forged\r\n\r\n");
  Json seen;
  EXPECT_TRUE(comes_true([&] {
    seen = look(server.port(1), "/connections");
    return seen["closed"]["refused"] == 1 && seen["listeners"][0]["open"] == 2;
  })) << seen;
  EXPECT_EQ(seen["streaming"], 1);
  EXPECT_EQ(seen["listeners"][0]["serve"], (Json{"subscribe", "publish"}));
  EXPECT_EQ(seen["listeners"][1]["bind"], "127.0.0.1:" + std::to_string(server.port(1)));
  EXPECT_EQ(seen["shards"].size(), 2U);
  EXPECT_EQ(seen["shards"][0]["streaming"].get<int>() + seen["shards"][1]["streaming"].get<int>(),
            1);
}

TEST_P(Admin, WhereStreamsAreServedTooJsonHasToBeAskedFor) {
  Config all = config();
  TestServer server(all);
  EXPECT_EQ(look(server.port(), "/channels/news")["name"], "news");
  EXPECT_EQ(look(server.port(), "/channels").size(), 1U);
  for (const char* accept : {"", "Accept: */*\r\n", "Accept: text/event-stream\r\n",
                             "Accept: text/event-stream, application/json\r\n"}) {
    HttpClient client(server.port());
    client.send(get("/channels/news", accept));
    EXPECT_EQ(client.read_head()["content-type"], "text/event-stream") << accept;
  }
  EXPECT_EQ(ask(server.port(), post("/channels/news", "x", kJson)).status, 201);
}

TEST_P(Admin, IsServedOnItsListenerAndUnderItsOwnNamesAlone) {
  TestServer server(two_listeners());
  const char* const kTargets[] = {"/metrics", "/channels", "/channels/news", "/connections"};
  for (const char* target : kTargets) {
    for (const char* host : {"localhost", "127.0.0.1:9090", "[::1]", "10.1.2.3", "ops.example:1"}) {
      EXPECT_EQ(ask(server.port(1), under(host, "GET", target)).status, 200) << host << target;
    }
    for (const char* host :
         {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.1"}) {
      EXPECT_EQ(ask(server.port(1), under(host, "GET", target)).status, 403) << host << target;
    }
    const HttpResponse from_page = ask(server.port(1), get(target, "Origin: https://a\r\n"));
    for (const auto& [name, value] : from_page.headers) {
      EXPECT_FALSE(name.starts_with("access-control-")) << target << " says " << name;
    }
  }
  EXPECT_EQ(ask(server.port(1), under("evil.example", "POST", "/revoke?channel=news")).status, 403);
  EXPECT_EQ(ask(server.port(1), under("10.0.0.1", "GET", "/healthz/live")).status, 200);
  for (const char* target : {"/metrics", "/channels", "/connections", "/revoke?channel=news"}) {
    EXPECT_EQ(ask(server.port(0), get(target, kJson)).status, 404) << target;
  }
  HttpClient public_one(server.port(0));
  public_one.send(under("evil.example", "HEAD", "/channels/news"));
  EXPECT_EQ(public_one.read_head().status, 200);
}

TEST_P(Admin, PublicListenerWithHostsAnswersToNoOther) {
  Config named = two_listeners();
  named.listeners[0].hosts = {"events.example"};
  TestServer server(named);
  const auto status = [&](std::string_view host, std::string_view method, std::string_view target) {
    HttpClient client(server.port());
    client.send(under(host, method, target));
    return client.read_head().status;
  };
  EXPECT_EQ(status("EVENTS.example:8000", "GET", "/channels/news"), 200);
  EXPECT_EQ(status("evil.example", "GET", "/channels/news"), 421);
  EXPECT_EQ(status("localhost", "GET", "/channels/news"), 421);
  EXPECT_EQ(status("evil.example", "POST", "/channels/news"), 421);
  EXPECT_EQ(status("evil.example", "GET", "/nowhere"), 421);
}

// --- From other machines

// One listener that other machines reach, for subscribers and operators; a key that may administer and one that may not.
class AdminFromAfar : public Admin {
 protected:
  static Config from_afar() {
    Config far = config();
    far.listeners = {{.host = "0.0.0.0", .serve_subscribe = true, .serve_admin = true}};
    far.access.keys = {{"ops", sha256("rck_ops"), {}, true},
                       {"billing", sha256("rck_billing"), {"*"}, false}};
    return far;
  }
  static constexpr const char* kOps = "Authorization: Bearer rck_ops\r\n";
};
RC_EITHER_DESCRIPTORS(AdminFromAfar);

TEST_P(AdminFromAfar, IsForThoseWithTheKeyAndHealthForEverybody) {
  TestServer server(from_afar());
  SseClient stream(server.port(), "/channels/news");
  struct Sent {
    const char* lines;
    int status;
  };
  const Sent kSent[] = {{"", 401},
                        {"Authorization: Bearer rck_wrong\r\n", 401},
                        {"Authorization: Bearer rck_billing\r\n", 403},
                        {"Authorization: Basic rck_ops\r\n", 401},
                        {"Cookie: t=rck_ops\r\n", 401},
                        {kOps, 200}};
  const std::string pages[] = {get("/metrics", "{}"), get("/channels", "{}"),
                               get("/channels/news", std::string(kJson) + "{}"),
                               get("/connections", "{}"), post("/revoke?channel=other", "", "{}")};
  for (const auto& [lines, status] : kSent) {
    for (std::string page : pages) {
      page.replace(page.find("{}"), 2, lines);
      const HttpResponse answer = ask(server.port(), page);
      const int expected = status == 200 && page.starts_with("POST") ? 404 : status;
      EXPECT_EQ(answer.status, expected) << page;
      EXPECT_EQ(answer["www-authenticate"].starts_with("Bearer "), status != 200) << page;
      EXPECT_EQ(answer["access-control-allow-origin"], "") << page;
    }
    EXPECT_EQ(ask(server.port(), get("/healthz/ready", lines)).status, 200);
  }
  EXPECT_EQ(ask(server.port(), get("/metrics?key=rck_ops")).status, 401);
  EXPECT_EQ(ask(server.port(),
                post("/revoke?channel=news", "", std::string(kOps) + "Origin: https://a\r\n"))
                .status,
            403);
  EXPECT_EQ(server.streaming(), 1U);
  EXPECT_EQ(ask(server.port(), post("/revoke?channel=news", "", kOps)).body, "{\"ended\":1}\n");
}

// --- Ending streams

TEST_P(Admin, RevokingAChannelEndsItsStreamsOnAllShardsAndNoOthers) {
  TestServer server(two_listeners());
  std::list<SseClient> meant;
  for (int i = 0; i < 20; ++i) meant.emplace_back(server.port(), "/channels/news");
  meant.emplace_back(server.port(), "/events?channel=other&channel=news");
  SseClient other(server.port(), "/channels/other");
  SseClient inbox(server.port(), "/channels/inbox/alice");
  HttpClient publisher(server.port());
  publisher.publish("news", "before");
  for (SseClient& client : meant) EXPECT_EQ(client.next_event().data, "before");
  const HttpResponse answer = revoke(server.port(1), "channel=news");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "{\"ended\":21}\n");
  for (SseClient& client : meant) EXPECT_TRUE(client.read_to_end().empty());
  // A client sees its end before the server has counted it.
  EXPECT_TRUE(comes_true([&] { return server.closed(net::CloseCause::kRevoked) == 21; }));
  EXPECT_EQ(server.streaming(), 2U);
  EXPECT_EQ(publisher.publish("other", "after").status, 201);
  EXPECT_EQ(other.next_event().data, "after");
  EXPECT_EQ(revoke(server.port(1), "channel=news").body, "{\"ended\":0}\n");
}

TEST_P(Admin, RevokingARecipientEndsTheirStreamsAlone) {
  TestServer server(two_listeners());
  SseClient alice(server.port(), "/channels/inbox/alice");
  SseClient alice_too(server.port(), "/events?channel=news&channel=inbox/alice");
  SseClient bob(server.port(), "/channels/inbox/bob");
  EXPECT_EQ(revoke(server.port(1), "channel=inbox/alice").body, "{\"ended\":2}\n");
  EXPECT_TRUE(alice.read_to_end().empty());
  EXPECT_TRUE(alice_too.read_to_end().empty());
  EXPECT_EQ(server.streaming(), 1U);
  EXPECT_EQ(revoke(server.port(1), "channel=inbox/%7Brecipient%7D").body, "{\"ended\":1}\n");
  EXPECT_TRUE(bob.read_to_end().empty());
}

TEST_P(Admin, RevokingASourceEndsWhatComesFromThere) {
  TestServer server(two_listeners());
  SseClient stream(server.port(), "/channels/news");
  EXPECT_EQ(revoke(server.port(1), "source=10.0.0.0/8").body, "{\"ended\":0}\n");
  EXPECT_EQ(revoke(server.port(1), "source=127.0.0.1").body, "{\"ended\":1}\n");
  EXPECT_TRUE(stream.read_to_end().empty());
}

// The same channels, where `other` wants a token and an inbox its owner's.
class AdminOfTokens : public Admin {
 protected:
  AdminOfTokens() { std::ofstream(key_path_) << kTestSecret << "\n"; }
  ~AdminOfTokens() override { ::unlink(key_path_.c_str()); }

  Config with_tokens() const {
    Config config = two_listeners();
    config.access.tokens.keys = {{"main", SignatureAlgorithm::kHs256, key_path_}};
    config.channels[1].access.subscribe = SubscribeAccess::kToken;
    config.channels[2].access.subscribe = SubscribeAccess::kRecipient;
    return config;
  }
  // A token that may read `other`, with `claims` besides.
  static SseClient::Options with(const std::string& claims) {
    return {.format = WireFormat::kChunked,
            .extra = "Authorization: Bearer " +
                     hs256_token(R"({"exp":4102444800,"channels":["other"],)" + claims + "}") +
                     "\r\n"};
  }

 private:
  const std::string key_path_ = testing::TempDir() + "admin-" + std::to_string(::getpid()) + ".key";
};
RC_EITHER_DESCRIPTORS(AdminOfTokens);

TEST_P(AdminOfTokens, RevokingASubjectEndsTheStreamsOfTheirTokens) {
  TestServer server(with_tokens());
  SseClient inbox(server.port(), "/channels/inbox/alice", with(R"("sub":"alice")"));
  SseClient both(server.port(), "/events?channel=other&channel=news", with(R"("sub":"alice")"));
  SseClient of_bob(server.port(), "/channels/other", with(R"("sub":"bob","jti":"alice")"));
  SseClient of_nobody(server.port(), "/channels/other", with(R"("sub":"")"));
  SseClient of_anybody(server.port(), "/channels/news");
  EXPECT_EQ(revoke(server.port(1), "subject=Alice").body, "{\"ended\":0}\n");
  EXPECT_EQ(revoke(server.port(1), "subject=alice").body, "{\"ended\":2}\n");
  EXPECT_TRUE(inbox.read_to_end().empty());
  EXPECT_TRUE(both.read_to_end().empty());
  EXPECT_EQ(server.streaming(), 3U);
  EXPECT_EQ(revoke(server.port(1), "subject=").status, 400)
      << "that would be everybody without one";
  // Its token is still good: whoever makes tokens must stop making them, and let them end soon.
  SseClient again(server.port(), "/channels/inbox/alice", with(R"("sub":"alice")"));
  EXPECT_EQ(server.streaming(), 4U);
}

TEST_P(AdminOfTokens, RevokingATokenByItsIdEndsItsStreamsAlone) {
  TestServer server(with_tokens());
  const SseClient::Options lost = with(R"("sub":"alice","jti":"phone 1")");
  SseClient inbox(server.port(), "/channels/inbox/alice", lost);
  SseClient both(server.port(), "/events?channel=other&channel=news", lost);
  const SseClient::Options kept[] = {with(R"("sub":"alice","jti":"phone 2")"),
                                     with(R"("sub":"alice")"), with(R"("jti":"")"),
                                     with(R"("sub":"phone 1")")};
  std::list<SseClient> others;
  for (const auto& options : kept) others.emplace_back(server.port(), "/channels/other", options);
  // On a public channel nobody looks at a token, so nothing is known of it.
  SseClient on_public(server.port(), "/channels/news", lost);

  EXPECT_EQ(revoke(server.port(1), "token=phone").body, "{\"ended\":0}\n");
  EXPECT_EQ(revoke(server.port(1), "token=phone%201").body, "{\"ended\":2}\n");
  EXPECT_TRUE(inbox.read_to_end().empty());
  EXPECT_TRUE(both.read_to_end().empty());
  EXPECT_TRUE(comes_true([&] { return server.closed(net::CloseCause::kRevoked) == 2; }));
  EXPECT_EQ(revoke(server.port(1), "token=").status, 400) << "that would be every other token";
  EXPECT_EQ(revoke(server.port(1), "token=a&token=b").status, 400);
  HttpClient publisher(server.port());
  EXPECT_EQ(published_subscribers(publisher.publish("other", "still here")), 4U);
  for (SseClient& other : others) EXPECT_EQ(other.next_event().data, "still here");
  EXPECT_EQ(server.streaming(), 5U);
}

TEST_P(Admin, RevocationIsAPostOfAProgramThatSaysWhatItMeans) {
  TestServer server(two_listeners());
  SseClient stream(server.port(), "/channels/news");
  const uint16_t port = server.port(1);
  const HttpResponse by_get = ask(port, get("/revoke?channel=news"));
  EXPECT_EQ(by_get.status, 405);
  EXPECT_EQ(by_get["allow"], "POST");
  for (const char* page : {"Origin: http://localhost\r\n", "Origin: null\r\n",
                           "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n"}) {
    EXPECT_EQ(ask(port, post("/revoke?channel=news", "", page)).status, 403) << page;
  }
  EXPECT_EQ(revoke(port, "").status, 400);
  EXPECT_EQ(revoke(port, "chanel=news").status, 400);
  EXPECT_EQ(revoke(port, "channel=news&source=127.0.0.1").status, 400);
  EXPECT_EQ(revoke(port, "source=everywhere").status, 400);
  EXPECT_EQ(revoke(port, "channel=nwes").status, 404);
  EXPECT_EQ(server.streaming(), 1U);
}

// Answers behind it wait for it, and so does a connection that has more to ask.
TEST_P(Admin, RevocationKeepsItsPlaceInAPipeline) {
  TestServer server(two_listeners());
  SseClient stream(server.port(), "/channels/news");
  HttpClient client(server.port(1));
  client.send(get("/healthz/live") + post("/revoke?channel=news", "") +
              post("/revoke?channel=news", "") + get("/channels/other"));
  EXPECT_EQ(client.read_response().body, "ok\n");
  EXPECT_EQ(client.read_response().body, "{\"ended\":1}\n");
  EXPECT_EQ(client.read_response().body, "{\"ended\":0}\n");
  EXPECT_EQ(Json::parse(client.read_response().body)["name"], "other");
}

}  // namespace
}  // namespace ringcast
