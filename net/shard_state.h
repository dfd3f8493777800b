// ShardState: what the parts of one shard share. It is owned by the Shard and handed to its parts
// by reference.
//
// Threads: one shard.
#pragma once

#include <random>
#include <string_view>

#include "engine/access/access.h"
#include "engine/base/clock.h"
#include "engine/config/config.h"
#include "net/admission.h"
#include "net/connection_table.h"
#include "net/counters.h"
#include "net/grants.h"
#include "net/peer.h"
#include "net/quiet_memory.h"
#include "net/timer_wheel.h"
#include "net/uring/io_ring.h"
#include "net/uring/kernel_probe.h"

namespace ringcast::net {

struct ShardState {
  ShardState(size_t shard_number, const Capacity& node_capacity, Kernel& kernel,
             Counters& shard_counters, NodeLimits& node_limits, const Access& first_access,
             MonotonicMs start)
      : number(shard_number),
        capacity(node_capacity),
        counters(shard_counters),
        limits(node_limits.limits()),
        access(&first_access),
        admission(node_limits, node_capacity.slots_per_shard),
        io(kernel, node_capacity.descriptors),
        connections(node_capacity.slots_per_shard),
        peers(node_capacity.slots_per_shard),
        grants(node_capacity.slots_per_shard),
        timers(node_capacity.slots_per_shard, start),
        now(start),
        random(static_cast<uint32_t>(shard_number * 7919 + 1) ^ static_cast<uint32_t>(start)) {}

  // A number from [low, high]; for spreading, not for secrets.
  [[nodiscard]] int64_t draw(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  }

  // Sends `bytes`, which are copied, to a stream at once or not at all; `op` is kHead or
  // kHeartbeat.
  void send_quietly(uint32_t slot, Op op, std::string_view bytes) noexcept {
    io.send_now(slot, quiet.keep(bytes, io), connections.tag(op, slot));
  }

  const size_t number;
  const Capacity capacity;
  Counters& counters;
  const LimitsConfig& limits;  // outlives the shard
  const Access* access;        // what counts in this turn: nothing of it may be kept for the next
  Admission admission;
  IoRing io;
  ConnectionTable connections;
  // By slot: who is at the other end, as PROXY headers and forwarded fields of trusted proxies say (senders.h).
  LazyArray<Peer> peers;
  LazyArray<Grant> grants;  // until when a stream may go on, by slot, where Connection::has_grant
  TimerWheel timers;
  QuietMemory quiet;
  MonotonicMs now;  // read once a turn
  std::minstd_rand random;
};

}  // namespace ringcast::net
