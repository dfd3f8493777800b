// Senders: whom connections and their requests are from. What proxies say of that is believed where they are trusted, and
// nowhere else. Once it is known, the connection is counted with its source (admission.h), and is closed where that has
// too many, or has been refused too often lately.
//
// The sender of the connection in a slot, and then of the request that is being handled, is ShardState::peers of it.
//
// Threads: one shard. Memory: a Peer for each slot, touched where the listener trusts proxies.
#pragma once

#include <string_view>
#include <vector>

#include "engine/base/lazy_array.h"
#include "net/http/request.h"
#include "net/lifecycle.h"
#include "net/listener.h"
#include "net/peer.h"
#include "net/shard_state.h"

namespace ringcast::net {

class Senders {
 public:
  Senders(ShardState& shard, Lifecycle& lifecycle, const std::vector<Listener>& listeners)
      : shard_(shard),
        lifecycle_(lifecycle),
        listeners_(listeners),
        connection_peers_(shard.capacity.slots_per_shard) {}

  // A connection has been admitted. Afterwards it is closing, or its phase says whether a PROXY header comes first.
  void on_admitted(uint32_t slot);

  // Takes what belongs to the PROXY header off the front of `bytes`. When that was the end of it, the phase is kRequest, or
  // the connection is closing. Requires: kProxyHeader, and an exchange.
  void read_header(uint32_t slot, std::string_view& bytes);

  // Finds out whom `request`, which has come in `slot`, is from.
  void find_client(uint32_t slot, const Request& request);

  // The request in `slot`, for which find_client() was called, was refused: that counts against whom it is from.
  void note_refused(uint32_t slot) noexcept;

  // How long nothing more is to be read from `slot`, because requests of its source were refused too often. Zero for a proxy,
  // whose connection is for many.
  [[nodiscard]] milliseconds refusal_wait(uint32_t slot) noexcept;
  // The same of the request for which find_client() was called, where a proxy has said whom it is from. Zero elsewhere.
  [[nodiscard]] milliseconds client_refusal_wait(uint32_t slot) noexcept;

 private:
  [[nodiscard]] bool is_trusted(const ListenerConfig& listener, const Peer& peer) const noexcept;
  // It is known whom a connection is from: it is counted, or closed.
  void settle_source(uint32_t slot);
  [[nodiscard]] const ListenerConfig& listener_of(uint32_t slot) noexcept {
    return listeners_[shard_.connections[slot].listener].config;
  }

  ShardState& shard_;
  Lifecycle& lifecycle_;
  const std::vector<Listener>& listeners_;
  // By slot: whom the connection itself is from, where the listener trusts proxies.
  LazyArray<Peer> connection_peers_;
};

}  // namespace ringcast::net
