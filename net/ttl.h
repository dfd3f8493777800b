// The ttl of an event as publishers write it: for how long after its commit it may be replayed.
//
// Threads: pure function.
#pragma once

#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/result.h"

namespace ringcast::net {

// A whole number and its unit, as in the configuration: `30s`, `12h`; from 1 ms to kTtlMax. The
// error says what is wrong with the ttl and how to write it, for an answer that must not repeat
// what the request said.
[[nodiscard]] Result<milliseconds> parse_ttl(std::string_view text);

}  // namespace ringcast::net
