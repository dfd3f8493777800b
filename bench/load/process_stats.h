// What a process has used: processor time to the nanosecond, memory as /proc says.
//
// Threads: free functions. Failure: nothing is known of a process that is gone, and the answer says
// so.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "engine/base/result.h"

namespace ringcast::bench {

// Of all its threads, those that have ended included. Read from the process's CPU clock, which
// counts what /proc/<pid>/stat counts, in nanoseconds instead of clock ticks.
// `pid` 0 is the caller.
[[nodiscard]] std::optional<int64_t> cpu_ns(pid_t pid);
// How much of it was spent in user space, in clock ticks of 10 ms.
[[nodiscard]] std::optional<int64_t> user_cpu_ns(pid_t pid);

// How long `core` has not been idle, whoever used it, the machine's host included; in clock ticks
// of 10 ms.
[[nodiscard]] std::optional<int64_t> core_busy_ns(int core);

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
