// PeerName: where the kernel writes who has connected.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

namespace ringcast::net {

// Room for an IPv6 name; a longer one, of a unix socket, is cut.
struct PeerName {
  sockaddr_in6 name{};
  socklen_t bytes = sizeof(sockaddr_in6);
};

}  // namespace ringcast::net
