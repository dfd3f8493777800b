// Coming back with the id of the last event one had: nothing that is still kept is lost or repeated, and
// what is no longer kept is said.

#include <gtest/gtest.h>

#include "tests/support/numbered_events.h"
#include "tests/support/published.h"
#include "tests/support/seeds.h"
#include "tests/support/task.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using namespace std::string_literals;

constexpr std::string_view kNews = "/channels/news";
constexpr WireFormat kFormats[] = {WireFormat::kChunked, WireFormat::kRaw};

class Resuming : public EitherDescriptors {
 protected:
  static Config keeping(uint32_t events) {
    Config changed = config();
    changed.channels[0].history.events = events;
    return changed;
  }
};
RC_EITHER_DESCRIPTORS(Resuming);

// Where the id stands
// -------------------------------------------------------------------------------------------

TEST_P(Resuming, HeaderNamesTheLastEventAndTheStreamGoesOnAfterIt) {
  TestServer server(config());
  HttpClient publisher(server.port());
  for (const WireFormat format : kFormats) {
    std::vector<StreamEvent> events = publish_some(publisher, "news", 5);
    std::vector<SseClient> subscribers;
    for (const StreamEvent& event : events) {
      subscribers.emplace_back(server.port(), kNews, resuming_after(event.id, format));
    }
    events.push_back({published_id(publisher.publish("news", "live")), "", "live"});
    for (size_t i = 0; i < subscribers.size(); ++i) {
      // Replayed or live, it is one stream.
      EXPECT_EQ(subscribers[i].next_events(events.size() - i - 1), from(events, i + 1));
      EXPECT_FALSE(subscribers[i].head().headers.contains("ringcast-gap"));
    }
  }
}

TEST_P(Resuming, EachNameInTheQueryDoesAsWell) {
  TestServer server(config());
  HttpClient publisher(server.port());
  const std::vector<StreamEvent> events = publish_some(publisher, "news", 3);
  for (const std::string name :
       {"lastEventId", "last_event_id", "lastEventID", "Last-Event-ID", "Last-Event-Id"}) {
    for (const std::string& value : {events[1].id, percent_encoded(events[1].id)}) {
      SseClient subscriber(server.port(), std::string(kNews) + "?x=1&" + name + "=" + value);
      EXPECT_EQ(subscriber.next_event(), events[2]) << name;
    }
  }
  // Another name is none: the stream is live.
  SseClient other(server.port(), std::string(kNews) + "?lasteventid=" + events[0].id);
  const std::string id = published_id(publisher.publish("news", "live"));
  EXPECT_EQ(other.next_event(), (StreamEvent{id, "", "live"}));
}

TEST_P(Resuming, HeaderWinsOverTheQueryUnlessItIsEmpty) {
  TestServer server(config());
  HttpClient publisher(server.port());
  const std::vector<StreamEvent> events = publish_some(publisher, "news", 4);
  const std::string frozen = std::string(kNews) + "?lastEventId=" + events[0].id;
  SseClient newer(server.port(), frozen, resuming_after(events[2].id));
  EXPECT_EQ(newer.next_event(), events[3]);
  SseClient empty(server.port(), frozen, resuming_after(""));
  EXPECT_EQ(empty.next_events(3), from(events, 1));
  // Of two names the first that says something counts.
  SseClient both(server.port(), std::string(kNews) + "?last_event_id=&lastEventId=" + events[1].id +
                                    "&lastEventID=" + events[0].id);
  EXPECT_EQ(both.next_events(2), from(events, 2));
}

TEST_P(Resuming, EmptyIdIsNone) {
  TestServer server(config());
  HttpClient publisher(server.port());
  publish_some(publisher, "news", 3);
  std::vector<SseClient> subscribers;
  subscribers.emplace_back(server.port(), kNews, SseClient::Options{.extra = "Last-Event-ID:\r\n"});
  subscribers.emplace_back(server.port(), kNews, resuming_after(" \t"));
  subscribers.emplace_back(server.port(), std::string(kNews) + "?lastEventId=");
  subscribers.emplace_back(server.port(), std::string(kNews) + "?lastEventId");
  const std::string id = published_id(publisher.publish("news", "live"));
  for (SseClient& subscriber : subscribers) {
    EXPECT_FALSE(subscriber.head().headers.contains("ringcast-gap"));
    EXPECT_EQ(subscriber.next_event(), (StreamEvent{id, "", "live"}));
  }
}

TEST_P(Resuming, TwoHeadersAreRefusedWhateverTheySay) {
  TestServer server(config());
  for (const std::string second : {"1-0", "2-0", ""}) {
    const HttpResponse response =
        ask(server.port(), get(kNews, "Last-Event-ID: 1-0\r\nlast-event-id: " + second + "\r\n"));
    EXPECT_EQ(response.status, 400);
    EXPECT_TRUE(response.body.starts_with("{\"error\":\"")) << response.body;
  }
}

// Ids nobody knows
// -------------------------------------------------------------------------------------------

TEST_P(Resuming, IdThatIsUnknownIsNeverAnErrorButAGapAndThenEverythingKept) {
  TestServer server(config());
  HttpClient publisher(server.port());
  const std::vector<StreamEvent> events = publish_some(publisher, "news", 3);
  const std::string future = "99999999999999-7";
  const struct {
    std::string value, requested;
  } cases[] = {
      {"unknown", "null"},
      {"-", "null"},
      {"12-", "null"},
      {"-3", "null"},
      {"1-2-3", "null"},
      {"0x10-1", "null"},
      {"1 - 2", "null"},
      {"99999999999999999999999999-0", "null"},
      {std::string(257, '1'), "null"},
      {"1-0" + std::string(300, '0'), "null"},
      {"\xFF", "null"},
      {"\xC0\xAF\xED\xA0\x80", "null"},
      {"\u2026", "null"},
      {"\"><script>", "null"},
      {future, in_quotes(future)},
      {"1-0", in_quotes("1-0")},
  };
  for (const auto& [value, requested] : cases) {
    const std::string query = std::string(kNews) + "?lastEventId=" + percent_encoded(value);
    for (const bool in_header : {true, false}) {
      SseClient subscriber = in_header ? SseClient(server.port(), kNews, resuming_after(value))
                                       : SseClient(server.port(), query);
      const StreamEvent gap = subscriber.next_event();
      EXPECT_EQ(gap, gap_event(gap.id, requested, in_quotes(events[0].id))) << value;
      EXPECT_LT(parse_event_id(gap.id).value(), parse_event_id(events[0].id).value());
      EXPECT_EQ(subscriber.next_events(3), events) << value;
    }
  }
  // Bytes that no header may have, but a query can bring along.
  for (const std::string value : {"%00", "1-0%0A", "1-0%0d%0aSet-Cookie:x", "%"}) {
    const std::string target = std::string(kNews) + "?lastEventId=" + value;
    if (value == "%") {
      EXPECT_EQ(ask(server.port(), get(target)).status, 400);
      continue;
    }
    SseClient subscriber(server.port(), target);
    EXPECT_EQ(subscriber.next_event().type, "gap") << value;
    EXPECT_FALSE(subscriber.head().headers.contains("set-cookie"));
    EXPECT_EQ(subscriber.next_events(3), events) << value;
  }
}

// Gaps
// -------------------------------------------------------------------------------------------

// Everything from the status line to the first event after the gap, but for the date.
TEST_P(Resuming, GapIsOneFrameOfExactlyTheseBytesAndIsSaidInTheHeadToo) {
  TestServer server(keeping(2));
  HttpClient publisher(server.port());
  const std::vector<StreamEvent> events = publish_some(publisher, "news", 4);
  const std::string lost = events[1].id;
  const std::string gap = "id: " + lost + "\nevent: gap\ndata: {\"requested\":\"" + events[0].id +
                          "\",\"oldest\":\"" + events[2].id + "\"}\n\n";
  const std::string kept = "id: " + events[2].id + "\ndata: 2\n\n";
  const auto chunk = [](const std::string& data) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", data.size());
    return size + data + "\r\n";
  };
  for (const WireFormat format : kFormats) {
    const bool is_chunked = format == WireFormat::kChunked;
    TcpClient subscriber(server.port());
    subscriber.send(SseClient::request(kNews, format, "Last-Event-ID: " + events[0].id + "\r\n"));
    const HttpHead head = HttpHead::parse(subscriber.read_until("\r\n\r\n"));
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head["ringcast-gap"], lost);
    EXPECT_EQ(head["access-control-expose-headers"], "Retry-After, Ringcast-Gap");
    EXPECT_EQ(head["access-control-allow-origin"], "*");
    const std::string prelude = ":\nretry: 4711\n";
    const std::string expected =
        is_chunked ? chunk(prelude) + chunk(gap) + chunk(kept) : prelude + gap + kept;
    EXPECT_EQ(subscriber.read_exactly(expected.size()), expected);
  }
  EXPECT_EQ(server.total(&net::Counters::gaps), 2U);
}

TEST_P(Resuming, GapIsSaidOnceBecauseItsOwnIdLosesNothing) {
  TestServer server(keeping(3));
  HttpClient publisher(server.port());
  const std::vector<StreamEvent> events = publish_some(publisher, "news", 10);
  for (const WireFormat format : kFormats) {
    // What is kept follows the seventh.
    for (size_t i = 0; i < events.size(); ++i) {
      SseClient subscriber(server.port(), kNews, resuming_after(events[i].id, format));
      if (i < 6) {
        EXPECT_EQ(subscriber.next_event(),
                  gap_event(events[6].id, in_quotes(events[i].id), in_quotes(events[7].id)));
      }
      const size_t next = std::max<size_t>(i + 1, 7);
      EXPECT_EQ(subscriber.next_events(events.size() - next), from(events, next));
      EXPECT_EQ(subscriber.head().headers.contains("ringcast-gap"), i < 6);
    }
  }
}

TEST_P(Resuming, UnknownIdWithNothingKeptIsAGapWithoutAnOldestOne) {
  TestServer server(config());
  std::string gap_id;
  {
    SseClient subscriber(server.port(), kNews, resuming_after("1-0"));
    gap_id = subscriber.next_event().id;
    SseClient again(server.port(), kNews, resuming_after("what?"));
    EXPECT_EQ(again.next_event(), gap_event(gap_id, "null", "null"));
  }
  // Whoever comes back with the gap's id gets what came since, and is not told again.
  HttpClient publisher(server.port());
  const std::vector<StreamEvent> events = publish_some(publisher, "news", 2);
  SseClient subscriber(server.port(), kNews, resuming_after(gap_id));
  EXPECT_EQ(subscriber.next_events(2), events);
}

TEST_P(Resuming, SilentChannelLeavesOutWhatIsLostWithoutAWord) {
  Config silent = keeping(2);
  silent.channels[0].on_gap = GapPolicy::kSilent;
  TestServer server(silent);
  HttpClient publisher(server.port());
  const std::vector<StreamEvent> events = publish_some(publisher, "news", 5);
  for (const std::string& id : {events[0].id, "unknown"s, "99999999999999-0"s}) {
    SseClient subscriber(server.port(), kNews, resuming_after(id));
    EXPECT_FALSE(subscriber.head().headers.contains("ringcast-gap"));
    EXPECT_EQ(subscriber.next_events(2), from(events, 3));
  }
}

// What is kept
// -------------------------------------------------------------------------------------------

TEST_P(Resuming, WhoeverComesFirstStartsWhereTheChannelSays) {
  using From = FirstConnect::From;
  const struct {
    FirstConnect first;
    size_t skipped;  // of ten events, of which the newest five are kept
  } cases[] = {
      {{.from = From::kLive}, 10},
      {{.from = From::kOldest}, 5},
      {{.from = From::kLast, .last_events = 2}, 8},
      {{.from = From::kLast, .last_events = 5}, 5},
      {{.from = From::kLast, .last_events = 100}, 5},
  };
  for (const auto& [first, skipped] : cases) {
    Config starting = keeping(5);
    starting.channels[0].on_first_connect = first;
    TestServer server(starting);
    HttpClient publisher(server.port());
    std::vector<StreamEvent> events = publish_some(publisher, "news", 10);
    std::vector<SseClient> subscribers;
    for (const WireFormat format : kFormats) {
      subscribers.emplace_back(server.port(), kNews, SseClient::Options{.format = format});
    }
    // An id says more than the channel.
    subscribers.emplace_back(server.port(), kNews, resuming_after(events[8].id));
    events.push_back({published_id(publisher.publish("news", "live")), "", "live"});
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_FALSE(subscribers[i].head().headers.contains("ringcast-gap"));
      EXPECT_EQ(subscribers[i].next_events(events.size() - skipped), from(events, skipped));
    }
    EXPECT_EQ(subscribers[2].next_events(2), from(events, 9));
  }
}

bool is_past(const std::string& id, uint64_t ms) {
  return comes_true([&] { return wall_now_ms() > parse_event_id(id).value().ms + ms; });
}

TEST_P(Resuming, EventPastItsTtlIsNotReplayedAndIsNoGap) {
  TestServer server(config());
  HttpClient publisher(server.port());
  const auto with_ttl = [&](std::string_view ttl, std::string_view data) {
    return published_id(publisher.ask(post("/channels/news?ttl=" + std::string(ttl), data)));
  };
  SseClient live(server.port(), kNews);
  const std::string first = published_id(publisher.publish("news", "first"));
  const std::string expired = with_ttl("1ms", "expired");
  const std::string lasting = with_ttl("1h", "lasting");
  const std::string last = with_ttl("2ms", "expired, too");
  const std::string end = published_id(publisher.publish("news", "end"));
  EXPECT_EQ(live.next_events(5).size(), 5U);  // who is there gets all
  ASSERT_TRUE(is_past(last, 2));
  const std::vector<StreamEvent> replayed{{lasting, "", "lasting"}, {end, "", "end"}};
  for (const WireFormat format : kFormats) {
    for (const std::string& id : {first, expired}) {
      SseClient subscriber(server.port(), kNews, resuming_after(id, format));
      EXPECT_EQ(subscriber.next_events(2), replayed);
    }
    SseClient subscriber(server.port(), kNews, resuming_after(last, format));
    EXPECT_EQ(subscriber.next_event(), replayed[1]);
  }
}

// Age is counted in seconds here, because a short one would run out for the young event as well on a
// busy machine.
TEST(ResumingByAge, EventOlderThanTheHistoryIsAGap) {
  Config young = test_config(DescriptorMode::kAuto);
  young.channels[0].history.age = milliseconds(3000);
  TestServer server(young);
  HttpClient publisher(server.port());
  const std::vector<StreamEvent> old = publish_some(publisher, "news", 3);
  ASSERT_TRUE(is_past(old.back().id, 3000));
  const std::vector<StreamEvent> kept = publish_some(publisher, "news", 2, "young ");
  SseClient subscriber(server.port(), kNews, resuming_after(old[0].id));
  EXPECT_EQ(subscriber.next_event(),
            gap_event(old[2].id, in_quotes(old[0].id), in_quotes(kept[0].id)));
  EXPECT_EQ(subscriber.next_events(2), kept);
}

TEST_P(Resuming, HistoryIsBoundedByBytesAndItsOldestEventIsKeptWhole) {
  Config small = keeping(100'000);
  small.channels[0].history.bytes = 64 * kKiB;
  small.channels[0].event_bytes_max = 2 * kKiB;
  TestServer server(small);
  HttpClient publisher(server.port());
  constexpr size_t kEvents = 300;
  constexpr size_t kEventBytes = 1000;
  const std::string first = published_id(publisher.publish("news", "first"));
  publish_numbered(publisher, "news", 0, kEvents, kEventBytes);
  for (const WireFormat format : kFormats) {
    SseClient subscriber(server.port(), kNews, resuming_after(first, format));
    const StreamEvent gap = subscriber.next_event();
    const StreamEvent oldest = subscriber.next_event();
    EXPECT_EQ(gap, gap_event(gap.id, in_quotes(first), in_quotes(oldest.id)));
    EXPECT_LT(parse_event_id(gap.id).value(), parse_event_id(oldest.id).value());
    const size_t number = std::stoul(oldest.data);
    const size_t kept = kEvents - number;
    EXPECT_GE(kept, 6 * small.channels[0].history.bytes / 8 / (kEventBytes + 100));
    EXPECT_LE(kept, small.channels[0].history.bytes / kEventBytes);
    check_numbered({oldest}, number, kEventBytes);
    check_numbered(subscriber.next_events(kept - 1), number + 1, kEventBytes);
  }
}

// Beside publishers
// -------------------------------------------------------------------------------------------

// Clients that leave after a few bytes, wherever they stand, and come back at once. Each one's sessions,
// laid end to end, must be what a client has that never left.
TEST_P(Resuming, SessionsEndToEndAreTheWholeStreamWhilePublishersGoOn) {
  constexpr size_t kPublishers = 4;
  constexpr size_t kEventsEach = 400;
  constexpr size_t kClients = 8;
  TestServer server(keeping(100'000));
  HttpClient publisher(server.port());
  const std::string begin = published_id(publisher.publish("news", "begin"));
  SseClient steady(server.port(), kNews);
  std::vector<std::vector<StreamEvent>> received(kClients);
  std::vector<size_t> sessions(kClients, 0);
  const auto live_through = [&](size_t who) {
    Dice dice(who + 1);
    std::string last = begin;
    while (received[who].size() < kPublishers * kEventsEach) {
      const auto format = dice.one_in(2) ? WireFormat::kChunked : WireFormat::kRaw;
      SseClient client(server.port(), kNews, resuming_after(last, format));
      ++sessions[who];
      for (uint64_t pieces = dice.between(1, 12); pieces > 0; --pieces) {
        for (StreamEvent& event : client.read_piece(dice.between(1, 3000))) {
          last = event.id;
          received[who].push_back(std::move(event));
        }
        if (received[who].size() == kPublishers * kEventsEach) return;
      }
      if (dice.one_in(2)) client.socket().reset();
    }
  };
  std::vector<Task> tasks;
  for (size_t who = 0; who < kClients; ++who) {
    tasks.push_back(in_background([&, who] { live_through(who); }));
  }
  for (size_t who = 0; who < kPublishers; ++who) {
    tasks.push_back(in_background([&, who] {
      HttpClient one_of_four(server.port());
      publish_numbered(one_of_four, "news", who * kEventsEach, kEventsEach, 60);
    }));
  }
  const std::vector<StreamEvent> all = steady.next_events(kPublishers * kEventsEach);
  for (Task& task : tasks) task.get();
  for (size_t who = 0; who < kClients; ++who) {
    EXPECT_EQ(received[who], all) << "client " << who;
    EXPECT_GT(sessions[who], 5U);
  }
  EXPECT_EQ(server.total(&net::Counters::gaps), 0U);
  steady.socket().close();
  EXPECT_TRUE(server.books_close());
}

// Other methods
// -------------------------------------------------------------------------------------------

TEST_P(Resuming, OtherMethodsTakeNoNoticeOfTheId) {
  TestServer server(keeping(1));
  HttpClient publisher(server.port());
  const std::vector<StreamEvent> events = publish_some(publisher, "news", 3);
  HttpClient client(server.port());
  for (const std::string& id : {events[0].id, "unknown"s, std::string(300, 'x')}) {
    const std::string line = "Last-Event-ID: " + id + "\r\n";
    client.send(request("HEAD", kNews, line));
    const HttpHead head = client.read_head();
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head["content-type"], "text/event-stream");
    EXPECT_FALSE(head.headers.contains("ringcast-gap"));
    const std::string preflight =
        "Origin: https://page.example\r\nAccess-Control-Request-Method: GET\r\n"
        "Access-Control-Request-Headers: last-event-id\r\n";
    const HttpResponse allowed = client.ask(request("OPTIONS", kNews, line + preflight));
    EXPECT_EQ(allowed.status, 204);
    EXPECT_NE(allowed["access-control-allow-headers"].find("Last-Event-ID"), std::string::npos);
    EXPECT_FALSE(allowed.headers.contains("ringcast-gap"));
  }
  EXPECT_EQ(server.total(&net::Counters::streaming), 0U);
  EXPECT_EQ(server.total(&net::Counters::gaps), 0U);
  EXPECT_EQ(server.total(&net::Counters::accepted), 2U);
}

}  // namespace
}  // namespace ringcast
