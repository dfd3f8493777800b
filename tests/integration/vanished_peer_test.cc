// A peer that vanishes without a word: no FIN, no reset, only silence from the other end of the
// cable. The server finds out by what it sends not being acknowledged.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <iostream>
#include <list>

#include "tests/support/network_namespace.h"
#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using net::CloseCause;

constexpr milliseconds kHeartbeat{500};

// What net/listener.cc sets as TCP_USER_TIMEOUT.
constexpr milliseconds kUserTimeout{20'000};

// The kernel rounds a timer of many seconds up: by as much as 640 ms at 100 ticks a second.
constexpr milliseconds kTimerSlack{2000};

constexpr const char* kServerAddress = "10.77.0.1";

Config config_for(DescriptorMode descriptors, uint16_t port) {
  Config config = test_config(descriptors);
  config.channels[0].heartbeat = kHeartbeat;
  config.listeners[0].host = kServerAddress;
  config.listeners[0].port = port;
  return config;
}

// The other end of the cable, a process of its own: it comes, subscribes, and vanishes when told
// to.
class Peer {
 public:
  static constexpr uint16_t kPorts[] = {8000, 8001};

  Peer() {
    pid_ = ::fork();
    if (pid_ == 0) {
      try {
        live();
      } catch (const std::exception& error) {
        std::cerr << "the peer: " << error.what() << "\n";
      }
      ::_exit(1);
    }
    has_namespace_.await();
  }
  ~Peer() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  void subscribe() {
    may_subscribe_.pass();
    has_subscribed_.await();
  }
  // Nothing it sends arrives anywhere from now on, acknowledgements included.
  void vanish() {
    may_vanish_.pass();
    has_vanished_.await();
  }

 private:
  [[noreturn]] void live() {
    enter_new_network();
    has_namespace_.pass();
    may_subscribe_.await();
    ip("addr add 10.77.0.2/24 dev peer");
    ip("link set peer up");
    std::list<SseClient> streams;
    for (const uint16_t port : kPorts) {
      for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
        streams.emplace_back(
            port, "/channels/news",
            SseClient::Options{.format = format, .socket = {.host = kServerAddress}});
      }
    }
    has_subscribed_.pass();
    may_vanish_.await();
    ip(std::string("route add blackhole ") + kServerAddress);
    has_vanished_.pass();
    while (true) ::pause();
  }

  Baton has_namespace_, may_subscribe_, has_subscribed_, may_vanish_, has_vanished_;
  pid_t pid_ = -1;
};

TEST(VanishedPeer, SlotIsFreedAfterTwoHeartbeatsAndTheTimeout) {
  enter_new_network();
  Peer peer;
  ip("link add server type veth peer name peer netns " + std::to_string(peer.pid()));
  ip(std::string("addr add ") + kServerAddress + "/24 dev server");
  ip("link set server up");
  ip("link set lo up");
  TestServer direct(config_for(DescriptorMode::kDirect, Peer::kPorts[0]));
  TestServer plain(config_for(DescriptorMode::kPlain, Peer::kPorts[1]));
  peer.subscribe();
  ASSERT_EQ(direct.streaming(), 2U);
  ASSERT_EQ(plain.streaming(), 2U);
  // Heartbeats alone do not end anybody.
  ASSERT_TRUE(comes_true([&] { return direct.total(&net::Counters::heartbeats) >= 6; }));
  ASSERT_EQ(direct.streaming(), 2U);

  peer.vanish();
  const auto freed =
      time_until([&] { return direct.open() == 0 && plain.open() == 0; }, 2 * kUserTimeout);
  ASSERT_TRUE(freed.has_value());
  // At the latest: what was sent last before it vanished may have been acknowledged. And no earlier
  // than the timeout, because networks do fall silent for a while.
  EXPECT_LE(*freed, kUserTimeout + 2 * kHeartbeat + kTimerSlack);
  EXPECT_GE(*freed, kUserTimeout - milliseconds(1000));
  EXPECT_EQ(direct.closed(CloseCause::kPeerGone), 2U);
  EXPECT_EQ(plain.closed(CloseCause::kPeerGone), 2U);
  RecordProperty("freed_ms", std::to_string(freed->count()));
}

}  // namespace
}  // namespace ringcast
