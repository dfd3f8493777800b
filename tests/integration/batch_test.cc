// Batches: many events for any channels in one request, accepted as a whole or not at all.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/more_channels.h"
#include "tests/support/numbered_events.h"
#include "tests/support/published.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using net::Counters;

std::string batch(std::string_view lines, std::string_view extra = "") {
  return post("/events", lines, "Content-Type: application/x-ndjson\r\n" + std::string(extra));
}

std::string line(std::string_view channel, std::string_view data) {
  return nlohmann::json{{"channel", channel}, {"data", data}}.dump() + "\n";
}

class Batches : public EitherDescriptors {
 protected:
  static Config many() { return with_more_channels(config(), {"other", "inbox/{recipient}"}); }
};
RC_EITHER_DESCRIPTORS(Batches);

struct Accepted {
  size_t count;
  EventId first, last;
};

Accepted accepted(const HttpResponse& response) {
  if (response.status != 201) throw ClientFailure(response.status_line + " " + response.body);
  const nlohmann::json answer = nlohmann::json::parse(response.body);
  EXPECT_EQ(answer.size(), 3U) << response.body;
  return {.count = answer.at("accepted").get<size_t>(),
          .first = parse_event_id(answer.at("first_id").get<std::string>()).value(),
          .last = parse_event_id(answer.at("last_id").get<std::string>()).value()};
}

// Accepted
// -------------------------------------------------------------------------------------------

TEST_P(Batches, EventsForManyChannelsKeepTheirOrderAndGetOneIdAfterTheOther) {
  TestServer server(many());
  SseClient everything(server.port(),
                       "/events?channel=news&channel=other&channel=inbox/a&channel=inbox/b",
                       {.format = WireFormat::kRaw});
  SseClient news(server.port(), "/channels/news");
  SseClient alice(server.port(), "/channels/inbox/a");
  HttpClient publisher(server.port());
  const std::string channels[] = {"news", "inbox/a", "other", "inbox/b", "news"};
  std::string lines;
  std::vector<std::string> data;
  for (size_t i = 0; i < 500; ++i) {
    data.push_back(channels[i % 5] + " " + std::to_string(i));
    lines += line(channels[i % 5], data.back());
  }
  const HttpResponse response = publisher.ask(batch(lines));
  EXPECT_EQ(response["content-type"], "application/json");
  const Accepted answer = accepted(response);
  EXPECT_EQ(answer.count, 500U);
  const std::vector<StreamEvent> events = everything.next_events(500);
  std::vector<StreamEvent> of_news, of_alice;
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].data, data[i]);
    const EventId id = parse_event_id(events[i].id).value();
    EXPECT_EQ(id.ms, answer.first.ms);
    EXPECT_EQ(id.seq, answer.first.seq + i);
    if (channels[i % 5] == "news") of_news.push_back(events[i]);
    if (channels[i % 5] == "inbox/a") of_alice.push_back(events[i]);
  }
  EXPECT_EQ(parse_event_id(events.back().id).value(), answer.last);
  EXPECT_EQ(news.next_events(of_news.size()), of_news);
  EXPECT_EQ(alice.next_events(of_alice.size()), of_alice);
  // What comes next is later than all of it.
  const std::string next = published_id(publisher.publish("news", "next"));
  EXPECT_GT(parse_event_id(next).value(), answer.last);
  EXPECT_EQ(news.next_event().id, next);
}

TEST_P(Batches, StringsArriveAsTheirValueAndEverythingElseAsItsVeryText) {
  TestServer server(many());
  SseClient subscriber(server.port(), "/channels/news");
  HttpClient publisher(server.port());
  const std::pair<std::string, std::string> cases[] = {
      {R"("text")", "text"},
      {R"("")", ""},
      {R"("a\nb\u00e9\ud83d\ude00\"")", "a\nb\u00e9\U0001f600\""},
      {R"("a\r\nb\rc")", "a\nb\nc"},
      {R"(" leading\n\n")", " leading\n\n"},
      {R"("{\"a\":1}")", R"({"a":1})"},
      {"1.0", "1.0"},
      {"-0.5e+10", "-0.5e+10"},
      {"12345678901234567890123", "12345678901234567890123"},
      {"true", "true"},
      {"null", "null"},
      {"[ 1,2 , 3]", "[ 1,2 , 3]"},
      {R"({"b": 1, "a":{"x" : [null]}})", R"({"b": 1, "a":{"x" : [null]}})"},
      {R"(["\u00e9\n"])", R"(["\u00e9\n"])"},
      {"{}", "{}"},
  };
  std::string lines = "\n \r\n";  // blank lines are nothing
  for (const auto& [json, data] : cases) {
    lines += R"({"data":)" + json + R"(,"channel":"news","event":"t"})" + "\r\n";
  }
  lines +=
      R"({"channel":"news","data":"the last","event":"message","ttl":"1h"})";  // and no line end
  EXPECT_EQ(accepted(publisher.ask(batch(lines))).count, std::size(cases) + 1);
  for (const auto& [json, data] : cases) {
    const StreamEvent event = subscriber.next_event();
    EXPECT_EQ(event, (StreamEvent{event.id, "t", data})) << json;
  }
  const StreamEvent last = subscriber.next_event();
  EXPECT_EQ(last, (StreamEvent{last.id, "", "the last"}));
}

TEST_P(Batches, TtlOfEachEventDecidesWhetherItIsReplayed) {
  TestServer server(many());
  HttpClient publisher(server.port());
  const std::string begin = published_id(publisher.publish("news", "begin"));
  const Accepted answer =
      accepted(publisher.ask(batch(R"({"channel":"news","data":"short","ttl":"1ms"})"
                                   "\n"
                                   R"({"channel":"news","data":"long","ttl":"1h"})"
                                   "\n"
                                   R"({"channel":"news","data":"none"})")));
  ASSERT_TRUE(comes_true([&] { return wall_now_ms() > answer.last.ms + 1; }));
  SseClient subscriber(server.port(), "/channels/news", resuming_after(begin));
  EXPECT_EQ(subscriber.next_event().data, "long");
  EXPECT_EQ(subscriber.next_event().data, "none");
}

// Refused
// -------------------------------------------------------------------------------------------

TEST_P(Batches, OneBadLineIsNamedAndNothingOfTheBatchIsDelivered) {
  Config guarded = many();
  guarded.channels[0].cors.origins = {"https://page.example"};
  TestServer server(guarded);
  SseClient subscriber(server.port(), "/events?channel=news&channel=other&channel=inbox/a");
  HttpClient publisher(server.port());
  const struct {
    std::string bad;
    int status;
    std::string_view says;
    std::string_view extra = "";
  } cases[] = {
      {"not json", 400, "line 3: "},
      {"{", 400, "line 3: "},
      {R"(["news","x"])", 400, "line 3: "},
      {R"({"channel":"news"})", 400, "line 3: \\\"data\\\" is missing"},
      {R"({"data":"x"})", 400, "line 3: \\\"channel\\\" is missing"},
      {R"({"channel":7,"data":"x"})", 400, "line 3: "},
      {R"({"channel":"news","data":"x","Data":"y"})", 400, "line 3: "},
      {R"({"channel":"news","data":"x","data":"y"})", 400, "line 3: "},
      {R"({"channel":"news","data":"x"} {"channel":"news","data":"y"})", 400, "line 3: "},
      {R"({"channel":"news","data":"x","event":"gap"})", 400, "line 3: "},
      {R"({"channel":"news","data":"x","event":"error"})", 400, "line 3: "},
      {R"({"channel":"news","data":"x","event":"a\nb"})", 400, "line 3: "},
      {R"({"channel":"news","data":"x","ttl":"0s"})", 400, "line 3: "},
      {R"({"channel":"news","data":"x","ttl":30})", 400, "line 3: "},
      {"{\"channel\":\"news\",\"data\":\"\xFF\"}", 400, "line 3: "},
      {R"({"channel":"nosuch","data":"x"})", 404, "line 3: there is no such channel"},
      {R"({"channel":"inbox/","data":"x"})", 404, "line 3: there is no such channel"},
      {R"({"channel":"inbox/a/b","data":"x"})", 404, "line 3: there is no such channel"},
      {R"({"channel":"inbox/{recipient}","data":"x"})", 404, "line 3: there is no such channel"},
      {line("other", std::string(64 * 1024, 'x')), 413, "line 3: the event is longer"},
      {line("inbox/a", "x"), 403, "line 3: this origin may not publish",
       "Origin: https://page.example\r\n"},
  };
  for (const auto& [bad, status, says, extra] : cases) {
    const std::string good = line("news", "never");
    // The blank line counts, since an editor counts it.
    const HttpResponse response =
        publisher.ask(batch(good + "\n" + bad + (bad.ends_with('\n') ? "" : "\n") + good, extra));
    EXPECT_EQ(response.status, status) << bad << response.body;
    EXPECT_NE(response.body.find(says), std::string::npos) << bad << response.body;
    EXPECT_EQ(response.body.find('\n'), response.body.size() - 1);
    EXPECT_LT(response.body.size(), 400U);
    // The first thing anybody hears of is the next good one.
    const std::string id = published_id(publisher.publish("other", "next"));
    EXPECT_EQ(subscriber.next_event(), (StreamEvent{id, "", "next"}));
  }
  EXPECT_EQ(server.books("news").events, 0U);
  EXPECT_EQ(server.total(&Counters::publishes_refused), std::size(cases));
}

TEST_P(Batches, BodyWithoutAnyEventIsRefused) {
  TestServer server(many());
  HttpClient publisher(server.port());
  for (const std::string_view body : {"", "\n", " \r\n\n \t\n"}) {
    const HttpResponse response = publisher.ask(batch(body));
    EXPECT_EQ(response.status, 400);
    EXPECT_NE(response.body.find("has no event"), std::string::npos) << response.body;
  }
}

TEST_P(Batches, MoreForOneChannelThanItsRingHoldsHasToBeSplit) {
  Config small = many();
  small.channels[1].history.bytes = 64 * kKiB;
  small.channels[1].event_bytes_max = 2 * kKiB;
  TestServer server(small);
  SseClient subscriber(server.port(), "/events?channel=news&channel=other");
  HttpClient publisher(server.port());
  std::string lines = line("news", "never");
  for (size_t i = 0; i < 100; ++i) lines += line("other", numbered_data(i, 1000));
  const HttpResponse response = publisher.ask(batch(lines));
  EXPECT_EQ(response.status, 413);
  EXPECT_NE(response.body.find("split it"), std::string::npos) << response.body;
  EXPECT_EQ(server.books("news").events, 0U);
  // Split, it goes through.
  for (size_t first = 0; first < 100; first += 20) {
    std::string part;
    for (size_t i = first; i < first + 20; ++i) part += line("other", numbered_data(i, 1000));
    EXPECT_EQ(accepted(publisher.ask(batch(part))).count, 20U);
  }
  check_numbered(subscriber.next_events(100), 0, 1000);
}

TEST_P(Batches, LargestBodyIsReadAndALargerOneIsRefusedToWhoeverIsStillUploading) {
  Config small = many();
  small.server.batch_bytes_max = 100'000;
  TestServer server(small);
  SseClient subscriber(server.port(), "/channels/news");
  HttpClient publisher(server.port());
  std::string body = line("news", "within");
  body += std::string(small.server.batch_bytes_max - body.size(), '\n');
  EXPECT_EQ(accepted(publisher.ask(batch(body))).count, 1U);
  EXPECT_EQ(subscriber.next_event().data, "within");
  EXPECT_EQ(publisher.ask(batch(body + "\n")).status, 413);

  // It looks for an answer only when it has sent everything, as simple clients do.
  HttpClient uploading(server.port());
  uploading.send(batch(std::string(10'000'000, '\n')));
  const HttpResponse response = uploading.read_response();
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response["connection"], "close");
  EXPECT_EQ(uploading.wait_for_end(), TcpClient::End::kFin);
  // A single event's body may be no larger for it.
  EXPECT_EQ(ask(server.port(), post("/channels/news", std::string(99'000, 'x'))).status, 413);
}

TEST_P(Batches, PagesPublishOnlyWhereTheyAreListedByName) {
  Config guarded = many();
  guarded.channels[0].cors.origins = {"https://page.example"};
  guarded.channels[1].cors.origins = {"https://page.example", "https://other.example"};
  TestServer server(guarded);
  HttpClient publisher(server.port());
  const auto publish = [&](const std::string& lines, const std::string& extra) {
    return publisher.ask(batch(lines, extra)).status;
  };
  const std::string both = line("news", "x") + line("other", "x");
  EXPECT_EQ(publish(both, "Origin: https://page.example\r\n"), 201);
  EXPECT_EQ(publish(both, "Origin: https://other.example\r\n"), 403);
  EXPECT_EQ(publish(line("other", "x"), "Origin: https://other.example\r\n"), 201);
  EXPECT_EQ(publish(both, "Origin: null\r\n"), 403);
  EXPECT_EQ(publish(both, "Sec-Fetch-Site: cross-site\r\n"), 403);
  EXPECT_EQ(publish(both, "Sec-Fetch-Site: same-origin\r\n"), 201);
  // The inbox may be read by every page, which is not to say that it may be written.
  EXPECT_EQ(publish(line("inbox/a", "x"), "Origin: https://page.example\r\n"), 403);
}

TEST_P(Batches, OtherMethodsAreRefusedWithThoseThatWork) {
  Config apart = many();
  apart.listeners[0].serve_subscribe = false;
  apart.listeners.push_back({.host = "127.0.0.1", .serve_subscribe = true});
  TestServer server(apart);
  HttpClient publishing(server.port(0));
  HttpClient subscribing(server.port(1));
  for (const std::string_view method : {"GET", "PUT", "DELETE", "HEAD"}) {
    publishing.send(request(method, "/events"));
    const HttpHead head = method == "HEAD" ? publishing.read_head() : publishing.read_response();
    EXPECT_EQ(head.status, 405) << method;
    EXPECT_EQ(head["allow"], "OPTIONS, POST");
  }
  EXPECT_EQ(publishing.ask(request("OPTIONS", "/events")).status, 204);
  EXPECT_EQ(accepted(publishing.ask(batch(line("news", "x")))).count, 1U);
  const HttpResponse refused = subscribing.ask(post("/events?channel=news", line("news", "x")));
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(refused["allow"], "GET, HEAD, OPTIONS");
  EXPECT_EQ(server.books("news").events, 1U);
}

// Paced
// -------------------------------------------------------------------------------------------

constexpr size_t kEventBytes = 4000;

// Fills the ring of `news` as far as a stuck subscriber lets it; returns how many were committed.
size_t fill(HttpClient& publisher) {
  for (size_t number = 0; number < 10'000; ++number) {
    const HttpResponse response = publisher.publish("news", numbered_data(number, kEventBytes));
    if (response.status == 503) return number;
  }

  throw ClientFailure("40 MB went into a ring of 1 MiB past a stuck subscriber");
}

TEST_P(Batches, PacedBatchWaitsAsAWholeAndIsThenDeliveredAsAWhole) {
  Config patient = many();
  for (ChannelConfig& channel : patient.channels) {
    channel.slow_after = milliseconds(60'000);
    channel.publish_wait = milliseconds(60'000);
  }
  patient.channels[0].publish_wait = milliseconds(100);
  TestServer server(patient);
  SseClient stuck(server.port(), "/channels/news",
                  {.format = WireFormat::kChunked, .socket = {.receive_buffer_bytes = 8 * 1024}});
  SseClient other(server.port(), "/channels/other");
  HttpClient publisher(server.port());
  const size_t committed = fill(publisher);
  // A batch waits as long as the channel of its first event lets it.
  HttpClient waiting(server.port());
  const uint64_t paced = server.total(&Counters::paced);
  std::string lines = line("other", "first");
  for (size_t i = 0; i < 10; ++i) lines += line("news", numbered_data(committed + i, kEventBytes));
  waiting.send(batch(lines + line("other", "last")));
  ASSERT_TRUE(comes_true([&] { return server.total(&Counters::paced) > paced; }));
  EXPECT_EQ(server.books("other").events, 0U);
  check_numbered(stuck.next_events(committed), 0, kEventBytes);
  const Accepted answer = accepted(waiting.read_response());
  EXPECT_EQ(answer.count, 12U);
  check_numbered(stuck.next_events(10), committed, kEventBytes);
  const std::vector<StreamEvent> others = other.next_events(2);
  EXPECT_EQ(others[0], (StreamEvent{to_string(answer.first), "", "first"}));
  EXPECT_EQ(others[1], (StreamEvent{to_string(answer.last), "", "last"}));
}

TEST_P(Batches, BatchThatHasWaitedTooLongLeavesNoEventBehind) {
  Config impatient = many();
  impatient.channels[0].slow_after = milliseconds(60'000);
  for (ChannelConfig& channel : impatient.channels) channel.publish_wait = milliseconds(100);
  TestServer server(impatient);
  SseClient stuck(server.port(), "/channels/news",
                  {.format = WireFormat::kChunked, .socket = {.receive_buffer_bytes = 8 * 1024}});
  SseClient other(server.port(), "/channels/other");
  HttpClient publisher(server.port());
  const size_t committed = fill(publisher);
  const HttpResponse late = publisher.ask(
      batch(line("other", "never") + line("news", numbered_data(committed, kEventBytes))));
  EXPECT_EQ(late.status, 503);
  EXPECT_EQ(late["retry-after"], "1");
  EXPECT_EQ(server.books("other").events, 0U);
  const std::string id = published_id(publisher.publish("other", "next"));
  EXPECT_EQ(other.next_event(), (StreamEvent{id, "", "next"}));
  check_numbered(stuck.next_events(committed), 0, kEventBytes);
  stuck.socket().close();
  other.socket().close();
  EXPECT_TRUE(server.books_close());
}

}  // namespace
}  // namespace ringcast
