// The end of a token: what it had opened ends with it, between two events where that can be.

#include <memory>
#include <thread>
#include <vector>

#include "tests/support/access_rig.h"

namespace ringcast {
namespace {

using namespace std::string_literals;
using net::CloseCause;

using Expiry = AccessTest;
RC_EITHER_DESCRIPTORS(Expiry);

TEST_P(Expiry, AStreamEndsWithItsTokenBetweenTwoEvents) {
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
TEST_P(Expiry, AStreamInFullSwingEndsBetweenTwoEventsAsWell) {
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
TEST_P(Expiry, AnExpiryDoesNotOutliveItsStream) {
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

TEST_P(Expiry, ATokenThatEndsDuringTheBodyPublishesNothing) {
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

}  // namespace
}  // namespace ringcast
