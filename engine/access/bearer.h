// Bearer: who a request speaks for, and what they may do; what a token or a key comes to once it has been found good.
//
// Threads: a value type. Memory: its texts; nobody keeps one longer than a request.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "engine/access/name_pattern.h"

namespace ringcast {

// Wall-clock milliseconds since 1970 that never come.
inline constexpr int64_t kNeverMs = std::numeric_limits<int64_t>::max();

struct Bearer {
  enum class Kind : uint8_t { kNobody, kToken, kKey };
  Kind kind = Kind::kNobody;
  std::string subject{};                 // a token's `sub`; a key's name
  std::string token_id{};                // a token's `jti`
  int64_t expires_ms = kNeverMs;         // leeway included: from then on it counts for nothing
  std::vector<NamePattern> reads{};      // a token's `channels`
  std::vector<NamePattern> publishes{};  // a token's `publish`; a key's
  bool is_admin = false;                 // of a key alone
};

}  // namespace ringcast
