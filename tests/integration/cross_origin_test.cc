// Web pages of other origins: what they may read of answers that belong to no channel in particular.

#include <gtest/gtest.h>

#include "tests/support/http_client.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

constexpr std::string_view kOurs = "https://ours.example";
constexpr std::string_view kTheirs = "https://theirs.example";
constexpr std::string_view kNobodys = "https://nobodys.example";

class CrossOrigin : public EitherDescriptors {
 protected:
  // Two channels whose pages are ours and theirs.
  static Config listed() {
    Config listed = config();
    listed.channels[0].cors.origins = {std::string(kOurs)};
    listed.channels.push_back(listed.channels[0]);
    listed.channels[1].name = "weather";
    listed.channels[1].cors.origins = {std::string(kTheirs)};
    return listed;
  }
  // And one for everybody.
  static Config open_to_all() {
    Config open = listed();
    open.channels.push_back(open.channels[0]);
    open.channels[2].name = "open";
    open.channels[2].cors.origins = {"*"};
    return open;
  }

  static std::string from(std::string_view origin) {
    return "Origin: " + std::string(origin) + "\r\n";
  }
  static HttpResponse preflight(const TestServer& server, std::string_view target,
                                std::string_view origin, const std::string& method) {
    return ask(server.port(),
               request("OPTIONS", target,
                       from(origin) + "Access-Control-Request-Method: " + method + "\r\n"));
  }
  static std::string readable_by(const HttpHead& answer) {
    return answer["access-control-allow-origin"];
  }

  static constexpr std::string_view kLine = R"({"channel":"news","data":"x"})";
};
RC_EITHER_DESCRIPTORS(CrossOrigin);

TEST_P(CrossOrigin, PageThatMayPublishABatchMayReadWhatItIsTold) {
  TestServer server(open_to_all());
  const HttpResponse committed = ask(server.port(), post("/events", kLine, from(kOurs)));
  EXPECT_EQ(committed.status, 201);
  EXPECT_EQ(readable_by(committed), kOurs);
  EXPECT_EQ(committed["vary"], "Origin");
  const HttpResponse broken = ask(server.port(), post("/events", "{", from(kOurs)));
  EXPECT_EQ(broken.status, 400);
  EXPECT_EQ(readable_by(broken), kOurs);
  // Of another channel than its own, it may at least learn why not.
  const HttpResponse foreign = ask(server.port(), post("/events", kLine, from(kTheirs)));
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(readable_by(foreign), kTheirs);
  const HttpResponse stranger = ask(server.port(), post("/events", kLine, from(kNobodys)));
  EXPECT_EQ(stranger.status, 403);
  EXPECT_EQ(readable_by(stranger), "") << "what everybody may read, nobody may publish";
}

TEST_P(CrossOrigin, PreflightOfABatchAsksForAnyOfTheListedOrigins) {
  TestServer server(open_to_all());
  for (const std::string_view origin : {kOurs, kTheirs}) {
    const HttpResponse answer = preflight(server, "/events", origin, "POST");
    EXPECT_EQ(answer.status, 204);
    EXPECT_EQ(readable_by(answer), origin);
    EXPECT_NE(answer["access-control-allow-methods"].find("POST"), std::string::npos);
    EXPECT_NE(answer["access-control-allow-headers"].find("Content-Type"), std::string::npos);
  }
  const HttpResponse stranger = preflight(server, "/events", kNobodys, "POST");
  EXPECT_EQ(readable_by(stranger), "");
  EXPECT_EQ(stranger["access-control-allow-methods"], "");
}

TEST_P(CrossOrigin, PreflightOfAStreamAsksForItsChannels) {
  TestServer server(listed());
  EXPECT_EQ(readable_by(preflight(server, "/events?channel=news", kOurs, "GET")), kOurs);
  EXPECT_EQ(readable_by(preflight(server, "/events?channel=news", kTheirs, "GET")), "");
  EXPECT_EQ(readable_by(preflight(server, "/events?channel=news&channel=weather", kOurs, "GET")),
            "");
  // The error that comes of the question is to be read, too.
  EXPECT_EQ(readable_by(preflight(server, "/events?channel=nwes", kOurs, "GET")), kOurs);
}

TEST_P(CrossOrigin, ErrorsThatBelongToNoChannelAreForTheReadersOfAny) {
  const std::vector<std::string> targets{"/events", "/events?channel=nwes",
                                         "/events?channel=news&channel=nwes", "/channels/nwes"};
  TestServer some(listed());
  TestServer all(open_to_all());
  for (const std::string& target : targets) {
    for (const std::string_view origin : {kOurs, kTheirs}) {
      const HttpResponse error = ask(some.port(), get(target, from(origin)));
      EXPECT_GE(error.status, 400) << target;
      EXPECT_EQ(readable_by(error), origin) << target;
    }
    EXPECT_EQ(readable_by(ask(some.port(), get(target, from(kNobodys)))), "") << target;
    EXPECT_EQ(readable_by(ask(all.port(), get(target, from(kNobodys)))), "*") << target;
  }
  EXPECT_EQ(readable_by(ask(some.port(), post("/channels/nwes", "x", from(kOurs)))), kOurs);
  EXPECT_EQ(readable_by(ask(all.port(), get("/no/channel", from(kOurs)))), kOurs);
  EXPECT_EQ(readable_by(ask(all.port(), get("/no/channel", from(kNobodys)))), "*");
  EXPECT_EQ(readable_by(ask(all.port(), get("/metrics", from(kOurs)))), "") << "for no page";
}

// --- Every kind of answer, by what it says of origins

constexpr std::string_view kBelow = "https://eu.app.example";
constexpr std::string_view kSandboxed = "null";

struct AnswerCase {
  std::string_view what;
  std::string method;
  std::string_view target;
  std::string_view origin;  // empty: none
  std::string_view lines;   // of the request, besides
  int status;
  std::string_view readable_by;  // empty: nobody is named
  std::string_view varies;
  std::string_view credentials;
  std::string_view body = "";
};

// Channels that are read by listed origins with credentials, by everybody, and by nobody.
class EveryAnswer : public CrossOrigin {
 protected:
  static Config channels() {
    Config three = config();
    three.channels[0].cors = {.origins = {std::string(kOurs), "https://*.app.example"},
                              .credentials = true,
                              .request_headers = {"X-Trace-Id"},
                              .max_age = milliseconds{600'000}};
    for (const char* name : {"open", "closed", "open2"}) {
      three.channels.push_back(three.channels[0]);
      three.channels.back().name = name;
      three.channels.back().cors = {};
    }
    three.channels[2].cors.origins = {};
    return three;
  }

  static std::string text(const AnswerCase& row) {
    std::string lines(row.lines);
    if (!row.origin.empty()) lines += from(row.origin);
    return row.method == "POST" ? post(row.target, row.body, lines)
                                : request(row.method, row.target, lines);
  }

  static void expect_as_said(const AnswerCase& row, const HttpHead& answer) {
    SCOPED_TRACE(row.what);
    EXPECT_EQ(answer.status, row.status);
    EXPECT_EQ(readable_by(answer), row.readable_by);
    EXPECT_EQ(answer["vary"], row.varies);
    EXPECT_EQ(answer["access-control-allow-credentials"], row.credentials);
    const bool is_preflight = row.method == "OPTIONS";
    EXPECT_EQ(answer["access-control-expose-headers"],
              row.readable_by.empty() || is_preflight ? "" : "Retry-After, Ringcast-Gap");
    EXPECT_EQ(answer["access-control-max-age"],
              row.readable_by.empty() || !is_preflight ? "" : "600");
  }
};
RC_EITHER_DESCRIPTORS(EveryAnswer);

TEST_P(EveryAnswer, NamesWhoMayReadItAndSaysWhenItWouldNameAnother) {
  constexpr std::string_view kAsksGet = "Access-Control-Request-Method: GET\r\n";
  const AnswerCase kCases[] = {
      {"a stream", "GET", "/channels/news", kOurs, "", 200, kOurs, "Origin", "true"},
      {"below a domain", "GET", "/channels/news", kBelow, "", 200, kBelow, "Origin", "true"},
      {"the domain", "GET", "/channels/news", "https://app.example", "", 200, "", "Origin", ""},
      {"a stranger", "GET", "/channels/news", kNobodys, "", 200, "", "Origin", ""},
      {"a sandbox", "GET", "/channels/news", kSandboxed, "", 200, "", "Origin", ""},
      {"no origin", "GET", "/channels/news", "", "", 200, "", "Origin", ""},
      {"no origin, head", "HEAD", "/channels/news", "", "", 200, "", "Origin", ""},
      {"for everybody", "GET", "/channels/open", kNobodys, "", 200, "*", "", ""},
      {"for everybody, no origin", "GET", "/channels/open", "", "", 200, "*", "", ""},
      {"off", "GET", "/channels/closed", kOurs, "", 200, "", "", ""},
      {"both", "GET", "/events?channel=news&channel=open", kOurs, "", 200, kOurs, "Origin", "true"},
      {"both, the other first", "GET", "/events?channel=open&channel=news", kOurs, "", 200, kOurs,
       "Origin", "true"},
      {"both, a stranger", "GET", "/events?channel=news&channel=open", kNobodys, "", 200, "",
       "Origin", ""},
      {"with one that is off", "GET", "/events?channel=news&channel=closed", kOurs, "", 200, "", "",
       ""},
      {"two for everybody", "GET", "/events?channel=open&channel=open2", kOurs, "", 200, "*", "",
       ""},
      {"resuming", "GET", "/channels/news", kOurs, "Last-Event-ID: 1-0\r\n", 200, kOurs, "Origin",
       "true"},
      {"an id that is none", "GET", "/channels/news", kOurs, "Last-Event-ID: \x7f\r\n", 400, "*",
       "Origin", ""},
      {"preflight", "OPTIONS", "/channels/news", kOurs, kAsksGet, 204, kOurs, "Origin", "true"},
      {"preflight, everybody", "OPTIONS", "/channels/open", kOurs, kAsksGet, 204, "*", "", ""},
      {"preflight, stranger", "OPTIONS", "/channels/news", kNobodys, kAsksGet, 204, "", "Origin",
       ""},
      {"405", "PUT", "/channels/news", kOurs, "", 405, kOurs, "Origin", "true"},
      {"404", "GET", "/channels/nwes", kOurs, "", 404, kOurs, "Origin", "true"},
      {"404, stranger", "GET", "/channels/nwes", kNobodys, "", 404, "*", "Origin", ""},
      {"404, no path", "GET", "/nowhere", kOurs, "", 404, kOurs, "Origin", "true"},
      {"403", "POST", "/channels/news", kNobodys, "", 403, "", "Origin", "", "x"},
      {"201", "POST", "/channels/news", kOurs, "", 201, kOurs, "Origin", "true", "x"},
      {"201, no origin", "POST", "/channels/news", "", "", 201, "", "Origin", "", "x"},
      {"400", "POST", "/channels/news?ttl=x", kOurs, "", 400, kOurs, "Origin", "true", "x"},
      {"400 as HTTP", "GET", "/channels/news", kOurs, "Content-Length: x\r\n", 400, "*", "Origin",
       ""},
      {"417", "GET", "/channels/news", kOurs, "Expect: x\r\n", 417, kOurs, "Origin", "true"},
  };
  TestServer server(channels());
  for (const AnswerCase& row : kCases) {
    HttpClient client(server.port());
    client.send(text(row));
    expect_as_said(row, client.read_head());
  }
}

// What is hidden is answered as what does not exist is, and readable for a page with cookies all the same: to EventSource a
// 401 it may not read is a network error, after which it would come back for ever.
TEST_P(EveryAnswer, RefusalsOfWhatIsHiddenAreForThePagesThatMayAsk) {
  constexpr std::string_view kAsksPost = "Access-Control-Request-Method: POST\r\n";
  constexpr std::string_view kAsksGet = "Access-Control-Request-Method: GET\r\n";
  Config hiding = channels();
  for (const size_t i : {0U, 1U}) {
    hiding.channels[i].access = {SubscribeAccess::kToken, {.loopback = false, .token = true}};
  }
  TestServer server(hiding);
  for (const std::string_view target : {"/channels/news", "/channels/open", "/channels/nwes"}) {
    const AnswerCase kCases[] = {
        {"ours", "GET", target, kOurs, "", 401, kOurs, "Origin", "true"},
        {"a stranger", "GET", target, kNobodys, "", 401, "*", "Origin", ""},
        {"no origin", "GET", target, "", "", 401, "*", "Origin", ""},
        {"preflight", "OPTIONS", target, kOurs, kAsksGet, 204, kOurs, "Origin", "true"},
        {"publishing", "OPTIONS", target, kOurs, kAsksPost, 204, kOurs, "Origin", "true"},
    };
    for (const AnswerCase& row : kCases) {
      SCOPED_TRACE(target);
      HttpClient client(server.port());
      client.send(text(row));
      expect_as_said(row, client.read_head());
    }
  }
  const AnswerCase refused{"publish", "POST", "/channels/news", kOurs,  "",
                           401,       kOurs,  "Origin",         "true", "x"};
  HttpClient client(server.port());
  client.send(text(refused));
  expect_as_said(refused, client.read_head());
}

TEST_P(EveryAnswer, PreflightListsTheHeadersOneByOne) {
  TestServer server(channels());
  const HttpResponse answer = preflight(server, "/channels/news", kOurs, "GET");
  EXPECT_EQ(answer["access-control-allow-headers"],
            "Authorization, Cache-Control, Content-Type, Idempotency-Key, Last-Event-ID, "
            "X-Requested-With, X-Trace-Id");
  EXPECT_EQ(answer["access-control-allow-methods"], "GET, HEAD, OPTIONS, POST");
  EXPECT_EQ(answer.body, "");
}

}  // namespace
}  // namespace ringcast
