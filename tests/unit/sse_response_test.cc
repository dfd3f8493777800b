#include "net/http/sse_response.h"

#include <gtest/gtest.h>

namespace ringcast::net {
namespace {

constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

std::string head(WireFormat format, ResponseOptions options) {
  options.date = kDate;
  std::string out;
  append_stream_head(out, format, options);
  return out;
}

TEST(StreamHead, IsWhatBrowsersAndProxiesNeed) {
  EXPECT_EQ(head(WireFormat::kChunked, {.extra_lines = "Access-Control-Allow-Origin: *\r\n"}),
            "HTTP/1.1 200 OK\r\n"
            "Server: ringcast\r\n"
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
            "Content-Type: text/event-stream\r\n"
            "Cache-Control: no-cache, no-store, no-transform\r\n"
            "X-Accel-Buffering: no\r\n"
            "X-Content-Type-Options: nosniff\r\n"
            "Transfer-Encoding: chunked\r\n"
            "Connection: close\r\n"
            "Access-Control-Allow-Origin: *\r\n"
            "\r\n");
}

TEST(StreamHead, ToHttp10HasNoTransferEncoding) {
  const std::string out = head(WireFormat::kRaw, {});
  EXPECT_EQ(out.find("Transfer-Encoding"), std::string::npos);
  EXPECT_NE(out.find("\r\nConnection: close\r\n"), std::string::npos);
}

TEST(StreamHead, ClosesWhateverTheRequestWished) {
  EXPECT_EQ(head(WireFormat::kChunked, {.keep_alive = true}), head(WireFormat::kChunked, {}));
}

TEST(StreamHead, AloneLeavesTheConnectionUsable) {
  const std::string reusable = head(WireFormat::kChunked, {.keep_alive = true, .head_only = true});
  EXPECT_EQ(reusable.find("Connection"), std::string::npos);
  EXPECT_NE(head(WireFormat::kRaw, {.head_only = true}).find("\r\nConnection: close\r\n"),
            std::string::npos);
}

TEST(Prelude, IsOnePieceWithoutABlankLine) {
  std::string raw, chunked;
  append_prelude(raw, WireFormat::kRaw, 4711);
  append_prelude(chunked, WireFormat::kChunked, 4711);
  EXPECT_EQ(raw, ":\nretry: 4711\n");
  EXPECT_EQ(chunked, "e\r\n:\nretry: 4711\n\r\n");
}

TEST(Prelude, CountsTheDigitsOfTheLongestRetry) {
  std::string out;
  append_prelude(out, WireFormat::kChunked, 2'147'483'647);
  EXPECT_EQ(out, "14\r\n:\nretry: 2147483647\n\r\n");
}

TEST(Heartbeat, IsACommentWithoutABlankLine) {
  EXPECT_EQ(heartbeat_bytes(WireFormat::kRaw), ":\n");
  EXPECT_EQ(heartbeat_bytes(WireFormat::kChunked), "2\r\n:\n\r\n");
}

TEST(EndOfStream, IsTheLastChunkOrNothing) {
  EXPECT_EQ(end_of_stream_bytes(WireFormat::kRaw), "");
  EXPECT_EQ(end_of_stream_bytes(WireFormat::kChunked), "0\r\n\r\n");
}

TEST(SoftReject, IsAStreamThatEndsAtOnce) {
  for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
    std::string out;
    append_soft_reject(out, format, 37'123, {.date = kDate});
    EXPECT_EQ(out,
              head(format, {}) + (format == WireFormat::kRaw ? "retry: 37123\n"
                                                             : "d\r\nretry: 37123\n\r\n0\r\n\r\n"));
  }
}

TEST(SoftReject, OfHeadHasNoBody) {
  std::string out;
  append_soft_reject(out, WireFormat::kChunked, 1, {.head_only = true, .date = kDate});
  EXPECT_EQ(out, head(WireFormat::kChunked, {.head_only = true}));
}

}  // namespace
}  // namespace ringcast::net
