// A line for each connection that has ended: what it says, and what it never says.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "tests/support/http_client.h"
#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

namespace fs = std::filesystem;

class AccessLog : public EitherDescriptors {
 protected:
  AccessLog() {
    std::string name = (fs::temp_directory_path() / "access.XXXXXX").string();
    path_ = std::string(::mkdtemp(name.data())) + "/access.log";
  }
  ~AccessLog() override { fs::remove_all(fs::path(path_).parent_path()); }

  [[nodiscard]] Config logging(uint32_t sample = 1) const {
    Config logging = config();
    logging.server.shards = 1;
    logging.log.access = {.to = path_, .sample = sample};
    return logging;
  }

  // Waits for so many lines; with those that come when the server stops.
  [[nodiscard]] std::vector<std::string> lines(size_t count) const {
    std::vector<std::string> lines;
    EXPECT_TRUE(comes_true([&] {
      lines.clear();
      std::ifstream file(path_);
      for (std::string line; std::getline(file, line);) lines.push_back(line);
      return lines.size() >= count;
    }));
    EXPECT_EQ(lines.size(), count);
    lines.resize(count);
    return lines;
  }

  static void expect_line(const std::string& line, const std::string& what) {
    const std::regex form(
        R"(time=20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z peer=127\.0\.0\.1:\d+ listener=127\.0\.0\.1:\d+ )" +
        what + R"( ms=\d+)");
    EXPECT_TRUE(std::regex_match(line, form)) << line;
  }

  std::string path_;
};
RC_EITHER_DESCRIPTORS(AccessLog);

TEST_P(AccessLog, SaysOfEachConnectionWhatItAskedForAndHowItEnded) {
  TestServer server(logging());
  { SseClient stream(server.port(), "/channels/news?lastEventId=SECRET"); }
  expect_line(lines(1)[0],
              R"re(request="GET /channels/news" status=200 end=peer_gone requests=1 bytes=0)re");
  {
    HttpClient publisher(server.port());
    EXPECT_EQ(publisher.publish("news", "SECRET").status, 201);
    EXPECT_EQ(publisher.ask(get("/channels/nwes")).status, 404);
  }
  expect_line(
      lines(2)[1],
      R"re(request="GET /channels/nwes" status=404 end=peer_gone requests=2 bytes=\d{3,})re");
  (void)ask(server.port(), "SECRET\r\n\r\n");
  expect_line(lines(3)[2], R"re(request="" status=400 end=refused requests=1 bytes=\d{3,})re");
  { TcpClient silent(server.port()); }
  expect_line(lines(4)[3], R"re(request="" status=0 end=peer_gone requests=0 bytes=0)re");
  SseClient last(server.port(), "/channels/news");
  server.stop();
  expect_line(lines(5)[4],
              R"re(request="GET /channels/news" status=200 end=server_stop requests=1 bytes=0)re");
}

TEST_P(AccessLog, NothingOfARequestForgesALineDrivesATerminalOrTellsASecret) {
  TestServer server(logging());
  const std::string requests[] = {
      get("/channels/%E2%80%A8%22%20status=999%5C?access_token=SECRET&x=%0d%0aforged"),
      get("/channels/" + std::string(300, 'a'), "User-Agent: forged\r\n"),
      get("/channels/news", "User-Agent: \x1b[2Jforged\r\n"),
      get("/channels/news%0d%0aforged", "Authorization: Bearer SECRET\r\nCookie: a=SECRET\r\n"),
      post("/channels/news?event=a%0Aforged", "SECRET", "Idempotency-Key: SECRET\r\n"),
  };
  for (const std::string& text : requests) (void)ask(server.port(), text);
  const std::vector<std::string> all = lines(std::size(requests));
  for (const std::string& line : all) {
    EXPECT_EQ(line.find("SECRET"), std::string::npos) << line;
    EXPECT_EQ(line.find("forged"), std::string::npos) << line;
    EXPECT_TRUE(std::ranges::all_of(line, [](char c) { return c >= ' ' && c < 0x7f; })) << line;
  }
  EXPECT_NE(all[0].find(R"(request="GET /channels/)"), std::string::npos) << all[0];
  EXPECT_NE(all[0].find(R"(\" status=999\\" status=404)"), std::string::npos) << all[0];
  EXPECT_NE(all[1].find("aaa...\" status=404"), std::string::npos) << all[1];
  EXPECT_LT(all[1].size(), 400U);
}

TEST_P(AccessLog, FollowsOneConnectionInSoMany) {
  TestServer server(logging(/*sample=*/4));
  for (int i = 0; i < 9; ++i) (void)ask(server.port(), get("/healthz/live"));
  const auto has_line_count = [&](size_t count) {
    return server.total(&net::Counters::log_lines) == count;
  };
  EXPECT_TRUE(comes_true([&] { return has_line_count(3); }));
  server.stop();
  EXPECT_EQ(lines(3).size(), 3U);
}

TEST_P(AccessLog, ThatCannotBeWrittenKeepsTheServerFromStarting) {
  Config config = logging();
  config.log.access.to = path_ + "/missing/access.log";
  const auto server = net::Server::start(config);
  ASSERT_FALSE(server);
  EXPECT_TRUE(server.error().message.starts_with("cannot write to the log "));
}

}  // namespace
}  // namespace ringcast
