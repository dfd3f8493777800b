// Ten thousand subscribers in one process whose limit is twenty thousand descriptors: they have
// half of them, and the server's own sides take none.

#include <dirent.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

constexpr size_t kSubscribers = 10'000;

size_t open_descriptors() {
  DIR* const listing = ::opendir("/proc/self/fd");
  size_t count = 0;
  while (::readdir(listing) != nullptr) ++count;
  ::closedir(listing);
  return count;
}

TEST(ManyConnections, EveryOneGetsEveryEventAndItsSlotIsFreedAfterwards) {
  Config large = test_config(DescriptorMode::kDirect);
  large.server.connections_max = kSubscribers + 500;
  TestServer server(large);
  const size_t descriptors_before = open_descriptors();
  std::vector<TcpClient> subscribers;
  subscribers.reserve(kSubscribers);
  const Stopwatch connecting;
  for (size_t i = 0; i < kSubscribers; ++i) {
    subscribers.emplace_back(server.port());
    subscribers.back().send(SseClient::request("/channels/news", WireFormat::kChunked));
  }
  for (TcpClient& subscriber : subscribers) (void)subscriber.read_until("retry: 4711\n\r\n");
  EXPECT_EQ(server.streaming(), kSubscribers);
  EXPECT_LT(open_descriptors(), descriptors_before + kSubscribers + 50);
  RecordProperty("connected_ms", std::to_string(connecting.elapsed().count()));

  HttpClient publisher(server.port());
  for (int round = 0; round < 3; ++round) {
    const Stopwatch delivering;
    const HttpResponse response = publisher.publish("news", "to all of you");
    EXPECT_NE(response.body.find("\"subscribers\":10000}"), std::string::npos) << response.body;
    const std::string frame = "id: " + published_id(response) + "\ndata: to all of you\n\n";
    for (TcpClient& subscriber : subscribers) {
      const std::string chunk = subscriber.read_until("\n\n\r\n");
      ASSERT_TRUE(chunk.ends_with(frame + "\r\n")) << chunk;
    }
    RecordProperty("delivered_ms", std::to_string(delivering.elapsed().count()));
  }

  const Stopwatch leaving;
  for (TcpClient& subscriber : subscribers) subscriber.reset();
  EXPECT_TRUE(comes_true([&] { return server.streaming() == 0 && server.open() == 1; }));
  RecordProperty("freed_ms", std::to_string(leaving.elapsed().count()));
  EXPECT_EQ(server.closed(net::CloseCause::kPeerGone), kSubscribers);
}

}  // namespace
}  // namespace ringcast
