// Goal: requests that come in any pieces, or not at all, are answered once and in order.
#include <fmt/format.h>

#include "tests/sim/sim_fixture.h"

namespace ringcast::net {
namespace {

size_t count_in(std::string_view text, std::string_view what) {
  size_t found = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
  return found;
}

std::string post(std::string_view data) {
  return fmt::format("POST /channels/one HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{}",
                     data.size(), data);
}

class RequestSim : public SimTest {
 protected:
  void open(size_t window_bytes, const Hostility& hostility = {}, const LimitsConfig& limits = {}) {
    SimWorld::Options options = plain_options();
    options.hostility = hostility;
    options.limits = limits;
    open(options, window_bytes);
  }
  // The same where a PROXY header comes first.
  void open_to_balancers() {
    SimWorld::Options options = plain_options();
    options.serve = {{.host = "127.0.0.1", .serve_subscribe = true, .proxy_protocol = true}};
    open(options, 4096);
  }
  void open(const SimWorld::Options& options, size_t window_bytes) {
    world_ = std::make_unique<SimWorld>(options);
    read_.clear();
    socket_ = world_->connect(0, window_bytes);
    world_->on_step([this] { read_ += socket_->read(read_bytes_max_); });
  }

  // Sends `text` in pieces, a turn between them.
  void send(std::string_view text) {
    while (!text.empty()) {
      const size_t count = std::min<size_t>(text.size(), dice_.between(1, 40));
      socket_->write(text.substr(0, count));
      text.remove_prefix(count);
      world_->turn();
    }
  }

  // Whether the server ends its side within so long; it has been silent since if `read_` is empty.
  bool is_closed_within(int64_t ms) {
    const MonotonicMs end = world_->now() + ms;
    while (world_->now() < end && !socket_->has_read_all()) world_->turn();
    return socket_->has_read_all();
  }

  [[nodiscard]] size_t count(std::string_view what) const { return count_in(read_, what); }

  std::unique_ptr<SimWorld> world_;
  std::shared_ptr<ModelSocket> socket_;
  size_t read_bytes_max_ = 1 << 20;
  std::string read_;
};

TEST_P(RequestSim, AStreamBehindPublishesBeginsAfterTheirAnswers) {
  open(4096, {.short_send = 2, .late_completion = 3, .short_recv = 2});
  send(post("first") + post("second") + "GET /channels/one HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(world_->turn_until([&] { return count("retry: ") == 1; }));
  EXPECT_EQ(count("HTTP/1.1 201 Created\r\n"), 2u);
  const size_t stream_at = read_.find("HTTP/1.1 200 OK\r\n");
  EXPECT_EQ(stream_at, read_.find("HTTP/1.1 200 ", read_.rfind("201 Created")));
  EXPECT_EQ(count("data: "), 0u) << "what was published before the subscription";
  EXPECT_EQ(world_->history(0).size(), 2u);
  world_->come_to_an_end();
}

TEST_P(RequestSim, ASubscriberThatTalksIsServedUntilItFloods) {
  open(1 << 20, {.late_completion = 3, .no_buffer = 3});
  send("GET /channels/one HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(world_->turn_until([&] { return count("retry: ") == 1; }));
  for (int i = 0; i < 5; ++i) {
    send(std::string(dice_.between(1, 200), 'x'));
    world_->publish(0, "event");
  }
  EXPECT_TRUE(world_->turn_until([&] { return count("data: event") == 5; }));
  socket_->write(std::string(100'000, 'x'));
  EXPECT_TRUE(world_->turn_until([&] { return socket_->is_at_end(); }));
  EXPECT_EQ(count("HTTP/1.1 "), 1u);
  world_->come_to_an_end();
  EXPECT_EQ(world_->closed(CloseCause::kRefused), 1u);
}

TEST_P(RequestSim, AConnectionThatSaysNothingIsClosedInSilence) {
  open(4096);
  EXPECT_FALSE(is_closed_within(29'000));
  EXPECT_TRUE(is_closed_within(2'000));
  EXPECT_EQ(read_, "");
  world_->come_to_an_end();
  EXPECT_EQ(world_->closed(CloseCause::kRequestTimeout), 1u);
}

// Not like one that has been answered: what a balancer says of it is no request.
TEST_P(RequestSim, AConnectionThatIsAnnouncedAndSaysNothingIsClosedInSilence) {
  open_to_balancers();
  send("PROXY TCP4 192.0.2.7 127.0.0.1 8168 18992\r\n");
  EXPECT_FALSE(is_closed_within(29'000));
  EXPECT_TRUE(is_closed_within(2'000));
  EXPECT_EQ(read_, "");
  world_->come_to_an_end();
  EXPECT_EQ(world_->closed(CloseCause::kRequestTimeout), 1u);
}

TEST_P(RequestSim, ARequestHasItsTimeHoweverLongItsProxyHeaderTook) {
  open_to_balancers();
  socket_->write("PROXY TCP4 192.0.2.7 ");
  EXPECT_FALSE(is_closed_within(8'000));
  send("127.0.0.1 8168 18992\r\n\r\n");
  EXPECT_FALSE(is_closed_within(8'000));
  send("GET /channels/one HTTP/1.1\r\n");
  EXPECT_FALSE(is_closed_within(9'000));
  EXPECT_TRUE(is_closed_within(2'000));
  EXPECT_EQ(count("HTTP/1.1 408 "), 1u);
  world_->come_to_an_end();
}

TEST_P(RequestSim, AConnectionThatWasAnsweredIsKeptForLonger) {
  open(4096);
  send("GET /channels HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_FALSE(is_closed_within(74'000));
  EXPECT_TRUE(is_closed_within(2'000));
  EXPECT_EQ(count("HTTP/1.1 200 "), 1u);
  world_->come_to_an_end();
}

// Four times that cannot be mistaken for each other.
TEST_P(RequestSim, EachDeadlineIsForWhatItSays) {
  LimitsConfig limits;
  limits.first_byte_timeout = milliseconds(1'000);
  limits.header_timeout = milliseconds(2'000);
  limits.body_timeout = milliseconds(4'000);
  limits.keep_alive = milliseconds(8'000);
  const std::string whole = post("all of it");
  struct Wait {
    const char* what;
    std::string sent;
    milliseconds deadline;
    size_t answered_408;
  };
  const Wait kWaits[] = {
      {"nothing", "", limits.first_byte_timeout, 0},
      {"a part of a head", whole.substr(0, 20), limits.header_timeout, 1},
      {"all but the end of a body", whole.substr(0, whole.size() - 1), limits.body_timeout, 1},
      {"all of it", whole, limits.keep_alive, 0},
      {"all of it, and the next", whole + "G", limits.header_timeout, 1},
  };
  for (const auto& [what, sent, deadline, answered_408] : kWaits) {
    SCOPED_TRACE(what);
    open(4096, {}, limits);
    socket_->write(sent);
    EXPECT_FALSE(is_closed_within(deadline.count() - 200));
    EXPECT_TRUE(is_closed_within(400));
    EXPECT_EQ(count("HTTP/1.1 408 "), answered_408);
    world_->come_to_an_end();
    EXPECT_EQ(world_->closed(CloseCause::kRequestTimeout), 1u);
  }
}

// A signature takes time to check, and nobody's turn should take longer because somebody sends many at once.
TEST_P(RequestSim, ACredentialToCheckCountsForEightRequestsOfATurn) {
  constexpr uint32_t kTogetherMax = 32;
  constexpr uint32_t kWeight = 8;
  const auto most_in_one_turn = [&](const std::string& credential) {
    SimWorld::Options options = plain_options();
    options.channels[0].access.subscribe = SubscribeAccess::kToken;
    options.limits.pipelined_requests_max = kTogetherMax;
    SimWorld world(options);
    const std::shared_ptr<ModelSocket> socket = world.connect(0, 1 << 20);
    std::string requests;
    for (uint32_t i = 0; i < 2 * kTogetherMax; ++i) {
      requests += "HEAD /channels/one HTTP/1.1\r\nHost: a\r\n" + credential + "\r\n";
    }
    socket->write(requests);
    size_t answered = 0;
    size_t most = 0;
    EXPECT_TRUE(world.turn_until([&] {
      const size_t now = count_in(socket->read(1 << 20), "HTTP/1.1 401 ");
      answered += now;
      most = std::max(most, now);
      return answered == 2 * kTogetherMax;
    }));
    world.come_to_an_end();
    return most;
  };
  EXPECT_EQ(most_in_one_turn(""), kTogetherMax);
  EXPECT_EQ(most_in_one_turn("Authorization: Bearer a.b.c\r\n"), kTogetherMax / kWeight);
}

TEST_P(RequestSim, ARequestThatDoesNotEndIsAnsweredAndClosed) {
  open(4096);
  const std::string request = post("never complete");
  const size_t sent_bytes = dice_.between(1, request.size() - 1);
  send(request.substr(0, sent_bytes));
  const bool in_body = sent_bytes >= request.find("\r\n\r\n") + 4;
  EXPECT_FALSE(is_closed_within(in_body ? 29'000 : 9'000));
  EXPECT_TRUE(is_closed_within(2'000));
  EXPECT_EQ(count("HTTP/1.1 408 "), 1u);
  EXPECT_EQ(world_->history(0).size(), 0u);
  world_->come_to_an_end();
}

TEST_P(RequestSim, ATrickleOfBytesPutsNoDeadlineOff) {
  open(1 << 20);
  const bool in_body = dice_.one_in(2);
  if (in_body)
    socket_->write("POST /channels/one HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n");
  int seconds = 0;
  for (bool is_closed = false; !is_closed && seconds < 60; ++seconds) {
    socket_->write("x");
    is_closed = is_closed_within(1'000);
  }
  // Some kernels are late, and a byte a second buys a few milliseconds.
  EXPECT_NEAR(seconds, in_body ? 31 : 11, 1);
  EXPECT_EQ(count("HTTP/1.1 408 "), 1u);
  world_->come_to_an_end();
}

// A few bytes a second keep no connection; so many that the rate is kept do.
TEST_P(RequestSim, ABodyMayTakeLongerAsLongAsItKeepsTheRate) {
  open(1 << 20);
  socket_->write(
      fmt::format("POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", kMiB));
  const std::string second(17 * kKiB, ' ');  // the least is 16 KiB
  for (int i = 0; i < 29; ++i) {
    socket_->write(second);
    EXPECT_FALSE(is_closed_within(1'000)) << "after " << i << " seconds";
  }
  // It stops short of its end: what it has sent has bought 30.8 seconds beyond the first 30.
  EXPECT_FALSE(is_closed_within(31'000));
  EXPECT_TRUE(is_closed_within(2'000));
  EXPECT_EQ(count("HTTP/1.1 408 "), 1u);
  world_->come_to_an_end();
}

// Its end comes while the first answer is still on its way, so that nobody waits for bytes that
// would end the wait.
TEST_P(RequestSim, WhoAsksForContinueAndSendsNothingMoreIsToldOnce) {
  open(/*window_bytes=*/9);
  read_bytes_max_ = 1;
  send(
      "POST /channels/one HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
      "4\r\n\r\n");
  for (int turns = 0; turns < 2 && read_.empty(); ++turns) world_->turn();
  socket_->finish();
  EXPECT_TRUE(is_closed_within(5'000));
  EXPECT_LE(count("100 Continue"), 1u);
  world_->come_to_an_end();
}

// A flood is read no further for a while. That takes no deadline away from a request that has begun, and nobody is
// kept for longer than one.
TEST_P(RequestSim, WhoIsHeldBackKeepsItsDeadline) {
  SimWorld::Options options = plain_options();
  options.limits.refused_rate = {.count = 10, .period = milliseconds(1'000), .burst = 20};
  options.limits.header_timeout = milliseconds(3'000);
  options.limits.first_byte_timeout = options.limits.keep_alive = milliseconds(60'000);
  SimWorld world(options);
  const std::shared_ptr<ModelSocket> half = world.connect(0, 64 * 1024);
  half->write("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  const std::shared_ptr<ModelSocket> flood = world.connect(0, 64 * 1024);
  std::string requests;
  for (int i = 0; i < 60; ++i) requests += "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n";
  flood->write(requests);
  world.turn_until([&] { return flood->read(64 * 1024).starts_with("HTTP/1.1 404"); });
  half->write("a");
  flood->write("G");
  const MonotonicMs begin = world.now();
  std::string answer;
  EXPECT_TRUE(world.turn_until(
      [&] {
        answer += half->read(4096);
        return half->is_at_end();
      },
      10'000));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 408")) << answer;
  EXPECT_LE(world.now() - begin, 3'100);
  EXPECT_TRUE(world.turn_until(
      [&] {
        (void)flood->read(64 * 1024);
        return flood->is_at_end();
      },
      20'000));
  EXPECT_LE(world.now() - begin, 7'000);
  world.come_to_an_end();
}

INSTANTIATE_TEST_SUITE_P(Seeds, RequestSim, testing::ValuesIn(sim_seeds(50)), seed_name);

}  // namespace
}  // namespace ringcast::net
