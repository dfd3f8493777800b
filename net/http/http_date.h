// HttpDate: the value of the `Date` header, formatted once a second.
//
// Threads: one per shard. Memory: none beyond itself.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

namespace ringcast::net {

class HttpDate {
 public:
  // `Sun, 06 Nov 1994 08:49:37 GMT` for a wall-clock time; valid until the next call. Times after
  // the year 9999 repeat the last second of that year.
  [[nodiscard]] std::string_view at(uint64_t wall_ms) noexcept;

 private:
  uint64_t second_ = std::numeric_limits<uint64_t>::max();
  std::array<char, 29> text_{};
};

}  // namespace ringcast::net
