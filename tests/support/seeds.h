// Seeds for tests against a model: the same list in every run, or the one named by RC_SEED.
//
// A test is instantiated once per seed, so that its name tells the seed even when it aborts:
//
//   INSTANTIATE_TEST_SUITE_P(Seeds, RingModel, testing::ValuesIn(seeds(100)), seed_name);
//
// replays as RC_SEED=17 ring_property_test, also with a seed that is not in the list.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace ringcast {

[[nodiscard]] inline std::vector<uint64_t> seeds(uint64_t count) {
  if (const char* const replayed = std::getenv("RC_SEED")) {
    return {std::strtoull(replayed, nullptr, 10)};
  }
  std::vector<uint64_t> all;
  for (uint64_t seed = 1; seed <= count; ++seed) all.push_back(seed);
  return all;
}

// How many seeds of a simulation a sanitizer gets: a third. The plain build tries them all against the model and every check; a sanitizer
// looks for what those cannot see, takes four times as long, and the worlds that it sees take the same ways through the code.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr uint64_t kSimSeedsDivisor = 3;
#else
inline constexpr uint64_t kSimSeedsDivisor = 1;
#endif
[[nodiscard]] inline std::vector<uint64_t> sim_seeds(uint64_t count) {
  return seeds(count / kSimSeedsDivisor);
}

[[nodiscard]] inline std::string seed_name(const testing::TestParamInfo<uint64_t>& info) {
  return "RC_SEED_" + std::to_string(info.param);
}

// Chance, the same on every machine: the standard's distributions are not.
class Dice {
 public:
  explicit Dice(uint64_t seed) : engine_(seed) {}

  // From 0 to n - 1. Requires: n > 0.
  [[nodiscard]] uint64_t below(uint64_t n) { return engine_() % n; }

  // From low to high, both included.
  [[nodiscard]] uint64_t between(uint64_t low, uint64_t high) {
    return low + below(high - low + 1);
  }

  [[nodiscard]] bool one_in(uint64_t n) { return below(n) == 0; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace ringcast
