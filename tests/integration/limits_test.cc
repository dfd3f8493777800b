// The limits on requests are those of the configuration. What happens at the default ones is tests/http; deadlines are its slow.vec.

#include <gtest/gtest.h>

#include "tests/support/http_client.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

class RequestLimits : public EitherDescriptors {
 protected:
  static Config tight() {
    Config tight = config();
    tight.limits.request_line_bytes_max = 256;
    tight.limits.header_line_bytes_max = 300;
    tight.limits.head_bytes_max = 700;
    tight.limits.header_lines_max = 10;
    tight.limits.pipelined_requests_max = 2;
    return tight;
  }

  // A request with a line of so many bytes, that many more header lines of one byte, and one of `header_bytes`.
  static std::string request_of(size_t line_bytes, size_t more_lines, size_t header_bytes) {
    const size_t around = std::string_view("GET /healthz/live? HTTP/1.1").size();
    std::string text = "GET /healthz/live?" + std::string(line_bytes - around, 'x') +
                       " HTTP/1.1\r\nHost: a\r\nX: " + std::string(header_bytes - 3, 'x') + "\r\n";
    for (size_t i = 0; i < more_lines; ++i) text += "Y:\r\n";
    return text + "\r\n";
  }
};
RC_EITHER_DESCRIPTORS(RequestLimits);

TEST_P(RequestLimits, AreThoseOfTheConfiguration) {
  TestServer server(tight());
  EXPECT_EQ(ask(server.port(), request_of(256, 0, 300)).status, 200);
  EXPECT_EQ(ask(server.port(), request_of(257, 0, 300)).status, 414);
  EXPECT_EQ(ask(server.port(), request_of(256, 0, 301)).status, 431);
  EXPECT_EQ(ask(server.port(), request_of(256, 8, 300)).status, 200);
  EXPECT_EQ(ask(server.port(), request_of(256, 9, 300)).status, 431);
  const std::string longer = "Z: " + std::string(126, 'z') + "\r\n";
  std::string all_of_it = request_of(256, 0, 300);
  all_of_it.insert(all_of_it.size() - 2, longer);
  ASSERT_EQ(all_of_it.size(), 702U);
  EXPECT_EQ(ask(server.port(), all_of_it).status, 431);
  all_of_it.erase(all_of_it.size() - 6, 2);
  EXPECT_EQ(ask(server.port(), all_of_it).status, 200);
}

// What is still to be done about a connection that was refused is done to that one, and not to the next in its place: ending
// our side takes the kernel a while.
TEST_P(RequestLimits, WhoComesAfterOneThatWasRefusedHasNothingToDoWithIt) {
  TestServer server(tight());
  const std::string too_long =
      "POST /channels/news HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n";
  for (int i = 0; i < 300; ++i) {
    TcpClient refused(server.port());
    refused.send(too_long);
    EXPECT_EQ(refused.read_exactly(12), "HTTP/1.1 413");
    refused.reset();
    ASSERT_EQ(ask(server.port(), get("/healthz/live")).status, 200) << "after " << i;
  }
}

// Two at a time, and none is lost or overtakes another.
TEST_P(RequestLimits, PipelinedRequestsBeyondTheLimitWaitTheirTurn) {
  TestServer server(tight());
  HttpClient client(server.port());
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += post("/channels/news", "x") + get("/nowhere");
  client.send(requests + get("/channels/news"));
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.read_response().status, 201);
    EXPECT_EQ(client.read_response().status, 404);
  }
  EXPECT_EQ(client.read_head()["content-type"], "text/event-stream");
}

}  // namespace
}  // namespace ringcast
