// Feeds the same bytes to a RequestReader whole, cut in two at every place, and byte by byte: what
// it makes of them must not depend on how the network split them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string_view>

#include "tests/support/request_reading.h"

namespace ringcast::net {

// The one reading of `bytes` however they are split; anything else fails the test.
inline Reading read_every_way(std::string_view bytes, const RequestLimits& limits = {}) {
  const Reading whole = read_in_pieces(bytes, bytes.size(), limits);
  EXPECT_EQ(read_in_pieces(bytes, 1, limits), whole) << "byte by byte: " << bytes.substr(0, 500);
  // Long inputs are long because of a limit; cutting them at some two hundred places is enough.
  const size_t step = std::max<size_t>(1, bytes.size() > 2000 ? bytes.size() / 200 : 1);
  for (size_t cut = 1; cut < bytes.size(); cut += step) {
    Reading reading;
    RequestReader reader{limits};
    read_into(reading, reader, bytes.substr(0, cut));
    if (reading.refusal_status == 0) read_into(reading, reader, bytes.substr(cut));
    EXPECT_EQ(reading, whole) << "cut at " << cut << ": " << bytes.substr(0, 500);
  }
  return whole;
}

inline void PrintTo(const Reading& reading, std::ostream* out) {
  for (const std::string& request : reading.requests) *out << '{' << request << "} ";
  *out << "refused " << reading.refusal_status;
}

}  // namespace ringcast::net
