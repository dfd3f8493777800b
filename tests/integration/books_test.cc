// The books: every event that a subscriber was owed is somewhere, and /metrics says where.
//
//   due + replayed = sent - unsent + skipped + closed owing, once everybody has gone

#include <gtest/gtest.h>
#include <poll.h>

#include "tests/support/numbered_events.h"
#include "tests/support/published.h"
#include "tests/support/seeds.h"
#include "tests/support/task.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using net::CloseCause;
using net::Counters;

class BooksAre : public EitherDescriptors {
 protected:
  static Config three_kinds() {
    Config changed = config();
    ChannelConfig model = changed.channels.front();
    model.name = "skipping";
    model.slow_subscriber = SlowSubscriberPolicy::kSkip;
    changed.channels.push_back(model);
    model.name = "inbox/{recipient}";
    changed.channels.push_back(model);
    return changed;
  }

  // As an operator reads them.
  static Books scraped(const TestServer& server, const std::string& channel) {
    const HttpResponse metrics = ask(server.port(), get("/metrics"));
    const auto value = [&](const std::string& name) {
      return metric(metrics, "ringcast_events_" + name + "_total{channel=\"" + channel + "\"}");
    };
    return {.events = value("committed"),
            .due = value("due"),
            .replayed = value("replayed"),
            .sent = value("sent"),
            .unsent = value("unsent"),
            .skipped = value("skipped"),
            .closed_owing = value("closed_owing")};
  }

  static void expect_closed(const TestServer& server) {
    EXPECT_TRUE(server.books_close());
    for (const char* const channel : {"news", "skipping", "inbox/{recipient}"}) {
      EXPECT_TRUE(scraped(server, channel).balance(0)) << channel;
    }
  }
};
RC_EITHER_DESCRIPTORS(BooksAre);

// Every figure of a small scenario.
TEST_P(BooksAre, ExactForEachChannelWhenSomeComeSomeComeBackAndSomethingExpires) {
  TestServer server(three_kinds());
  HttpClient publisher(server.port());
  {
    SseClient first(server.port(), "/channels/news");
    SseClient raw(server.port(), "/channels/news", {.format = WireFormat::kRaw});
    SseClient both(server.port(), "/events?channel=news&channel=inbox/alice");
    SseClient alice(server.port(), "/channels/inbox/alice");
    const std::vector<StreamEvent> news = publish_some(publisher, "news", 5);
    publish_some(publisher, "inbox/alice", 3);
    publish_some(publisher, "inbox/bob", 2);
    const std::string expiring =
        published_id(publisher.ask(post("/channels/skipping?ttl=1ms", "expires")));
    const std::string begin = published_id(publisher.publish("skipping", "stays"));
    ASSERT_TRUE(comes_true([&] { return wall_now_ms() > parse_event_id(expiring)->ms + 1; }));
    SseClient back(server.port(), "/channels/news", resuming_after(news[1].id));
    SseClient again(server.port(), "/channels/skipping", resuming_after(news[0].id));
    SseClient bob(server.port(), "/channels/inbox/bob", resuming_after(news[0].id));
    (void)first.next_events(5);
    (void)raw.next_events(5);
    (void)both.next_events(8);
    (void)alice.next_events(3);
    (void)back.next_events(3);
    EXPECT_EQ(again.next_event().id, begin);
    (void)bob.next_events(2);
    const HttpResponse metrics = ask(server.port(), get("/metrics"));
    EXPECT_EQ(metric(metrics, "ringcast_channel_subscribers{channel=\"news\"}"), 4U);
    EXPECT_EQ(metric(metrics, "ringcast_channel_subscribers{channel=\"skipping\"}"), 1U);
    EXPECT_EQ(metric(metrics, "ringcast_channel_subscribers{channel=\"inbox/{recipient}\"}"), 3U);
  }
  expect_closed(server);
  const Books news = scraped(server, "news");
  EXPECT_EQ(news.events, 5U);
  EXPECT_EQ(news.due, 5U * 3);
  EXPECT_EQ(news.replayed, 3U);
  EXPECT_EQ(news.sent, 5U * 3 + 3);
  const Books skipping = scraped(server, "skipping");
  EXPECT_EQ(skipping.events, 2U);
  EXPECT_EQ(skipping.due, 0U);
  EXPECT_EQ(skipping.replayed, 2U);
  EXPECT_EQ(skipping.sent, 1U);
  EXPECT_EQ(skipping.skipped, 1U);
  const Books inbox = scraped(server, "inbox/{recipient}");
  EXPECT_EQ(inbox.events, 5U);
  EXPECT_EQ(inbox.due, 3U * 2);
  EXPECT_EQ(inbox.replayed, 2U);
  EXPECT_EQ(inbox.sent, 8U);
  for (const Books& books : {news, skipping, inbox}) {
    EXPECT_EQ(books.unsent, 0U);
    EXPECT_EQ(books.closed_owing, 0U);
  }
  const HttpResponse metrics = ask(server.port(), get("/metrics"));
  EXPECT_EQ(metric(metrics, "ringcast_channel_subscribers{channel=\"news\"}"), 0U);
}

// What a subscriber had not been sent when it went is counted as owing, to the event.
TEST_P(BooksAre, ExactForWhoeverLeavesWithEventsOwed) {
  constexpr size_t kEvents = 200;
  constexpr size_t kEventBytes = 4000;
  TestServer server(three_kinds());
  HttpClient publisher(server.port());
  for (const char* const channel : {"news", "skipping"}) {
    SseClient stuck(server.port(), "/channels/" + std::string(channel),
                    {.socket = {.receive_buffer_bytes = 8 * 1024}});
    publish_numbered(publisher, channel, 0, kEvents, kEventBytes);
    ASSERT_TRUE(comes_true([&] {
      return server.total(&Counters::sends_short) + server.total(&Counters::sends_full) > 0;
    }));
    stuck.socket().reset();
    ASSERT_TRUE(comes_true([&] { return server.streaming() == 0; }));
    expect_closed(server);
    const Books books = scraped(server, channel);
    EXPECT_EQ(books.due, kEvents);
    EXPECT_GT(books.closed_owing, 0U);
    EXPECT_GT(books.sent - books.unsent, 0U);
    EXPECT_EQ(books.skipped, 0U);
  }
}

TEST_P(BooksAre, ExactForWhoeverIsLapped) {
  constexpr size_t kEventBytes = 4000;
  Config impatient = three_kinds();
  for (ChannelConfig& channel : impatient.channels) {
    channel.slow_after = milliseconds(50);
    channel.publish_wait = milliseconds(20'000);
  }
  TestServer server(impatient);
  HttpClient publisher(server.port());
  {
    SseClient stuck(server.port(), "/channels/news",
                    {.socket = {.receive_buffer_bytes = 8 * 1024}});
    publish_numbered(publisher, "news", 0, 1000, kEventBytes);
    ASSERT_TRUE(comes_true([&] { return server.closed(CloseCause::kLapped) == 1; }));
    const HttpResponse metrics = ask(server.port(), get("/metrics"));
    EXPECT_EQ(metric(metrics, "ringcast_connections_closed_total{cause=\"lapped\"}"), 1U);
  }
  expect_closed(server);
  const Books books = scraped(server, "news");
  EXPECT_EQ(books.events, 1000U);
  EXPECT_LT(books.due, 1000U);  // what came after it had gone was not for it
  EXPECT_GT(books.closed_owing, 0U);
}

// Whether something comes within a moment; what comes later is not waited for.
bool has_bytes(SseClient& client) {
  pollfd wanted{.fd = client.socket().fd(), .events = POLLIN, .revents = 0};
  return ::poll(&wanted, 1, 20) > 0;
}

// Subscribers of every kind come, go, are cut off and come back beside publishers; the identity holds whatever
// became of each of them.
TEST_P(BooksAre, ClosedAfterAnyTurmoil) {
  constexpr size_t kEventBytes = 700;
  Config turbulent = three_kinds();
  for (ChannelConfig& channel : turbulent.channels) {
    channel.slow_after = milliseconds(20);
    channel.publish_wait = milliseconds(20'000);
    channel.history.bytes = 64 * kKiB;
    channel.event_bytes_max = 4 * kKiB;
  }
  TestServer server(turbulent);
  const std::string channels[] = {"news", "skipping", "inbox/alice", "inbox/bob"};
  std::vector<Task> tasks;
  for (size_t who = 0; who < 2; ++who) {
    tasks.push_back(in_background([&, who] {
      HttpClient publisher(server.port());
      Dice dice(who + 1);
      for (size_t i = 0; i < 1500; ++i) {
        const std::string ttl = dice.one_in(4) ? "?ttl=5ms" : "";
        const std::string target = "/channels/" + channels[dice.below(4)] + ttl;
        const HttpResponse response =
            publisher.ask(post(target, numbered_data(i, dice.between(1, 2 * kEventBytes))));
        if (response.status != 201) throw ClientFailure(response.status_line);
      }
    }));
  }
  for (size_t who = 0; who < 6; ++who) {
    tasks.push_back(in_background([&, who] {
      Dice dice(who + 100);
      std::string last;
      for (int session = 0; session < 60; ++session) {
        std::string target = "/channels/" + channels[dice.below(4)];
        if (dice.one_in(3)) {
          target = "/events?channel=news&channel=" + channels[dice.between(1, 3)];
        }
        SseClient::Options options = resuming_after(dice.one_in(5) ? "1-0" : last);
        if (dice.one_in(2)) options.format = WireFormat::kRaw;
        if (dice.one_in(2)) options.socket.receive_buffer_bytes = 4 * 1024;
        SseClient client(server.port(), target, options);
        try {
          for (uint64_t pieces = dice.below(30); pieces > 0; --pieces) {
            if (!has_bytes(client)) break;
            for (const StreamEvent& event : client.read_piece(dice.between(1, 5000))) {
              if (!event.id.empty()) last = event.id;
            }
          }
        } catch (const StreamEnded&) {
          // It was lapped.
        }
        if (dice.one_in(2)) client.socket().reset();
      }
    }));
  }
  for (Task& task : tasks) task.get();
  expect_closed(server);
  EXPECT_GT(server.books("skipping").skipped + server.books("inbox/{recipient}").skipped, 0U);
}

}  // namespace
}  // namespace ringcast
