// What stands on the wire of a running server, to the byte, and what no request can make stand
// there. The rules for a single event are a table in unit/wire_exactness_test.cc.

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "tests/support/chunked_body.h"
#include "tests/support/hostile_text.h"
#include "tests/support/http_client.h"
#include "tests/support/line_ends.h"
#include "tests/support/sse_parser.h"
#include "tests/support/task.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using namespace std::string_literals;

using Wire = EitherDescriptors;
RC_EITHER_DESCRIPTORS(Wire);

constexpr std::string_view kPrelude = ":\nretry: 4711\n";

// A subscriber that keeps the bytes of the body as they are, but for the chunks around them.
class RawStream {
 public:
  explicit RawStream(uint16_t port, std::string_view extra = "") : socket_(port) {
    socket_.send(get("/channels/news", extra));
    head_ = HttpHead::parse(socket_.read_until("\r\n\r\n"));
    while (body_.chunks().empty()) read();
  }

  // Reads until that many chunks have come; the first is the prelude.
  void read_chunks(size_t count) {
    while (body_.chunks().size() < count) read();
  }
  // Reads to the end of the connection, which must come after the last chunk.
  void read_to_end() {
    text_ += body_.feed(socket_.read_to_end());
    EXPECT_TRUE(body_.is_complete()) << "the connection ended within the stream";
  }

  [[nodiscard]] const HttpHead& head() const noexcept { return head_; }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] const std::vector<std::string>& chunks() const noexcept { return body_.chunks(); }
  [[nodiscard]] TcpClient& socket() noexcept { return socket_; }

 private:
  void read() {
    const std::string bytes = socket_.read_some();
    if (bytes.empty()) throw ClientFailure("the stream ended early");
    text_ += body_.feed(bytes);
  }

  TcpClient socket_;
  HttpHead head_;
  ChunkedBody body_;
  std::string text_;
};

std::string post_typed(std::string_view type, std::string_view data) {
  return post("/channels/news?event=" + percent_encoded(type), data);
}

// Sent
// -------------------------------------------------------------------------------------------

TEST_P(Wire, FirstEventFollowsThePreludeAndNothingStandsBetween) {
  TestServer server(config());
  RawStream stream(server.port());
  EXPECT_EQ(stream.text(), kPrelude) << "no byte order mark, and no blank line after the delay";
  const std::string id = published_id(HttpClient(server.port()).publish("news", "\uFEFFhi"));
  stream.read_chunks(2);
  EXPECT_EQ(stream.text(), std::string(kPrelude) + "id: " + id + "\ndata: \uFEFFhi\n\n");
}

TEST_P(Wire, HeartbeatIsACommentAloneInItsChunk) {
  Config quick = config();
  quick.channels[0].heartbeat = milliseconds(100);
  TestServer server(quick);
  RawStream stream(server.port());
  stream.read_chunks(3);
  EXPECT_EQ(stream.chunks(), (std::vector<std::string>{std::string(kPrelude), ":\n", ":\n"}));
}

TEST_P(Wire, OneEventIsOneChunkToTheByte) {
  TestServer server(config());
  RawStream stream(server.port());
  const std::string id = published_id(HttpClient(server.port()).publish("news", "a"));
  ASSERT_EQ(id.size(), std::string_view("1732271234567-0").size());
  // The id line has 20 bytes, the data line 8, and the blank line one.
  const std::string chunk = "1d\r\nid: " + id + "\ndata: a\n\n\r\n";
  EXPECT_EQ(stream.socket().read_exactly(chunk.size()), chunk);
}

TEST_P(Wire, EveryEventIsAChunkOfItsOwnAlsoWhenManyComeAtOnce) {
  TestServer server(config());
  RawStream stream(server.port());
  HttpClient publisher(server.port());
  constexpr size_t kEvents = 50;
  std::string requests;
  for (size_t i = 0; i < kEvents; ++i) requests += post("/channels/news", std::to_string(i));
  publisher.send(requests);
  std::vector<std::string> expected{std::string(kPrelude)};
  for (size_t i = 0; i < kEvents; ++i) {
    expected.push_back("id: " + published_id(publisher.read_response()) +
                       "\ndata: " + std::to_string(i) + "\n\n");
  }
  stream.read_chunks(expected.size());
  EXPECT_EQ(stream.chunks(), expected);
}

TEST_P(Wire, HostileEventsArriveAsPublishedWithoutACarriageReturnOrABlankLineTooMany) {
  TestServer server(config());
  RawStream stream(server.port());
  HttpClient publisher(server.port());
  Dice dice(1);
  std::vector<DispatchedEvent> expected;
  for (int i = 0; i < 300; ++i) {
    const std::string type = hostile_type(dice);
    const std::string data = hostile_data(dice, 12);
    const std::string id = published_id(publisher.ask(post_typed(type, data)));
    expected.push_back({id, type.empty() ? "message" : type, with_lf_line_ends(data)});
  }
  server.stop();
  stream.read_to_end();
  EXPECT_EQ(SseParser::parse(stream.text()), expected);
  EXPECT_EQ(stream.text().find('\r'), std::string::npos);
  EXPECT_EQ(stream.text().find("\n\n\n"), std::string::npos);
  EXPECT_EQ(stream.chunks().size(), 1 + expected.size());
  for (const std::string& chunk : stream.chunks()) {
    EXPECT_TRUE(&chunk == &stream.chunks().front() || chunk.find("\n\n") == chunk.size() - 2)
        << testing::PrintToString(chunk);
  }
}

TEST_P(Wire, StreamThatEndsWhileEventsComeEndsBetweenTwoOfThem) {
  TestServer server(config());
  const uint16_t port = server.port();
  RawStream stream(port);
  std::atomic<size_t> committed = 0;
  Task publishing = in_background([&] {
    HttpClient publisher(port);
    try {
      while (publisher.publish("news", "a\r\nb\n").status == 201) ++committed;
    } catch (const ClientFailure&) {
      // The server has stopped.
    }
  });
  ASSERT_TRUE(comes_true([&] { return committed > 100; }));
  server.stop();
  publishing.get();
  stream.read_to_end();
  EXPECT_TRUE(stream.text().ends_with("data: b\ndata: \n\n"));
  EXPECT_GE(SseParser::parse(stream.text()).size(), committed);
}

TEST_P(Wire, ThousandConnectionsAreSpreadOverTheDelaysConfigured) {
  Config wide = config();
  wide.channels[0].retry = {milliseconds(2000), milliseconds(8000)};
  TestServer server(wide);
  std::set<uint64_t> delays;
  for (int i = 0; i < 1000; ++i) {
    RawStream stream(server.port());
    SseParser client;
    client.feed(stream.text());
    ASSERT_TRUE(client.retry_ms().has_value());
    ASSERT_GE(*client.retry_ms(), 2000U);
    ASSERT_LE(*client.retry_ms(), 8000U);
    delays.insert(*client.retry_ms());
  }
  // Of 1000 draws from 6001 values, 921 differ on average.
  EXPECT_GE(delays.size(), 500U);
}

TEST_P(Wire, IdIsWhatThePublisherWasToldAndIsHarmlessInAHeader) {
  TestServer server(config());
  RawStream stream(server.port());
  HttpClient publisher(server.port());
  const std::string id = published_id(publisher.publish("news", "x"));
  EXPECT_TRUE(std::regex_match(id, std::regex("[A-Za-z0-9._~-]{1,64}"))) << id;
  stream.read_chunks(2);
  EXPECT_EQ(SseParser::parse(stream.text()).at(0).last_event_id, id);
}

TEST_P(Wire, TypeCalledMessageIsNoTypeAndNoDataIsAnEvent) {
  TestServer server(config());
  RawStream stream(server.port());
  HttpClient publisher(server.port());
  std::vector<std::string> expected{std::string(kPrelude)};
  struct {
    std::string query, lines;
  } const cases[] = {
      {"?event=message", "data: \n"},
      {"?event=", "data: \n"},
      {"?event", "data: \n"},
      {"?event=tick", "event: tick\ndata: \n"},
      {"?event=Message", "event: Message\ndata: \n"},
  };
  for (const auto& test : cases) {
    const std::string id = published_id(publisher.ask(post("/channels/news" + test.query, "")));
    expected.push_back("id: " + id + "\n" + test.lines + "\n");
  }
  stream.read_chunks(expected.size());
  EXPECT_EQ(stream.chunks(), expected);
}

// Attempted
// -------------------------------------------------------------------------------------------

TEST_P(Wire, RefusedTypesAndBytesAreAnsweredWithTheirReasonAndReachNobody) {
  TestServer server(config());
  RawStream stream(server.port());
  HttpClient publisher(server.port());
  struct {
    std::string type, data, reason;
  } const cases[] = {
      {"", "\xFF", "data is not valid UTF-8"},
      {"", "\xC0\xAF", "data is not valid UTF-8"},
      {"", "\xED\xA0\x80", "data is not valid UTF-8"},
      {"", "\xE2\x80", "data is not valid UTF-8"},
      {"\xFF", "x", "event type is not valid UTF-8"},
      {"\xC0\xAF", "x", "event type is not valid UTF-8"},
      {"\xED\xA0\x80", "x", "event type is not valid UTF-8"},
      {"\xE2\x80", "x", "event type is not valid UTF-8"},
      {"a\ndata:x", "x", "event type contains a control character"},
      {"a\r\n\r\ndata:x", "x", "event type contains a control character"},
      {"a\rx", "x", "event type contains a control character"},
      {"a\0x"s, "x", "event type contains a control character"},
      {"\x1b[2J", "x", "event type contains a control character"},
      {"a\x7f", "x", "event type contains a control character"},
      {"error", "x", "event types 'error' and 'open' are reserved by browsers"},
      {"open", "x", "event types 'error' and 'open' are reserved by browsers"},
      {std::string(129, 't'), "x",
       "event type is longer than 128 bytes; keep it a name and put the rest into the data"},
  };
  for (const auto& test : cases) {
    const HttpResponse response = publisher.ask(post_typed(test.type, test.data));
    EXPECT_EQ(response.status, 400) << test.reason;
    EXPECT_EQ(response.body, "{\"error\":\"" + test.reason + "\"}\n");
  }
  // What is just not refused is the first that is sent.
  const std::string longest(128, 't');
  const std::string id = published_id(publisher.ask(post_typed(longest, "\u2026")));
  stream.read_chunks(2);
  EXPECT_EQ(stream.text(),
            std::string(kPrelude) + "id: " + id + "\nevent: " + longest + "\ndata: \u2026\n\n");
}

// Publishers have no say in ids and delays, and there is no way to send a frame or a comment as it
// is: whatever else a request holds means nothing to the stream.
TEST_P(Wire, NothingButTypeAndDataComesFromAPublisher) {
  TestServer server(config());
  RawStream stream(server.port());
  HttpClient publisher(server.port());
  const std::string request =
      post("/channels/news?id=1%0Aretry:1&retry=5&comment=x%0Adata:y&data=z&raw=1", "x",
           "Last-Event-ID: 99\r\nContent-Type: text/event-stream\r\n");
  const std::string id = published_id(publisher.ask(request));
  const std::string frame =
      published_id(publisher.ask(post("/channels/news", "id: 1\nretry: 5\n:\ndata: y\n\n")));
  stream.read_chunks(3);
  EXPECT_EQ(stream.text(), std::string(kPrelude) + "id: " + id + "\ndata: x\n\n" + "id: " + frame +
                               "\ndata: id: 1\ndata: retry: 5\ndata: :\ndata: data: y\ndata: "
                               "\ndata: \n\n");
}

TEST_P(Wire, LengthCountsAsSentAndIsTheChannelsToSay) {
  TestServer server(config());
  HttpClient publisher(server.port());
  EXPECT_EQ(publisher.publish("news", std::string(65'000, 'x')).status, 201);
  EXPECT_EQ(publisher.publish("news", std::string(70'000, 'x')).status, 413);
  // Line ends become field names: 1000 bytes are too many when they are 7000 on the wire.
  Config small = config();
  small.channels[0].event_bytes_max = 2048;
  TestServer strict(small);
  HttpClient second(strict.port());
  EXPECT_EQ(second.publish("news", std::string(1000, 'x')).status, 201);
  EXPECT_EQ(second.publish("news", std::string(1000, '\n')).status, 413);
}

TEST_P(Wire, RequestValuesReachAHeaderOnlyWhenTheyAreListedOrigins) {
  Config listed = config();
  listed.channels[0].cors.origins = {"https://a", "https://ab"};
  TestServer server(listed);
  for (const std::string& origin : {"https://a\x01"s
                                    "b"s,
                                    "https://a\x7f"s, "https://a\tb"s, "https://\xC3\xA9"s,
                                    "https://a b"s, "https://a, https://ab"s}) {
    HttpClient client(server.port());
    client.send(get("/channels/news", "Origin: " + origin + "\r\n"));
    const HttpHead head = client.read_head();
    EXPECT_EQ(head["access-control-allow-origin"], "") << testing::PrintToString(origin);
  }
  EXPECT_EQ(
      RawStream(server.port(), "Origin: https://ab\r\n").head()["access-control-allow-origin"],
      "https://ab");
}

// An id in a request may be anything: it does not change the status, and nothing of it is sent back, be
// the subscriber told of a gap or not.
TEST_P(Wire, LastEventIdIsNeverSentBack) {
  TestServer server(config());
  const RawStream plain(server.port());
  RawStream told(server.port(), "Last-Event-ID: unknown\r\n");
  told.read_chunks(2);
  HttpHead expected = told.head();
  EXPECT_EQ(expected.headers.count("ringcast-gap"), 1U);
  EXPECT_EQ(plain.head().headers.count("ringcast-gap"), 0U);
  expected.headers.erase("date");
  for (const std::string_view id :
       {"\"><script>forged", "%0d%0aSet-Cookie:forged", "\xE2\x80\xA6 forged", "\xFF forged",
        "1 forged\tx", "forged; a=b"}) {
    RawStream stream(server.port(), "Last-Event-ID: " + std::string(id) + "\r\n");
    stream.read_chunks(2);
    HttpHead head = stream.head();
    head.headers.erase("date");
    EXPECT_EQ(head.status_line, "HTTP/1.1 200 OK") << id;
    EXPECT_EQ(head.headers, expected.headers) << id;
    EXPECT_EQ(stream.text(), told.text()) << id;
  }
  // Control bytes cannot stand in a header at all.
  HttpClient client(server.port());
  client.send(get("/channels/news", "Last-Event-ID: forged\x7f\r\n"));
  const HttpHead refusal = client.read_head();
  for (const auto& [name, value] : refusal.headers) {
    EXPECT_EQ(value.find("forged"), std::string::npos) << name << ": " << value;
  }
}

// What stands in a label is escaped, or it would end the label. (Channel names never need it: a
// configuration takes only letters, digits and . _ ~ - / in them.)
TEST_P(Wire, MetricsAreWellFormedText) {
  TestServer server(config());
  (void)ask(server.port(), post("/channels/a%22b%5Cc", "x"));
  const HttpResponse metrics = ask(server.port(), get("/metrics"));
  ASSERT_EQ(metrics.status, 200);
  const std::string label = R"([a-z_]+="([^"\\]|\\["\\n])*")";
  const std::string labels = R"((\{)" + label + "(," + label + R"()*\})?)";
  const std::regex line("# (HELP|TYPE) [a-z_]+ .+|[a-z_]+" + labels + " [0-9.e+]+");
  std::istringstream lines(metrics.body);
  size_t count = 0;
  for (std::string text; std::getline(lines, text); ++count) {
    EXPECT_TRUE(std::regex_match(text, line)) << text;
  }
  EXPECT_GT(count, 20U);
}

}  // namespace
}  // namespace ringcast
