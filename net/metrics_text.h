// The counters of all shards and channels in Prometheus' text format.
//
// Threads: any. Memory: the text.
#pragma once

#include <span>
#include <string>

#include "engine/channels.h"
#include "net/counters.h"

namespace ringcast::net {

[[nodiscard]] std::string metrics_text(std::span<const Counters> shards, const Channels& channels);

}  // namespace ringcast::net
