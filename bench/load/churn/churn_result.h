// ChurnResult: what came of a churn run.
//
// Threads: a value type. Memory: two histograms and some examples.
#pragma once

#include <cstdint>

#include "bench/load/follow/follower_ledger.h"
#include "bench/load/peers/phase_figures.h"

namespace ringcast::bench {

struct SessionCounts {
  uint64_t sessions = 0;
  uint64_t resumes = 0;           // sessions that began with a last id
  uint64_t cuts_by_reset = 0;     // by this program
  uint64_t cuts_by_finish = 0;    // likewise, with FIN
  uint64_t cuts_inside_item = 0;  // of both, those that left an item incomplete
  uint64_t closed_by_server = 0;
  uint64_t comments = 0;
};

struct ChurnResult {
  FollowVerdict verdict;
  SessionCounts counts;
  bool stalled = false;  // given up before everybody had everything

  PhaseFigures figures;  // processor times until everybody had everything
  int64_t drain_ns = 0;  // from the last answer until then
  int64_t resident_before = 0;
  int64_t resident_after = 0;

  [[nodiscard]] bool good(bool gaps_allowed) const noexcept {
    return verdict.good(gaps_allowed) && !stalled && figures.published > 0;
  }
};

}  // namespace ringcast::bench
