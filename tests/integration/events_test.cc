// Several channels on one connection: merged in the order of their ids, so that the last one received
// resumes them all.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "tests/support/published.h"
#include "tests/support/seeds.h"
#include "tests/support/task.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

constexpr WireFormat kFormats[] = {WireFormat::kChunked, WireFormat::kRaw};

// "/events?channel=c0&channel=c1..."
std::string events_of(const std::vector<std::string>& channels) {
  std::string target = "/events";
  for (const std::string& channel : channels) {
    target += (target == "/events" ? "?channel=" : "&channel=") + channel;
  }
  return target;
}

std::vector<std::string> names(size_t count) {
  std::vector<std::string> all;
  for (size_t i = 0; i < count; ++i) all.push_back("c" + std::to_string(i));
  return all;
}

class Merging : public EitherDescriptors {
 protected:
  // The channels c0, c1 ... and the pattern inbox/{recipient}.
  static Config with_channels(size_t count, uint32_t events_kept = 100'000) {
    Config changed = config();
    ChannelConfig model = changed.channels.front();
    model.history.events = events_kept;
    changed.channels.clear();
    for (const std::string& name : names(count)) {
      model.name = name;
      changed.channels.push_back(model);
    }
    model.name = "inbox/{recipient}";
    changed.channels.push_back(model);
    return changed;
  }

  static SseClient subscribe(const TestServer& server, const std::vector<std::string>& channels,
                             WireFormat format = WireFormat::kChunked) {
    return SseClient(server.port(), events_of(channels), SseClient::Options{.format = format});
  }
};
RC_EITHER_DESCRIPTORS(Merging);

// Publishers that go from channel to channel at random, sometimes with a batch over several. An event's data
// is "<publisher> <number>"; returns when all are committed.
class BusyPublishers {
 public:
  BusyPublishers(uint16_t port, std::vector<std::string> channels, size_t publishers, size_t each)
      : channels_(std::move(channels)), each_(each) {
    for (size_t who = 0; who < publishers; ++who) {
      tasks_.push_back(in_background([this, port, who] { publish(port, who); }));
    }
  }
  void wait() {
    for (Task& task : tasks_) task.get();
  }
  [[nodiscard]] size_t events() const noexcept { return tasks_.size() * each_; }

 private:
  void publish(uint16_t port, size_t who) const {
    HttpClient publisher(port);
    Dice dice(who + 100);
    for (size_t number = 0; number < each_;) {
      const size_t batch = std::min<size_t>(dice.one_in(8) ? 5 : 1, each_ - number);
      std::string lines;
      for (size_t i = 0; i < batch; ++i, ++number) {
        lines += R"({"channel":")" + channels_[dice.below(channels_.size())] + R"(","data":")" +
                 std::to_string(who) + " " + std::to_string(number) + "\"}\n";
      }
      const HttpResponse response = publisher.ask(post("/events", lines));
      if (response.status != 201) throw ClientFailure(response.status_line + response.body);
    }
  }

  const std::vector<std::string> channels_;
  const size_t each_;
  std::vector<Task> tasks_;
};

void expect_order_of_ids(const std::vector<StreamEvent>& events) {
  EventId last{};
  for (const StreamEvent& event : events) {
    const EventId id = parse_event_id(event.id).value();
    ASSERT_GT(id, last);
    last = id;
  }
}

// The order
// -------------------------------------------------------------------------------------------

TEST_P(Merging, EventsOfAllChannelsComeInTheOrderOfTheirIds) {
  TestServer server(with_channels(6));
  // Who hears one channel each, and who hears all of them.
  std::vector<SseClient> single;
  for (const std::string& name : names(6)) {
    single.emplace_back(server.port(), "/channels/" + name);
  }
  std::vector<SseClient> merged;
  for (size_t i = 0; i < 10; ++i) merged.push_back(subscribe(server, names(6), kFormats[i % 2]));
  SseClient some = subscribe(server, {"c1", "c4"});

  BusyPublishers publishers(server.port(), names(6), 4, 250);
  std::vector<std::vector<StreamEvent>> received(merged.size());
  std::vector<Task> readers;
  for (size_t i = 0; i < merged.size(); ++i) {
    readers.push_back(
        in_background([&, i] { received[i] = merged[i].next_events(publishers.events()); }));
  }
  publishers.wait();
  for (Task& reader : readers) reader.get();

  expect_order_of_ids(received[0]);
  for (const std::vector<StreamEvent>& other : received) EXPECT_EQ(other, received[0]);
  // Each channel's share is what its own subscriber has, so nothing is in the wrong stream.
  std::vector<StreamEvent> of_all;
  std::vector<StreamEvent> of_some;
  for (size_t i = 0; i < single.size(); ++i) {
    const std::string last =
        published_id(HttpClient(server.port()).publish(names(6)[i], "the last"));
    for (StreamEvent event = single[i].next_event(); event.id != last;
         event = single[i].next_event()) {
      of_all.push_back(event);
      if (i == 1 || i == 4) of_some.push_back(event);
    }
  }
  std::ranges::sort(of_all, {}, [](const StreamEvent& e) { return parse_event_id(e.id).value(); });
  std::ranges::sort(of_some, {}, [](const StreamEvent& e) { return parse_event_id(e.id).value(); });
  EXPECT_EQ(received[0], of_all);
  EXPECT_EQ(some.next_events(of_some.size()), of_some);
}

// Resuming
// -------------------------------------------------------------------------------------------

TEST_P(Merging, OneIdResumesEveryChannelAndItsPlaceInEachOfThem) {
  TestServer server(with_channels(3));
  HttpClient publisher(server.port());
  std::vector<StreamEvent> events;
  for (int i = 0; i < 12; ++i) {
    const std::string channel = names(3)[static_cast<size_t>(i * 7 % 3)];
    const std::string data = channel + " " + std::to_string(i);
    events.push_back({published_id(publisher.publish(channel, data)), "", data});
  }
  for (const WireFormat format : kFormats) {
    for (size_t i = 0; i + 1 < events.size(); ++i) {
      SseClient subscriber(server.port(), events_of(names(3)),
                           resuming_after(events[i].id, format));
      EXPECT_EQ(subscriber.next_events(events.size() - i - 1), from(events, i + 1));
      EXPECT_FALSE(subscriber.head().headers.contains("ringcast-gap"));
    }
  }
  SseClient by_query(server.port(), events_of(names(3)) + "&lastEventId=" + events[4].id);
  EXPECT_EQ(by_query.next_events(7), from(events, 5));
}

class MergingManyChannels : public Merging {
 protected:
  // Clients of all of `channels` that leave after a few bytes and come back at once, while four publishers
  // are busy. Each one's sessions, end to end, must be the stream of a client that stays.
  static void live_through_cuts(const Config& config, const std::vector<std::string>& channels) {
    constexpr size_t kClients = 6;
    TestServer server(config);
    HttpClient publisher(server.port());
    const std::string begin = published_id(publisher.publish(channels.front(), "begin"));
    SseClient steady = subscribe(server, channels);
    constexpr size_t kEvents = 4 * 250;
    std::vector<std::vector<StreamEvent>> received(kClients);
    std::vector<Task> clients;
    for (size_t who = 0; who < kClients; ++who) {
      clients.push_back(in_background([&, who] {
        Dice dice(who + 1);
        std::string last = begin;
        while (received[who].size() < kEvents) {
          SseClient client(server.port(), events_of(channels),
                           resuming_after(last, kFormats[dice.below(2)]));
          for (uint64_t pieces = dice.between(1, 12); pieces > 0; --pieces) {
            for (StreamEvent& event : client.read_piece(dice.between(1, 2000))) {
              last = event.id;
              received[who].push_back(std::move(event));
            }
            if (received[who].size() >= kEvents) return;
          }
          if (dice.one_in(2)) client.socket().reset();
        }
      }));
    }
    BusyPublishers publishers(server.port(), channels, 4, kEvents / 4);
    const std::vector<StreamEvent> all = steady.next_events(kEvents);
    publishers.wait();
    for (Task& client : clients) client.get();
    expect_order_of_ids(all);
    for (size_t who = 0; who < kClients; ++who) EXPECT_EQ(received[who], all) << who;
    EXPECT_EQ(server.total(&net::Counters::gaps), 0U);
    steady.socket().close();
    EXPECT_TRUE(server.books_close());
  }
};
RC_EITHER_DESCRIPTORS(MergingManyChannels);

TEST_P(MergingManyChannels, ClientCutAnywhereLosesAndRepeatsNothingOfThree) {
  live_through_cuts(with_channels(3), names(3));
}

TEST_P(MergingManyChannels, ClientCutAnywhereLosesAndRepeatsNothingOfSixtyFour) {
  live_through_cuts(with_channels(64), names(64));
}

TEST_P(MergingManyChannels, ClientCutAnywhereLosesAndRepeatsNothingOfRecipientsBesideAChannel) {
  live_through_cuts(with_channels(1), {"c0", "inbox/alice", "inbox/bob"});
}

// Gaps
// -------------------------------------------------------------------------------------------

TEST_P(Merging, EachChannelThatHasLostSomethingSaysSoWhereItIsMissing) {
  TestServer server(with_channels(3, 2));
  HttpClient publisher(server.port());
  // c0 and c1 lose their first two, c2 loses nothing.
  const std::string quiet = published_id(publisher.publish("c2", "quiet"));
  std::vector<StreamEvent> first = publish_some(publisher, "c0", 4, "first ");
  std::vector<StreamEvent> second = publish_some(publisher, "c1", 4, "second ");
  const StreamEvent gap_0 = gap_event(first[1].id, in_quotes(quiet), in_quotes(first[2].id), "c0");
  const StreamEvent gap_1 =
      gap_event(second[1].id, in_quotes(quiet), in_quotes(second[2].id), "c1");
  for (const WireFormat format : kFormats) {
    SseClient subscriber(server.port(), events_of(names(3)), resuming_after(quiet, format));
    EXPECT_EQ(subscriber.head()["ringcast-gap"], second[1].id);
    EXPECT_EQ(subscriber.next_events(6),
              (std::vector<StreamEvent>{gap_0, first[2], first[3], gap_1, second[2], second[3]}));
  }
  // Coming back after the first gap, only the second is left to be told.
  SseClient between(server.port(), events_of(names(3)), resuming_after(gap_0.id));
  EXPECT_EQ(between.next_events(5),
            (std::vector<StreamEvent>{
                first[2], first[3],
                gap_event(second[1].id, in_quotes(gap_0.id), in_quotes(second[2].id), "c1"),
                second[2], second[3]}));
  SseClient after(server.port(), events_of(names(3)), resuming_after(gap_1.id));
  EXPECT_EQ(after.next_events(2), from(second, 2));
}

// Whoever leaves between two gaps that one id ends must come back to both, so the first has none.
TEST_P(Merging, GapsThatOneIdEndsAreToldTogetherOrNotAtAll) {
  for (const WireFormat format : kFormats) {
    TestServer server(with_channels(3));
    SseClient subscriber(server.port(), events_of(names(3)), resuming_after("unknown", format));
    std::vector<StreamEvent> gaps = subscriber.next_events(3);
    const std::string id = subscriber.head()["ringcast-gap"];
    EXPECT_EQ(gaps[0].id, "");
    EXPECT_EQ(gaps[1].id, "");
    EXPECT_EQ(gaps[2].id, id);
    std::map<std::string, int> told;
    for (const StreamEvent& gap : gaps) ++told[gap.data];
    for (const std::string& name : names(3)) {
      EXPECT_EQ(told[gap_event("", "null", "null", name).data], 1) << name;
    }
    HttpClient publisher(server.port());
    const std::string live = published_id(publisher.publish("c1", "live"));
    EXPECT_EQ(subscriber.next_event(), (StreamEvent{live, "", "live"}));
    SseClient again(server.port(), events_of(names(3)), resuming_after(id));
    EXPECT_EQ(again.next_event().type, "");
  }
}

// Requests
// -------------------------------------------------------------------------------------------

TEST_P(Merging, ChannelNamedTwiceIsOneChannel) {
  TestServer server(with_channels(2));
  HttpClient publisher(server.port());
  SseClient subscriber(server.port(),
                       "/events?channel=c0&channel=c0&channel=%630&channel=c0&x=c1&chanel=c1");
  EXPECT_EQ(published_subscribers(publisher.publish("c1", "not for it")), 0U);
  const HttpResponse response = publisher.publish("c0", "once");
  EXPECT_EQ(published_subscribers(response), 1U);
  const std::string next = published_id(publisher.publish("c0", "next"));
  EXPECT_EQ(subscriber.next_event(), (StreamEvent{published_id(response), "", "once"}));
  EXPECT_EQ(subscriber.next_event(), (StreamEvent{next, "", "next"}));
}

TEST_P(Merging, OneChannelOrRecipientAloneIsTheSameStreamAsUnderItsOwnUrl) {
  TestServer server(with_channels(1, 2));
  HttpClient publisher(server.port());
  for (const std::string& name : {std::string("c0"), std::string("inbox/alice")}) {
    const std::vector<StreamEvent> events = publish_some(publisher, name, 4);
    SseClient own(server.port(), "/channels/" + name, resuming_after(events[0].id));
    SseClient merged(server.port(), events_of({name}), resuming_after(events[0].id));
    const std::vector<StreamEvent> expected = own.next_events(3);
    EXPECT_EQ(expected[0],
              gap_event(events[1].id, in_quotes(events[0].id), in_quotes(events[2].id)));
    EXPECT_EQ(merged.next_events(3), expected);
  }
}

TEST_P(Merging, RequestsThatNameNoChannelAnUnknownOneOrTooManyAreRefused) {
  Config three_at_most = with_channels(5);
  three_at_most.server.stream_channels_max = 3;
  TestServer server(three_at_most);
  const struct {
    std::string target;
    int status;
    std::string_view says;
  } cases[] = {
      {"/events", 400, "/events?channel=NAME"},
      {"/events?", 400, "/events?channel=NAME"},
      {"/events?lastEventId=1-0", 400, "/events?channel=NAME"},
      {"/events?Channel=c0", 400, "/events?channel=NAME"},
      {"/events?channel=c0&channel=nosuch", 404, "does not exist"},
      {"/events?channel=", 404, "does not exist"},
      {"/events?channel", 404, "does not exist"},
      {"/events?channel=C0", 404, "does not exist"},
      {"/events?channel=inbox", 404, "does not exist"},
      {"/events?channel=inbox/", 404, "does not exist"},
      {"/events?channel=inbox/%7Brecipient%7D", 404, "does not exist"},
      {"/events?channel=inbox/a/b", 404, "does not exist"},
      {"/events?channel=c0&channel=c1&channel=c2&channel=c3", 400, "at most 3 channels"},
      {"/events?channel=inbox/a&channel=inbox/b&channel=inbox/c&channel=inbox/d", 400,
       "at most 3 channels"},
      {"/events/?channel=c0", 404, "no such path"},
  };
  HttpClient client(server.port());
  for (const auto& [target, status, says] : cases) {
    const HttpResponse response = client.ask(get(target));
    EXPECT_EQ(response.status, status) << target;
    EXPECT_NE(response.body.find(says), std::string::npos) << target << " " << response.body;
    client.send(request("HEAD", target));
    EXPECT_EQ(client.read_head().status, status) << target;
  }
  EXPECT_EQ(server.total(&net::Counters::accepted), 1U);
  // As many as may be, one of them twice.
  SseClient most(server.port(), events_of({"c0", "c1", "c1", "c2"}));
  HttpClient publisher(server.port());
  const std::string id = published_id(publisher.publish("c2", "heard"));
  EXPECT_EQ(most.next_event().id, id);
}

TEST_P(Merging, HeadAndOptionsDescribeTheStreamWithoutOpeningOne) {
  TestServer server(with_channels(2));
  HttpClient client(server.port());
  client.send(request("HEAD", events_of(names(2))));
  const HttpHead head = client.read_head();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head["content-type"], "text/event-stream");
  EXPECT_EQ(head["access-control-allow-origin"], "*");
  for (const std::string& target : {events_of(names(2)), std::string("/events")}) {
    const HttpResponse options = client.ask(request("OPTIONS", target));
    EXPECT_EQ(options.status, 204);
    EXPECT_EQ(options["allow"], "GET, HEAD, OPTIONS, POST");
  }
  const HttpResponse refused = client.ask(request("DELETE", events_of(names(2))));
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused["allow"], "GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(server.streaming(), 0U);
}

// A channel that is everybody's leaves it to the others whether a page may show who reads it.
TEST_P(Merging, PageMayReadWhatAllItsChannelsLetItRead) {
  Config guarded = with_channels(4);
  guarded.channels[0].cors = {.origins = {"*"}, .credentials = false};
  guarded.channels[1].cors = {.origins = {"https://x.example", "https://y.example"},
                              .credentials = true};
  guarded.channels[2].cors = {.origins = {"https://y.example"}, .credentials = true};
  guarded.channels[3].cors = {.origins = {"https://z.example"}, .credentials = true};
  TestServer server(guarded);
  const struct {
    std::vector<std::string> channels;
    std::string origin;
    std::string allowed, credentials;
  } cases[] = {
      {{"c0"}, "https://any.example", "*", ""},
      {{"c0", "c1"}, "https://x.example", "https://x.example", "true"},
      {{"c1", "c0"}, "https://any.example", "", ""},
      {{"c1", "c2"}, "https://y.example", "https://y.example", "true"},
      {{"c1", "c2"}, "https://x.example", "", ""},
      {{"c0", "c1", "c2"}, "https://y.example", "https://y.example", "true"},
      {{"c2", "c3"}, "https://y.example", "", ""},
      {{"c2", "c3"}, "https://z.example", "", ""},
  };
  for (const auto& [channels, origin, allowed, credentials] : cases) {
    const std::string line = "Origin: " + origin + "\r\n";
    SseClient subscriber(server.port(), events_of(channels), SseClient::Options{.extra = line});
    HttpClient client(server.port());
    client.send(request("HEAD", events_of(channels), line));
    const HttpResponse preflight =
        HttpClient(server.port())
            .ask(request("OPTIONS", events_of(channels),
                         line + "Access-Control-Request-Method: GET\r\n"));
    for (const HttpHead& head : {subscriber.head(), client.read_head(), HttpHead(preflight)}) {
      EXPECT_EQ(head["access-control-allow-origin"], allowed) << events_of(channels) << origin;
      EXPECT_EQ(head["access-control-allow-credentials"], credentials) << events_of(channels);
    }
    EXPECT_EQ(preflight.headers.contains("access-control-allow-headers"), !allowed.empty());
  }
}

TEST_P(Merging, ShortestHeartbeatOfItsChannelsKeepsTheStreamAlive) {
  Config beating = with_channels(3);
  beating.channels[1].heartbeat = milliseconds(100);
  TestServer server(beating);
  for (const WireFormat format : kFormats) {
    SseClient subscriber = subscribe(server, names(3), format);
    subscriber.wait_for_heartbeats(2);
    HttpClient publisher(server.port());
    const std::string id = published_id(publisher.publish("c2", "between"));
    EXPECT_EQ(subscriber.next_event(), (StreamEvent{id, "", "between"}));
    subscriber.wait_for_heartbeats(4);
  }
}

TEST_P(Merging, SubscriberOfSeveralChannelsIsCountedInEachOfThem) {
  TestServer server(with_channels(3));
  HttpClient publisher(server.port());
  SseClient two = subscribe(server, {"c0", "c1"});
  SseClient other_two = subscribe(server, {"c1", "inbox/alice"}, WireFormat::kRaw);
  SseClient single(server.port(), "/channels/c1");
  const auto subscribers = [&](std::string_view channel) {
    return published_subscribers(publisher.publish(channel, "x"));
  };
  EXPECT_EQ(subscribers("c0"), 1U);
  EXPECT_EQ(subscribers("c1"), 3U);
  EXPECT_EQ(subscribers("c2"), 0U);
  EXPECT_EQ(subscribers("inbox/alice"), 1U);
  EXPECT_EQ(subscribers("inbox/bob"), 0U);
  other_two.socket().close();
  ASSERT_TRUE(comes_true([&] { return server.streaming() == 2; }));
  EXPECT_EQ(subscribers("c1"), 2U);
  EXPECT_EQ(subscribers("inbox/alice"), 0U);
}

}  // namespace
}  // namespace ringcast
