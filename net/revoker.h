// Revoker: carries out orders to end streams on one shard (revocations.h), so many connections a turn.
//
// Threads: one shard.
#pragma once

#include "net/audiences.h"
#include "net/delivery.h"
#include "net/revocations.h"
#include "net/shard_state.h"

namespace ringcast::net {

class Revoker {
 public:
  Revoker(ShardState& shard, Audiences& audiences, Delivery& delivery, Revocations& revocations)
      : shard_(shard), audiences_(audiences), delivery_(delivery), revocations_(revocations) {}

  // Goes on with the order under way, or begins the next one. Once a turn.
  void work() noexcept;

  [[nodiscard]] bool has_work() const noexcept { return finished_ != revocations_.latest(); }

 private:
  [[nodiscard]] bool is_meant(uint32_t slot) noexcept;

  ShardState& shard_;
  Audiences& audiences_;
  Delivery& delivery_;
  Revocations& revocations_;

  Revocations::Ticket finished_ = 0;
  // Of the order after that one, once it has begun:
  bool has_begun_ = false;
  StreamsMeant meant_;
  uint32_t at_slot_ = 0;
  uint64_t ended_ = 0;
};

}  // namespace ringcast::net
