// One phase of the siege: normal subscribers at an even publishing rate, and perhaps an attack meanwhile.
//
// The subscribers must have every event once and in order, and their latency is what phases without and with the attack are compared
// by. The attack's connections must be gone by a deadline, and the server's memory back where it was.
//
// Threads: one; the attack is a process of its own. Memory: some 200 bytes a subscriber, a descriptor each. Failure: one sentence when
// the phase could not be made, or the attack was none.
#pragma once

#include <cstdint>

#include "bench/load/follow/follower_ledger.h"
#include "bench/load/load_run.h"
#include "bench/load/peers/phase_figures.h"
#include "bench/load/siege/siege_plan.h"
#include "engine/base/histogram.h"
#include "engine/base/result.h"

namespace ringcast::bench {

struct SiegeResult {
  bool attacked = false;
  FollowVerdict verdict;
  bool unfinished = false;     // given up before everybody had everything
  uint64_t normal_closed = 0;  // streams of normal subscribers that the server ended
  Histogram latency;           // intended publish to whole event seen

  // Of the attack, by the server's counters, and by the flood's own.
  uint64_t accepted_connections = 0;
  uint64_t refused_requests = 0;
  uint64_t attackers_most = 0;
  uint64_t attackers_left = 0;  // in the end
  // From the last wave of connections to the first look, of one a second, that found none left.
  int64_t gone_after_ns = 0;
  uint64_t flood_sent = 0;
  uint64_t flood_refused = 0;
  uint64_t flood_unanswered = 0;

  // Of the server: before the attack, at most during it, and after it.
  int64_t resident_start = 0;
  int64_t resident_peak = 0;
  int64_t resident_after = 0;

  PhaseFigures figures;

  [[nodiscard]] bool delivered_well() const noexcept;
  // Nobody of the attack was there for longer after its last wave.
  [[nodiscard]] bool ended_within(int64_t deadline_ns) const noexcept;
  // The attack was the one that was meant: as many connections, or requests a second, nearly all of them answered.
  [[nodiscard]] bool was_attacked(const AttackPlan& attack) const noexcept;
  [[nodiscard]] int64_t peak_bytes() const noexcept { return resident_peak - resident_start; }
  [[nodiscard]] int64_t growth_bytes() const noexcept { return resident_after - resident_start; }
};

// With an attack when `attacked`, which runs on `attack_cpu`. Requires: problem_of(plan) has none.
Result<SiegeResult> run_siege(const SiegePlan& plan, bool attacked, int attack_cpu,
                              const Target& target);

}  // namespace ringcast::bench
