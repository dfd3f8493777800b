// Subscribers that go: the slot is free again at once, however they go.

#include <gtest/gtest.h>

#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using net::CloseCause;
using net::Counters;

struct WayToGo {
  const char* name;
  void (*go)(TcpClient&);
};

constexpr WayToGo kWaysToGo[] = {
    {"fin", [](TcpClient& client) { client.close(); }},
    {"reset", [](TcpClient& client) { client.reset(); }},
    {"half_close", [](TcpClient& client) { client.half_close(); }},
};

using Disconnect = EitherDescriptors;
RC_EITHER_DESCRIPTORS(Disconnect);

TEST_P(Disconnect, SlotIsFreedAtOnceHoweverASubscriberGoes) {
  TestServer server(config());
  for (const WayToGo& way : kWaysToGo) {
    for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
      SseClient client(server.port(), "/channels/news", {.format = format, .socket = {}});
      ASSERT_EQ(server.streaming(), 1U);
      way.go(client.socket());
      const auto freed = time_until([&] { return server.open() == 0; });
      ASSERT_TRUE(freed.has_value()) << way.name;
      EXPECT_EQ(server.streaming(), 0U);
      RecordProperty(std::string(way.name) + "_freed_ms", std::to_string(freed->count()));
    }
  }
  EXPECT_EQ(server.closed(CloseCause::kPeerGone), 6U);
}

TEST_P(Disconnect, HalfClosedSubscriberIsGone) {
  TestServer server(config());
  SseClient client(server.port(), "/channels/news");
  client.socket().half_close();
  EXPECT_EQ(client.socket().wait_for_end(), TcpClient::End::kFin);
}

TEST_P(Disconnect, ThoseWhoStayMissNothingWhileOthersGo) {
  TestServer server(config());
  HttpClient publisher(server.port());
  SseClient staying(server.port(), "/channels/news");
  constexpr size_t kGoing = 150;
  for (const WayToGo& way : kWaysToGo) {
    std::vector<SseClient> going;
    for (size_t i = 0; i < kGoing; ++i) going.emplace_back(server.port(), "/channels/news");
    EXPECT_EQ(server.streaming(), kGoing + 1);
    std::vector<std::string> ids;
    for (size_t i = 0; i < kGoing; ++i) {
      way.go(going[i].socket());
      ids.push_back(published_id(publisher.publish("news", way.name)));
    }
    for (const std::string& id : ids) EXPECT_EQ(staying.next_event().id, id);
    const auto freed = time_until([&] { return server.streaming() == 1; });
    ASSERT_TRUE(freed.has_value()) << way.name;
    RecordProperty(std::string(way.name) + "_all_freed_ms", std::to_string(freed->count()));
  }
}

TEST_P(Disconnect, PublishersAndTheSilentMayGoAtAnyPoint) {
  TestServer server(config());
  const std::string whole = post("/channels/news", "x");
  uint64_t connections = 0;
  for (const WayToGo& way : kWaysToGo) {
    for (size_t sent = 0; sent <= whole.size(); sent += 7) {
      HttpClient client(server.port());
      client.send(std::string_view(whole).substr(0, sent));
      way.go(client);
      ++connections;
      const auto is_over = [&] {
        return server.total(&Counters::accepted) == connections && server.open() == 0;
      };
      ASSERT_TRUE(comes_true(is_over)) << way.name << " after " << sent << " bytes";
    }
  }
}

}  // namespace
}  // namespace ringcast
