// Monitor: what load balancers and operators ask: `GET /healthz/live`, `GET /healthz/ready` and
// `GET /metrics`.
//
// Threads: any; it reads the shards' counters, which have one writer each. Memory: the answer.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/channels.h"
#include "engine/source_table.h"
#include "net/counters.h"
#include "net/http/request.h"
#include "net/http/response.h"

namespace ringcast::net {

class Monitor {
 public:
  // One set of counters per shard; all must outlive the monitor, `sources`, if there are any, included.
  Monitor(std::span<const Counters> shards, const Channels& channels, const KeyChanges& key_changes,
          const SourceTable* sources = nullptr)
      : shards_(shards), channels_(channels), key_changes_(key_changes), sources_(sources) {}

  // Appends the answer if `request` is one of ours.
  [[nodiscard]] bool answer(const Request& request, ResponseOptions options, bool stopping,
                            std::string& out) const;

 private:
  std::span<const Counters> shards_;
  const Channels& channels_;
  const KeyChanges& key_changes_;
  const SourceTable* sources_;
};

}  // namespace ringcast::net
