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
  EXPECT_EQ(readable_by(ask(all.port(), get("/no/channel", from(kOurs)))), "");
}

}  // namespace
}  // namespace ringcast
