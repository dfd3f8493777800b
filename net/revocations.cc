#include "net/revocations.h"

#include "engine/base/check.h"

namespace ringcast::net {

std::optional<Revocations::Ticket> Revocations::order(const StreamsMeant& meant) {
  Ticket ticket = 0;
  {
    const std::lock_guard guard(lock_);
    ticket = latest_.load(std::memory_order_relaxed) + 1;
    Order& place = orders_[ticket % kOrdersKept];
    if (place.shards_left > 0) return std::nullopt;
    place = {.ticket = ticket, .meant = meant, .shards_left = shards_, .ended = 0};
    latest_.store(ticket, std::memory_order_seq_cst);
  }
  for (size_t shard = 0; shard < shards_; ++shard) doorbells_.of(shard).wake();
  return ticket;
}

std::optional<uint64_t> Revocations::ended_by(Ticket ticket) const {
  const std::lock_guard guard(lock_);
  const Order& order = orders_[ticket % kOrdersKept];
  if (order.ticket != ticket || order.shards_left > 0) return std::nullopt;
  return order.ended;
}

StreamsMeant Revocations::meant_by(Ticket ticket) const {
  const std::lock_guard guard(lock_);
  const Order& order = orders_[ticket % kOrdersKept];
  RC_CHECK(order.ticket == ticket);
  return order.meant;
}

void Revocations::finish(Ticket ticket, uint64_t streams) {
  const std::lock_guard guard(lock_);
  Order& order = orders_[ticket % kOrdersKept];
  RC_CHECK(order.ticket == ticket && order.shards_left > 0);
  --order.shards_left;
  order.ended += streams;
}

}  // namespace ringcast::net
