#include "net/ttl.h"

#include <fmt/format.h>

#include "engine/config/quoted.h"
#include "engine/config/units.h"
#include "engine/event.h"

namespace ringcast::net {

Result<milliseconds> parse_ttl(std::string_view text) {
  Result<milliseconds> ttl = parse_duration(text);
  if (!ttl) return Error{"ttl" + ttl.error().message.substr(excerpt(text).size())};
  if (*ttl < milliseconds{1}) {
    return Error{"ttl is no time at all; write 1ms or more, or leave it out"};
  }
  if (*ttl > kTtlMax) {
    return Error{fmt::format("ttl is longer than {}; write less, or leave it out",
                             format_duration(kTtlMax))};
  }
  return *ttl;
}

}  // namespace ringcast::net
