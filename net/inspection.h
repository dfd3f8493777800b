// What a node holds at this moment, as JSON for operators: its channels and its connections. Who subscribes is nobody
// else's business, so this is for listeners that serve admin alone.
//
// Threads: any; it reads counters, and channels under the log's lock. Memory: the text.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/channels.h"
#include "engine/log/event_log.h"
#include "net/counters.h"

namespace ringcast::net {

class Inspection {
 public:
  // All must outlive it; one set of counters per shard.
  Inspection(std::span<const Counters> shards, const Channels& channels, EventLog& log,
             const std::vector<ListenerConfig>& listeners)
      : shards_(shards), channels_(channels), log_(log), listeners_(listeners) {}

  // All channels: subscribers, what is kept and what bounds it.
  [[nodiscard]] std::string channels() const;
  // One of them; a pattern as a whole.
  [[nodiscard]] std::string channel(Channel& channel) const;

  // Connections, counted: open ones by listener and shard, ended ones by cause.
  [[nodiscard]] std::string connections() const;

 private:
  std::span<const Counters> shards_;
  const Channels& channels_;
  EventLog& log_;
  const std::vector<ListenerConfig>& listeners_;
};

}  // namespace ringcast::net
