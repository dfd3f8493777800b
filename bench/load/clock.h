// The load generator's only clock: monotonic nanoseconds, the same in every process of the machine.
#pragma once

#include <chrono>
#include <cstdint>

namespace ringcast::bench {

[[nodiscard]] inline int64_t now_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

inline constexpr int64_t kMicrosecond = 1'000;
inline constexpr int64_t kMillisecond = 1'000'000;
inline constexpr int64_t kSecond = 1'000'000'000;

}  // namespace ringcast::bench
