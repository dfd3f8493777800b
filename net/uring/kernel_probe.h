// What the kernel we run on can do, and a sentence with cause and remedy when it cannot.
//
// Threads: start-up only.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/base/result.h"
#include "engine/config/config.h"
#include "net/uring/io_ring.h"

namespace ringcast::net {

struct KernelVersion {
  int major = 0;
  int minor = 0;
  auto operator<=>(const KernelVersion&) const = default;
};

// "6.18.44-generic" is 6.18; 0.0 when it makes no sense.
[[nodiscard]] KernelVersion parse_kernel_version(std::string_view release) noexcept;

// Connections a shard serves beyond its share: those being turned away, asking something else, or
// saying nothing yet. A guess.
inline constexpr uint32_t kExtraConnections = 256;

// Connections a shard has besides, so that a node that is full of subscribers can be published to and looked at, and nobody
// who comes as one of these takes a subscriber's place: on listeners without streams, and on those that only operators on
// this machine reach. Guesses.
inline constexpr uint32_t kPublisherShare = 128;
inline constexpr uint32_t kOperatorShare = 256;

// Connections a listener keeps waiting. A guess.
inline constexpr uint32_t kListenBacklog = 1024;

// Accepts that a listener has under way on each shard. From 16 to 64 cost the same (2.3 us a connection on Linux
// 6.18), more cost more; they are all that a turn takes in, and each is a slot kept free.
inline constexpr uint32_t kAcceptsPerListener = 32;

// What a node needs from the machine, settled before anything is opened.
struct Capacity {
  DescriptorKind descriptors;
  uint32_t shards;
  uint32_t connections_per_shard_max;  // beyond it new streams are turned away softly
  uint32_t slots_per_shard;            // descriptors a shard's table has room for
};

// What the machine offers; tests make their own.
struct Machine {
  KernelVersion kernel;
  uint32_t cores;
  uint64_t nofile;  // RLIMIT_NOFILE, soft

  // The limit of open files is raised as far as it may be first: shells and units commonly start
  // programs well below that.
  static Machine this_one();
};

// How `server` with so many listeners fits on `machine`. Fails when the kernel is too old or a limit too low, and says
// which and what to do.
[[nodiscard]] Result<Capacity> plan_capacity(const ServerConfig& server, const Machine& machine,
                                             size_t listeners = 1);

// Why `call`, one of io_uring's three system calls, said `error`, and what to do about it.
[[nodiscard]] Error explain_ring_failure(int error, std::string_view call = "io_uring_setup");

// Why a table of `slots` direct descriptors was refused with `error`, and what to do about it.
[[nodiscard]] Error explain_table_failure(int error, unsigned slots);

}  // namespace ringcast::net
