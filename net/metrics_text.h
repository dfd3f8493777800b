// The counters of all shards and channels in Prometheus' text format.
//
// Threads: any. Memory: the text.
#pragma once

#include <span>
#include <string>

#include "engine/channels.h"
#include "engine/source_table.h"
#include "net/counters.h"

namespace ringcast::net {

// `sources` may be nullptr: nobody is limited by source.
[[nodiscard]] std::string metrics_text(std::span<const Counters> shards, const Channels& channels,
                                       const KeyChanges& key_changes, const SourceTable* sources);

}  // namespace ringcast::net
