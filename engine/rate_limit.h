// RateLimit: how often something may happen: so many times a period on average, and a few more at once.
//
// Threads: as the values. Memory: none.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/base/clock.h"

namespace ringcast {

struct RateLimit {
  uint32_t count = 0;  // in each period; 0: no limit
  milliseconds period{1000};
  uint32_t burst = 0;  // at once, after a time of silence; at least 1 where there is a limit

  [[nodiscard]] bool is_limited() const noexcept { return count > 0; }
  bool operator==(const RateLimit&) const = default;
};

// A token bucket in one number: the time at which it will be full again. A bucket that has been left alone for long
// enough is the same as a new one, so nobody has to remember it.
class TokenBucket {
 public:
  // Whether a token is there; if not, for how long to wait for one.
  [[nodiscard]] milliseconds wait(const RateLimit& limit, MonotonicMs now) const noexcept {
    const int64_t missing_us = std::max(full_at_us_, now_us(now)) + interval_us(limit) -
                               now_us(now) - interval_us(limit) * limit.burst;
    return milliseconds{missing_us <= 0 ? 0 : (missing_us + 999) / 1000};
  }

  // Takes `count` tokens, also more than there are: then the next are waited for so much longer.
  void take(const RateLimit& limit, uint32_t count, MonotonicMs now) noexcept {
    full_at_us_ = std::max(full_at_us_, now_us(now)) + interval_us(limit) * count;
  }

  // Whatever was taken, the bucket is full again after twice the time that its burst takes.
  void limit_debt(const RateLimit& limit, MonotonicMs now) noexcept {
    full_at_us_ = std::min(full_at_us_, now_us(now) + 2 * interval_us(limit) * limit.burst);
  }

  [[nodiscard]] bool is_full(MonotonicMs now) const noexcept { return full_at_us_ <= now_us(now); }
  [[nodiscard]] int64_t full_at_us() const noexcept { return full_at_us_; }

 private:
  [[nodiscard]] static int64_t now_us(MonotonicMs now) noexcept { return int64_t{now} * 1000; }
  [[nodiscard]] static int64_t interval_us(const RateLimit& limit) noexcept {
    return std::max<int64_t>(1, limit.period.count() * 1000 / limit.count);
  }

  int64_t full_at_us_ = 0;
};

}  // namespace ringcast
