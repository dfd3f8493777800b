#include "net/front.h"

#include <algorithm>
#include <utility>

namespace ringcast::net {

namespace {

// How long, and how much, a peer may go on sending what was refused before its answer might be lost
// to the reset that closing on unread bytes provokes. Guesses; a reasonable client stops at once.
constexpr MonotonicMs kLingerMsMax = 2'000;
constexpr size_t kLingerBytesMax = 16 * kMiB;

// Answers are handed over when they reach this, so that a long pipeline does not pile them up.
constexpr size_t kAnswerBytesMax = 16 * 1024;

// Whether what was appended for a request begins with a status from 400 to 499. Who is told to slow down has a
// bucket for that already.
bool is_refusal(std::string_view answer) noexcept {
  return answer.starts_with("HTTP/1.1 4") && !answer.starts_with("HTTP/1.1 429");
}

// A signature takes up to 150 us to check, and a turn should not take ten milliseconds because somebody sends many at once:
// eight of the 64 requests that are handled in one go.
constexpr uint32_t kCheckedRequestWeight = 8;

constexpr Refusal kTookTooLong{.status = 408, .reason = "the request took too long to arrive"};

}  // namespace

// --- Reading

void Front::on_received(const Completion& completion) {
  const auto slot = static_cast<uint32_t>(completion.tag.slot);
  const bool goes_on = lifecycle_.disarm(slot, kArmedRecv);
  const std::string_view bytes =
      IoRing::has_bytes(completion) ? shard_.io.received(completion) : std::string_view{};
  if (goes_on && !bytes.empty()) take(slot, bytes);
  if (IoRing::has_bytes(completion)) shard_.io.give_back(completion);
  const Connection& connection = shard_.connections[slot];
  if (!goes_on || connection.phase == Phase::kClosing) return;

  if (connection.phase == Phase::kProxyHeader) {
    await_proxy_header(slot, !bytes.empty() || completion.outcome() == Outcome::kNoMemory);
  } else if (connection.phase == Phase::kLinger) {
    linger(slot, completion, bytes.size());
  } else if (!bytes.empty()) {
    proceed(slot);
  } else if (completion.outcome() == Outcome::kNoMemory) {
    read_more(slot);
  } else if (completion.outcome() == Outcome::kDone && connection.exchange != nullptr &&
             !connection.exchange->on_wire.empty()) {
    // It has finished sending and may still want its answers.
    connection.exchange->peer_half_closed = true;
  } else {
    lifecycle_.close(slot, CloseCause::kPeerGone);
  }
}

void Front::take(uint32_t slot, std::string_view bytes) {
  Connection& connection = shard_.connections[slot];
  if (connection.phase != Phase::kProxyHeader && connection.phase != Phase::kRequest) return;
  if (connection.exchange == nullptr) lifecycle_.make_exchange(slot, limits_for(listener_of(slot)));
  if (connection.phase == Phase::kProxyHeader) {
    senders_.read_header(slot, bytes);
    if (connection.phase != Phase::kRequest) return;
    connection.exchange->awaited = Exchange::Awaited::kNothing;  // a request has its own deadline
  }
  connection.exchange->reader.feed(bytes);
}

// Fragments are waited for, as long as for the head of a request.
void Front::await_proxy_header(uint32_t slot, bool goes_on) {
  if (!goes_on) return lifecycle_.close(slot, CloseCause::kPeerGone);
  read_more(slot);
  Exchange* const exchange = shard_.connections[slot].exchange;
  if (exchange != nullptr) await_the_rest(slot, *exchange);
}

void Front::linger(uint32_t slot, const Completion& completion, size_t bytes) {
  const Connection& connection = shard_.connections[slot];
  size_t& lingered_bytes = connection.exchange->lingered_bytes;
  lingered_bytes += bytes;
  const bool goes_on = bytes > 0 || completion.outcome() == Outcome::kNoMemory;
  if (goes_on && lingered_bytes <= kLingerBytesMax) {
    read_more(slot);
  } else {
    lifecycle_.close(slot, connection.cause);
  }
}

// Large bodies are for publishers: where nothing is published, none is worth holding.
RequestLimits Front::limits_for(const ListenerConfig& listener) const noexcept {
  RequestLimits limits = limits_;
  if (!listener.serve_publish) {
    limits.batch_path = {};
    limits.body_bytes_max = std::min(limits.body_bytes_max, kUselessBodyBytesMax);
  }
  return limits;
}

void Front::read_more(uint32_t slot) {
  shard_.io.recv(slot, shard_.connections.tag(Op::kRecv, slot));
  shard_.connections[slot].armed |= kArmedRecv;
}

void Front::proceed(uint32_t slot) {
  Exchange& exchange = *shard_.connections[slot].exchange;
  if (!exchange.on_wire.empty()) return;  // goes on when they have been sent
  if (!exchange.holds_request && hold_back(slot, exchange)) return;
  bool wants_more = false;
  for (uint32_t left = shard_.limits.pipelined_requests_max;
       left > 0 && !exchange.closes_after_answers && exchange.answers.size() < kAnswerBytesMax;) {
    if (!exchange.holds_request) {
      const RequestReader::Outcome outcome = exchange.reader.next();
      if (outcome == RequestReader::Outcome::kNeedMore) {
        if (refuse_before_body(slot, exchange)) break;
        if (exchange.reader.expects_continue() && !exchange.peer_half_closed) {
          exchange.answers += kContinueResponse;
        }
        wants_more = true;
        break;
      }
      if (outcome == RequestReader::Outcome::kRefused) {
        refuse(slot, exchange, exchange.reader.refusal(), CloseCause::kRefused);
        break;
      }
      exchange.awaited = Exchange::Awaited::kNothing;
    }
    const bool was_held = std::exchange(exchange.holds_request, false);
    senders_.find_client(slot, exchange.reader.request());
    const size_t answered_before = exchange.answers.size();
    const Routes::Handled handled = !was_held && slow_down(slot, exchange)
                                        ? Routes::Handled::kAnswered
                                        : routes_.handle(slot, exchange, listener_of(slot));
    left -= std::min(left, exchange.has_checked_sender ? kCheckedRequestWeight : 1U);
    if (handled != Routes::Handled::kHeld) exchange.forget_sender();
    if (handled == Routes::Handled::kBecameStream) {
      access_log_.became_stream(slot, exchange.reader.request());
      return lifecycle_.drop_exchange(slot);
    }
    if (handled == Routes::Handled::kHeld) {
      hold(slot, exchange);
      break;
    }
    note_answer(slot, exchange, answered_before);
    if (handled == Routes::Handled::kTurnedAway) exchange.cause = CloseCause::kTurnedAway;
    if (handled == Routes::Handled::kTurnedAway || !routes_.options_for(exchange).keep_alive) {
      exchange.closes_after_answers = true;
    }
  }
  send_answers(slot, exchange);
  if (wants_more && !exchange.closes_after_answers && !exchange.peer_half_closed) read_more(slot);
  settle(slot);
}

// Nobody sends a whole body only to be told that he may not, nor gets a 100 Continue for it. True: it was refused.
bool Front::refuse_before_body(uint32_t slot, Exchange& exchange) {
  if (exchange.head_is_checked || !exchange.reader.in_body()) return false;
  exchange.head_is_checked = true;
  senders_.find_client(slot, exchange.reader.request());
  const size_t answered_before = exchange.answers.size();
  exchange.closes_after_answers = true;  // whether the body comes all the same, nobody can say
  const bool is_answered =
      slow_down(slot, exchange) || routes_.answer_before_body(slot, exchange, listener_of(slot));
  exchange.closes_after_answers = exchange.lingers = is_answered;
  if (is_answered) note_answer(slot, exchange, answered_before);
  return is_answered;
}

// No credential is looked at for it: that may be what somebody floods us with.
bool Front::slow_down(uint32_t slot, Exchange& exchange) {
  const milliseconds wait = senders_.client_refusal_wait(slot);
  if (wait == milliseconds{0}) return false;
  shard_.counters.limited[static_cast<size_t>(Limit::kRefusedRate)].add();
  const std::string lines = routes_.reader_lines(exchange.reader.request(), listener_of(slot));
  ResponseOptions options = routes_.options_for(exchange);
  options.extra_lines = lines;
  options.retry_after_s =
      static_cast<uint32_t>(std::chrono::ceil<std::chrono::seconds>(wait).count());
  append_error(exchange.answers, 429, "too many requests from this address were refused; slow down",
               options);
  return true;
}

// The flood then waits in its own socket.
bool Front::hold_back(uint32_t slot, Exchange& exchange) {
  const milliseconds wait = senders_.refusal_wait(slot);
  const bool was_held_back = std::exchange(exchange.is_held_back, wait > milliseconds{0});
  if (!exchange.is_held_back) return false;
  if (!was_held_back) {
    shard_.counters.limited[static_cast<size_t>(Limit::kRefusedRate)].add();
    exchange.held_back_since = shard_.now;
  }
  // Others of the same source may take every token that comes: nobody is kept for longer than for a request.
  const MonotonicMs until = shard_.now + wait.count();
  if (until - exchange.held_back_since > shard_.limits.header_timeout.count()) {
    lifecycle_.close(slot, CloseCause::kRefused);
    return true;
  }
  // A request that has begun to arrive keeps its deadline.
  const bool is_awaited = exchange.awaited != Exchange::Awaited::kNothing;
  shard_.timers.arm(slot, is_awaited ? std::min(until, deadline_of(exchange)) : until);
  return true;
}

// An exchange lasts as long as there is something in it.
void Front::settle(uint32_t slot) {
  Exchange& exchange = *shard_.connections[slot].exchange;
  if (!exchange.on_wire.empty() || exchange.holds_request || exchange.is_held_back) return;
  if (exchange.peer_half_closed || exchange.closes_after_answers) {
    lifecycle_.close(slot, exchange.cause);
  } else if (!exchange.reader.has_started()) {
    exchange.awaited = Exchange::Awaited::kNothing;  // an empty line came in pieces
    if (exchange.reader.is_fresh()) lifecycle_.drop_exchange(slot);
    // Who has only been announced, or has sent an empty line, is as new as it was.
    const milliseconds patience = shard_.connections[slot].is_answered
                                      ? shard_.limits.keep_alive
                                      : shard_.limits.first_byte_timeout;
    shard_.timers.arm(slot, shard_.now + patience.count());
  } else {
    await_the_rest(slot, exchange);
  }
}

// Further bytes do not put the deadline off, or a byte a second would hold the connection for ever.
void Front::await_the_rest(uint32_t slot, Exchange& exchange) {
  using Awaited = Exchange::Awaited;
  const Awaited awaited = exchange.reader.in_body() ? Awaited::kBody : Awaited::kHead;
  if (exchange.awaited != awaited) {
    exchange.awaited = awaited;
    exchange.awaited_since = shard_.now;
  }
  shard_.timers.arm(slot, deadline_of(exchange));
}

// When the rest of a request must have come.
MonotonicMs Front::deadline_of(const Exchange& exchange) const noexcept {
  if (exchange.awaited != Exchange::Awaited::kBody) {
    return exchange.awaited_since + shard_.limits.header_timeout.count();
  }
  const uint64_t earned_ms =
      exchange.reader.body_bytes_received() * 1000 / shard_.limits.body_rate_min;
  return exchange.awaited_since + shard_.limits.body_timeout.count() +
         static_cast<MonotonicMs>(earned_ms);
}

// --- Answering

void Front::note_answer(uint32_t slot, Exchange& exchange, size_t from) noexcept {
  const std::string_view answer = std::string_view(exchange.answers).substr(from);
  access_log_.answered(slot, exchange.reader.request(), answer, exchange.refused_why);
  exchange.refused_why = {};
  if (is_refusal(answer)) senders_.note_refused(slot);
}

void Front::send_answers(uint32_t slot, Exchange& exchange) {
  if (exchange.answers.empty()) return;
  std::swap(exchange.answers, exchange.on_wire);
  shard_.io.send_all(slot, exchange.on_wire, shard_.connections.tag(Op::kReply, slot));
  shard_.connections[slot].armed |= kArmedReply;
  shard_.connections[slot].is_answered = true;
  shard_.timers.arm(slot, shard_.now + shard_.limits.keep_alive.count());
  exchange.awaited = Exchange::Awaited::kNothing;
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
    // Who reads to the end of the connection has it now.
    shard_.io.finish_sending(slot, shard_.connections.tag(Op::kFinish, slot));
    connection.armed |= kArmedFinish;
    if ((connection.armed & kArmedRecv) == 0) read_more(slot);  // it is when its time ran out
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

void Front::refuse(uint32_t slot, Exchange& exchange, Refusal refusal, CloseCause cause) {
  const Request& request = exchange.reader.request();
  senders_.find_client(slot, request);
  const std::string lines = routes_.reader_lines(request, listener_of(slot));
  ResponseOptions options = routes_.options_for(exchange);
  options.extra_lines = lines;
  const size_t answered_before = exchange.answers.size();
  append_refusal(exchange.answers, refusal, request, options);
  note_answer(slot, exchange, answered_before);
  exchange.closes_after_answers = true;
  exchange.cause = cause;
  // Who sends too much, or a body, is probably still sending.
  const bool is_too_much = refusal.status == 413 || refusal.status == 414 || refusal.status == 431;
  exchange.lingers = is_too_much || exchange.reader.expects_more_body();
  if (cause == CloseCause::kRefused) shard_.counters.requests_refused.add();
}

void Front::on_deadline(uint32_t slot) {
  Connection& connection = shard_.connections[slot];
  Exchange* const exchange = connection.exchange;
  const bool is_quiet =
      connection.phase == Phase::kRequest && exchange != nullptr && exchange->on_wire.empty();
  if (is_quiet && exchange->holds_request) return;
  const bool is_awaited = is_quiet && exchange->awaited != Exchange::Awaited::kNothing;
  const bool is_late = is_awaited && deadline_of(*exchange) <= shard_.now;
  if (is_quiet && exchange->is_held_back && !is_late) return proceed(slot);
  const bool is_mid_request = is_quiet && exchange->reader.has_started();
  if (!is_mid_request) {
    lifecycle_.close(
        slot, connection.phase == Phase::kLinger ? connection.cause : CloseCause::kRequestTimeout);
    return;
  }
  if (is_awaited && !is_late) {  // it has earned more time since the timer was armed
    shard_.timers.arm(slot, deadline_of(*exchange));
    return;
  }
  exchange->is_held_back = false;
  refuse(slot, *exchange, kTookTooLong, CloseCause::kRequestTimeout);
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
