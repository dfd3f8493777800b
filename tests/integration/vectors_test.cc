// Every vector of tests/http, on real sockets: whole, cut in two at every byte, byte by byte, and, where it is refused,
// with more requests right behind it. What must come back must come back in all of them, and what is not expected
// must not happen: no second answer, no event.
//
// Method: one shard, so that its answer to a bystander says that everything sent before has been looked at.

#include "tests/support/vectors.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <span>

#include "tests/support/answer_judge.h"
#include "tests/support/chunked_body.h"
#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"

namespace ringcast {

void PrintTo(const Vector& vector, std::ostream* out) {
  *out << vector.file << ":" << vector.line << ": " << vector.name;
}

namespace {

// Where a vector is cut: at every byte, and where it is long, which is because of a limit, near its ends and at some places
// between. Under a sanitizer at fewer places: there unit/request_refusal_test puts the reader in front of all of them.
std::vector<size_t> cuts_of(size_t bytes) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  constexpr bool kIsSanitized = true;
#else
  constexpr bool kIsSanitized = false;
#endif
  constexpr size_t kWholeBytes = 2048;
  constexpr size_t kEdgeBytes = 300;
  constexpr size_t kHugeBytes = 1'000'000;
  const size_t step = kIsSanitized ? std::max<size_t>(1, bytes / 15) : 1;
  const bool has_edges = bytes > kWholeBytes && bytes < kHugeBytes && !kIsSanitized;
  std::vector<size_t> cuts;
  for (size_t cut = 1; cut < bytes;) {
    cuts.push_back(cut);
    const bool is_between = cut >= kEdgeBytes && cut + kEdgeBytes < bytes;
    if (bytes >= kHugeBytes) {
      cut += bytes / 3;
    } else if (has_edges && is_between) {
      cut = std::min(cut + bytes / 40, bytes - kEdgeBytes);
    } else {
      cut += step;
    }
  }
  return cuts;
}

// Connections at a time.
constexpr size_t kCrowdMax = 200;

// A request that must not be seen behind one that was refused, and one that would tell.
const std::string kSmuggled =
    post("/channels/news", "smuggled") + get("/channels/news") + get("/healthz/live");

// The node that all vectors of a kind are sent to.
class Node {
 public:
  explicit Node(bool is_quick)
      : server_(config(is_quick)),
        witness_(server_.port(0), "/events?channel=news&channel=listed&channel=inbox/alice") {}

  [[nodiscard]] uint16_t port(std::string_view to) const {
    return server_.port(to == "subscribe" ? 0 : to == "publish" ? 1 : 2);
  }

  // Everything that was sent before has been looked at.
  void sync() { ASSERT_EQ(ask(server_.port(kAdmin), get("/healthz/live")).status, 200); }
  // Whether there was a turn more than `before`, in the time that this takes on a busy machine.
  [[nodiscard]] bool turns_beyond(uint64_t before) {
    const auto end = std::chrono::steady_clock::now() + milliseconds(2);
    while (turns() == before) {
      if (std::chrono::steady_clock::now() > end) return false;
      ::sched_yield();
    }
    return true;
  }

  [[nodiscard]] uint64_t turns() const { return server_.total(&net::Counters::turns); }
  [[nodiscard]] uint64_t refused() const { return server_.total(&net::Counters::requests_refused); }
  [[nodiscard]] uint64_t committed() const {
    return server_.books("news").events + server_.books("listed").events +
           server_.books("inbox/{recipient}").events;
  }
  [[nodiscard]] std::vector<ExpectedEvent> next_events(size_t count) {
    std::vector<ExpectedEvent> events;
    while (events.size() < count) {
      const StreamEvent event = witness_.next_event();
      events.push_back({event.type, event.data});
    }
    return events;
  }

 private:
  static constexpr size_t kAdmin = 2;

  static Config config(bool is_quick) {
    Config config = test_config(DescriptorMode::kAuto);
    config.server.shards = 1;
    config.server.connections_max = 2000;
    ListenerConfig subscribe;
    subscribe.host = "127.0.0.1";
    ListenerConfig publish = subscribe;
    subscribe.serve_subscribe = true;
    publish.serve_publish = publish.serve_admin = true;
    config.listeners.insert(config.listeners.begin(), {subscribe, publish});
    ChannelConfig& news = config.channels[0];
    news.path = "/stream";
    // The witness reads when a crowd has published, not meanwhile.
    news.history.bytes = 32 * kMiB;
    ChannelConfig listed = news;
    listed.name = "listed";
    listed.path = "";
    listed.cors.origins = {"https://app.example"};
    listed.cors.credentials = true;
    listed.history.bytes = kMiB;
    ChannelConfig inbox = listed;
    inbox.cors = news.cors;
    inbox.name = "inbox/{recipient}";
    config.channels.push_back(listed);
    config.channels.push_back(inbox);
    if (is_quick) {
      config.limits.first_byte_timeout = config.limits.header_timeout = config.limits.body_timeout =
          config.limits.keep_alive = milliseconds(200);
    }
    return config;
  }

  TestServer server_;
  SseClient witness_;
};

Node& node(bool is_quick) {
  static std::unique_ptr<Node> nodes[2];
  std::unique_ptr<Node>& node = nodes[is_quick ? 1 : 0];
  if (node == nullptr) {
    node = std::make_unique<Node>(is_quick);
    struct Ender : testing::Environment {
      void TearDown() override {
        for (auto& one : nodes) one.reset();
      }
    };
    static const auto* const ender = testing::AddGlobalTestEnvironment(new Ender);
    (void)ender;
  }
  return *node;
}

// One connection on which a vector is played.
class Conversation {
 public:
  explicit Conversation(uint16_t port) : socket_(port) {
    const int yes = 1;
    ::setsockopt(socket_.fd(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }

  // As much as the server takes: who has been refused may be closed already.
  void send(std::string_view bytes) {
    if (!bytes.empty()) (void)socket_.send_until_stuck(bytes, kPatience);
  }
  void half_close() {
    ::shutdown(socket_.fd(), SHUT_WR);
    has_half_closed_ = true;
  }

  // Whether an answer, or the end, has come.
  [[nodiscard]] bool has_something() const {
    char byte;
    return ::recv(socket_.fd(), &byte, 1, MSG_DONTWAIT | MSG_PEEK) >= 0;
  }

  // Reads one answer and holds it against what is expected. Throws ClientFailure when none comes.
  void read_answer(const ExpectedAnswer& expected, bool is_last, Ending ending) {
    JudgedAnswer answer;
    if (expected.may_be_missing && !starts_with("HTTP/1.1 1")) return;
    answer.head = HttpHead::parse(take_until("\r\n\r\n"));
    answer.answers_head = expected.is_head;
    answer.is_stream = answer.head["content-type"] == "text/event-stream";
    // Who has finished sending needs no word for it that nothing more is taken.
    answer.ends_connection = is_last && ending == Ending::kClosed && !has_half_closed_;
    read_body(answer);
    for (const std::string& complaint : judge(answer)) complain(complaint);
    compare(answer, expected);
  }

  // Nothing comes after the answers but the end of the connection.
  void expect_end() {
    try {
      while (read_some()) {
      }
    } catch (const ConnectionReset&) {
    }
    if (!text_.empty()) complain("more was answered: " + text_.substr(0, 200));
  }
  // Nothing comes after the answers, and nothing ends. Requires: the server has seen all we sent.
  void expect_silence() {
    take_what_is_here();
    if (!text_.empty()) complain("more was answered: " + text_.substr(0, 200));
  }
  // Nothing but events comes after the head of a stream. Requires the same.
  void expect_stream(const ExpectedAnswer& expected) {
    take_what_is_here();
    for (const char* const word : {"HTTP/1.", "forged"}) {
      if (text_.find(word) != std::string::npos) complain("not of this stream: " + text_);
    }
    for (const std::string& part : expected.body_parts) {
      if (text_.find(part) == std::string::npos) complain("expected " + part + ", got " + text_);
    }
  }

  [[nodiscard]] const std::string& complaints() const noexcept { return complaints_; }
  void complain(const std::string& what) { complaints_ += "\n  " + what; }

 private:
  void take_what_is_here() {
    std::array<char, 4096> some;
    const ssize_t got = ::recv(socket_.fd(), some.data(), some.size(), MSG_DONTWAIT);
    if (got > 0) text_.append(some.data(), static_cast<size_t>(got));
    if (got == 0) complain("the connection was closed");
  }
  bool read_some() {
    const std::string some = socket_.read_some();
    text_ += some;
    return !some.empty();
  }
  void need(size_t bytes) {
    while (text_.size() < bytes) {
      if (!read_some()) throw ClientFailure("the connection ended after: " + text_);
    }
  }
  bool starts_with(std::string_view mark) {
    need(mark.size());
    return text_.starts_with(mark);
  }
  std::string take(size_t bytes) {
    need(bytes);
    std::string taken = text_.substr(0, bytes);
    text_.erase(0, bytes);
    return taken;
  }
  std::string take_until(std::string_view mark) {
    size_t at = text_.find(mark);
    for (; at == std::string::npos; at = text_.find(mark)) need(text_.size() + 1);
    return take(at + mark.size());
  }

  void read_body(JudgedAnswer& answer) {
    if (answer.answers_head || answer.head.status == 204 || answer.head.status / 100 == 1) return;
    if (!answer.is_stream) {
      answer.body = take(std::stoul("0" + answer.head["content-length"]));
      return;
    }
    const bool is_chunked = answer.head["transfer-encoding"] == "chunked";
    answer.body = take_until(is_chunked ? "\n\r\n" : "retry: ");
    if (!is_chunked) {
      answer.body += take_until("\n");
      return;
    }
    const size_t size_end = answer.body.find("\r\n");
    const size_t size = std::stoul(answer.body.substr(0, size_end), nullptr, 16);
    answer.body = answer.body.substr(size_end + 2);
    if (answer.body.size() != size + 2) complain("a first chunk of another size than it says");
    answer.body.resize(std::min(answer.body.size(), size));
  }

  void compare(const JudgedAnswer& answer, const ExpectedAnswer& expected) {
    if (answer.head.status != expected.status) {
      complain("expected " + std::to_string(expected.status) + ", got " + answer.head.status_line +
               " " + answer.body.substr(0, 200));
      return;
    }
    if (answer.is_stream != (expected.is_stream || is_stream_head(expected, answer))) {
      complain("a stream where none is expected, or none where one is");
    }
    for (const auto& [name, pattern] : expected.lines) {
      if (!pattern.matches(answer.head[name])) {
        complain("expected " + name + ": " + pattern.text() + ", got " + answer.head[name]);
      }
    }
    for (const std::string& name : expected.absent_lines) {
      if (!answer.head[name].empty()) complain("unexpected " + name + ": " + answer.head[name]);
    }
    if (expected.body && !expected.body->matches(answer.body)) {
      complain("expected the body " + expected.body->text() + ", got " + answer.body);
    }
    for (const std::string& part : expected.body_parts) {
      if (!answer.is_stream && answer.body.find(part) == std::string::npos) {
        complain("expected " + part + " in the body, got " + answer.body);
      }
    }
  }
  // The head of a stream without the stream is an ordinary answer.
  static bool is_stream_head(const ExpectedAnswer& expected, const JudgedAnswer& answer) {
    return expected.is_head && answer.is_stream;
  }

  TcpClient socket_;
  std::string text_;
  bool has_half_closed_ = false;
  std::string complaints_;
};

class HttpVector : public testing::TestWithParam<Vector> {
 protected:
  // A conversation with one of the listeners, and how its bytes are sent.
  struct Player {
    std::unique_ptr<Conversation> conversation;
    std::string how;
  };

  void SetUp() override {
    ASSERT_EQ(vector().problem, "");
    committed_ = the_node().committed();
  }

  [[nodiscard]] static const Vector& vector() { return GetParam(); }
  [[nodiscard]] static Node& the_node() { return node(vector().is_quick); }
  [[nodiscard]] static std::vector<std::string> listeners() {
    if (vector().to == "both") return {"subscribe", "publish"};
    return {vector().to};
  }

  static Player connect(const std::string& to, const std::string& how) {
    return {std::make_unique<Conversation>(the_node().port(to)), "to " + to + ", " + how};
  }
  static void finish_sending(Player& player) {
    if (vector().half_closes) player.conversation->half_close();
  }

  // Reads the answers, and then looks at what has become of the connection.
  static void listen(Player& player) {
    Conversation& conversation = *player.conversation;
    const std::vector<ExpectedAnswer>& expected = vector().answers;
    try {
      for (const ExpectedAnswer& answer : expected) {
        conversation.read_answer(answer, &answer == &expected.back(), vector().ending);
      }
      const bool ends = vector().ending == Ending::kClosed || vector().ending == Ending::kIdle;
      if (ends) conversation.expect_end();
      if (vector().ending == Ending::kKept) expect_usable(conversation);
      if (vector().ending == Ending::kStreaming) conversation.expect_stream(expected.back());
    } catch (const std::exception& failure) {
      conversation.complain(failure.what());
    }
    if (conversation.complaints().empty()) return;
    ADD_FAILURE_AT(vector().file.c_str(), vector().line)
        << vector().name << " (" << player.how << "):" << conversation.complaints();
  }
  // It answers one more request, and only that.
  static void expect_usable(Conversation& conversation) {
    conversation.send(get("/a/path/that/no/vector/asks/for"));
    ExpectedAnswer not_found;
    not_found.status = 404;
    conversation.read_answer(not_found, true, Ending::kKept);
    conversation.expect_silence();
  }

  // All of `players` have sent everything.
  void end(std::span<Player> players) {
    if (vector().ending == Ending::kStreaming) the_node().sync();
    for (Player& player : players) {
      if (!HasFailure()) listen(player);
    }
    expect_events(players.size());
  }

  void expect_events(size_t times) {
    std::vector<ExpectedEvent> expected;
    for (size_t i = 0; i < times; ++i) {
      expected.insert(expected.end(), vector().events.begin(), vector().events.end());
    }
    const uint64_t committed = the_node().committed();
    std::vector<ExpectedEvent> got = the_node().next_events(committed - committed_);
    committed_ = committed;
    std::ranges::sort(expected);
    std::ranges::sort(got);
    if (got == expected) return;
    ADD_FAILURE_AT(vector().file.c_str(), vector().line)
        << vector().name << ": " << expected.size() << " events should have been published, and "
        << got.size() << " were" << (got.empty() ? "" : ", such as " + got.front().data);
  }

 private:
  uint64_t committed_ = 0;
};

// All but those about time, where a pause would be another vector.
class SplitVector : public HttpVector {};
class RefusedVector : public HttpVector {};

TEST_P(HttpVector, Whole) {
  for (const std::string& to : listeners()) {
    Player player = connect(to, "whole");
    player.conversation->send(vector().bytes);
    finish_sending(player);
    end({&player, 1});
  }
}

TEST_P(SplitVector, CutInTwoAtEveryByte) {
  const std::string_view bytes = vector().bytes;
  const std::vector<size_t> cuts = cuts_of(bytes.size());
  for (const std::string& to : listeners()) {
    for (size_t first = 0; first < cuts.size(); first += kCrowdMax) {
      const auto some = std::span(cuts).subspan(first, std::min(kCrowdMax, cuts.size() - first));
      std::vector<Player> players;
      for (const size_t cut : some) {
        players.push_back(connect(to, "cut at " + std::to_string(cut)));
        players.back().conversation->send(bytes.substr(0, cut));
      }
      the_node().sync();
      for (size_t i = 0; i < players.size(); ++i) {
        players[i].conversation->send(bytes.substr(some[i]));
        finish_sending(players[i]);
      }
      end(players);
      if (HasFailure()) return;
    }
  }
}

TEST_P(SplitVector, ByteByByte) {
  const std::string_view bytes = vector().bytes;
  std::vector<size_t> cuts = cuts_of(bytes.size());
  cuts.push_back(bytes.size());
  for (const std::string& to : listeners()) {
    Player player = connect(to, "byte by byte");
    size_t sent = 0;
    size_t pieces = 0;
    size_t seen = 0;  // pieces that the server has looked at before the next was sent
    for (const size_t cut : cuts) {
      const uint64_t before = the_node().turns();
      player.conversation->send(bytes.substr(sent, cut - sent));
      sent = cut;
      // Who has been refused is not listened to any more.
      if (vector().answers.size() == 1 && player.conversation->has_something()) continue;
      ++pieces;
      if (the_node().turns_beyond(before)) ++seen;
    }
    finish_sending(player);
    end({&player, 1});
    EXPECT_GE(2 * seen, pieces) << "most pieces were read together";
  }
}

TEST_P(RefusedVector, WithMoreRequestsBehindIt) {
  const uint64_t refused = the_node().refused();
  for (const std::string& to : listeners()) {
    Player player = connect(to, "with more requests behind it");
    player.conversation->send(vector().bytes + kSmuggled);
    end({&player, 1});
  }
  EXPECT_EQ(the_node().refused() - refused, listeners().size()) << "refusals were counted";
}

std::string name_of(const testing::TestParamInfo<Vector>& info) {
  const std::string& file = info.param.file;
  const size_t slash = file.rfind('/') + 1;
  std::string name =
      file.substr(slash, file.rfind('.') - slash) + "_line_" + std::to_string(info.param.line);
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

std::vector<Vector> vectors_that(bool (*are_meant)(const Vector&)) {
  std::vector<Vector> vectors = load_vectors(RINGCAST_VECTORS);
  std::erase_if(vectors, [&](const Vector& vector) { return !are_meant(vector); });
  return vectors;
}

INSTANTIATE_TEST_SUITE_P(All, HttpVector,
                         testing::ValuesIn(vectors_that([](const Vector&) { return true; })),
                         name_of);
INSTANTIATE_TEST_SUITE_P(All, SplitVector, testing::ValuesIn(vectors_that([](const Vector& vector) {
                           return !vector.is_quick;
                         })),
                         name_of);
INSTANTIATE_TEST_SUITE_P(All, RefusedVector,
                         testing::ValuesIn(vectors_that([](const Vector& vector) {
                           return vector.is_refused();
                         })),
                         name_of);

}  // namespace
}  // namespace ringcast
