// Peer: who is at the other end of a connection. ShardState keeps one for each slot.
//
// Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "engine/ip_address.h"
#include "net/uring/peer_name.h"

namespace ringcast::net {

struct Peer {
  IpAddress address;     // all zero: a unix socket's peer has none
  uint16_t port = 0;     // 0: not known
  bool is_unix = false;  // it came through a unix socket: from this machine
  bool operator==(const Peer&) const = default;
};

// What the kernel has written.
[[nodiscard]] Peer peer_from(const PeerName& name) noexcept;

// 192.0.2.1:4711, [2001:db8::1]:4711 or unix; without a port when none is known.
[[nodiscard]] std::string format_peer(const Peer& peer);

}  // namespace ringcast::net
