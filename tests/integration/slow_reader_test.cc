// Subscribers that fall behind: they harm nobody, and are sent nothing torn.

#include <gtest/gtest.h>

#include "tests/support/numbered_events.h"
#include "tests/support/resident.h"
#include "tests/support/task.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using net::CloseCause;
using net::Counters;

constexpr size_t kEventBytes = 4000;
// The ring of 1 MiB gives up none of this, even when nobody waits for a reader any more.
constexpr size_t kEventsKept = 210;

class SlowReader : public EitherDescriptors {
 protected:
  static Config slow_config() {
    Config changed = config();
    changed.channels[0].slow_after = milliseconds(300);
    changed.channels[0].publish_wait = milliseconds(30'000);
    return changed;
  }

  // A subscriber whose socket fills early.
  static SseClient slow_subscriber(const TestServer& server,
                                   WireFormat format = WireFormat::kChunked) {
    return SseClient(server.port(), "/channels/news",
                     {.format = format, .socket = {.receive_buffer_bytes = 8 * 1024}});
  }

  static uint64_t blocked(const TestServer& server) {
    return server.total(&Counters::sends_short) + server.total(&Counters::sends_full);
  }
};
RC_EITHER_DESCRIPTORS(SlowReader);

TEST_P(SlowReader, StoppedReadersCostNeitherMemoryNorTheOthersAnything) {
  TestServer server(slow_config());
  constexpr size_t kStopped = 100;
  std::vector<SseClient> stopped;
  for (size_t i = 0; i < kStopped; ++i) stopped.push_back(slow_subscriber(server));
  SseClient healthy(server.port(), "/channels/news");
  HttpClient publisher(server.port());
  publish_numbered(publisher, "news", 0, 1, kEventBytes);

  const size_t resident_before = resident_bytes();
  Task reading =
      in_background([&] { check_numbered(healthy.next_events(kEventsKept), 0, kEventBytes); });
  publish_numbered(publisher, "news", 1, kEventsKept - 1, kEventBytes);
  reading.get();
  const size_t grown = resident_bytes() - std::min(resident_before, resident_bytes());
  // A queue for each would hold more than half of 100 * 840 KB; the ring itself is 1 MiB, or a few
  // times that under a sanitizer.
  EXPECT_LT(grown, 32 * kMiB);
  RecordProperty("grown_bytes", std::to_string(grown));
  EXPECT_GE(blocked(server), kStopped);
  EXPECT_EQ(server.streaming(), kStopped + 1);
}

TEST_P(SlowReader, ReaderThatResumesBeforeBeingLappedGetsEverything) {
  TestServer server(slow_config());
  for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
    SseClient slow = slow_subscriber(server, format);
    HttpClient publisher(server.port());
    const uint64_t blocked_before = blocked(server);
    publish_numbered(publisher, "news", 0, kEventsKept, kEventBytes);
    ASSERT_TRUE(comes_true([&] { return blocked(server) > blocked_before; }));
    check_numbered(slow.next_events(kEventsKept), 0, kEventBytes);
    // It has caught up: what comes now it gets at once.
    publish_numbered(publisher, "news", kEventsKept, 1, kEventBytes);
    check_numbered(slow.next_events(1), kEventsKept, kEventBytes);
  }
  EXPECT_EQ(server.closed(CloseCause::kLapped), 0U);
}

TEST_P(SlowReader, ReaderThatCrawlsButAdvancesGetsEverything) {
  TestServer server(slow_config());
  SseClient slow = slow_subscriber(server);
  HttpClient publisher(server.port());
  publish_numbered(publisher, "news", 0, kEventsKept, kEventBytes);
  for (size_t i = 0; i < kEventsKept; ++i) {
    check_numbered({slow.next_event()}, i, kEventBytes);
    std::this_thread::sleep_for(milliseconds(2));  // the speed of this reader
  }
}

TEST_P(SlowReader, LappedReaderIsCutAndNeverSentTornBytes) {
  TestServer server(slow_config());
  for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
    const uint64_t lapped_before = server.closed(CloseCause::kLapped);
    SseClient stuck = slow_subscriber(server, format);
    SseClient healthy(server.port(), "/channels/news");
    constexpr size_t kEvents = 4 * kEventsKept;
    Task reading =
        in_background([&] { check_numbered(healthy.next_events(kEvents), 0, kEventBytes); });
    HttpClient publisher(server.port());
    publish_numbered(publisher, "news", 0, kEvents, kEventBytes);
    reading.get();
    ASSERT_TRUE(
        comes_true([&] { return server.closed(CloseCause::kLapped) == lapped_before + 1; }));
    const std::vector<StreamEvent> received = stuck.read_until_cut();
    check_numbered(received, 0, kEventBytes);
    EXPECT_LT(received.size(), kEventsKept);
  }
}

// Readers of every speed beside a publisher that laps most of them, some in the middle of catching
// up: each gets everything up to the end, or up to where it is cut.
TEST_P(SlowReader, ReadersThatCrawlWhileBeingLappedAreNeverSentTornBytes) {
  Config impatient = slow_config();
  impatient.channels[0].slow_after = milliseconds(20);
  TestServer server(impatient);
  constexpr size_t kEvents = 12 * kEventsKept;
  std::vector<SseClient> subscribers;
  for (size_t i = 0; i < 24; ++i) {
    subscribers.push_back(
        slow_subscriber(server, i % 2 == 0 ? WireFormat::kChunked : WireFormat::kRaw));
  }
  std::vector<Task> readers;
  for (size_t i = 0; i < subscribers.size(); ++i) {
    readers.push_back(in_background([&, i] {
      try {
        for (size_t number = 0; number < kEvents; ++number) {
          check_numbered({subscribers[i].next_event()}, number, kEventBytes);
          // The speed of this reader.
          std::this_thread::sleep_for(std::chrono::microseconds(100 * i));
        }
      } catch (const StreamEnded&) {
      }
    }));
  }
  HttpClient publisher(server.port());
  publish_numbered(publisher, "news", 0, kEvents, kEventBytes);
  for (Task& reader : readers) reader.get();
  EXPECT_GT(server.closed(CloseCause::kLapped), 0U);
}

}  // namespace
}  // namespace ringcast
