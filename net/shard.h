// Shard: one thread, one core, one io_uring. It owns its connections and everything about them, and
// shares with other shards only the rings, the configuration, and a doorbell.
//
// The turn is the whole program in one function. It works in bounded batches and sleeps in one
// place.
//
// Threads: made by the starting thread, then run() by its own; request_stop() and counters() from
// any.
#pragma once

#include <atomic>
#include <vector>

#include "engine/access/current_access.h"
#include "engine/channels.h"
#include "engine/epoch.h"
#include "engine/log/event_log.h"
#include "net/acceptor.h"
#include "net/access_log.h"
#include "net/admin.h"
#include "net/audiences.h"
#include "net/delivery.h"
#include "net/doorbell.h"
#include "net/front.h"
#include "net/lifecycle.h"
#include "net/listener.h"
#include "net/revoker.h"
#include "net/routes.h"
#include "net/senders.h"
#include "net/shard_state.h"

namespace ringcast::net {

// What a shard works with and does not own; all of it outlives the shard.
struct ShardParts {
  const Channels& channels;
  EventLog& log;
  Epoch& epoch;
  Doorbell& doorbell;
  Counters& counters;
  Admin& admin;
  IdempotencyKeys& idempotency_keys;
  const ServerConfig& config;
  NodeLimits& node_limits;
  CurrentAccess& access;
  // Shards that may still commit something. While the node stops, each takes itself off when it
  // cannot any more, and streams end when it is zero. nullptr: this shard is the only one.
  std::atomic<size_t>* committing = nullptr;
  // Where the lines of the access log go, one for so many connections. nullptr: nowhere.
  LineWriter* access_log = nullptr;
  uint32_t access_log_sample = 1;
};

class Shard {
 public:
  using Clock = MonotonicMs (*)() noexcept;

  Shard(size_t number, const Capacity& capacity, Kernel& kernel, std::vector<Listener> listeners,
        const ShardParts& parts, Clock clock = monotonic_now_ms);
  ~Shard();

  // Turns until a stop was requested and every connection has gone, or had its time to. On the
  // shard's own thread.
  void run() noexcept;

  // run() in parts, for tests: start() once, then turn() until is_done().
  void start() noexcept;
  void turn() noexcept;
  [[nodiscard]] bool is_done() const noexcept;

  // Any thread.
  void request_stop() noexcept;

  // Aborts unless the books balance: accepted = open + closed. For tests; on the shard's thread, or
  // after it.
  void check_invariants() noexcept;

  // Adds what each subscriber here is still owed to `owed`, by channel: the last term of Books. On the shard's
  // thread, or after it; requires the log's lock.
  void add_owed(std::vector<uint64_t>& owed) { audiences_.add_owed(owed); }

 private:
  void drain_completions() noexcept;
  void handle(const Completion& completion) noexcept;
  void on_accepted(const Completion& completion) noexcept;
  void expire_timers() noexcept;
  void sleep_if_idle() noexcept;
  [[nodiscard]] milliseconds time_to_next_deadline() const noexcept;

  void begin_stopping() noexcept;
  void continue_stopping() noexcept;
  bool stop_connection(uint32_t slot, bool is_late) noexcept;
  [[nodiscard]] bool nothing_will_be_committed() const noexcept;

  ShardState state_;
  const std::vector<Listener> listeners_;
  CurrentAccess& access_;
  Doorbell& doorbell_;
  const Clock clock_;

  AccessLog access_log_;
  Audiences audiences_;
  Lifecycle lifecycle_;
  Delivery delivery_;
  Publish publish_;
  Subscribe subscribe_;
  Routes routes_;
  Senders senders_;
  Front front_;
  Revoker revoker_;

  Acceptor acceptor_;

  std::atomic<bool> stop_requested_{false};  // set by any thread, read by this one
  MonotonicMs stop_deadline_ = 0;
  uint32_t stop_at_slot_ = 0;              // slots below have had their look in this pass
  bool requests_seen_ = false;             // in this pass: somebody waits for an answer
  bool may_commit_ = true;                 // until a pass has seen nobody
  std::atomic<size_t>* const committing_;  // see ShardParts
};

}  // namespace ringcast::net
