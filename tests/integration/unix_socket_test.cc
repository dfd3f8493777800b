// A listener on a unix socket: the same HTTP, a file that comes and goes with the server, and permissions of its own.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <list>

#include "tests/support/http_client.h"
#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

namespace fs = std::filesystem;

class UnixSocketTest : public EitherDescriptors {
 protected:
  ~UnixSocketTest() override { fs::remove_all(directory_); }

  Config on_socket() {
    Config changed = config();
    changed.listeners.push_back(changed.listeners.front());
    changed.listeners.back().host = "";
    changed.listeners.back().socket_path = path();
    return changed;
  }
  [[nodiscard]] std::string path() const { return directory_ / "ringcast.sock"; }
  [[nodiscard]] TcpClient::Options there() const { return {.host = path()}; }

  [[nodiscard]] static std::string refusal(const Config& config) {
    try {
      const TestServer server(config);
      return "";
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }

 private:
  // Short, because the path of a socket has to be.
  const fs::path directory_ = [] {
    char name[] = "/tmp/ringcast-XXXXXX";
    return fs::path(::mkdtemp(name));
  }();
};
RC_EITHER_DESCRIPTORS(UnixSocketTest);

TEST_P(UnixSocketTest, CarriesStreamsAndPublishesLikeAnyOther) {
  TestServer server(on_socket());
  SseClient::Options options{.socket = there()};
  std::list<SseClient> subscribers;
  for (int i = 0; i < 100; ++i) subscribers.emplace_back(0, "/channels/news", options);
  SseClient over_tcp(server.port(), "/channels/news");
  HttpClient publisher(0, there());
  for (int i = 0; i < 20; ++i) {
    const std::string text(10'000, static_cast<char>('a' + i));
    const std::string id = published_id(publisher.publish("news", text));
    EXPECT_EQ(over_tcp.next_event().id, id);
    for (SseClient& subscriber : subscribers) {
      const StreamEvent event = subscriber.next_event();
      EXPECT_EQ(event.id, id);
      EXPECT_EQ(event.data, text);
    }
  }
  subscribers.clear();
  EXPECT_TRUE(comes_true([&] { return server.streaming() == 1; })) << "their going is noticed";
}

// What does not fit into the socket is held as for any other: nothing is lost, and nobody else waits.
TEST_P(UnixSocketTest, ASlowReaderGetsEverythingOnce) {
  Config roomy = on_socket();
  roomy.channels.front().history = {
      .events = 4096, .bytes = 16 * kMiB, .age = milliseconds(600'000)};
  TestServer server(roomy);
  SseClient slow(0, "/channels/news", {.socket = there()});
  HttpClient publisher(0, there());
  std::vector<std::string> ids;
  for (int i = 0; i < 200; ++i) {
    ids.push_back(published_id(publisher.publish("news", std::string(30'000, 'x'))));
  }
  ASSERT_TRUE(comes_true([&] { return server.total(&net::Counters::sends_full) > 0; }));
  for (const std::string& id : ids) EXPECT_EQ(slow.next_event().id, id);
}

TEST_P(UnixSocketTest, TheFileHasItsPermissionsAndGoesWithTheServer) {
  for (const uint32_t mode : {0600U, 0660U, 0666U}) {
    Config changed = on_socket();
    changed.listeners.back().socket_mode = mode;
    TestServer server(changed);
    struct stat file {};
    ASSERT_EQ(::lstat(path().c_str(), &file), 0);
    EXPECT_TRUE(S_ISSOCK(file.st_mode));
    EXPECT_EQ(file.st_mode & 0777, mode);
    server.stop();
    EXPECT_FALSE(fs::exists(path()));
  }
}

TEST_P(UnixSocketTest, AFileThatAKilledServerLeftIsReplaced) {
  {
    const UniqueFd killed{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(killed.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(killed.get(), 1), 0);
  }
  ASSERT_TRUE(fs::exists(path()));
  TestServer server(on_socket());
  EXPECT_EQ(HttpClient(0, there()).ask(get("/healthz/live")).status, 200);
}

TEST_P(UnixSocketTest, WhatIsInTheWayIsNamedWithARemedy) {
  {
    TestServer first(on_socket());
    EXPECT_NE(refusal(on_socket()).find("another process listens there; stop it"),
              std::string::npos);
    EXPECT_EQ(HttpClient(0, there()).ask(get("/healthz/live")).status, 200) << "the first goes on";
  }
  std::ofstream(path()) << "precious";
  EXPECT_NE(refusal(on_socket()).find("which is no socket; move it"), std::string::npos);
  EXPECT_EQ(fs::file_size(path()), 8U);
  Config nowhere = on_socket();
  nowhere.listeners.back().socket_path = "/nonexistent/x.sock";
  EXPECT_NE(refusal(nowhere).find("its directory does not exist"), std::string::npos);
}

TEST_P(UnixSocketTest, AFileThatIsNotOursIsLeftAlone) {
  {
    TestServer server(on_socket());
    fs::rename(path(), path() + ".moved");
    std::ofstream(path()) << "somebody else's";
  }
  EXPECT_TRUE(fs::exists(path()));
}

// Its peers have no address, so none that could have too many streams; who they forward for has one.
TEST_P(UnixSocketTest, LimitsBySourceAreForWhoHasAnAddress) {
  Config limited = on_socket();
  limited.limits.source_streams_max = 1;
  limited.listeners.back().trusted_proxies = {*parse_ip_network("127.0.0.1")};
  TestServer server(limited);
  std::list<SseClient> inside;
  for (int i = 0; i < 3; ++i) {
    inside.emplace_back(0, "/channels/news", SseClient::Options{.socket = there()});
  }
  const std::string forwarded = "X-Forwarded-For: 192.0.2.7\r\n";
  inside.emplace_back(0, "/channels/news",
                      SseClient::Options{.socket = there(), .extra = forwarded});
  TcpClient second(0, there());
  second.send(SseClient::request("/channels/news", WireFormat::kRaw, forwarded));
  EXPECT_TRUE(second.read_to_end().ends_with("\r\n\r\nretry: 4711\n"));
}

}  // namespace
}  // namespace ringcast
