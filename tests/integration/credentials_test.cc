// Where a credential travels, and what is said of one that is not good: always the same, and nothing of itself.

#include "tests/support/access_rig.h"

namespace ringcast {
namespace {

using namespace std::string_literals;

using Credentials = AccessTest;
RC_EITHER_DESCRIPTORS(Credentials);

struct Sent {
  std::string what;
  std::string target;
  std::string headers;
  int status;
};

TEST_P(Credentials, WhereTheCredentialTravels) {
  TestServer server(config());
  const std::string good = token_for("u", R"(,"channels":["prices"])");
  const std::string soon = token_for("u", R"(,"channels":["prices"])", 60'000);
  const std::string path = "/channels/prices";
  const Sent kSent[] = {
      {"header", path, bearer(good), 200},
      {"header in lower case", path, "authorization: bEARER " + good + "\r\n", 200},
      {"two spaces", path, "Authorization: Bearer  " + good + "\r\n", 400},
      {"no token", path, "Authorization: Bearer\r\n", 400},
      {"nothing at all", path, "Authorization:\r\n", 400},
      {"two tokens", path, "Authorization: Bearer " + good + " " + good + "\r\n", 400},
      {"two in a list", path, "Authorization: Bearer " + good + ", x\r\n", 400},
      {"two headers", path, bearer(good) + bearer(good), 400},
      {"another scheme", path, "Authorization: Basic dTpw\r\n", 401},
      {"another scheme, good cookie", path,
       "Authorization: Basic dTpw\r\nCookie: t=" + good + "\r\n", 401},
      {"bad header, good cookie", path, bearer("a.b.c") + "Cookie: t=" + good + "\r\n", 401},
      {"good header, bad cookie", path, bearer(good) + "Cookie: t=x; t=y\r\n", 200},
      {"a key does not read", path, bearer("rck_billing"), 403},
      {"an unknown key", path, bearer("rck_bill"), 401},
      {"cookie", path, "Cookie: t=" + good + "\r\n", 200},
      {"cookie among others", path, "Cookie: a=b; tt=x; t=" + good + "; c\r\n", 200},
      {"second line", path, "Cookie: a=b\r\nCookie: t=" + good + "\r\n", 200},
      {"the name in capitals", path, "Cookie: T=" + good + "\r\n", 401},
      {"twice", path, "Cookie: t=a; t=b\r\n", 401},
      {"twice, good first", path, "Cookie: t=" + good + "; t=b\r\n", 401},
      {"twice, in two lines", path, "Cookie: t=" + good + "\r\nCookie: t=" + good + "\r\n", 401},
      {"empty cookie", path, "Cookie: t=\r\n", 401},
      {"eight lines, then it", path,
       "Cookie: a=1\r\nCookie: a=2\r\nCookie: a=3\r\nCookie: a=4\r\nCookie: a=5\r\nCookie: a=6\r\n"
       "Cookie: a=7\r\nCookie: a=8\r\nCookie: t=" +
           good + "\r\n",
       401},
      {"ticket", path + "?ticket=" + soon, "", 200},
      {"ticket of an hour", path + "?ticket=" + good, "", 401},
      {"two tickets", path + "?ticket=" + soon + "&ticket=" + soon, "", 401},
      {"empty ticket", path + "?ticket=", "", 401},
      {"bad header, good ticket", path + "?ticket=" + soon, bearer("a.b.c"), 401},
      {"bad cookie, good ticket", path + "?ticket=" + soon, "Cookie: t=x\r\n", 401},
      {"another name", path + "?Ticket=" + soon, "", 401},
      {"a key in the URL", path + "?ticket=rck_billing", "", 401},
  };
  for (const auto& [what, target, headers, status] : kSent) {
    const std::string answer = all_but_date(server.port(kPublic), request("HEAD", target, headers));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status))) << what << '\n' << answer;
    EXPECT_EQ(answer.find("Basic"), answer.npos);
    EXPECT_EQ(answer.find(good), answer.npos);
    EXPECT_EQ(answer.find(soon), answer.npos);
  }
  // In a cookie and in the URL alike, for real streams; and a publish takes none from a URL.
  SseClient by_cookie(server.port(kPublic), path, with("Cookie: t=" + good + "\r\n"));
  EXPECT_EQ(by_cookie.head()["cache-control"], "private, no-cache, no-store, no-transform");
  SseClient by_ticket(server.port(kPublic), path + "?ticket=" + soon);
  EXPECT_EQ(by_ticket.head()["referrer-policy"], "no-referrer");
  const std::string writer = token_for("u", R"(,"publish":["prices"])", 60'000);
  EXPECT_EQ(ask(server.port(kPublic), post(path + "?ticket=" + writer, "x")).status, 401);
  EXPECT_EQ(ask(server.port(kPublic), post(path, "x", bearer(writer))).status, 201);
}

TEST_P(Credentials, WithACookieThePageHasToBeListed) {
  Config listed = config();
  listed.channels[1].cors = {.origins = {"https://app.example"}, .credentials = true};
  TestServer server(listed);
  const std::string cookie =
      "Cookie: t=" + token_for("u", R"(,"channels":["prices"],"publish":["prices"])") + "\r\n";
  const std::pair<const char*, int> kPages[] = {
      {"", 200},
      {"Origin: https://app.example\r\n", 200},
      {"Origin: https://evil.example\r\n", 403},
      {"Origin: https://app.example.evil.example\r\n", 403},
      {"Origin: null\r\n", 403},
      {"Sec-Fetch-Site: cross-site\r\n", 403},
      {"Sec-Fetch-Site: same-site\r\n", 403},
      {"Sec-Fetch-Site: same-origin\r\n", 200},
      {"Sec-Fetch-Site: none\r\n", 200},
  };
  for (const auto& [page, status] : kPages) {
    const std::string answer =
        all_but_date(server.port(kPublic), request("HEAD", "/channels/prices", cookie + page));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status))) << page << answer;
  }
  EXPECT_EQ(ask(server.port(kPublic),
                get("/channels/prices", cookie + "Origin: https://evil.example\r\n"))
                .status,
            403);
  EXPECT_EQ(server.streaming(), 0U);
  // Nor does a channel that needs none open another one.
  for (const auto& [page, status] : kPages) {
    const std::string answer =
        all_but_date(server.port(kPublic),
                     request("HEAD", "/events?channel=news&channel=prices", cookie + page));
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::to_string(status))) << page << answer;
    const bool is_listed = page == std::string_view("Origin: https://app.example\r\n");
    EXPECT_EQ(
        answer.find("Access-Control-Allow-Origin: https://app.example\r\n"
                    "Access-Control-Allow-Credentials: true\r\nVary: Origin\r\n") != answer.npos,
        is_listed)
        << page << answer;
  }
  // To publish, it has to say so.
  const auto publish = [&](const std::string& headers) {
    return ask(server.port(kPublic), post("/channels/prices", "x", headers)).status;
  };
  EXPECT_EQ(publish(cookie), 403);
  EXPECT_EQ(publish(cookie + "Origin: https://evil.example\r\n"), 403);
  EXPECT_EQ(publish(cookie + "Sec-Fetch-Site: same-origin\r\n"), 403);
  EXPECT_EQ(publish(cookie + "Origin: https://app.example\r\n"), 201);
  EXPECT_EQ(publish(bearer(token_for("u", R"(,"publish":["prices"])"))), 201);
}

TEST_P(Credentials, EveryBadTokenGetsTheSameAnswer) {
  TestServer server(config());
  const auto answer = [&](const std::string& token) {
    return all_but_date(server.port(kPublic), get("/channels/prices", bearer(token)));
  };
  const std::string claims = claims_for(R"(,"channels":["prices"])");
  const std::string good = hs256_token(claims);
  const std::string expected = answer("a.b.c");
  EXPECT_TRUE(expected.starts_with("HTTP/1.1 401 ")) << expected;
  EXPECT_NE(expected.find("error=\"invalid_token\""), expected.npos);
  const std::string unsigned_one =
      encode_base64url(R"({"alg":"none"})") + "." + encode_base64url(claims) + ".";
  for (const std::string& token :
       {unsigned_one, good.substr(0, good.size() - 1), good + "A", "x" + good,
        hs256_token(R"({"alg":"HS256","kid":"../../../dev/null"})", claims),
        hs256_token(R"({"alg":"HS256","crit":["x"]})", claims),
        hs256_token("{\"exp\":1,\"channels\":[\"prices\"]}"),
        hs256_token("{\"channels\":[\"prices\"]}"), hs256_token(claims_for(R"(,"nbf":4102444000)")),
        "a.b.c.d.e"s, std::string(9000, 'a') + ".b.c", "rck_nobody"s}) {
    EXPECT_EQ(answer(token), expected) << token.substr(0, 100);
  }
}

TEST_P(Credentials, SecretsAreInNoMetric) {
  TestServer server(config());
  const std::string token = token_for("MARKERSUBJECT", R"(,"channels":["prices"])", 60'000);
  SseClient by_header(server.port(kLocal), "/channels/prices", with(bearer(token)));
  SseClient by_ticket(server.port(kLocal), "/channels/prices?ticket=" + token);
  (void)ask(server.port(kLocal), get("/channels/prices?ticket=MARKER", bearer("MARKER.a.b")));
  (void)ask(server.port(kLocal), post("/channels/feed", "x", bearer("rck_MARKER")));
  const std::string metrics = ask(server.port(kLocal), get("/metrics")).body;
  EXPECT_EQ(metrics.find("MARKER"), metrics.npos);
  EXPECT_EQ(metrics.find(token.substr(token.rfind('.'))), metrics.npos);
  EXPECT_EQ(metrics.find("rck_"), metrics.npos);
  EXPECT_NE(metrics.find("ringcast_requests_unauthorized_total"), metrics.npos);
}

}  // namespace
}  // namespace ringcast
