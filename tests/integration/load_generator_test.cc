// Goal: the load generator passes a server that does everything right and fails one that does not,
// and says how. Method: the floor server, which is right; and a scripted server of two subscribers
// that goes wrong in one known way.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <thread>

#include "bench/load/event_data.h"
#include "bench/load/floor_server.h"
#include "bench/load/load_run.h"
#include "bench/load/publisher.h"
#include "engine/base/unique_fd.h"

namespace ringcast::bench {
namespace {

constexpr size_t kDataBytes = 120;
constexpr int64_t kMs = 1'000'000;

size_t request_bytes(const LoadPlan& plan) {
  return publish_request({.path = "/channels/" + plan.channel, .data_bytes = plan.data_bytes}, {})
      .size();
}

class FloorTest : public testing::TestWithParam<FloorMethod> {
 protected:
  static LoadResult measure(const LoadPlan& plan) {
    auto floor = FloorServer::start({.method = GetParam(),
                                     .subscribers = plan.subscribers,
                                     .publishers = plan.publishers,
                                     .request_bytes = request_bytes(plan),
                                     .data_bytes = plan.data_bytes});
    if (!floor) {
      ADD_FAILURE() << floor.error().message;
      return {};
    }
    auto result = run_load(plan, {.name = "floor",
                                  .pid = floor->pid(),
                                  .subscribe = floor->subscribe_address(),
                                  .publish = floor->publish_address()});
    if (result) return std::move(*result);
    ADD_FAILURE() << result.error().message;
    return {};
  }
};

TEST_P(FloorTest, EverySubscriberHasEveryScheduledEvent) {
  const LoadResult result = measure({.subscribers = 500,
                                     .data_bytes = kDataBytes,
                                     .interval_ns = 20 * kMs,
                                     .events_max = 5,
                                     .pipeline = 8});
  EXPECT_TRUE(result.good());
  EXPECT_EQ(result.events, 5u);
  EXPECT_EQ(result.deliveries, 2500u);
  EXPECT_EQ(result.latency.count(), 2500u);
  EXPECT_EQ(result.last_reader.count(), 5u);
  EXPECT_GT(result.server_cpu_ns, 0);
}

TEST_P(FloorTest, EverySubscriberHasEveryEventOfAFlood) {
  const LoadResult result = measure({.subscribers = 20,
                                     .data_bytes = kDataBytes,
                                     .events_max = 600,
                                     .publishers = 3,
                                     .pipeline = 16});
  EXPECT_TRUE(result.good());
  EXPECT_EQ(result.deliveries, 12'000u);
}

INSTANTIATE_TEST_SUITE_P(Methods, FloorTest,
                         testing::Values(FloorMethod::kSend, FloorMethod::kDirect));

// Two subscribers and one publisher, served by a script: for each publish, what to send to whom and
// what to answer.
class ScriptedServer {
 public:
  struct Answers {
    std::array<std::string, 2> frames;
    bool refuse = false;
    std::array<bool, 2> close{};
  };
  using Script = std::function<Answers(uint64_t publish, const std::string& frame)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    subscribe_fd_ = listen(subscribe);
    publish_fd_ = listen(publish);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() { thread_.join(); }

  sockaddr_in subscribe{};
  sockaddr_in publish{};

 private:
  static UniqueFd listen(sockaddr_in& address) {
    UniqueFd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(fd.get(), generic, bytes), 0);
    EXPECT_EQ(::listen(fd.get(), 16), 0);
    EXPECT_EQ(::getsockname(fd.get(), generic, &bytes), 0);
    return fd;
  }

  static void send_all(const UniqueFd& fd, std::string_view bytes) {
    EXPECT_EQ(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  void serve() {
    std::array<UniqueFd, 2> streams;
    for (UniqueFd& stream : streams) {
      stream = UniqueFd(::accept(subscribe_fd_.get(), nullptr, nullptr));
      char request[512];
      EXPECT_GT(::read(stream.get(), request, sizeof(request)), 0);
      send_all(stream,
               "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: "
               "chunked\r\n\r\n");
      send_all(stream, "e\r\n:\nretry: 2000\n\r\n");
    }
    const UniqueFd publisher(::accept(publish_fd_.get(), nullptr, nullptr));
    std::string request(request_bytes({.data_bytes = kDataBytes}), '\0');
    for (uint64_t i = 0; ::recv(publisher.get(), request.data(), request.size(), MSG_WAITALL) > 0;
         ++i) {
      std::string frame;
      append_frame(frame, {.ms = 1000, .seq = i},
                   std::string_view(request).substr(request.size() - kDataBytes));
      const Answers answers = script_(i, frame);
      for (size_t who = 0; who < streams.size(); ++who) {
        if (!answers.frames[who].empty()) send_all(streams[who], answers.frames[who]);
        if (answers.close[who]) streams[who] = UniqueFd();
      }
      const std::string body = "{\"id\":\"1000-" + std::to_string(i) + "\",\"subscribers\":2}";
      const std::string status = answers.refuse ? "503 Service Unavailable" : "201 Created";
      send_all(publisher, "HTTP/1.1 " + status + "\r\nContent-Length: " +
                              std::to_string(body.size()) + "\r\n\r\n" + body);
    }
  }

  Script script_;
  UniqueFd subscribe_fd_;
  UniqueFd publish_fd_;
  std::thread thread_;
};

LoadResult measure(ScriptedServer::Script script) {
  ScriptedServer server(std::move(script));
  auto result = run_load({.subscribers = 2,
                          .data_bytes = kDataBytes,
                          .interval_ns = 5 * kMs,
                          .events_max = 4,
                          .stall_ns = 300 * kMs},
                         {.name = "script",
                          .pid = ::getpid(),
                          .subscribe = server.subscribe,
                          .publish = server.publish});
  if (result) return std::move(*result);
  ADD_FAILURE() << result.error().message;
  return {};
}

TEST(LoadRun, FaultlessServerPasses) {
  const LoadResult result =
      measure([](uint64_t, const std::string& frame) -> ScriptedServer::Answers {
        return {.frames = {frame, "2\r\n:\n\r\n" + frame}};
      });
  EXPECT_TRUE(result.good());
  EXPECT_EQ(result.deliveries, 8u);
}

TEST(LoadRun, LostEventFailsAndIsCounted) {
  const LoadResult result =
      measure([](uint64_t publish, const std::string& frame) -> ScriptedServer::Answers {
        return {.frames = {frame, publish == 2 ? "" : frame}};
      });
  EXPECT_FALSE(result.good());
  EXPECT_TRUE(result.stalled);
  EXPECT_EQ(result.verdict.lost, 1u);
  EXPECT_EQ(result.verdict.repeated + result.verdict.reordered + result.verdict.damaged +
                result.verdict.cut,
            0u);
}

TEST(LoadRun, RepetitionAfterTheLastEventIsStillSeen) {
  const LoadResult result =
      measure([](uint64_t publish, const std::string& frame) -> ScriptedServer::Answers {
        return {.frames = {frame, publish == 3 ? frame + frame : frame}};
      });
  EXPECT_FALSE(result.good());
  EXPECT_EQ(result.verdict.repeated, 1u);
  EXPECT_EQ(result.verdict.lost, 0u);
}

TEST(LoadRun, StreamClosedByTheServerIsCut) {
  const LoadResult result =
      measure([](uint64_t publish, const std::string& frame) -> ScriptedServer::Answers {
        return {.frames = {frame, publish < 2 ? frame : ""}, .close = {false, publish == 1}};
      });
  EXPECT_FALSE(result.good());
  EXPECT_EQ(result.verdict.cut, 1u);
  EXPECT_EQ(result.verdict.lost, 2u);
}

TEST(LoadRun, RefusedPublishIsSentAgainAndKeepsItsIntendedTime) {
  const LoadResult result =
      measure([](uint64_t publish, const std::string& frame) -> ScriptedServer::Answers {
        if (publish == 1) return {.frames = {}, .refuse = true};
        return {.frames = {frame, frame}};
      });
  EXPECT_TRUE(result.good());
  EXPECT_EQ(result.refused, 1u);
  EXPECT_EQ(result.deliveries, 8u);
  EXPECT_GE(result.latency.max(), 40u * kMs);  // it was sent again 50 ms later, and that counts
}

TEST(LoadRun, RefusedEventThatIsDeliveredFails) {
  const LoadResult result =
      measure([](uint64_t publish, const std::string& frame) -> ScriptedServer::Answers {
        return {.frames = {frame, frame}, .refuse = publish == 1};
      });
  EXPECT_FALSE(result.good());
  EXPECT_EQ(result.verdict.unpublished, 1u);
}

TEST(LoadRun, AnswerWithAnotherIdThanWasDeliveredFails) {
  const LoadResult result =
      measure([](uint64_t publish, const std::string& frame) -> ScriptedServer::Answers {
        std::string other = frame;
        if (publish == 3) other.replace(other.find("1000-3"), 6, "1000-4");
        return {.frames = {other, other}};
      });
  EXPECT_TRUE(result.verdict.good());
  EXPECT_FALSE(result.ids_agree);
  EXPECT_FALSE(result.good());
}

TEST(LoadRun, ServerThatIsNotThereIsOneSentence) {
  sockaddr_in nowhere{};
  nowhere.sin_family = AF_INET;
  nowhere.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  nowhere.sin_port = htons(1);
  const auto result =
      run_load({.subscribers = 2, .data_bytes = kDataBytes},
               {.name = "nobody", .pid = ::getpid(), .subscribe = nowhere, .publish = nowhere});
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("nobody listens on port 1"), std::string::npos)
      << result.error().message;
}

}  // namespace
}  // namespace ringcast::bench
