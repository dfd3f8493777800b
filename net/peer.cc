#include "net/peer.h"

#include <fmt/format.h>

#include <cstring>

namespace ringcast::net {

Peer peer_from(const PeerName& name) noexcept {
  Peer peer;
  switch (name.name.sin6_family) {  // at the same place in every kind of name
    case AF_INET: {
      sockaddr_in v4{};
      std::memcpy(&v4, &name.name, sizeof v4);
      std::array<uint8_t, 4> bytes{};
      std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
      peer.address = IpAddress::of_v4(bytes);
      peer.port = ntohs(v4.sin_port);
      break;
    }
    case AF_INET6:
      std::memcpy(peer.address.bytes.data(), &name.name.sin6_addr, peer.address.bytes.size());
      peer.port = ntohs(name.name.sin6_port);
      break;
    default:
      peer.is_unix = true;
  }
  return peer;
}

std::string format_peer(const Peer& peer) {
  if (peer.is_unix) return "unix";
  const std::string address = format_ip_address(peer.address);
  if (peer.port == 0) return address;
  return peer.address.is_v4() ? fmt::format("{}:{}", address, peer.port)
                              : fmt::format("[{}]:{}", address, peer.port);
}

}  // namespace ringcast::net
