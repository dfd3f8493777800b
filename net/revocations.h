// Revocations: orders to end streams, given on one shard and carried out by all. Each shard works through the orders in
// turn, a bounded number of connections at a time (revoker.h), and says how many streams it ended; when all have, whoever
// gave the order can say how many it was.
//
// Streams end between two frames and do not wait for anything: an event that was published before the order, on another shard,
// may not have been sent yet, and is not sent any more. A client that is let in again resumes with it.
//
// An order is about the streams there are while it is carried out. Who comes back is let in again if it still may be:
// ending streams is for what has already been taken from somebody, or to make clients come back.
//
// Threads: any. Memory: the last kOrdersKept orders.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <variant>

#include "engine/ip_address.h"
#include "engine/keyed_hash.h"
#include "net/doorbell.h"

namespace ringcast::net {

// Streams of a channel; of one of its recipients where that is not zero.
struct OfChannel {
  const Channel* channel = nullptr;
  KeyedHash recipient{};
};
// Streams that were opened with a token for this subject: its keyed_hash().
struct OfSubject {
  KeyedHash subject;
};
// Streams that were opened with the token, or tokens, of this `jti`: its keyed_hash().
struct OfToken {
  KeyedHash id;
};
// Streams whose peer's address is in a network.
struct OfSource {
  IpNetwork network;
};
using StreamsMeant = std::variant<OfChannel, OfSubject, OfToken, OfSource>;

class Revocations {
 public:
  using Ticket = uint64_t;  // orders are numbered from 1

  Revocations(Doorbells& doorbells, size_t shards) : doorbells_(doorbells), shards_(shards) {}

  // Gives an order and wakes the shards. Nothing: too many are under way.
  [[nodiscard]] std::optional<Ticket> order(const StreamsMeant& meant);

  // How many streams the order ended, once all shards are through with it; nothing before, and after kOrdersKept others.
  [[nodiscard]] std::optional<uint64_t> ended_by(Ticket ticket) const;

  // --- For the shards

  // The last order given.
  [[nodiscard]] Ticket latest() const noexcept { return latest_.load(std::memory_order_seq_cst); }

  // What an order means. Requires: the calling shard has not finished it.
  [[nodiscard]] StreamsMeant meant_by(Ticket ticket) const;

  // The calling shard has carried out the order, which ended `streams` there.
  void finish(Ticket ticket, uint64_t streams);

 private:
  // Who gives more at once is told to wait. A guess: an operator gives one at a time.
  static constexpr size_t kOrdersKept = 64;

  struct Order {
    Ticket ticket = 0;
    StreamsMeant meant;
    size_t shards_left = 0;
    uint64_t ended = 0;
  };

  Doorbells& doorbells_;
  const size_t shards_;
  mutable std::mutex lock_;
  std::array<Order, kOrdersKept> orders_;  // circular, by ticket; under the lock
  // Stored under the lock when the order is in place. seq_cst, as a doorbell's words: a shard says that it is going to
  // sleep, then looks here; who gives an order stores it, then looks who sleeps.
  std::atomic<Ticket> latest_{0};
};

}  // namespace ringcast::net
