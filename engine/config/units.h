// Units: durations, sizes and ranges the way people write them in the configuration, and back.
//
// A quantity is a whole number directly followed by one unit: `15s`, `1MiB`. There are no default
// units, fractions or sums, so that a value can be read in one way only.
//
// Threads: pure functions. Failure: an Error that says what is wrong with the text and how to write
// it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/rate_limit.h"

namespace ringcast {

struct DurationRange {
  milliseconds min;
  milliseconds max;
};

// `500ms`, `15s`, `10m`, `24h`, `7d`.
[[nodiscard]] Result<milliseconds> parse_duration(std::string_view text);

// `2s..8s`, least first.
[[nodiscard]] Result<DurationRange> parse_duration_range(std::string_view text);

// `512B`, `64KiB`, `1MiB`, `4GiB`: powers of 1024 only.
[[nodiscard]] Result<uint64_t> parse_bytes(std::string_view text);

// `100/s`, `60/m`, `1000/h`, with ` burst 500` behind it where more may come at once than in one period.
[[nodiscard]] Result<RateLimit> parse_rate(std::string_view text);
[[nodiscard]] std::string format_rate(const RateLimit& rate);

// A whole decimal number, perhaps negative; no unit.
[[nodiscard]] Result<int64_t> parse_integer(std::string_view text);

// The shortest exact form in the largest unit that fits: 90000 ms is "90s". Requires: `duration` >=
// 0.
[[nodiscard]] std::string format_duration(milliseconds duration);
[[nodiscard]] std::string format_bytes(uint64_t bytes);

}  // namespace ringcast
