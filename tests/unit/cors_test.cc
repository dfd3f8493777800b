#include "net/http/cors.h"

#include <gtest/gtest.h>

namespace ringcast::net {
namespace {

constexpr std::string_view kOrigin = "https://app.example";

const CorsConfig kEverybody{};
const CorsConfig kListed{.origins = {"https://other.example:8443", std::string{kOrigin}}};
const CorsConfig kListedWithCredentials{.origins = {std::string{kOrigin}}, .credentials = true};
const CorsConfig kNobody{.origins = {}};

const std::string kExposed = "Access-Control-Expose-Headers: Retry-After, Ringcast-Gap\r\n";

// Everything but the listed origin itself: a look-alike, another scheme or port, a sandboxed frame,
// and bytes that could end a header line.
constexpr std::string_view kStrangers[] = {
    "https://app.example.evil.com",
    "https://evilapp.example",
    "http://app.example",
    "https://app.example:8443",
    "https://app.example/",
    "https://a",
    "null",
    "*",
    "",
    "https://app.example\x01",
    "https://app.example ",
    "https://app.example\xC3\xA9",
};

Request from(std::string_view origin) {
  return {.has_origin = true, .origin = origin};
}

std::string lines(const CorsConfig& config, const Request& request) {
  std::string out;
  append_cors_lines(out, config, request);
  return out;
}

std::string preflight(const CorsConfig& config, const Request& request) {
  std::string out;
  append_preflight(out, config, request, "GET, HEAD, OPTIONS",
                   {.keep_alive = true, .date = "Sun, 06 Nov 1994 08:49:37 GMT"});
  return out;
}

TEST(Cors, LetsEverybodyReadWithoutNamingAnybody) {
  for (const Request& request : {Request{}, from(kOrigin), from("null")}) {
    EXPECT_EQ(lines(kEverybody, request), "Access-Control-Allow-Origin: *\r\n" + kExposed);
  }
}

TEST(Cors, NamesTheListedOriginThatAsked) {
  EXPECT_EQ(lines(kListed, from(kOrigin)),
            "Access-Control-Allow-Origin: https://app.example\r\nVary: Origin\r\n" + kExposed);
  EXPECT_EQ(lines(kListedWithCredentials, from(kOrigin)),
            "Access-Control-Allow-Origin: https://app.example\r\n"
            "Access-Control-Allow-Credentials: true\r\n"
            "Vary: Origin\r\n" +
                kExposed);
}

TEST(Cors, TellsCachesThatAnswersDifferEvenWhenNobodyIsNamed) {
  EXPECT_EQ(lines(kListed, Request{}), "Vary: Origin\r\n");
  for (const std::string_view stranger : kStrangers) {
    EXPECT_EQ(lines(kListed, from(stranger)), "Vary: Origin\r\n") << stranger;
  }
}

TEST(Cors, SaysNothingWhenItIsOff) {
  EXPECT_EQ(lines(kNobody, from(kOrigin)), "");
}

TEST(Cors, NeverEchoesBytesThatCouldEndTheHeader) {
  const CorsConfig careless{.origins = {"https://a\r\nSet-Cookie: x"}};
  EXPECT_EQ(lines(careless, from("https://a\r\nSet-Cookie: x")), "Vary: Origin\r\n");
}

TEST(Cors, ComparesOriginsExactlyButForTheCaseOfTheHost) {
  EXPECT_TRUE(origin_allowed(kListed, "https://APP.Example"));
  EXPECT_FALSE(origin_allowed(kListed, "HTTPS://app.example"));
  EXPECT_TRUE(origin_allowed(kListed, kOrigin));
  EXPECT_TRUE(origin_allowed(kEverybody, "null"));
  EXPECT_FALSE(origin_allowed(kNobody, kOrigin));
  for (const std::string_view stranger : kStrangers) {
    EXPECT_FALSE(origin_allowed(kListed, stranger)) << stranger;
  }
}

TEST(Publishing, IsOpenToProgramsAndClosedToPages) {
  EXPECT_TRUE(publish_allowed(kEverybody, Request{}));
  EXPECT_TRUE(publish_allowed(kEverybody, {.sec_fetch_site = "none"}));
  EXPECT_TRUE(publish_allowed(kEverybody, {.sec_fetch_site = "same-origin"}));
  EXPECT_FALSE(publish_allowed(kEverybody, {.sec_fetch_site = "cross-site"}));
  EXPECT_FALSE(publish_allowed(kEverybody, {.sec_fetch_site = "same-site"}));
  EXPECT_FALSE(publish_allowed(kEverybody, {.sec_fetch_site = "Cross-Site"}));
  EXPECT_FALSE(publish_allowed(kEverybody, from(kOrigin))) << "`*` is for readers";
  EXPECT_FALSE(publish_allowed(kEverybody, from("*")));
  EXPECT_FALSE(publish_allowed(kEverybody, from("")));
}

TEST(Publishing, IsOpenToPagesOfListedOrigins) {
  EXPECT_TRUE(publish_allowed(
      kListed, {.has_origin = true, .origin = kOrigin, .sec_fetch_site = "cross-site"}));
  for (const std::string_view stranger : kStrangers) {
    EXPECT_FALSE(publish_allowed(kListed, from(stranger))) << stranger;
  }
  EXPECT_FALSE(publish_allowed(kListed, {.sec_fetch_site = "cross-site"}));
}

TEST(Preflight, SaysWhatAPageMaySend) {
  Request request = from(kOrigin);
  request.access_control_request_method = "GET";
  EXPECT_EQ(preflight(kListed, request),
            "HTTP/1.1 204 No Content\r\n"
            "Server: ringcast\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Cache-Control: no-store\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Allow: GET, HEAD, OPTIONS\r\n"
            "Access-Control-Allow-Origin: https://app.example\r\n"
            "Vary: Origin\r\n"
            "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"
            "Access-Control-Allow-Headers: Authorization, Cache-Control, Content-Type, "
            "Idempotency-Key, Last-Event-ID, X-Requested-With\r\n"
            "Access-Control-Max-Age: 600\r\n"
            "\r\n");
}

TEST(Preflight, SaysWhatTheChannelAdds) {
  CorsConfig config = kListedWithCredentials;
  config.request_headers = {"X-Trace-Id", "X-B3"};
  config.max_age = milliseconds{90'000};
  Request request = from(kOrigin);
  request.access_control_request_method = "GET";
  const std::string answer = preflight(config, request);
  EXPECT_NE(answer.find(", X-Requested-With, X-Trace-Id, X-B3\r\n"), std::string::npos);
  EXPECT_NE(answer.find("\r\nAccess-Control-Max-Age: 90\r\n"), std::string::npos);
  EXPECT_NE(answer.find("\r\nAccess-Control-Allow-Credentials: true\r\n"), std::string::npos);
}

TEST(Preflight, GivesAStrangerNothing) {
  Request request = from("https://evil.example");
  request.access_control_request_method = "GET";
  const std::string answer = preflight(kListed, request);
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 204 "));
  EXPECT_EQ(answer.find("Access-Control"), std::string::npos);
  EXPECT_NE(answer.find("\r\nVary: Origin\r\n"), std::string::npos);
}

TEST(Preflight, OfAHealthCheckIsJustAllow) {
  const std::string answer = preflight(kEverybody, Request{});
  EXPECT_NE(answer.find("\r\nAllow: GET, HEAD, OPTIONS\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("Access-Control-Allow-Methods"), std::string::npos);
}

// --- What belongs to several channels, or to none

std::string lines(const std::vector<CorsConfig>& channels, const Request& request) {
  AnyCors any;
  for (const CorsConfig& config : channels) any.add(config);
  return lines(any.for_page_of(request), request);
}

TEST(AnyCors, AllowsEachOriginWhatAnyChannelAllowsIt) {
  const std::string named = "Access-Control-Allow-Origin: https://app.example\r\n";
  const std::string with_credentials = named + "Access-Control-Allow-Credentials: true\r\n";
  const std::string varies = "Vary: Origin\r\n";
  const std::string everybody = "Access-Control-Allow-Origin: *\r\n";
  const std::vector<CorsConfig> mixed{kEverybody, kListedWithCredentials, kListed, kNobody};
  EXPECT_EQ(lines(mixed, from(kOrigin)), with_credentials + varies + kExposed);
  EXPECT_EQ(lines(mixed, from("https://other.example:8443")),
            "Access-Control-Allow-Origin: https://other.example:8443\r\n" + varies + kExposed);
  for (const Request& other : {from("https://evil.example"), from("null"), Request{}}) {
    EXPECT_EQ(lines(mixed, other), everybody + varies + kExposed);
    EXPECT_EQ(lines({kListed, kListedWithCredentials}, other), varies);
    EXPECT_EQ(lines({kEverybody, kNobody}, other), everybody + kExposed);
    EXPECT_EQ(lines({kNobody}, other), "");
    EXPECT_EQ(lines(std::vector<CorsConfig>{}, other), "");
  }
  EXPECT_EQ(lines({kEverybody, kListed}, from(kOrigin)), named + varies + kExposed);
}

TEST(AnyCors, PreflightListsWhatAnyChannelTakesForTheShortestTime) {
  CorsConfig one = kListed;
  one.request_headers = {"X-A", "X-B"};
  CorsConfig other = kListedWithCredentials;
  other.request_headers = {"x-b", "X-C"};
  other.max_age = milliseconds{1000};
  AnyCors any;
  any.add(one);
  any.add(other);
  Request request = from(kOrigin);
  request.access_control_request_method = "GET";
  const std::string answer = preflight(any.for_page_of(request), request);
  EXPECT_NE(answer.find(", X-Requested-With, X-A, X-B, X-C\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("\r\nAccess-Control-Max-Age: 1\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("\r\nAccess-Control-Allow-Credentials: true\r\n"), std::string::npos);
}

TEST(Cors, PreflightsOfSeveralChannelsAreRememberedForTheShorterTime) {
  CorsConfig one = kListed;
  one.request_headers = {"X-A", "X-B"};
  CorsConfig other = kListed;
  other.request_headers = {"x-b", "X-C"};
  other.max_age = milliseconds{1000};
  EXPECT_EQ(in_common(one, other).request_headers, std::vector<std::string>{"X-B"});
  EXPECT_EQ(in_common(one, other).max_age, milliseconds{1000});
}

TEST(Cors, PublishersAreThoseListedByName) {
  EXPECT_TRUE(publishers_of(kEverybody).origins.empty());
  EXPECT_EQ(publishers_of(kListed).origins, kListed.origins);
}

}  // namespace
}  // namespace ringcast::net
