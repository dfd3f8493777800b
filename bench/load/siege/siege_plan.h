// SiegePlan: who subscribes, who attacks, and what must hold meanwhile.
//
// Threads: value types.
#pragma once

#include <cstdint>
#include <string>

#include "bench/load/clock.h"
#include "bench/load/stalled/stalled_run.h"

namespace ringcast::bench {

// What a request is refused for.
enum class RefusedFor : uint8_t {
  kMalformed,     // two spaces in the request line: 400
  kUnauthorized,  // a stream of `private`, without a token: 401
  kOverLimit,     // a stream more than the source address may have
};

struct AttackPlan {
  // "refused": our own flood; "heads": our own unfinished heads; otherwise a shell command, which ends by itself or is ended.
  std::string command{};
  uint32_t attackers =
      0;  // connections that must have been open at a time; of heads: that are opened

  // Of the flood.
  RefusedFor refused_for = RefusedFor::kMalformed;
  double rate = 10'000;
  int64_t duration_ns = 60 * kSecond;

  [[nodiscard]] bool is_flood() const noexcept { return command == "refused"; }
  [[nodiscard]] bool is_heads() const noexcept { return command == "heads"; }
};

struct SiegePlan {
  // Those who are to notice nothing: StalledSubscribers, none of whom is stalled.
  StalledPlan normal = {
      .healthy = 1'000,
      .stalled = 0,
      .channels = 10,
      .publishing = {.rate = 200, .data_bytes = 1024, .duration_ns = 30 * kSecond}};
  AttackPlan attack;
  // After the last wave of the attack's connections was accepted, for all of them to be gone.
  // Above the server's own deadlines, of which that for a body is the longest: 30 s by default.
  int64_t deadline_ns = 40 * kSecond;
  // That the server may gain from before the attack to after it, beyond what it gains without one.
  int64_t memory_bar_bytes = 4 << 20;
};

// Nothing: it can be run. Otherwise what is wrong, and the remedy.
[[nodiscard]] std::string problem_of(const SiegePlan& plan);

}  // namespace ringcast::bench
