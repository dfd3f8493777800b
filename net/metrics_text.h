// The counters of all shards in Prometheus' text format.
//
// Threads: any. Memory: the text.
#pragma once

#include <span>
#include <string>

#include "net/counters.h"

namespace ringcast::net {

[[nodiscard]] std::string metrics_text(std::span<const Counters> shards);

}  // namespace ringcast::net
