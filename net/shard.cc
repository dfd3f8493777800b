#include "net/shard.h"

#include <algorithm>
#include <utility>

namespace ringcast::net {

namespace {

// So that ten thousand deadlines in one tick do not hold up everything else.
constexpr size_t kTimersPerTurnMax = 1024;

// How often a paced publisher looks for room while its shard has nothing else to do.
constexpr MonotonicMs kHeldRetryMs = 1;

constexpr MonotonicMs kSleepMsMax = 60'000;

// How long a stopping server waits for what is under way.
constexpr MonotonicMs kStopMsMax = 5'000;
constexpr uint32_t kStopsPerTurnMax = 256;

// Nobody may send more than could be published.
RequestLimits limits_for(const ShardParts& parts) noexcept {
  const LimitsConfig& configured = parts.node_limits.limits();
  RequestLimits limits{.request_line_bytes_max = configured.request_line_bytes_max,
                       .header_line_bytes_max = configured.header_line_bytes_max,
                       .head_bytes_max = configured.head_bytes_max,
                       .header_lines_max = configured.header_lines_max,
                       .body_bytes_max = 0,
                       .batch_path = kEventsPath,
                       .batch_bytes_max = parts.config.batch_bytes_max};
  for (ChannelNumber i = 0; i < parts.channels.size(); ++i) {
    limits.body_bytes_max =
        std::max<size_t>(limits.body_bytes_max, parts.channels.at(i).config().event_bytes_max);
  }
  return limits;
}

}  // namespace

Shard::Shard(size_t number, const Capacity& capacity, Kernel& kernel,
             std::vector<Listener> listeners, const ShardParts& parts, Clock clock)
    : state_(number, capacity, kernel, parts.counters, parts.node_limits, parts.access.take(number),
             clock()),
      listeners_(std::move(listeners)),
      access_(parts.access),
      doorbell_(parts.doorbell),
      clock_(clock),
      access_log_(parts.access_log, parts.access_log_sample, capacity.slots_per_shard, listeners_),
      audiences_(state_, parts.log, parts.channels),
      lifecycle_(state_, audiences_, access_log_),
      delivery_(state_, audiences_, lifecycle_, parts.epoch),
      publish_(parts.log, parts.channels, parts.idempotency_keys, parts.counters),
      subscribe_(state_, parts.log, audiences_, delivery_),
      routes_(state_, parts.channels, parts.config.stream_channels_max, publish_, subscribe_,
              parts.admin),
      senders_(state_, lifecycle_, listeners_),
      front_(state_, lifecycle_, senders_, listeners_, limits_for(parts), routes_, access_log_),
      revoker_(state_, audiences_, delivery_, parts.admin.revocations()),
      acceptor_(state_, listeners_),
      committing_(parts.committing) {
  RC_CHECK(listeners_.size() <= kListenersMax);
}

Shard::~Shard() {
  for (uint32_t slot = 0; slot < state_.connections.size(); ++slot) {
    if (state_.connections[slot].phase != Phase::kFree) lifecycle_.drop_exchange(slot);
  }
}

void Shard::run() noexcept {
  start();
  while (!is_done()) turn();
}

void Shard::start() noexcept {
  state_.io.watch_doorbell(doorbell_.fd(), make_tag(Op::kDoorbell, 0, 0));
}

void Shard::turn() noexcept {
  state_.now = clock_();  // one clock read; everyone below uses it
  state_.counters.turns.add();
  state_.access = &access_.take(state_.number);
  delivery_.settle_quiet();
  drain_completions();  // kernel to connections
  doorbell_.answer([&](ChannelNumber channel) { audiences_.on_news(channel); });
  if (front_.has_held()) front_.retry_held();
  revoker_.work();  // what operators have ordered
  expire_timers();  // heartbeats, slow requests
  if (stop_requested_.load(std::memory_order_acquire)) continue_stopping();
  // An accept finds its slots free before the completions of their closing are seen, on some
  // kernels: it goes first.
  acceptor_.manage(routes_.is_stopping());
  lifecycle_.close_some();
  lifecycle_.spare_memory().look(state_.now);
  delivery_.send_batch();  // rings to kernel; never waits
  sleep_if_idle();
}

// --- Completions

void Shard::drain_completions() noexcept {
  state_.io.reap();
  state_.io.drain([&](const Completion& completion) { handle(completion); });
}

void Shard::handle(const Completion& completion) noexcept {
  const Op op = completion.tag.kind();
  switch (op) {
    case Op::kAccept:
      return on_accepted(completion);
    case Op::kRingSend:
      return delivery_.on_ring_send_failed(completion);
    case Op::kCancel:
      return;
    case Op::kDoorbell:
      if (IoRing::ends(completion)) start();
      return;
    default:
      break;
  }
  if (!state_.connections.is_current(completion.tag)) {
    if (IoRing::has_bytes(completion)) state_.io.give_back(completion);
    state_.counters.stale_completions.add();
    return;
  }
  switch (op) {
    case Op::kRecv:
      return state_.connections[static_cast<uint32_t>(completion.tag.slot)].phase == Phase::kStream
                 ? delivery_.on_chatter(completion)
                 : front_.on_received(completion);
    case Op::kReply:
      return front_.on_answered(completion);
    case Op::kHead:
    case Op::kHeartbeat:
    case Op::kGap:
      return delivery_.on_quiet_send_failed(completion);
    case Op::kHangup:
      return delivery_.on_hangup(completion);
    case Op::kWritable:
      return delivery_.on_writable(completion);
    case Op::kFinish:
      (void)lifecycle_.disarm(static_cast<uint32_t>(completion.tag.slot), kArmedFinish);
      return;
    case Op::kClose:
      return lifecycle_.on_closed(completion);
    default:
      RC_CHECK(!"a completion of a kind that was never asked for");
  }
}

// --- Accepting

void Shard::on_accepted(const Completion& completion) noexcept {
  acceptor_.on_accepted(completion);
  if (completion.outcome() != Outcome::kDone) return;
  RC_CHECK(completion.count() < state_.connections.size());
  const Acceptor::Arrival arrival = acceptor_.arrival(completion);
  lifecycle_.admit(completion.count(), arrival.listener, arrival.peer);
  if (routes_.is_stopping()) return lifecycle_.close(completion.count(), CloseCause::kServerStop);
  senders_.on_admitted(completion.count());
}

// --- Timers and sleep

void Shard::expire_timers() noexcept {
  state_.timers.expire(state_.now, kTimersPerTurnMax, [&](uint32_t slot) {
    if (state_.connections[slot].phase == Phase::kStream) {
      delivery_.on_timer(slot);
    } else {
      front_.on_deadline(slot);
    }
  });
}

void Shard::sleep_if_idle() noexcept {
  const bool has_work = delivery_.has_work() || lifecycle_.has_closable() || revoker_.has_work() ||
                        state_.io.has_completions() || state_.io.has_overflow();
  const milliseconds timeout = time_to_next_deadline();
  if (has_work || timeout.count() <= 0 || !doorbell_.try_sleep()) return;
  // Whoever wakes us says why first, and looks whether we sleep afterwards; we have said so, and look again.
  const bool is_told_to_stop =
      stop_requested_.load(std::memory_order_seq_cst) && !routes_.is_stopping();
  const bool has_news = is_told_to_stop || revoker_.has_work() || access_.has_news(state_.number);
  if (!has_news) state_.io.wait(timeout);
  doorbell_.woke();
}

milliseconds Shard::time_to_next_deadline() const noexcept {
  MonotonicMs deadline = std::min(state_.timers.next_deadline(), state_.now + kSleepMsMax);
  if (front_.has_held()) deadline = std::min(deadline, state_.now + kHeldRetryMs);
  if (acceptor_.again_at() > state_.now) deadline = std::min(deadline, acceptor_.again_at());
  const MonotonicMs look_again_at = lifecycle_.spare_memory().again_at();
  if (look_again_at != 0) deadline = std::min(deadline, look_again_at);
  if (routes_.is_stopping()) deadline = std::min(deadline, state_.now + kHeldRetryMs);
  return milliseconds(deadline - state_.now);
}

// --- Stopping

void Shard::request_stop() noexcept {
  stop_requested_.store(true, std::memory_order_seq_cst);
  doorbell_.wake();
}

void Shard::begin_stopping() noexcept {
  routes_.begin_stopping();
  stop_deadline_ = state_.now + kStopMsMax;
}

// First requests under way get their answers, on all shards; then everything committed goes out;
// then streams end between two frames. Whoever holds that up is cut off when it is late.
void Shard::continue_stopping() noexcept {
  if (!routes_.is_stopping()) begin_stopping();
  const bool is_late = state_.now + kStopMsMax / 2 >= stop_deadline_;
  const auto slots = static_cast<uint32_t>(state_.connections.size());
  for (uint32_t ended = 0; stop_at_slot_ < slots && ended < kStopsPerTurnMax; ++stop_at_slot_) {
    if (stop_connection(stop_at_slot_, is_late)) ++ended;
  }
  if (stop_at_slot_ < slots) return;
  if (may_commit_ && !requests_seen_) {
    may_commit_ = false;
    if (committing_ != nullptr) committing_->fetch_sub(1, std::memory_order_seq_cst);
  }
  requests_seen_ = false;
  stop_at_slot_ = 0;  // answers may have ended since, and streams caught up
}

// Whether that ended it.
bool Shard::stop_connection(uint32_t slot, bool is_late) noexcept {
  const Connection& connection = state_.connections[slot];
  if (connection.phase == Phase::kFree || connection.phase == Phase::kClosing) return false;
  if (connection.phase == Phase::kStream) {
    if (!is_late && !(nothing_will_be_committed() && delivery_.is_up_to_date(slot))) return false;
    delivery_.end_stream(slot, CloseCause::kServerStop);
    return true;
  }
  if (!is_late && connection.exchange != nullptr && !connection.exchange->is_idle()) {
    requests_seen_ = true;
    return false;
  }
  lifecycle_.close(slot, CloseCause::kServerStop);
  return true;
}

// On no shard: what another one commits is for our subscribers too.
bool Shard::nothing_will_be_committed() const noexcept {
  return !may_commit_ &&
         (committing_ == nullptr || committing_->load(std::memory_order_seq_cst) == 0);
}

bool Shard::is_done() const noexcept {
  if (!routes_.is_stopping()) return false;
  const bool is_empty = state_.counters.open.get() == 0 && !acceptor_.is_armed();
  return is_empty || state_.now >= stop_deadline_;
}

void Shard::check_invariants() noexcept {
  uint64_t closed = 0;
  for (const Counter& cause : state_.counters.closed) closed += cause.get();
  RC_CHECK(state_.counters.accepted.get() == state_.counters.open.get() + closed);
  for (size_t i = 0; i < audiences_.size(); ++i) {
    audiences_.at(static_cast<AudienceNumber>(i)).check_invariants();
  }
}

}  // namespace ringcast::net
