// The two clocks. Shards read the monotonic one once a turn and hand the value down; event ids come
// from the wall clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace ringcast {

using std::chrono::milliseconds;

// Milliseconds since an arbitrary start; never steps back.
using MonotonicMs = int64_t;

[[nodiscard]] inline MonotonicMs monotonic_now_ms() noexcept {
  return std::chrono::duration_cast<milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Milliseconds since 1970; may step in either direction.
[[nodiscard]] inline uint64_t wall_now_ms() noexcept {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count());
}

}  // namespace ringcast
