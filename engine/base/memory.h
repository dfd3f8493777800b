// Sizes the rest of the code shares: cache lines and the units bytes are written in.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ringcast {

// x86-64 and arm64 servers; a larger line costs a little sharing, never correctness.
inline constexpr size_t kCacheLineBytes = 64;

inline constexpr uint64_t kKiB = 1024;
inline constexpr uint64_t kMiB = 1024 * kKiB;

}  // namespace ringcast
