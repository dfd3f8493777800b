// Waiting for a condition instead of for a time: a test that passes takes as long as it must, and
// only one that fails takes all of its patience.
#pragma once

#include <chrono>
#include <optional>
#include <thread>

namespace ringcast {

using std::chrono::milliseconds;

// Generous, because machines that run sanitizers next to other jobs are slow; a guess.
inline constexpr milliseconds kPatience{20'000};

class Stopwatch {
 public:
  [[nodiscard]] milliseconds elapsed() const {
    return std::chrono::duration_cast<milliseconds>(Clock::now() - begin_);
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point begin_ = Clock::now();
};

// How long it took until `condition()` was true; nothing when it never was.
template <typename Condition>
[[nodiscard]] std::optional<milliseconds> time_until(Condition&& condition,
                                                     milliseconds patience = kPatience) {
  const Stopwatch stopwatch;
  while (!condition()) {
    if (stopwatch.elapsed() >= patience) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::microseconds(200));  // between two looks
  }
  return stopwatch.elapsed();
}

template <typename Condition>
[[nodiscard]] bool comes_true(Condition&& condition, milliseconds patience = kPatience) {
  return time_until(condition, patience).has_value();
}

}  // namespace ringcast
