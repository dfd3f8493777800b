#include "net/http/response.h"

#include <gtest/gtest.h>

#include "net/http/http_date.h"

namespace ringcast::net {
namespace {

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

std::string response(int status, std::string_view type, std::string_view body,
                     ResponseOptions options) {
  options.date = kDate;
  std::string out;
  append_response(out, status, type, body, options);
  return out;
}

std::string error(int status, std::string_view reason, ResponseOptions options) {
  options.date = kDate;
  std::string out;
  append_error(out, status, reason, options);
  return out;
}

TEST(Response, SaysHowLongItIs) {
  EXPECT_EQ(response(201, "application/json", "{}\n", {.keep_alive = true}),
            "HTTP/1.1 201 Created\r\n"
            "Server: ringcast\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json\r\n"
            "Content-Length: 3\r\n"
            "Cache-Control: no-store\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "\r\n"
            "{}\n");
}

TEST(Response, IsAppendedToTheOneBeforeIt) {
  std::string out = "before";
  append_response(out, 200, "text/plain", "x", {.keep_alive = true, .date = kDate});
  EXPECT_TRUE(out.starts_with("beforeHTTP/1.1 200 OK\r\n"));
}

TEST(Response, SaysWhenItIsTheLast) {
  EXPECT_NE(response(200, "text/plain", "", {}).find("\r\nConnection: close\r\n"),
            std::string::npos);
  EXPECT_EQ(response(200, "text/plain", "", {.keep_alive = true}).find("Connection"),
            std::string::npos);
}

TEST(Response, ToHeadHasTheLengthButNotTheBody) {
  const std::string answer =
      response(404, "text/plain", "gone\n", {.keep_alive = true, .head_only = true});
  EXPECT_NE(answer.find("\r\nContent-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST(Response, WithNoContentHasNeitherLengthNorType) {
  EXPECT_EQ(response(204, "", "", {.keep_alive = true}),
            "HTTP/1.1 204 No Content\r\n"
            "Server: ringcast\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Cache-Control: no-store\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "\r\n");
}

TEST(Response, CarriesExtraLinesBeforeTheBody) {
  const std::string answer =
      response(200, "text/plain", "x", {.keep_alive = true, .extra_lines = "Vary: Origin\r\n"});
  EXPECT_TRUE(answer.ends_with("\r\nVary: Origin\r\n\r\nx"));
}

TEST(ErrorResponse, IsOneLineOfJson) {
  EXPECT_EQ(error(413, "the event is too large", {}),
            "HTTP/1.1 413 Content Too Large\r\n"
            "Server: ringcast\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: application/json\r\n"
            "Content-Length: 35\r\n"
            "Cache-Control: no-store\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Connection: close\r\n"
            "\r\n"
            "{\"error\":\"the event is too large\"}\n");
}

TEST(ErrorResponse, NamesTheMethodsServed) {
  EXPECT_NE(
      error(405, "no", {.allow = "GET, HEAD, OPTIONS"}).find("\r\nAllow: GET, HEAD, OPTIONS\r\n"),
      std::string::npos);
}

TEST(ErrorResponse, SaysWhenToComeBack) {
  EXPECT_NE(error(503, "full", {.retry_after_s = 2}).find("\r\nRetry-After: 2\r\n"),
            std::string::npos);
  EXPECT_EQ(error(503, "full", {}).find("Retry-After"), std::string::npos);
}

TEST(ErrorResponse, ToARefusedRequestAlwaysCloses) {
  std::string out;
  append_refusal(out, {.status = 431, .reason = "long"}, Request{.method = Method::kHead},
                 {.keep_alive = true, .date = kDate});
  EXPECT_TRUE(out.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"));
  EXPECT_NE(out.find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_TRUE(out.ends_with("\r\n\r\n")) << "the answer to HEAD has no body";
}

TEST(Response, HasWordsForEveryStatusTheServerUses) {
  for (const int status :
       {200, 201, 204, 400, 403, 404, 405, 408, 413, 414, 417, 429, 431, 501, 503, 505}) {
    EXPECT_NE(status_text(status), status_text(0)) << status;
  }
}

TEST(JsonString, EscapesWhatWouldEndIt) {
  std::string out;
  append_json_string(out, std::string_view{"a\"b\\c\n\0\x1f\x7f\xC3\xA9", 11});
  EXPECT_EQ(out, "\"a\\\"b\\\\c\\u000a\\u0000\\u001f\\u007f\xC3\xA9\"");
}

TEST(HttpDate, IsWrittenAsHttpWantsIt) {
  HttpDate date;
  EXPECT_EQ(date.at(784'111'777'000), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at(784'111'777'999), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at(784'111'778'000), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(date.at(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(date.at(1'709'251'199'000), "Thu, 29 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(date.at(UINT64_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
}

}  // namespace
}  // namespace ringcast::net
