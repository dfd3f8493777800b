// Subscribing: what a browser, a proxy or a health check is answered on stream URLs, to the byte.

#include <gtest/gtest.h>

#include <set>

#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using net::CloseCause;
using net::Counters;

using Subscribing = EitherDescriptors;
RC_EITHER_DESCRIPTORS(Subscribing);

// A head with the one value that changes put in place: `Date: *`.
std::string without_date(std::string head) {
  const size_t at = head.find("Date: ") + 6;
  const size_t end = head.find("\r\n", at);
  EXPECT_EQ(end - at, std::string_view("Sun, 06 Nov 1994 08:49:37 GMT").size());
  EXPECT_TRUE(head.substr(at, end - at).ends_with(" GMT"));
  return head.replace(at, end - at, "*");
}

constexpr std::string_view kChunkedHead =
    "HTTP/1.1 200 OK\r\n"
    "Server: ringcast\r\n"
    "Date: *\r\n"
    "Content-Type: text/event-stream\r\n"
    "Cache-Control: no-cache, no-store, no-transform\r\n"
    "X-Accel-Buffering: no\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Transfer-Encoding: chunked\r\n"
    "Connection: close\r\n"
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Expose-Headers: Retry-After, Ringcast-Gap\r\n"
    "\r\n";

constexpr std::string_view kRawHead =
    "HTTP/1.1 200 OK\r\n"
    "Server: ringcast\r\n"
    "Date: *\r\n"
    "Content-Type: text/event-stream\r\n"
    "Cache-Control: no-cache, no-store, no-transform\r\n"
    "X-Accel-Buffering: no\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Connection: close\r\n"
    "Access-Control-Allow-Origin: *\r\n"
    "Access-Control-Expose-Headers: Retry-After, Ringcast-Gap\r\n"
    "\r\n";

TEST_P(Subscribing, StreamBeginsWithThisHeadAndPreludeBeforeThereIsAnyEvent) {
  TestServer server(config());
  TcpClient client(server.port());
  client.send(get("/channels/news"));
  EXPECT_EQ(without_date(client.read_until("\r\n\r\n")), kChunkedHead);
  constexpr std::string_view kPrelude = "e\r\n:\nretry: 4711\n\r\n";
  EXPECT_EQ(client.read_exactly(kPrelude.size()), kPrelude);
}

TEST_P(Subscribing, OldProxyGetsARawStreamThatEndsWithTheConnection) {
  TestServer server(config());
  for (const std::string_view extra : {"", "Connection: keep-alive\r\n"}) {
    TcpClient client(server.port());
    client.send("GET /channels/news HTTP/1.0\r\n" + std::string(extra) + "\r\n");
    EXPECT_EQ(without_date(client.read_until("\r\n\r\n")), kRawHead);
    constexpr std::string_view kPrelude = ":\nretry: 4711\n";
    EXPECT_EQ(client.read_exactly(kPrelude.size()), kPrelude);
  }
}

TEST_P(Subscribing, EventTravelsAsOneChunkOrAsIs) {
  TestServer server(config());
  TcpClient chunked(server.port());
  chunked.send(SseClient::request("/channels/news", WireFormat::kChunked));
  TcpClient raw(server.port());
  raw.send(SseClient::request("/channels/news", WireFormat::kRaw));
  (void)chunked.read_until("retry: 4711\n\r\n");
  (void)raw.read_until("retry: 4711\n");

  const std::string id = published_id(HttpClient(server.port()).publish("news", "a\r\nb"));
  const std::string frame = "id: " + id + "\ndata: a\ndata: b\n\n";
  EXPECT_EQ(raw.read_exactly(frame.size()), frame);
  char size[8];
  std::snprintf(size, sizeof size, "%zx", frame.size());
  const std::string chunk = std::string(size) + "\r\n" + frame + "\r\n";
  EXPECT_EQ(chunked.read_exactly(chunk.size()), chunk);
}

TEST_P(Subscribing, NothingTheRequestAsksForChangesTheStream) {
  Config streams = config();
  streams.listeners[0].serve_admin = false;  // where operators may ask for JSON instead
  TestServer server(streams);
  for (const std::string_view extra :
       {"Accept: application/json\r\n", "Accept-Encoding: gzip, br\r\n", "Range: bytes=0-\r\n",
        "If-None-Match: *\r\n", "Connection: upgrade\r\nUpgrade: h2c\r\n", "TE: trailers\r\n"}) {
    TcpClient client(server.port());
    client.send(get("/channels/news?unused=1", extra));
    EXPECT_EQ(without_date(client.read_until("\r\n\r\n")), kChunkedHead) << extra;
  }
}

TEST_P(Subscribing, EachConnectionIsToldItsOwnReconnectDelay) {
  Config wide = config();
  wide.channels[0].retry = {milliseconds(2000), milliseconds(8000)};
  TestServer server(wide);
  std::set<uint32_t> delays;
  for (int i = 0; i < 60; ++i) {
    const SseClient client(server.port(), "/channels/news");
    EXPECT_GE(client.retry_ms(), 2000U);
    EXPECT_LE(client.retry_ms(), 8000U);
    delays.insert(client.retry_ms());
  }
  EXPECT_GT(delays.size(), 30U);
}

TEST_P(Subscribing, HeadDescribesTheStreamWithoutOpeningOne) {
  TestServer server(config());
  HttpClient client(server.port());
  client.send(request("HEAD", "/channels/news"));
  const HttpHead head = client.read_head();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head["content-type"], "text/event-stream");
  EXPECT_EQ(head["x-accel-buffering"], "no");
  // The connection goes on, so there was no body and no stream.
  EXPECT_EQ(client.ask(get("/healthz/live")).body, "ok\n");
  EXPECT_EQ(server.streaming(), 0U);
}

TEST_P(Subscribing, ConfiguredPathIsTheSameStream) {
  Config with_path = config();
  with_path.channels[0].path = "/stream";
  TestServer server(with_path);
  SseClient client(server.port(), "/stream");
  SseClient encoded(server.port(), "/%73tream?x=1");
  const std::string id = published_id(HttpClient(server.port()).publish("news", "hello"));
  EXPECT_EQ(client.next_event(), (StreamEvent{id, "", "hello"}));
  EXPECT_EQ(encoded.next_event(), (StreamEvent{id, "", "hello"}));
  EXPECT_EQ(ask(server.port(), post("/stream", "x")).status, 405);
  EXPECT_EQ(ask(server.port(), get("/Stream")).status, 404);
  EXPECT_EQ(ask(server.port(), get("/stream/")).status, 404);
}

TEST_P(Subscribing, EachListenerServesWhatItIsConfiguredFor) {
  Config apart = config();
  apart.listeners = {{.host = "127.0.0.1", .serve_subscribe = true},
                     {.host = "127.0.0.1", .serve_subscribe = true},
                     {.host = "127.0.0.1", .serve_publish = true},
                     {.host = "127.0.0.1", .serve_admin = true}};
  TestServer server(apart);
  SseClient first(server.port(0), "/channels/news");
  SseClient second(server.port(1), "/channels/news");
  const HttpResponse published = ask(server.port(2), post("/channels/news", "to both"));
  EXPECT_NE(published.body.find("\"subscribers\":2}"), std::string::npos) << published.body;
  EXPECT_EQ(first.next_event().data, "to both");
  EXPECT_EQ(second.next_event().data, "to both");

  const HttpResponse not_here = ask(server.port(0), post("/channels/news", "no"));
  EXPECT_EQ(not_here.status, 405);
  EXPECT_EQ(not_here["allow"], "GET, HEAD, OPTIONS");
  EXPECT_EQ(ask(server.port(2), get("/channels/news")).status, 405);
  EXPECT_EQ(ask(server.port(0), get("/healthz/live")).status, 404);
  EXPECT_EQ(ask(server.port(3), get("/healthz/live")).status, 200);
  EXPECT_EQ(ask(server.port(3), get("/healthz/ready")).status, 200);
}

TEST_P(Subscribing, UnknownChannelsAndMethodsAreRefusedWithAReason) {
  TestServer server(config());
  for (const std::string_view target :
       {"/channels/nwes", "/channels/", "/channels/news/", "/channels//news", "/", "/event"}) {
    const HttpResponse response = ask(server.port(), get(target));
    EXPECT_EQ(response.status, 404) << target;
    EXPECT_EQ(response["content-type"], "application/json");
    EXPECT_TRUE(response.body.starts_with("{\"error\":\"") && response.body.ends_with("\"}\n"));
  }
  for (const std::string_view method : {"DELETE", "PUT", "PATCH"}) {
    const HttpResponse response = ask(server.port(), request(method, "/channels/news"));
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(response["allow"], "GET, HEAD, OPTIONS, POST");
    EXPECT_EQ(response["access-control-allow-origin"], "*");
  }
  for (const std::string_view method : {"BREW", "TRACE"}) {
    EXPECT_EQ(ask(server.port(), request(method, "/channels/news")).status, 501) << method;
  }
  EXPECT_EQ(server.streaming(), 0U);
}

TEST_P(Subscribing, PreflightAllowsWhatFetchBasedClientsSend) {
  TestServer server(config());
  const HttpResponse response =
      ask(server.port(), request("OPTIONS", "/channels/news",
                                 "Origin: https://page.example\r\n"
                                 "Access-Control-Request-Method: GET\r\n"
                                 "Access-Control-Request-Headers: last-event-id\r\n"));
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response["access-control-allow-origin"], "*");
  EXPECT_NE(response["access-control-allow-methods"].find("GET"), std::string::npos);
  EXPECT_NE(response["access-control-allow-headers"].find("Last-Event-ID"), std::string::npos);
  EXPECT_EQ(response["access-control-max-age"], "600");
}

TEST_P(Subscribing, ListedOriginsAloneMayRead) {
  Config listed = config();
  listed.channels[0].cors = {.origins = {"https://page.example"}, .credentials = true};
  TestServer server(listed);
  TcpClient allowed(server.port());
  allowed.send(get("/channels/news", "Origin: https://page.example\r\n"));
  const HttpHead head = HttpHead::parse(allowed.read_until("\r\n\r\n"));
  EXPECT_EQ(head["access-control-allow-origin"], "https://page.example");
  EXPECT_EQ(head["access-control-allow-credentials"], "true");
  EXPECT_EQ(head["vary"], "Origin");
  TcpClient other(server.port());
  other.send(get("/channels/news", "Origin: https://page.example.evil\r\n"));
  const HttpHead other_head = HttpHead::parse(other.read_until("\r\n\r\n"));
  EXPECT_EQ(other_head["access-control-allow-origin"], "");
  EXPECT_EQ(other_head["vary"], "Origin");
}

TEST_P(Subscribing, HealthCheckOfAnOldLoadBalancerIsAnsweredAndItsResetIsNoTrouble) {
  TestServer server(config());
  HttpClient client(server.port());
  client.send("OPTIONS / HTTP/1.0\r\n\r\n");
  const HttpResponse response = client.read_response();
  EXPECT_EQ(response.status, 204);
  EXPECT_FALSE(response["allow"].empty());
  EXPECT_EQ(response["connection"], "close");
  client.reset();
  EXPECT_EQ(ask(server.port(), get("/healthz/ready")).status, 200);
}

TEST_P(Subscribing, SlotIsFreeAgainWhenTheSubscriberGoes) {
  TestServer server(config());
  for (int round = 0; round < 3; ++round) {
    SseClient client(server.port(), "/channels/news");
    EXPECT_EQ(server.streaming(), 1U);
    client.socket().close();
    EXPECT_TRUE(comes_true([&] { return server.streaming() == 0 && server.open() == 0; }));
  }
  EXPECT_EQ(server.closed(CloseCause::kPeerGone), 3U);
}

TEST_P(Subscribing, StreamFollowsTheAnswersPipelinedBeforeIt) {
  TestServer server(config());
  // Once as browsers ask and once as one-shot clients do, who want the connection to end after it.
  for (const std::string_view extra : {"", "Connection: close\r\n"}) {
    HttpClient client(server.port());
    client.send(post("/channels/news", "before") + get("/channels/news", extra));
    EXPECT_EQ(client.read_response().status, 201);
    EXPECT_EQ(without_date(client.read_until("\r\n\r\n")), kChunkedHead);
    EXPECT_EQ(client.read_until("retry: 4711\n\r\n"), "e\r\n:\nretry: 4711\n\r\n");
  }
}

}  // namespace
}  // namespace ringcast
