#include "net/front.h"

#include <algorithm>
#include <utility>

namespace ringcast::net {

namespace {

// From the first byte of a request to its last: a peer that takes longer is holding memory for
// nothing. A guess.
constexpr MonotonicMs kRequestMsMax = 10'000;

// Between requests, and for a peer to read its answers. Longer than the 60 s of common load
// balancers, so that it is they who close first and never send a request into a closing connection.
constexpr MonotonicMs kIdleMsMax = 75'000;

// How long a peer whose upload was refused may go on sending before its answer might be lost to a
// reset.
constexpr MonotonicMs kLingerMsMax = 2'000;

// Answers are handed over when they reach this, so that a long pipeline does not pile them up.
constexpr size_t kAnswerBytesMax = 16 * 1024;

}  // namespace

// --- Reading

void Front::on_received(const Completion& completion) {
  const auto slot = static_cast<uint32_t>(completion.tag.slot);
  const bool goes_on = lifecycle_.disarm(slot, kArmedRecv);
  const std::string_view bytes =
      IoRing::has_bytes(completion) ? shard_.io.received(completion) : std::string_view{};
  Connection& connection = shard_.connections[slot];
  if (goes_on && connection.phase == Phase::kRequest && !bytes.empty()) {
    if (connection.exchange == nullptr)
      connection.exchange = new Exchange(limits_for(listener_of(slot)));
    connection.exchange->reader.feed(bytes);
  }
  if (IoRing::has_bytes(completion)) shard_.io.give_back(completion);
  if (!goes_on) return;

  const bool keep_reading = completion.outcome() == Outcome::kNoMemory || !bytes.empty();
  if (connection.phase == Phase::kLinger) {
    if (keep_reading) {
      read_more(slot);
    } else {
      lifecycle_.close(slot, connection.cause);
    }
  } else if (!bytes.empty()) {
    proceed(slot);
  } else if (keep_reading) {
    read_more(slot);
  } else if (completion.outcome() == Outcome::kDone && connection.exchange != nullptr &&
             !connection.exchange->on_wire.empty()) {
    // It has finished sending and may still want its answers.
    connection.exchange->peer_half_closed = true;
  } else {
    lifecycle_.close(slot, CloseCause::kPeerGone);
  }
}

// Batches are for publishers: nobody else may send as much.
RequestLimits Front::limits_for(const ListenerConfig& listener) const noexcept {
  RequestLimits limits = limits_;
  if (!listener.serve_publish) limits.batch_path = {};
  return limits;
}

void Front::read_more(uint32_t slot) {
  shard_.io.recv(slot, shard_.connections.tag(Op::kRecv, slot));
  shard_.connections[slot].armed |= kArmedRecv;
}

void Front::proceed(uint32_t slot) {
  Exchange& exchange = *shard_.connections[slot].exchange;
  if (!exchange.on_wire.empty()) return;  // goes on when they have been sent
  bool wants_more = false;
  while (!exchange.closes_after_answers && exchange.answers.size() < kAnswerBytesMax) {
    if (!exchange.holds_request) {
      const RequestReader::Outcome outcome = exchange.reader.next();
      if (outcome == RequestReader::Outcome::kNeedMore) {
        if (exchange.reader.expects_continue() && !exchange.peer_half_closed) {
          exchange.answers += kContinueResponse;
        }
        wants_more = true;
        break;
      }
      if (outcome == RequestReader::Outcome::kRefused) {
        refuse(slot, exchange);
        break;
      }
      exchange.has_deadline = false;
    }
    exchange.holds_request = false;
    const Routes::Handled handled = routes_.handle(slot, exchange, listener_of(slot));
    if (handled == Routes::Handled::kBecameStream) return lifecycle_.drop_exchange(slot);
    if (handled == Routes::Handled::kHeld) {
      hold(slot, exchange);
      break;
    }
    if (handled == Routes::Handled::kTurnedAway) exchange.cause = CloseCause::kTurnedAway;
    if (handled == Routes::Handled::kTurnedAway || !routes_.options_for(exchange).keep_alive) {
      exchange.closes_after_answers = true;
    }
  }
  send_answers(slot, exchange);
  if (wants_more && !exchange.closes_after_answers && !exchange.peer_half_closed) read_more(slot);
  settle(slot);
}

// An exchange lasts as long as there is something in it. While it waits for the rest of a request,
// its sender is held to a deadline that further bytes do not put off.
void Front::settle(uint32_t slot) {
  Exchange& exchange = *shard_.connections[slot].exchange;
  if (!exchange.on_wire.empty() || exchange.holds_request) return;
  if (exchange.peer_half_closed || exchange.closes_after_answers) {
    lifecycle_.close(slot, exchange.cause);
  } else if (!exchange.reader.has_started()) {
    lifecycle_.drop_exchange(slot);
    shard_.timers.arm(slot, shard_.now + kIdleMsMax);
  } else if (!exchange.has_deadline) {
    shard_.timers.arm(slot, shard_.now + kRequestMsMax);
    exchange.has_deadline = true;
  }
}

// --- Answering

void Front::send_answers(uint32_t slot, Exchange& exchange) {
  if (exchange.answers.empty()) return;
  std::swap(exchange.answers, exchange.on_wire);
  shard_.io.send_all(slot, exchange.on_wire, shard_.connections.tag(Op::kReply, slot));
  shard_.connections[slot].armed |= kArmedReply;
  shard_.timers.arm(slot, shard_.now + kIdleMsMax);
  exchange.has_deadline = false;
}

void Front::on_answered(const Completion& completion) {
  const auto slot = static_cast<uint32_t>(completion.tag.slot);
  if (!lifecycle_.disarm(slot, kArmedReply)) return;
  Connection& connection = shard_.connections[slot];
  Exchange& exchange = *connection.exchange;
  if (completion.outcome() != Outcome::kDone || completion.count() < exchange.on_wire.size()) {
    lifecycle_.close(slot, CloseCause::kPeerGone);
    return;
  }
  exchange.on_wire.clear();
  if (exchange.lingers) {
    connection.phase = Phase::kLinger;
    connection.cause = exchange.cause;
    shard_.timers.arm(slot, shard_.now + kLingerMsMax);
    read_more(slot);
    return;
  }
  if (exchange.holds_request) shard_.timers.disarm(slot);  // a held request has its own deadline
  // With a receive armed the reader has nothing more to say; otherwise it may, or a request waits.
  const bool is_reading = (connection.armed & kArmedRecv) != 0;
  if (is_reading || exchange.closes_after_answers) {
    settle(slot);
  } else {
    proceed(slot);
  }
}

void Front::refuse(uint32_t slot, Exchange& exchange) {
  ResponseOptions options = routes_.options_for(exchange);
  options.keep_alive = false;
  const std::string lines = routes_.reader_lines(exchange.reader.request(), listener_of(slot));
  options.extra_lines = lines;
  append_refusal(exchange.answers, exchange.reader.refusal(), exchange.reader.request(), options);
  exchange.closes_after_answers = true;
  exchange.cause = CloseCause::kRefused;
  // A peer in the middle of an upload would have its answer destroyed by the reset that closing on
  // unread bytes provokes.
  exchange.lingers = exchange.reader.refusal().status == 413;
  shard_.counters.requests_refused.add();
}

void Front::on_deadline(uint32_t slot) {
  Connection& connection = shard_.connections[slot];
  Exchange* const exchange = connection.exchange;
  const bool is_quiet =
      connection.phase == Phase::kRequest && exchange != nullptr && exchange->on_wire.empty();
  if (is_quiet && exchange->holds_request) return;
  const bool is_mid_request = is_quiet && exchange->reader.has_started();
  if (!is_mid_request) {
    lifecycle_.close(
        slot, connection.phase == Phase::kLinger ? connection.cause : CloseCause::kRequestTimeout);
    return;
  }
  ResponseOptions options = routes_.options_for(*exchange);
  options.keep_alive = false;
  const std::string lines = routes_.reader_lines(exchange->reader.request(), listener_of(slot));
  options.extra_lines = lines;
  append_error(exchange->answers, 408, "the request took too long to arrive", options);
  exchange->closes_after_answers = true;
  exchange->cause = CloseCause::kRequestTimeout;
  send_answers(slot, *exchange);
}

// --- Pacing

void Front::hold(uint32_t slot, Exchange& exchange) {
  exchange.holds_request = true;
  if (exchange.paced_until == 0)
    return;  // a stream, which begins when the answers before it have gone
  shard_.timers.disarm(slot);
  if (!exchange.is_listed) held_.push_back(shard_.connections.tag(Op::kRecv, slot));
  exchange.is_listed = true;
}

// The longest waiting first, and no more of a channel once one was refused: they would be, too.
void Front::retry_held() {
  std::vector<CompletionTag> waiting;
  std::swap(waiting, held_);
  routes_.begin_retrying();
  for (const CompletionTag tag : waiting) {
    const auto slot = static_cast<uint32_t>(tag.slot);
    const Connection& connection = shard_.connections[slot];
    if (!shard_.connections.is_current(tag) || connection.phase != Phase::kRequest) continue;
    if (connection.exchange == nullptr) continue;
    Exchange& exchange = *connection.exchange;
    if (exchange.paced_until == 0) {
      exchange.is_listed = false;  // it went through with the last of the answers before it
      continue;
    }
    if (exchange.on_wire.empty()) {
      exchange.is_listed = false;
      proceed(slot);
    } else {
      held_.push_back(tag);  // its earlier answers are still being sent
    }
  }
  routes_.end_retrying();
}

}  // namespace ringcast::net
