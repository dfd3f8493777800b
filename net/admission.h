// Admission: who gets a stream, may publish, or has been refused too often lately.
//
// NodeLimits is the node's memory of that, and Admission a shard's way to it. Limits that are not configured cost
// nothing: then there is no table of sources, and no counter that shards share.
//
// Streams, connections and refused requests are limited by source address. Events are by publisher: whom a token or key
// speaks for, once it has been checked, and the source address of anybody else. So a stranger finds a place in the table
// only under his own address, whatever he claims; a key that is used from everywhere has one; and as the table is the
// node's, it does not matter which shards it is used on.
//
// Threads: NodeLimits any, Admission one shard. Memory: the table (engine/source_table.h), and a byte for each slot,
// touched as streams are counted.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "engine/access/bearer.h"
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

  // How long `publisher`, a publisher_of(), has to wait until it may publish; zero: it may now.
  [[nodiscard]] milliseconds publish_wait(const KeyedHash& publisher, MonotonicMs now) noexcept;
  // It publishes so many events.
  void note_published(const KeyedHash& publisher, uint32_t events, MonotonicMs now) noexcept;

  // How long `peer` has to wait until its requests are looked at again; zero: they are now.
  [[nodiscard]] milliseconds refusal_wait(const Peer& peer, MonotonicMs now) noexcept;
  // A request of its was refused.
  void note_refused(const Peer& peer, MonotonicMs now) noexcept;

  // Whether no shard has room for a stream. Others may leave, and nobody tells us.
  [[nodiscard]] bool is_node_full() const noexcept { return node_.is_full(); }

 private:
  [[nodiscard]] milliseconds wait(Taking what, const RateLimit& limit, const KeyedHash& source,
                                  MonotonicMs now) noexcept;
  void charge(Taking what, const RateLimit& limit, uint32_t count, const KeyedHash& source,
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

// Whom the rate of events holds a publisher to be: the subject of a token, or the name of a key; or else source_of(peer). A
// token without a subject may be in many hands, none of which should use up what the others have.
[[nodiscard]] KeyedHash publisher_of(const Bearer& bearer, const Peer& peer) noexcept;

}  // namespace ringcast::net
