// Publishers that run ahead: they wait for subscribers that keep up, and for nobody else.

#include <gtest/gtest.h>

#include "tests/support/numbered_events.h"
#include "tests/support/task.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using net::CloseCause;
using net::Counters;

constexpr size_t kEventBytes = 4000;

class Pacing : public EitherDescriptors {
 protected:
  static Config config_with(milliseconds slow_after, milliseconds publish_wait) {
    Config changed = config();
    changed.channels[0].slow_after = slow_after;
    changed.channels[0].publish_wait = publish_wait;
    return changed;
  }

  static SseClient stuck_subscriber(const TestServer& server) {
    return SseClient(
        server.port(), "/channels/news",
        {.format = WireFormat::kChunked, .socket = {.receive_buffer_bytes = 8 * 1024}});
  }

  // Publishes until the server has had enough of it; the numbers below the result are committed.
  static size_t publish_until_refused(HttpClient& publisher, HttpResponse& refusal) {
    for (size_t number = 0; number < 10'000; ++number) {
      refusal = publisher.publish("news", numbered_data(number, kEventBytes));
      if (refusal.status != 201) return number;
    }
    throw ClientFailure("40 MB went into a ring of 1 MiB past a stuck subscriber");
  }
};
RC_EITHER_DESCRIPTORS(Pacing);

// 8 MiB through a ring of 1 MiB. The subscribers begin to read when the publisher has been paced
// for the first time, so that it is, however fast they are.
TEST_P(Pacing, BurstOfEightRingsReachesEverySubscriberWhole) {
  TestServer server(config_with(milliseconds(5000), milliseconds(60'000)));
  constexpr size_t kSubscribers = 50;
  constexpr size_t kEvents = 8 * kMiB / kEventBytes;
  std::vector<Task> readers;
  for (size_t i = 0; i < kSubscribers; ++i) {
    readers.push_back(in_background([&, i] {
      const auto format = i % 2 == 0 ? WireFormat::kChunked : WireFormat::kRaw;
      SseClient subscriber(server.port(), "/channels/news", {.format = format, .socket = {}});
      if (!comes_true([&] { return server.total(&Counters::paced) > 0; })) {
        throw ClientFailure("the publisher was never paced");
      }
      check_numbered(subscriber.next_events(kEvents), 0, kEventBytes);
    }));
  }
  ASSERT_TRUE(comes_true([&] { return server.streaming() == kSubscribers; }));
  const Stopwatch stopwatch;
  HttpClient publisher(server.port());
  publish_numbered(publisher, "news", 0, kEvents, kEventBytes);
  for (Task& reader : readers) reader.get();
  RecordProperty("burst_ms", std::to_string(stopwatch.elapsed().count()));
  EXPECT_EQ(server.closed(CloseCause::kLapped), 0U);
  EXPECT_EQ(server.total(&Counters::publishes_timed_out), 0U);
  EXPECT_GT(server.total(&Counters::paced), 0U);
}

TEST_P(Pacing, StuckSubscriberSetsThePaceOnlyUntilItCountsAsSlow) {
  constexpr milliseconds kSlowAfter{500};
  TestServer server(config_with(kSlowAfter, milliseconds(60'000)));
  SseClient stuck = stuck_subscriber(server);
  HttpClient publisher(server.port());
  const Stopwatch stopwatch;
  publish_numbered(publisher, "news", 0, 1000, kEventBytes);
  EXPECT_GE(stopwatch.elapsed(), kSlowAfter);
  RecordProperty("four_rings_ms", std::to_string(stopwatch.elapsed().count()));
  EXPECT_GT(server.total(&Counters::paced), 0U);
  EXPECT_TRUE(comes_true([&] { return server.closed(CloseCause::kLapped) == 1; }));
  // Nobody is left to wait for.
  const uint64_t paced = server.total(&Counters::paced);
  publish_numbered(publisher, "news", 1000, 1000, kEventBytes);
  EXPECT_EQ(server.total(&Counters::paced), paced);
}

TEST_P(Pacing, PublisherThatHasWaitedTooLongIsAskedToTryAgain) {
  TestServer server(config_with(milliseconds(60'000), milliseconds(200)));
  SseClient stuck = stuck_subscriber(server);
  HttpClient publisher(server.port());
  HttpResponse refusal;
  const size_t committed = publish_until_refused(publisher, refusal);
  EXPECT_EQ(refusal.status, 503);
  EXPECT_EQ(refusal["retry-after"], "1");
  EXPECT_EQ(server.total(&Counters::publishes_timed_out), 1U);
  // What was refused is not delivered later, and the connection is still good.
  check_numbered(stuck.next_events(committed), 0, kEventBytes);
  EXPECT_EQ(publisher.publish("news", numbered_data(committed, kEventBytes)).status, 201);
  check_numbered(stuck.next_events(1), committed, kEventBytes);
}

TEST_P(Pacing, PacedPublisherIsAnsweredWhateverItsConnectionIsTo) {
  TestServer server(config_with(milliseconds(60'000), milliseconds(200)));
  SseClient stuck = stuck_subscriber(server);
  HttpClient filling(server.port());
  HttpResponse refusal;
  const size_t committed = publish_until_refused(filling, refusal);

  // Those who close after the answer wait for it like everybody else...
  const std::string data = numbered_data(committed, kEventBytes);
  const std::string length = "Content-Length: " + std::to_string(data.size()) + "\r\n";
  const std::string old = "POST /channels/news HTTP/1.0\r\n" + length + "\r\n" + data;
  const std::string last = post("/channels/news", data, "Connection: close\r\n");
  for (const std::string& request : {old, last}) {
    HttpClient publisher(server.port());
    publisher.send(request);
    publisher.half_close();
    EXPECT_EQ(publisher.read_response().status, 503);
    EXPECT_EQ(publisher.wait_for_end(), TcpClient::End::kFin);
  }
  // ...behind others too...
  HttpClient pipelining(server.port());
  pipelining.send(get("/healthz/live") + last);
  EXPECT_EQ(pipelining.read_response().status, 200);
  EXPECT_EQ(pipelining.read_response().status, 503);
  // ...and their event is committed when there is room in time.
  const uint64_t paced = server.total(&Counters::paced);
  HttpClient patient(server.port());
  patient.send(last);
  ASSERT_TRUE(comes_true([&] { return server.total(&Counters::paced) > paced; }));
  check_numbered(stuck.next_events(committed), 0, kEventBytes);
  EXPECT_EQ(patient.read_response().status, 201);
  check_numbered(stuck.next_events(1), committed, kEventBytes);
}

// Whichever of its lines comes first.
TEST_P(Pacing, BatchWaitsAsLongAsTheMostPatientOfItsChannels) {
  Config two_channels = config_with(milliseconds(60'000), milliseconds(500));
  two_channels.channels.push_back(two_channels.channels[0]);
  two_channels.channels[1].name = "hasty";
  two_channels.channels[1].publish_wait = milliseconds(0);
  TestServer server(two_channels);
  SseClient stuck = stuck_subscriber(server);
  HttpClient publisher(server.port());
  HttpResponse refusal;
  (void)publish_until_refused(publisher, refusal);
  const std::string hasty = R"({"channel":"hasty","data":"x"})";
  const std::string news = R"({"channel":"news","data":")" + numbered_data(0, kEventBytes) + "\"}";
  for (const std::string& batch : {hasty + "\n" + news, news + "\n" + hasty}) {
    const Stopwatch stopwatch;
    EXPECT_EQ(ask(server.port(), post("/events", batch)).status, 503);
    EXPECT_GE(stopwatch.elapsed(), milliseconds(400));
  }
}

// They need no room, so they do not queue for it.
TEST_P(Pacing, RepeatsOfWhatIsKnownAreAnsweredWhileOthersWait) {
  Config one_shard = config_with(milliseconds(60'000), milliseconds(10'000));
  one_shard.server.shards = 1;
  TestServer server(one_shard);
  const std::string keyed = post("/channels/news", "x", "Idempotency-Key: one\r\n");
  const std::string id = published_id(ask(server.port(), keyed));
  SseClient stuck = stuck_subscriber(server);
  HttpClient filling(server.port());
  for (size_t i = 0; server.total(&Counters::paced) == 0; ++i) {
    ASSERT_LT(i, 1000U);
    filling.send(post("/channels/news", numbered_data(i, kEventBytes)));
    ASSERT_TRUE(comes_true([&] {
      return server.total(&Counters::published) > i + 1 || server.total(&Counters::paced) > 0;
    }));
  }
  EXPECT_EQ(published_id(ask(server.port(), keyed)), id);
  EXPECT_EQ(ask(server.port(), post("/channels/news", "y", "Idempotency-Key: one\r\n")).status,
            422);
  EXPECT_EQ(server.total(&Counters::paced), 1U) << "the first one still waits";
  EXPECT_EQ(server.total(&Counters::publishes_timed_out), 0U);
}

TEST_P(Pacing, PacedPublishersHoldUpNobodyElse) {
  Config two_channels = config_with(milliseconds(60'000), milliseconds(60'000));
  two_channels.channels.push_back(two_channels.channels[0]);
  two_channels.channels[1].name = "other";
  TestServer server(two_channels);
  SseClient stuck = stuck_subscriber(server);
  SseClient other(server.port(), "/channels/other");
  // One fills the ring as far as it goes, then many wait.
  HttpClient filling(server.port());
  for (size_t i = 0; server.total(&Counters::paced) == 0; ++i) {
    ASSERT_LT(i, 1000U);
    filling.send(post("/channels/news", numbered_data(i, kEventBytes)));
    ASSERT_TRUE(comes_true([&] {
      return server.total(&Counters::published) > i || server.total(&Counters::paced) > 0;
    }));
  }
  std::vector<HttpClient> paced;
  for (int i = 0; i < 20; ++i) {
    paced.emplace_back(server.port());
    paced.back().send(post("/channels/news", numbered_data(0, kEventBytes)));
  }
  ASSERT_TRUE(comes_true([&] { return server.total(&Counters::paced) > paced.size(); }));
  HttpClient publisher(server.port());
  for (size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(publisher.publish("other", numbered_data(i, 100)).status, 201);
    check_numbered({other.next_event()}, i, 100);
  }
  // Publishers that give up waiting leave no trace but their counters.
  paced.clear();
  filling.close();
  stuck.socket().reset();
  other.socket().close();
  publisher.close();
  EXPECT_TRUE(comes_true([&] { return server.open() == 0; }));
}

}  // namespace
}  // namespace ringcast
