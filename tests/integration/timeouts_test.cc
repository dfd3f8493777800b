// The deadlines of requests are those of the file, and each is for what it says. Where one is short and the others are
// an hour, it can only have been that one. That no other is applied first is in sim/request_sim_test, to the millisecond.

#include <gtest/gtest.h>
#include <poll.h>

#include "engine/config/load.h"
#include "tests/support/http_client.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using net::CloseCause;

// What `ringcast serve` makes of such a `limits` section.
Config from_file(const std::string& limits) {
  const LoadedConfig loaded = load_config_text(
      "server: {shards: 1, max_connections: 100}\n"
      "limits: {" +
      limits +
      "}\n"
      "listeners: [{bind: \"127.0.0.1:0\", serve: [subscribe, publish, admin]}]\n"
      "channels: {news: {}}\n");
  if (!loaded.config) throw std::runtime_error(describe(loaded.problems.front(), "limits"));
  return *loaded.config;
}

// --- Which of them ends what

struct Wait {
  const char* name;      // the key, and so the one that is short
  std::string sent;      // what the peer says before it falls silent
  const char* answered;  // how what it is told begins; "" for nothing at all
};

void PrintTo(const Wait& wait, std::ostream* out) {
  *out << wait.name;
}

class Timeouts : public testing::TestWithParam<Wait> {
 protected:
  // The configuration with `key` short and the other three long.
  static Config only_short(const std::string& key) {
    std::string limits;
    for (const char* const each :
         {"first_byte_timeout", "header_timeout", "body_timeout", "keep_alive"}) {
      limits += std::string(limits.empty() ? "" : ", ") + each + (key == each ? ": 200ms" : ": 1h");
    }
    return from_file(limits);
  }
};

TEST_P(Timeouts, EachEndsWhatItIsForAndNoOtherWould) {
  TestServer server(only_short(GetParam().name));
  TcpClient client(server.port());
  client.send(GetParam().sent);
  const std::string answer = client.read_to_end();
  EXPECT_TRUE(answer.starts_with(GetParam().answered)) << answer;
  EXPECT_EQ(answer.empty(), GetParam().answered[0] == '\0') << answer;
  client.close();
  EXPECT_TRUE(comes_true([&] { return server.closed(CloseCause::kRequestTimeout) == 1; }));
  EXPECT_EQ(server.books("news").events, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Each, Timeouts,
    testing::Values(
        Wait{"first_byte_timeout", "", ""},
        Wait{"header_timeout", "GET /healthz/live HTTP/1.1\r\nHost: a\r\n", "HTTP/1.1 408 "},
        Wait{"body_timeout",
             "POST /channels/news HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nnot all",
             "HTTP/1.1 408 "},
        Wait{"keep_alive", get("/healthz/live"), "HTTP/1.1 200 "}),
    [](const testing::TestParamInfo<Wait>& tested) { return std::string(tested.param.name); });

// --- Bodies that take longer

// A body of 20 KiB, at 10 KiB a second or less, as far as its sender gets before there is an answer; its status.
int status_of_slow_body(uint16_t port) {
  constexpr size_t kPieces = 40;
  constexpr int kPauseMs = 50;
  const std::string piece(512, 'x');
  HttpClient client(port);
  client.send("POST /channels/news HTTP/1.1\r\nHost: a\r\nContent-Length: " +
              std::to_string(kPieces * piece.size()) + "\r\n\r\n");
  pollfd answer{.fd = client.fd(), .events = POLLIN, .revents = 0};
  for (size_t i = 0; i < kPieces && ::poll(&answer, 1, kPauseMs) == 0; ++i) client.send(piece);
  return client.read_response().status;
}

// The same sender, which takes at least two seconds where half a one is given: what it sends has to earn it the rest.
TEST(BodyRate, DecidesWhetherASlowBodyMayTakeLonger) {
  TestServer kind(from_file("body_timeout: 500ms, body_rate: 1KiB"));
  EXPECT_EQ(status_of_slow_body(kind.port()), 201);
  EXPECT_EQ(kind.books("news").events, 1U);
  EXPECT_EQ(kind.closed(CloseCause::kRequestTimeout), 0U);

  TestServer strict(from_file("body_timeout: 500ms, body_rate: 1MiB"));
  EXPECT_EQ(status_of_slow_body(strict.port()), 408);
  EXPECT_EQ(strict.books("news").events, 0U);
  EXPECT_TRUE(comes_true([&] { return strict.closed(CloseCause::kRequestTimeout) == 1; }));
}

// A rate is nothing that is asked of who is in time.
TEST(BodyRate, IsNotAskedOfABodyThatComesInTime) {
  TestServer server(from_file("body_timeout: 1h, body_rate: 1GiB"));
  EXPECT_EQ(status_of_slow_body(server.port()), 201);
}

}  // namespace
}  // namespace ringcast
