// Publishing: every way a request may arrive, and every way an event may be refused.

#include <gtest/gtest.h>

#include <thread>

#include "engine/event_id.h"
#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using net::CloseCause;
using net::Counters;

using Publishing = EitherDescriptors;
RC_EITHER_DESCRIPTORS(Publishing);

EventId parsed(const std::string& id) {
  return parse_event_id(id).value();
}

TEST_P(Publishing, CommittedEventIsAnsweredWithItsIdAndItsSubscribers) {
  TestServer server(config());
  HttpClient publisher(server.port());
  SseClient subscriber(server.port(), "/channels/news");
  const HttpResponse response = publisher.publish("news", "hello");
  EXPECT_EQ(response.status_line, "HTTP/1.1 201 Created");
  EXPECT_EQ(response["content-type"], "application/json");
  EXPECT_EQ(response["cache-control"], "no-store");
  const StreamEvent event = subscriber.next_event();
  EXPECT_EQ(response.body, "{\"id\":\"" + event.id + "\",\"subscribers\":1}\n");
  EXPECT_EQ(event, (StreamEvent{event.id, "", "hello"}));
}

TEST_P(Publishing, ConnectionIsKeptAndIdsIncrease) {
  TestServer server(config());
  HttpClient publisher(server.port());
  EventId last{};
  for (int i = 0; i < 200; ++i) {
    const EventId id = parsed(published_id(publisher.publish("news", std::to_string(i))));
    EXPECT_GT(id, last);
    last = id;
  }
  EXPECT_EQ(server.total(&Counters::accepted), 1U);
  EXPECT_EQ(server.total(&Counters::published), 200U);
}

TEST_P(Publishing, PipelinedRequestsInOneSegmentAreAnsweredInTheirOrder) {
  TestServer server(config());
  SseClient subscriber(server.port(), "/channels/news");
  HttpClient publisher(server.port());
  publisher.send(post("/channels/news", "1") + post("/channels/news", "2") +
                 post("/channels/news", "3") + get("/healthz/live"));
  EventId last{};
  for (const std::string_view data : {"1", "2", "3"}) {
    const std::string id = published_id(publisher.read_response());
    EXPECT_GT(parsed(id), last);
    last = parsed(id);
    EXPECT_EQ(subscriber.next_event(), (StreamEvent{id, "", std::string(data)}));
  }
  EXPECT_EQ(publisher.read_response().body, "ok\n");
}

TEST_P(Publishing, ThousandsPipelinedAreAllAnswered) {
  TestServer server(config());
  HttpClient publisher(server.port());
  constexpr int kRequests = 3000;
  std::string requests;
  for (int i = 0; i < kRequests; ++i) requests += post("/channels/news", "x");
  std::thread writer([&] { publisher.send(requests); });
  for (int i = 0; i < kRequests; ++i) EXPECT_EQ(publisher.read_response().status, 201);
  writer.join();
}

TEST_P(Publishing, RequestMayArriveByteByByte) {
  TestServer server(config());
  SseClient subscriber(server.port(), "/channels/news");
  HttpClient publisher(server.port());
  for (const char byte : post("/channels/news?event=slow", "piecemeal")) {
    publisher.send({&byte, 1});
  }
  const std::string id = published_id(publisher.read_response());
  EXPECT_EQ(subscriber.next_event(), (StreamEvent{id, "slow", "piecemeal"}));
}

TEST_P(Publishing, BodyMayBeChunked) {
  TestServer server(config());
  SseClient subscriber(server.port(), "/channels/news");
  HttpClient publisher(server.port());
  const std::string chunked = request("POST", "/channels/news", "Transfer-Encoding: chunked\r\n") +
                              "5\r\nhello\r\n" + "8;why=not\r\n, chunks\r\n" +
                              "0\r\nTrailer: ignored\r\n\r\n";
  // And the next one comes right behind it.
  publisher.send(chunked + post("/channels/news", "next"));
  EXPECT_EQ(published_id(publisher.read_response()), subscriber.next_event().id);
  EXPECT_EQ(publisher.read_response().status, 201);
  EXPECT_EQ(subscriber.next_event().data, "next");
}

TEST_P(Publishing, CarefulUploaderIsToldToContinue) {
  TestServer server(config());
  HttpClient publisher(server.port());
  publisher.send(
      request("POST", "/channels/news", "Content-Length: 5\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(publisher.read_response().status, 100);
  EXPECT_EQ(publisher.ask("hello").status, 201);
  // One that would be refused anyway is not.
  publisher.send(
      request("POST", "/channels/news", "Content-Length: 99999999\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(publisher.read_response().status, 413);
}

TEST_P(Publishing, HalfClosedPublisherStillGetsItsAnswer) {
  TestServer server(config());
  HttpClient publisher(server.port());
  publisher.send(post("/channels/news", "goodbye"));
  publisher.half_close();
  EXPECT_EQ(publisher.read_response().status, 201);
  EXPECT_EQ(publisher.wait_for_end(), TcpClient::End::kFin);
}

// Its answers do not fit into the socket, so that for some number of requests the last of them is
// still being sent when the server learns that nothing more will come.
TEST_P(Publishing, HalfClosedPeerThatReadsLateStillGetsEveryAnswer) {
  Config one_shard = config();
  one_shard.server.shards = 1;
  TestServer server(one_shard);
  for (int requests = 20; requests < 60; ++requests) {
    HttpClient client(server.port(), {.receive_buffer_bytes = 4 * 1024});
    std::string text;
    for (int i = 0; i < requests; ++i) text += get("/metrics");
    client.send(text);
    client.half_close();
    // When another is answered, the shard has had its look at this one.
    EXPECT_EQ(ask(server.port(), get("/healthz/live")).status, 200);
    for (int i = 0; i < requests; ++i) EXPECT_EQ(client.read_response().status, 200);
    EXPECT_EQ(client.wait_for_end(), TcpClient::End::kFin);
  }
}

TEST_P(Publishing, ClosingIsDoneByWhoeverSaidSo) {
  TestServer server(config());
  HttpClient closing(server.port());
  const HttpResponse last = closing.ask(post("/channels/news", "x", "Connection: close\r\n"));
  EXPECT_EQ(last.status, 201);
  EXPECT_EQ(last["connection"], "close");
  EXPECT_EQ(closing.wait_for_end(), TcpClient::End::kFin);

  HttpClient old(server.port());
  old.send("POST /channels/news HTTP/1.0\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(old.read_response()["connection"], "close");
  EXPECT_EQ(old.wait_for_end(), TcpClient::End::kFin);
  EXPECT_TRUE(comes_true([&] { return server.closed(CloseCause::kAnswered) == 2; }));
}

TEST_P(Publishing, TypeAndDataArriveAsPublished) {
  TestServer server(config());
  HttpClient publisher(server.port());
  SseClient subscriber(server.port(), "/channels/news");
  struct {
    std::string query, data;
    StreamEvent expected;
  } const cases[] = {
      {"?event=tick", "x", {"", "tick", "x"}},
      {"?event=a+b%2Fc", "x", {"", "a b/c", "x"}},
      {"?event=message", "x", {"", "", "x"}},
      {"?event=", "x", {"", "", "x"}},
      {"", "", {"", "", ""}},
      {"", " leading", {"", "", " leading"}},
      {"", "1\r\n2\r3\n4", {"", "", "1\n2\n3\n4"}},
      {"", "end\n", {"", "", "end\n"}},
      {"", "id: 7\n\nretry: 1", {"", "", "id: 7\n\nretry: 1"}},
      {"", "\xE2\x80\xA8 \xF0\x9F\x98\x80", {"", "", "\xE2\x80\xA8 \xF0\x9F\x98\x80"}},
  };
  for (const auto& test : cases) {
    StreamEvent expected = test.expected;
    expected.id = published_id(publisher.ask(post("/channels/news" + test.query, test.data)));
    EXPECT_EQ(subscriber.next_event(), expected) << test.query << " " << test.data;
  }
}

// Refusals
// -------------------------------------------------------------------------------------------

struct RefusedPublish {
  const char* name;
  std::string request;
  int status;
};

std::vector<RefusedPublish> refused_publishes() {
  const std::string news = "/channels/news";
  return {
      {"a byte that is never UTF-8", post(news, "\xFF"), 400},
      {"an overlong form", post(news, "\xC0\xAF"), 400},
      {"a surrogate", post(news, "\xED\xA0\x80"), 400},
      {"a character cut short", post(news, "abc\xE2\x80"), 400},
      {"the reserved type error", post(news + "?event=error", "x"), 400},
      {"the reserved type open", post(news + "?event=open", "x"), 400},
      {"a line break in the type", post(news + "?event=a%0Adata:x", "x"), 400},
      {"a type that is not UTF-8", post(news + "?event=%FF", "x"), 400},
      {"an event just too long", post(news, std::string(64 * 1024 - 1, 'x')), 413},
      {"an unknown channel", post("/channels/nwes", "x"), 404},
      {"no channel", post("/channels/", "x"), 404},
      {"a page's Origin", post(news, "x", "Origin: https://evil.example\r\n"), 403},
      {"an opaque Origin", post(news, "x", "Origin: null\r\n"), 403},
      {"another site", post(news, "x", "Sec-Fetch-Site: cross-site\r\n"), 403},
      {"a sibling site", post(news, "x", "Sec-Fetch-Site: same-site\r\n"), 403},
      {"PUT", request("PUT", news, "Content-Length: 0\r\n"), 405},
  };
}

TEST_P(Publishing, RefusedEventGetsOneReasonAndIsDeliveredToNobody) {
  TestServer server(config());
  HttpClient publisher(server.port());
  SseClient subscriber(server.port(), "/channels/news");
  for (const RefusedPublish& test : refused_publishes()) {
    const HttpResponse response = publisher.ask(test.request);
    EXPECT_EQ(response.status, test.status) << test.name;
    EXPECT_TRUE(response.body.starts_with("{\"error\":\"")) << response.body;
    EXPECT_TRUE(response.body.ends_with("\"}\n")) << response.body;
    EXPECT_EQ(response.body.find('\n'), response.body.size() - 1) << test.name;
    // What comes next on the same connection is the first thing the subscriber hears of.
    const std::string id = published_id(publisher.publish("news", test.name));
    EXPECT_EQ(subscriber.next_event(), (StreamEvent{id, "", test.name}));
  }
  EXPECT_EQ(server.total(&Counters::accepted), 2U);
}

TEST_P(Publishing, ListedOriginMayPublishAndItsOwnPagesToo) {
  Config listed = config();
  listed.channels[0].cors.origins = {"https://page.example"};
  TestServer server(listed);
  HttpClient publisher(server.port());
  EXPECT_EQ(publisher.ask(post("/channels/news", "x", "Origin: https://page.example\r\n")).status,
            201);
  EXPECT_EQ(publisher.ask(post("/channels/news", "x", "Origin: https://other.example\r\n")).status,
            403);
  EXPECT_EQ(publisher.ask(post("/channels/news", "x", "Sec-Fetch-Site: same-origin\r\n")).status,
            201);
}

TEST_P(Publishing, LongestEventArrivesAndOneByteMoreDoesNot) {
  TestServer server(config());
  HttpClient publisher(server.port());
  SseClient subscriber(server.port(), "/channels/news");
  // What is sent may be 64 KiB, chunk framing included; an id of 13 digits and a one-digit
  // sequence.
  const size_t around = std::string_view("fff8\r\nid: 1732271234567-0\ndata: \n\n\r\n").size();
  const std::string longest(64 * 1024 - around, 'x');
  const std::string id = published_id(publisher.publish("news", longest));
  EXPECT_EQ(subscriber.next_event(), (StreamEvent{id, "", longest}));
  EXPECT_EQ(publisher.publish("news", longest + "x").status, 413);
}

TEST_P(Publishing, UploaderOfTenMegabytesReadsWhyItIsRefused) {
  TestServer server(config());
  HttpClient publisher(server.port());
  SseClient subscriber(server.port(), "/channels/news");
  const std::string upload(10 * 1000 * 1000, 'x');
  publisher.send(request("POST", "/channels/news",
                         "Content-Length: " + std::to_string(upload.size()) + "\r\n"));
  // It looks for an answer only when it has sent everything, as simple clients do.
  publisher.send(upload);
  const HttpResponse response = publisher.read_response();
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response["connection"], "close");
  EXPECT_EQ(publisher.wait_for_end(), TcpClient::End::kFin);
  EXPECT_TRUE(comes_true([&] { return server.closed(CloseCause::kRefused) == 1; }));
  EXPECT_EQ(server.total(&Counters::published), 0U);
}

TEST_P(Publishing, UnfinishedBodyIsNeverPublished) {
  TestServer server(config());
  SseClient subscriber(server.port(), "/channels/news");
  {
    TcpClient cut(server.port());
    cut.send(request("POST", "/channels/news", "Content-Length: 10\r\n") + "hello");
    cut.half_close();
    EXPECT_EQ(cut.read_to_end(), "");
  }
  TcpClient unterminated(server.port());
  unterminated.send(request("POST", "/channels/news", "Transfer-Encoding: chunked\r\n") +
                    "5\r\nhello\r\n");
  unterminated.half_close();
  EXPECT_EQ(unterminated.read_to_end(), "");
  const std::string id = published_id(HttpClient(server.port()).publish("news", "whole"));
  EXPECT_EQ(subscriber.next_event(), (StreamEvent{id, "", "whole"}));
}

}  // namespace
}  // namespace ringcast
