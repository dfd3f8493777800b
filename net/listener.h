// Listening sockets. Every shard has one of its own on each configured address (SO_REUSEPORT), and
// the kernel spreads new connections over them. What is set here is inherited by each accepted
// socket, which saves a system call per option.
//
// Threads: start-up only.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/config/config.h"

namespace ringcast::net {

struct Listener {
  UniqueFd fd;
  ListenerConfig config;  // with the port that was really bound
};

// 127.0.0.1:8000 or [::1]:8000.
[[nodiscard]] std::string bind_name(const ListenerConfig& config);

// Sockets share a port when each of them allows it, whatever process they belong to. So a node's
// first one binds without, which finds out whether somebody else is there, and allows it
// afterwards.
enum class PortUse {
  kFirst,   // refuses a port on which anybody listens, another ringcast included
  kShared,  // beside our own first one
};

// Binds and listens. Fails with the address, the cause and the remedy.
[[nodiscard]] Result<Listener> listen_on(const ListenerConfig& config, PortUse use);

}  // namespace ringcast::net
