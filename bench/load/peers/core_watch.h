// CoreWatch: from its making on, for which share of the time the server could have run and did not, because its core was with others.
//
// What the scheduler counts for each thread, to the nanosecond: how long it was ready and waited. The clock ticks of /proc/stat cannot
// tell, because work that comes at a steady pace is always there, or never, when the tick looks. To it comes what the machine's host
// has taken of the core.
//
// A server with several busy threads on its core makes them wait for each other. Nothing is said of it.
//
// Threads: one. Memory: a few words for each thread of the server.
#pragma once

#include <algorithm>
#include <vector>

#include "bench/load/clock.h"
#include "bench/load/load_run.h"
#include "bench/load/process_stats.h"

namespace ringcast::bench {

class CoreWatch {
 public:
  explicit CoreWatch(const Target& target)
      : target_(target),
        start_ns_(now_ns()),
        stolen_ns_(core_stolen_ns(target.core).value_or(0)),
        before_(thread_times(target.pid)) {}

  // 0 to 1; 0 where the server has no core of its own, or more than one busy thread on it.
  [[nodiscard]] double taken_by_others() const {
    if (target_.core < 0) return 0;
    ThreadTimes busiest;
    int64_t ran_ns = 0;  // by all of them
    for (ThreadTimes now : thread_times(target_.pid)) {
      const auto then = std::ranges::find(before_, now.thread, &ThreadTimes::thread);
      if (then != before_.end()) now = now.since(*then);
      ran_ns += now.ran_ns;
      if (now.ran_ns >= busiest.ran_ns) busiest = now;
    }
    if (ran_ns - busiest.ran_ns > ran_ns / 10) return 0;
    // Waking up takes a moment even where nobody else is: of a halted core in a virtual machine, some 20 µs (a guess).
    constexpr int64_t kWakeNs = 20 * kMicrosecond;
    const int64_t waited_ns = std::max<int64_t>(busiest.waited_ns - busiest.turns * kWakeNs, 0);
    const int64_t stolen_ns = core_stolen_ns(target_.core).value_or(stolen_ns_) - stolen_ns_;
    const int64_t all_ns = std::max<int64_t>(now_ns() - start_ns_, 1);
    return static_cast<double>(waited_ns + stolen_ns) / static_cast<double>(all_ns);
  }

 private:
  Target target_;
  int64_t start_ns_;
  int64_t stolen_ns_;
  std::vector<ThreadTimes> before_;
};

}  // namespace ringcast::bench
