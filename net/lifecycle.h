// Lifecycle: how connections come and go on one shard. It is the only place that hands a slot to a
// connection or takes it back, so it is where the books are kept: accepted = open + closed, by
// cause.
//
// A connection goes in three steps, because closing a descriptor does not end what is armed on it:
// what is armed is cancelled; when the last of it has ended the descriptor is closed, a few each
// turn; when that is done the slot is free.
//
// Threads: one shard.
#pragma once

#include <vector>

#include "net/access_log.h"
#include "net/audiences.h"
#include "net/http/request.h"
#include "net/shard_state.h"
#include "net/spare_memory.h"

namespace ringcast::net {

class Lifecycle {
 public:
  Lifecycle(ShardState& shard, Audiences& audiences, AccessLog& access_log)
      : shard_(shard), audiences_(audiences), access_log_(access_log) {}

  // A new connection from `peer` is in `slot`. Its first request is awaited.
  void admit(uint32_t slot, uint8_t listener, const Peer& peer) noexcept;

  // Ends the connection in `slot` for `cause`; nothing happens when it is ending already.
  void close(uint32_t slot, CloseCause cause) noexcept;

  // What `bit` stands for has ended. True when the connection goes on; false when it was closing
  // anyway.
  [[nodiscard]] bool disarm(uint32_t slot, Armed bit) noexcept;

  // Closes descriptors that are ready for it; at most a turn's worth.
  void close_some() noexcept;
  [[nodiscard]] bool has_closable() const noexcept { return !closable_.empty(); }

  void on_closed(const Completion& completion) noexcept;

  // A request begins to arrive. Requires: the connection has no exchange.
  void make_exchange(uint32_t slot, const RequestLimits& limits);
  // No memory of the request is needed any more.
  void drop_exchange(uint32_t slot) noexcept;
  [[nodiscard]] SpareMemory& spare_memory() noexcept { return spare_memory_; }
  [[nodiscard]] const SpareMemory& spare_memory() const noexcept { return spare_memory_; }

 private:
  void cancel_armed(uint32_t slot) noexcept;

  ShardState& shard_;
  Audiences& audiences_;
  AccessLog& access_log_;
  std::vector<uint32_t> closable_;
  SpareMemory spare_memory_;
};

}  // namespace ringcast::net
