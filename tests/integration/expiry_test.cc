// The end of a token: what it had opened ends with it, between two events where that can be.

#include <memory>
#include <thread>
#include <vector>

#include "tests/support/access_rig.h"
#include "tests/support/numbered_events.h"

namespace ringcast {
namespace {

using namespace std::string_literals;
using net::CloseCause;
using net::Counters;

constexpr size_t kEventBytes = 4000;

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
  EXPECT_GE(monotonic_now_ms() - begin, 600);
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
  const std::string log = testing::TempDir() + "expiry-" + std::to_string(::getpid()) + ".log";
  Config logging = config();
  logging.log.access.to = log;
  TestServer server(logging);
  HttpClient client(server.port(kPublic));
  const std::string whole =
      post("/channels/prices", "the body", bearer(token_for("u", R"(,"publish":["prices"])", 300)));
  client.send(whole.substr(0, whole.size() - 4));
  std::this_thread::sleep_for(milliseconds(400));  // past the token's end
  client.send(whole.substr(whole.size() - 4));
  EXPECT_EQ(client.read_response().status, 401);
  EXPECT_EQ(server.books("prices").events, 0U);
  server.stop();
  std::string line;
  std::getline(std::ifstream(log) >> std::ws, line);
  EXPECT_TRUE(line.ends_with(R"re( refused="it has expired (exp)")re")) << line;
  ::unlink(log.c_str());
}

// --- Where something is in the way

// Goal: a stream that is cut within an event does not look as if it had ended behind it. Method: subscribers that stop
// reading, some of them after having made a little room again, of which the kernel does not tell the server. What they were sent is
// the beginning of what somebody got whose token was good for longer, and there is nothing behind it.
TEST_P(Expiry, AStreamWhoseSocketIsFullIsCutWhereItStands) {
  constexpr size_t kEvents = 200;  // the ring of 1 MiB keeps them, and the sockets do not take them
  Config patient = config();
  patient.channels[kPrices].slow_after = std::chrono::hours(1);
  TestServer server(patient);
  const auto subscribe = [&](const char* target, WireFormat format, int64_t good_for_ms,
                             int receive_buffer_bytes) {
    const std::string token = token_for("u", R"(,"channels":["prices"])", good_for_ms);
    TcpClient client(server.port(kPublic), {.receive_buffer_bytes = receive_buffer_bytes});
    client.send(SseClient::request(target, format, bearer(token)));
    (void)client.read_until("retry: 4711\n");
    return client;
  };
  struct Stuck {
    WireFormat format;
    size_t reads_bytes;
    TcpClient socket;
  };
  std::vector<Stuck> all;
  for (const char* const target : {"/channels/prices", "/events?channel=prices&channel=news"}) {
    for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
      for (const size_t reads_bytes : {0, 10'000, 30'000}) {
        all.push_back({format, reads_bytes, subscribe(target, format, 3000, 8 * 1024)});
      }
    }
  }
  TcpClient chunked = subscribe("/channels/prices", WireFormat::kChunked, 3'600'000, 0);
  TcpClient raw = subscribe("/channels/prices", WireFormat::kRaw, 3'600'000, 0);

  HttpClient publisher(server.port(kLocal));
  publish_numbered(publisher, "prices", 0, kEvents, kEventBytes);
  std::vector<std::string> sent;
  for (Stuck& stuck : all) sent.push_back(stuck.socket.read_exactly(stuck.reads_bytes));
  ASSERT_TRUE(comes_true([&] { return server.closed(CloseCause::kExpired) == all.size(); }));

  const std::string last = numbered_data(kEvents - 1, kEventBytes);
  const std::string whole_chunked = chunked.read_until(last, kMiB);
  const std::string whole_raw = raw.read_until(last, kMiB);
  size_t cut_within_an_event = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(i);
    sent[i] += all[i].socket.read_to_end();
    const bool is_chunked = all[i].format == WireFormat::kChunked;
    const std::string_view end = is_chunked ? "\n\n\r\n" : "\n\n";
    const std::string_view last_chunk = is_chunked ? "0\r\n\r\n" : "";
    std::string_view stream = sent[i];
    // By chance it stood between two events, and had room for its last chunk.
    if (stream.ends_with(std::string(end).append(last_chunk))) {
      stream.remove_suffix(last_chunk.size());
    }
    cut_within_an_event += stream.ends_with(end) ? 0 : 1;
    EXPECT_LT(stream.size(), whole_raw.size()) << "it never stopped";
    EXPECT_TRUE((is_chunked ? whole_chunked : whole_raw).starts_with(stream))
        << "and then: " << stream.substr(stream.size() - std::min<size_t>(stream.size(), 100));
  }
  EXPECT_GT(cut_within_an_event, all.size() / 2) << "so that this proves little";
  EXPECT_EQ(server.streaming(), 2U) << "whose tokens are still good";
  chunked.close();
  raw.close();
  EXPECT_TRUE(server.books_close());
}

// It has been refused, and not lost: with a fresh token the same request goes through, under the same Idempotency-Key.
TEST_P(Expiry, APublishThatWaitsForRoomIsRefusedWhenItsTokenEnds) {
  Config patient = config();
  patient.server.shards = 1;
  patient.channels[kPrices].slow_after = std::chrono::hours(1);
  patient.channels[kPrices].publish_wait = std::chrono::minutes(10);
  TestServer server(patient);
  SseClient stuck(server.port(kLocal), "/channels/prices",
                  {.format = WireFormat::kChunked,
                   .socket = {.receive_buffer_bytes = 8 * 1024},
                   .extra = bearer(token_for("u", R"(,"channels":["prices"])"))});
  const auto has_paced = [&](uint64_t count) { return server.total(&Counters::paced) == count; };
  // One fills the ring as far as it goes; its last event waits.
  HttpClient filling(server.port(kLocal));
  size_t filled = 0;
  for (; has_paced(0); ++filled) {
    ASSERT_LT(filled, 1000U);
    filling.send(post("/channels/prices", numbered_data(filled, kEventBytes)));
    ASSERT_TRUE(
        comes_true([&] { return server.total(&Counters::published) > filled || !has_paced(0); }));
  }
  const auto publish = [&](const std::string& target, const std::string& body,
                           int64_t good_for_ms) {
    const std::string token = token_for("u", R"(,"publish":["prices"])", good_for_ms);
    return post(target, body, bearer(token) + "Idempotency-Key: " + target + "\r\n");
  };
  const std::string data = numbered_data(filled, kEventBytes);
  HttpClient single(server.port(kPublic));
  HttpClient batch(server.port(kPublic));
  single.send(publish("/channels/prices", data, 2000));
  batch.send(publish("/events", R"({"channel":"prices","data":")" + data + "\"}", 2000));
  ASSERT_TRUE(comes_true([&] { return has_paced(3); }));
  for (HttpClient* const waiting : {&single, &batch}) {
    const HttpResponse refusal = waiting->read_response();
    EXPECT_EQ(refusal.status, 401);
    EXPECT_EQ(refusal["www-authenticate"], R"(Bearer realm="ringcast", error="invalid_token")");
  }
  EXPECT_EQ(server.total(&Counters::published), filled - 1);
  single.send(publish("/channels/prices", data, 3'600'000));
  ASSERT_TRUE(comes_true([&] { return has_paced(4); }));
  check_numbered(stuck.next_events(filled + 1), 0, kEventBytes);
  EXPECT_EQ(single.read_response().status, 201);
  EXPECT_EQ(server.total(&Counters::published), filled + 1)
      << "neither of the two that were refused";
}

}  // namespace
}  // namespace ringcast
