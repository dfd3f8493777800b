// One order for everybody: several publishers at once, subscribers of both formats on both shards.

#include <gtest/gtest.h>

#include <map>

#include "tests/support/every_shard.h"
#include "tests/support/numbered_events.h"
#include "tests/support/task.h"

namespace ringcast {
namespace {

constexpr size_t kPublishers = 4;
constexpr size_t kEventsEach = 400;
constexpr size_t kSubscribersPerShard = 4;

using Ordering = EitherDescriptors;
RC_EITHER_DESCRIPTORS(Ordering);

TEST_P(Ordering, EverySubscriberGetsEveryEventInTheOneOrderOfTheirIds) {
  TestServer server(config());
  std::vector<SseClient> subscribers =
      subscribe_on_every_shard(server, "/channels/news", kSubscribersPerShard);
  std::vector<std::vector<StreamEvent>> received(subscribers.size());
  std::vector<Task> readers;
  for (size_t i = 0; i < subscribers.size(); ++i) {
    readers.push_back(in_background(
        [&, i] { received[i] = subscribers[i].next_events(kPublishers * kEventsEach); }));
  }
  std::vector<Task> publishers;
  for (size_t who = 0; who < kPublishers; ++who) {
    publishers.push_back(in_background([&, who] {
      HttpClient publisher(server.port());
      publish_numbered(publisher, "news", who * kEventsEach, kEventsEach, 40);
    }));
  }
  for (Task& publisher : publishers) publisher.get();
  for (Task& reader : readers) reader.get();

  EventId last{};
  std::map<std::string, size_t> next_of;  // by what a publisher's numbers have in common
  for (const StreamEvent& event : received[0]) {
    const EventId id = parse_event_id(event.id).value();
    ASSERT_GT(id, last);
    last = id;
    // Each publisher's own order is kept as well.
    const size_t number = std::stoul(event.data);
    size_t& next = next_of[std::to_string(number / kEventsEach)];
    ASSERT_EQ(event.data, numbered_data(number / kEventsEach * kEventsEach + next, 40));
    ++next;
  }
  for (size_t i = 1; i < received.size(); ++i) EXPECT_EQ(received[i], received[0]);
}

TEST_P(Ordering, SubscriberThatJoinsInTheMiddleMissesNothingFromThenOn) {
  TestServer server(config());
  constexpr size_t kEvents = 4000;
  constexpr size_t kJoining = 20;
  Task publishing = in_background([&] {
    HttpClient publisher(server.port());
    publish_numbered(publisher, "news", 0, kEvents, 60);
  });
  std::vector<SseClient> joining;
  for (size_t i = 0; i < kJoining; ++i) {
    const size_t when = i * kEvents / kJoining;
    ASSERT_TRUE(comes_true([&] { return server.total(&net::Counters::published) >= when; }));
    const auto format = i % 2 == 0 ? WireFormat::kChunked : WireFormat::kRaw;
    joining.emplace_back(server.port(), "/channels/news",
                         SseClient::Options{.format = format, .socket = {}});
  }
  publishing.get();
  const std::string last = published_id(HttpClient(server.port()).publish("news", "the last"));
  for (SseClient& subscriber : joining) {
    std::vector<StreamEvent> events;
    while (events.empty() || events.back().id != last) events.push_back(subscriber.next_event());
    events.pop_back();
    if (!events.empty()) check_numbered(events, std::stoul(events.front().data), 60);
    const size_t end = events.empty() ? kEvents : std::stoul(events.back().data) + 1;
    EXPECT_EQ(end, kEvents);
  }
}

}  // namespace
}  // namespace ringcast
