// Delivery: gets frames from the rings to the sockets of one shard. Audiences decide who is sent
// what; this is where it meets io_uring, and where the kernel's answers lead back to a member's
// state.
//
// Threads: one shard.
#pragma once

#include <string_view>
#include <vector>

#include "engine/epoch.h"
#include "net/audiences.h"
#include "net/lifecycle.h"
#include "net/send_plan.h"
#include "net/shard_state.h"

namespace ringcast::net {

class Delivery {
 public:
  Delivery(ShardState& shard, Audiences& audiences, Lifecycle& lifecycle, Epoch& epoch)
      : shard_(shard),
        audiences_(audiences),
        lifecycle_(lifecycle),
        epoch_(epoch),
        chatter_(shard.connections.size()) {}

  // The connection in `slot` has joined an audience: `head` (response head and prelude) is sent at
  // once, frames from the next turn on.
  void start_stream(uint32_t slot, std::string_view head);

  // Whether the stream in `slot` has been sent everything and stands between two frames.
  [[nodiscard]] bool is_up_to_date(uint32_t slot) const noexcept;

  // Ends the stream in `slot` for us: with a last chunk if it stands between two frames, bare
  // otherwise.
  void end_stream(uint32_t slot, CloseCause cause) noexcept;

  // --- Once a turn

  // Whoever had a heartbeat or a head in the last batch may have frames again. Before completions
  // are handled: what is sent while they are belongs to the next batch.
  void settle_quiet() noexcept;

  // After all completions have been handled. Hands one batch of frames to the kernel, with
  // everything else that is prepared. Never waits.
  void send_batch() noexcept;

  // Whether there is more to send.
  [[nodiscard]] bool has_work() const noexcept {
    return audiences_.has_active() || !quiet_.empty();
  }

  // --- Completions and timers

  void on_ring_send_failed(const Completion& completion) noexcept;
  void on_quiet_send_failed(const Completion& completion) noexcept;
  void on_hangup(const Completion& completion) noexcept;
  void on_chatter(const Completion& completion) noexcept;
  void on_writable(const Completion& completion) noexcept;
  // The timer of a stream: a heartbeat, or the end of its token.
  void on_timer(uint32_t slot) noexcept;

 private:
  void on_heartbeat_due(uint32_t slot) noexcept;
  void plan_batch() noexcept;
  void submit_batch() noexcept;
  void take_back(const PlannedSend& send) noexcept;
  [[nodiscard]] bool can_take_quiet(uint32_t slot) const noexcept;
  void send_quietly(uint32_t slot, Op op, std::string_view bytes) noexcept;
  void block(const PlannedSend& send, Position position) noexcept;
  void watch_writable(uint32_t slot) noexcept;
  void watch_peer(uint32_t slot) noexcept;
  void read_chatter(uint32_t slot) noexcept;
  void arm_heartbeat_after(uint32_t slot, MonotonicMs last_sent) noexcept;
  void arm(uint32_t slot, MonotonicMs deadline) noexcept;

  ShardState& shard_;
  Audiences& audiences_;
  Lifecycle& lifecycle_;
  Epoch& epoch_;

  LazyArray<uint16_t> chatter_;  // by slot: bytes a subscriber has said

  BatchPlan batch_;
  std::vector<CompletionTag> quiet_;  // connections with a quiet send in the last batch...
  uint64_t quiet_at_ = 0;             // ...the latest of which was prepared at this submission
};

}  // namespace ringcast::net
