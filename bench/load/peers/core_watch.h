// CoreWatch: from its making on, which share of the server's core went to other programs.
//
// Threads: one. Memory: none.
#pragma once

#include <algorithm>

#include "bench/load/clock.h"
#include "bench/load/load_run.h"
#include "bench/load/process_stats.h"

namespace ringcast::bench {

class CoreWatch {
 public:
  explicit CoreWatch(const Target& target)
      : target_(target),
        start_ns_(now_ns()),
        busy_ns_(core_busy_ns(target.core).value_or(0)),
        used_ns_(cpu_ns(target.pid).value_or(0)) {}

  // 0 to 1; 0 where the server has no core of its own.
  [[nodiscard]] double taken_by_others() const {
    const auto busy = core_busy_ns(target_.core);
    if (!busy) return 0;
    const int64_t own = cpu_ns(target_.pid).value_or(0) - used_ns_;
    const int64_t others = *busy - busy_ns_ - own;
    return std::max(0.0, static_cast<double>(others) /
                             static_cast<double>(std::max<int64_t>(now_ns() - start_ns_, 1)));
  }

 private:
  Target target_;
  int64_t start_ns_;
  int64_t busy_ns_;
  int64_t used_ns_;
};

}  // namespace ringcast::bench
