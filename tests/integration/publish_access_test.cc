// Who may publish, over real sockets: it takes a credential of its own, which is looked at before the body is.

#include <list>
#include <thread>

#include "tests/support/access_rig.h"

namespace ringcast {
namespace {

using namespace std::string_literals;

using PublishAccess = AccessTest;
RC_EITHER_DESCRIPTORS(PublishAccess);

TEST_P(PublishAccess, PublishingTakesItsOwnCredential) {
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

TEST_P(PublishAccess, ABatchIsForAllItsChannelsOrForNone) {
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
TEST_P(PublishAccess, AStrangerIsRefusedBeforeHisBody) {
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

// What is no publish gets no memory for a body, whatever the path, host and method. All of them at a time, so that those
// who were read on would be counted.
TEST_P(PublishAccess, ALongBodyThatIsNoPublishIsAnsweredAtOnce) {
  Config everything = config();
  everything.listeners[kPublic].serve_admin = true;
  everything.listeners[kPublic].hosts = {"pub.example"};
  everything.access.keys.push_back({"ops", sha256("rck_ops"), {}, true});
  TestServer server(everything);
  struct Case {
    const char* host;
    const char* target;
    int status;
  };
  std::list<std::pair<HttpClient, Case>> strangers;
  for (const Case& one :
       {Case{"pub.example", "/nowhere", 405}, Case{"pub.example", "/prices", 405},
        Case{"wrong.example", "/channels/prices", 421}, Case{"wrong.example", "/events", 421},
        Case{"wrong.example", "/nowhere", 421}, Case{"wrong.example", "/revoke?subject=u", 403},
        Case{"localhost", "/revoke?subject=u", 401}, Case{"localhost", "/metrics", 401},
        Case{"localhost", "/healthz/live", 405}, Case{"localhost", "/channels/prices", 401}}) {
    for (const char* const framing : {"Content-Length: 60000", "Transfer-Encoding: chunked"}) {
      for (int i = 0; i < 10; ++i) {
        strangers.emplace_back(server.port(kPublic), one);
        strangers.back().first.send("POST "s + one.target + " HTTP/1.1\r\nHost: " + one.host +
                                    "\r\n" + framing + "\r\n\r\n1");
      }
    }
  }
  for (auto& [client, expected] : strangers) {
    const HttpResponse answer = client.read_response();
    EXPECT_EQ(answer.status, expected.status) << expected.host << expected.target;
    EXPECT_EQ(answer["connection"], "close");
  }
  strangers.clear();
  EXPECT_TRUE(comes_true([&] { return server.open() == 0; }));

  // An operator's order waits for whatever it brings.
  HttpClient operator_client(server.port(kPublic));
  const std::string order = post("/revoke?subject=u", std::string(60'000, 'x'), bearer("rck_ops"));
  operator_client.send(order.substr(0, 1000));
  operator_client.send(order.substr(1000));
  EXPECT_EQ(operator_client.read_response().body, "{\"ended\":0}\n");
}

// The next request on a connection is nobody's until it says whose.
TEST_P(PublishAccess, OneRequestDoesNotLendItsCredentialToTheNext) {
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
TEST_P(PublishAccess, AnIdempotencyKeyIsItsSendersOwn) {
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

}  // namespace
}  // namespace ringcast
