// Admin: what is served on listeners that serve admin: whether we are well, metrics, what the node holds, and the ending
// of streams.
//
//   GET, HEAD  /healthz/live, /healthz/ready    for anybody who reaches the listener
//   GET, HEAD  /metrics, /channels, /channels/<name>, /connections
//   POST       /revoke?channel=<name> | subject=<sub of tokens> | token=<jti of one> | source=<address or network>
//
// On a listener that other machines reach, all but the first want a key that may administer.
//
// All but the first are served under the listener's own names only (http/host.h), and none has a line that would let a
// page of another origin read it. State is changed by POST alone, and by no page.
//
// Threads: any; `shard` is the calling thread's. Memory: an answer.
#pragma once

#include <vector>

#include "net/exchange.h"
#include "net/gate.h"
#include "net/http/request.h"
#include "net/http/response.h"
#include "net/inspection.h"
#include "net/monitor.h"
#include "net/revocations.h"
#include "net/shard_state.h"

namespace ringcast::net {

class Admin {
 public:
  // All must outlive it. `listeners` may get their ports afterwards.
  Admin(std::span<const Counters> shards, const Channels& channels, EventLog& log,
        Doorbells& doorbells, const std::vector<ListenerConfig>& listeners,
        const KeyChanges& key_changes, const SourceTable* sources)
      : channels_(channels),
        monitor_(shards, channels, key_changes, sources),
        inspection_(shards, channels, log, listeners),
        revocations_(doorbells, shards.size()) {}

  enum class Handled {
    kNotOurs,
    kAnswered,  // the answer was appended to the exchange's
    kHeld,      // to be handled again: in a moment, while shards are at work, or with its body
  };

  // Handles the request that `exchange` has read at `listener`, which serves admin; or its head, while its body is still to
  // come: then only an order that will be carried out is held.
  [[nodiscard]] Handled handle(Exchange& exchange, const ListenerConfig& listener,
                               ResponseOptions options, bool stopping, ShardState& shard);

  [[nodiscard]] Revocations& revocations() noexcept { return revocations_; }

 private:
  // Whether the request was refused.
  bool deny(Exchange& exchange, const ListenerConfig& listener, const ResponseOptions& options,
            ShardState& shard) const;
  void answer_page(Exchange& exchange, ResponseOptions options) const;
  [[nodiscard]] Handled revoke(Exchange& exchange, ResponseOptions options, MonotonicMs now);
  Handled wait_for_shards(Exchange& exchange, const ResponseOptions& options, MonotonicMs now);

  const Channels& channels_;
  const Monitor monitor_;
  const Inspection inspection_;
  Revocations revocations_;
};

}  // namespace ringcast::net
