#include "net/peer.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/un.h>

#include <cstring>

namespace ringcast::net {
namespace {

PeerName v6(const char* address, uint16_t port) {
  PeerName name;
  name.name.sin6_family = AF_INET6;
  name.name.sin6_port = htons(port);
  ::inet_pton(AF_INET6, address, &name.name.sin6_addr);
  return name;
}

TEST(Peer, IsWhatTheKernelSays) {
  PeerName name;
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(4711);
  ::inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);
  std::memcpy(&name.name, &v4, sizeof v4);
  EXPECT_EQ(format_peer(peer_from(name)), "192.0.2.1:4711");
  EXPECT_EQ(format_peer(peer_from(v6("2001:db8::1", 80))), "[2001:db8::1]:80");
  EXPECT_EQ(peer_from(v6("::ffff:192.0.2.1", 4711)), peer_from(name))
      << "the same address through a socket of the other family";
}

TEST(Peer, OfAUnixSocketHasNoAddress) {
  PeerName name;
  name.name.sin6_family = AF_UNIX;
  const Peer peer = peer_from(name);
  EXPECT_TRUE(peer.is_unix);
  EXPECT_EQ(peer.address, IpAddress{});
  EXPECT_EQ(format_peer(peer), "unix");
}

TEST(Peer, WithoutAPortIsWrittenWithoutOne) {
  EXPECT_EQ(format_peer(Peer{.address = *parse_ip_address("::1")}), "::1");
  EXPECT_EQ(format_peer(Peer{.address = *parse_ip_address("10.0.0.1")}), "10.0.0.1");
}

}  // namespace
}  // namespace ringcast::net
