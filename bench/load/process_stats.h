// What a process has used: processor time to the nanosecond, memory as /proc says.
//
// Threads: free functions. Failure: nothing is known of a process that is gone, and the answer says
// so.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/result.h"

namespace ringcast::bench {

// Of all its threads, those that have ended included. Read from the process's CPU clock, which
// counts what /proc/<pid>/stat counts, in nanoseconds instead of clock ticks.
// `pid` 0 is the caller.
[[nodiscard]] std::optional<int64_t> cpu_ns(pid_t pid);
// How much of it was spent in user space, in clock ticks of 10 ms.
[[nodiscard]] std::optional<int64_t> user_cpu_ns(pid_t pid);

// What the scheduler has counted for one thread, to the nanosecond.
struct ThreadTimes {
  pid_t thread = 0;
  int64_t ran_ns = 0;
  int64_t waited_ns = 0;  // it was ready, and its core with somebody else
  int64_t turns = 0;      // how often it was given the core

  [[nodiscard]] ThreadTimes since(const ThreadTimes& then) const noexcept {
    return {thread, ran_ns - then.ran_ns, waited_ns - then.waited_ns, turns - then.turns};
  }
};
// Of each thread that `pid` has now.
[[nodiscard]] std::vector<ThreadTimes> thread_times(pid_t pid);

// How long the machine's host kept `core` for itself while there was work for it, in clock ticks of 10 ms.
[[nodiscard]] std::optional<int64_t> core_stolen_ns(int core);

struct MemoryUse {
  int64_t resident = 0;   // VmRSS, bytes
  int64_t anonymous = 0;  // RssAnon: its heap
  int64_t shared = 0;     // RssShmem: its rings
};
[[nodiscard]] std::optional<MemoryUse> memory_use(pid_t pid);

// Keeps `pid` (0: the caller) and the threads it will start on one core. cpu < 0: leaves it alone.
[[nodiscard]] Result<> pin(pid_t pid, int cpu);

// TCP sockets in use in this network namespace.
[[nodiscard]] int64_t tcp_sockets_in_use();

}  // namespace ringcast::bench
