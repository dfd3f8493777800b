// Admission: who gets a stream, may publish, or has been refused too often lately.
//
// NodeLimits is the node's memory of that, and Admission a shard's way to it. Limits that are not configured cost
// nothing: then there is no table of sources, and no counter that shards share.
//
// Threads: NodeLimits any, Admission one shard. Memory: the table (engine/source_table.h), and a byte for each slot,
// touched as streams are counted.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "engine/base/lazy_array.h"
#include "engine/config/config.h"
#include "engine/source_table.h"
#include "net/counters.h"
#include "net/peer.h"

namespace ringcast::net {

class NodeLimits {
 public:
  // `limits` must outlive it. As many sources are followed as there can be connections.
  NodeLimits(const LimitsConfig& limits, uint32_t connections_max);

  // Takes a place among all streams, if there is one, or gives it back. True always, and nothing is counted, where
  // their number has no limit.
  [[nodiscard]] bool try_take_stream() noexcept;
  void give_back_stream() noexcept;
  [[nodiscard]] bool is_full() const noexcept;

  [[nodiscard]] const LimitsConfig& limits() const noexcept { return limits_; }
  // nullptr: nothing is limited by source.
  [[nodiscard]] SourceTable* sources() const noexcept { return sources_.get(); }

 private:
  const LimitsConfig& limits_;
  const std::unique_ptr<SourceTable> sources_;
  std::atomic<uint32_t> streams_{0};  // added to and taken from by shards; it orders nothing else
};

class Admission {
 public:
  Admission(NodeLimits& node, size_t slots) : node_(node), counted_(slots) {}

  // Counts the connection of `peer` in `slot`. False: its source has as many as it may have. depart() when it goes,
  // counted or not, with the same peer.
  [[nodiscard]] bool admit(uint32_t slot, const Peer& peer, MonotonicMs now) noexcept;
  void depart(uint32_t slot, const Peer& peer) noexcept;

  // Why `peer`, in `slot`, may have no stream, as far as the node and its source address are concerned. Nothing: it
  // may, and leave() must follow.
  [[nodiscard]] std::optional<Limit> enter(uint32_t slot, const Peer& peer,
                                           MonotonicMs now) noexcept;
  void leave(uint32_t slot, const Peer& peer) noexcept;

  // How long `peer` has to wait until it may publish, or until its requests are looked at again; zero: it may now.
  [[nodiscard]] milliseconds publish_wait(const Peer& peer, MonotonicMs now) noexcept;
  [[nodiscard]] milliseconds refusal_wait(const Peer& peer, MonotonicMs now) noexcept;

  // It publishes so many events, or a request of its was refused.
  void note_published(const Peer& peer, uint32_t events, MonotonicMs now) noexcept;
  void note_refused(const Peer& peer, MonotonicMs now) noexcept;

  // Whether no shard has room for a stream. Others may leave, and nobody tells us.
  [[nodiscard]] bool is_node_full() const noexcept { return node_.is_full(); }

 private:
  [[nodiscard]] milliseconds wait(Taking what, const RateLimit& limit, const Peer& peer,
                                  MonotonicMs now) noexcept;
  void charge(Taking what, const RateLimit& limit, uint32_t count, const Peer& peer,
              MonotonicMs now) noexcept;

  NodeLimits& node_;
  struct Counted {
    bool connection;
    bool stream;
  };
  LazyArray<Counted> counted_;  // by slot: what is counted with its source
};

// Whom limits hold `peer` to be: an IPv4 address, or the first 64 bits of an IPv6 one, which is the least that
// networks hand out. Zero: nobody in particular, who has no limits.
[[nodiscard]] KeyedHash source_of(const Peer& peer) noexcept;

}  // namespace ringcast::net
