// Stopping: nothing committed is lost to whoever keeps up, streams end where a client can tell that
// they have ended, and it does not take long.

#include <gtest/gtest.h>

#include "tests/support/numbered_events.h"
#include "tests/support/task.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using net::CloseCause;
using net::Counters;

constexpr size_t kEventBytes = 4000;

using Stopping = EitherDescriptors;
RC_EITHER_DESCRIPTORS(Stopping);

TEST_P(Stopping, StreamsEndInOrderAfterTheLastCommittedEvent) {
  TestServer server(config());
  const uint16_t port = server.port();
  constexpr size_t kSubscribers = 40;
  std::vector<Task> readers;
  for (size_t i = 0; i < kSubscribers; ++i) {
    readers.push_back(in_background([&, i] {
      const auto format = i % 2 == 0 ? WireFormat::kChunked : WireFormat::kRaw;
      SseClient subscriber(port, "/channels/news", {.format = format, .socket = {}});
      const std::vector<StreamEvent> events = subscriber.read_to_end();
      EXPECT_EQ(events.size(), 40U);
      check_numbered(events, 0, kEventBytes);
    }));
  }
  ASSERT_TRUE(comes_true([&] { return server.streaming() == kSubscribers; }));
  HttpClient publisher(port);
  publish_numbered(publisher, "news", 0, 40, kEventBytes);
  const Stopwatch stopwatch;
  server.stop();
  EXPECT_LT(stopwatch.elapsed(), milliseconds(2000));
  RecordProperty("stopped_ms", std::to_string(stopwatch.elapsed().count()));
  for (Task& reader : readers) reader.get();
  EXPECT_EQ(publisher.wait_for_end(), TcpClient::End::kFin);
}

TEST_P(Stopping, WhatWasAnsweredWith201IsDeliveredThoughTheServerStopsMeanwhile) {
  TestServer server(config());
  const uint16_t port = server.port();
  SseClient subscriber(port, "/channels/news");
  std::vector<StreamEvent> received;
  Task reading = in_background([&] { received = subscriber.read_to_end(); });
  std::atomic<size_t> committed = 0;
  Task publishing = in_background([&] {
    HttpClient publisher(port);
    try {
      while (publisher.publish("news", numbered_data(committed, 200)).status == 201) ++committed;
    } catch (const ClientFailure&) {
      // The connection was closed: this one was not committed, or nobody was told so.
    }
  });
  ASSERT_TRUE(comes_true([&] { return committed > 100; }));
  server.stop();
  publishing.get();
  reading.get();
  check_numbered(received, 0, 200);
  EXPECT_GE(received.size(), committed);
  EXPECT_LE(received.size(), committed + 1);
}

TEST_P(Stopping, PacedPublisherIsAnswered) {
  Config patient = config();
  patient.channels[0].slow_after = milliseconds(60'000);
  patient.channels[0].publish_wait = milliseconds(300);
  TestServer server(patient);
  const uint16_t port = server.port();
  SseClient stuck(port, "/channels/news",
                  {.format = WireFormat::kChunked, .socket = {.receive_buffer_bytes = 8 * 1024}});
  HttpResponse last;
  Task publishing = in_background([&] {
    HttpClient publisher(port);
    for (size_t i = 0; last["connection"] != "close"; ++i) {
      last = publisher.publish("news", numbered_data(i, kEventBytes));
    }
    EXPECT_EQ(publisher.wait_for_end(), TcpClient::End::kFin);
  });
  ASSERT_TRUE(comes_true([&] { return server.total(&Counters::publishes_timed_out) > 0; }));
  // The next one has arrived, and not merely been sent.
  const uint64_t paced = server.total(&Counters::paced);
  ASSERT_TRUE(comes_true([&] { return server.total(&Counters::paced) > paced; }));
  const Stopwatch stopwatch;
  server.stop();
  EXPECT_LT(stopwatch.elapsed(), milliseconds(4000));
  RecordProperty("stopped_ms", std::to_string(stopwatch.elapsed().count()));
  publishing.get();
  EXPECT_TRUE(last.status == 201 || last.status == 503) << last.status_line;
}

TEST_P(Stopping, StuckSubscriberAndHalfARequestDoNotHoldItUpForLong) {
  TestServer server(config());
  const uint16_t port = server.port();
  SseClient stuck(port, "/channels/news",
                  {.format = WireFormat::kChunked, .socket = {.receive_buffer_bytes = 8 * 1024}});
  HttpClient publisher(port);
  publish_numbered(publisher, "news", 0, 200, kEventBytes);
  TcpClient half(port);
  half.send("GET /channels/news HT");
  TcpClient silent(port);
  ASSERT_TRUE(comes_true([&] { return server.open() == 4; }));
  const Stopwatch stopwatch;
  server.stop();
  EXPECT_LT(stopwatch.elapsed(), milliseconds(6000));
  RecordProperty("stopped_ms", std::to_string(stopwatch.elapsed().count()));
  check_numbered(stuck.read_until_cut(), 0, kEventBytes);
  EXPECT_EQ(silent.wait_for_end(), TcpClient::End::kFin);
  EXPECT_NO_THROW((void)half.wait_for_end());
}

}  // namespace
}  // namespace ringcast
