// Attack: a program that attacks the server, or our own flood of refused requests or unfinished heads, in a process of its own on a given core.
//
// It runs at a lower priority than whoever measures, because both are on the client's core: an attack may be late, a clock may not.
//
// Threads: one. Failure: start() and problem() say why there is none; it and whatever it
// started are ended with this at the latest, by their process group.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "bench/load/load_run.h"
#include "bench/load/siege/refused_flood.h"
#include "bench/load/siege/siege_plan.h"

namespace ringcast::bench {

class Attack {
 public:
  static Result<Attack> start(const AttackPlan& plan, const Target& target, int cpu);
  Attack(Attack&& other) noexcept;
  Attack& operator=(Attack&&) = delete;
  ~Attack();

  // Whether it still runs.
  [[nodiscard]] bool running();
  void stop();
  // Of a flood; zeros of another program.
  [[nodiscard]] const FloodCounts& counts() const noexcept { return *counts_; }
  // After it has ended: why it was no attack.
  [[nodiscard]] std::string problem() const;

 private:
  Attack(const AttackPlan& plan, pid_t pid, FloodCounts* counts)
      : command_(plan.command),
        is_ours_(plan.is_flood() || plan.is_heads()),
        pid_(pid),
        counts_(counts) {}
  void reap(int options);

  std::string command_;
  bool is_ours_;
  pid_t pid_;
  FloodCounts* counts_;  // in memory shared with the process
  std::optional<int> status_;
};

}  // namespace ringcast::bench
