#include "net/front.h"

#include <algorithm>

#include "net/http/cors.h"

namespace ringcast::net {

namespace {

constexpr std::string_view kChannelsPrefix = "/channels/";

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

constexpr std::string_view kStreamMethods = "GET, HEAD, OPTIONS";
constexpr std::string_view kPublishMethods = "OPTIONS, POST";
constexpr std::string_view kChannelMethods = "GET, HEAD, OPTIONS, POST";

size_t longest_event(const Channels& channels) noexcept {
  size_t longest = 0;
  for (ChannelNumber i = 0; i < channels.size(); ++i) {
    longest = std::max<size_t>(longest, channels.at(i).config().event_bytes_max);
  }
  return longest;
}

}  // namespace

Front::Front(ShardState& shard, Lifecycle& lifecycle, const Channels& channels,
             const std::vector<Listener>& listeners, Publish& publish, Subscribe& subscribe,
             const Monitor& monitor)
    : shard_(shard),
      lifecycle_(lifecycle),
      channels_(channels),
      listeners_(listeners),
      publish_(publish),
      subscribe_(subscribe),
      monitor_(monitor) {
  limits_.body_bytes_max = longest_event(channels);
  queues_.resize(channels.size());
}

// --- Reading

void Front::on_received(const Completion& completion) {
  const auto slot = static_cast<uint32_t>(completion.tag.slot);
  const bool goes_on = lifecycle_.disarm(slot, kArmedRecv);
  const std::string_view bytes =
      IoRing::has_bytes(completion) ? shard_.io.received(completion) : std::string_view{};
  Connection& connection = shard_.connections[slot];
  if (goes_on && connection.phase == Phase::kRequest && !bytes.empty()) {
    if (connection.exchange == nullptr) connection.exchange = new Exchange(limits_);
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
        refuse(exchange);
        break;
      }
      exchange.has_deadline = false;
    }
    exchange.holds_request = false;
    const Handled handled = handle(slot, exchange);
    if (handled == Handled::kBecameStream) return;
    if (handled == Handled::kHeld) {
      exchange.holds_request = true;
      break;
    }
    if (!options_for(exchange).keep_alive) exchange.closes_after_answers = true;
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

void Front::refuse(Exchange& exchange) {
  ResponseOptions options = options_for(exchange);
  options.keep_alive = false;
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
  ResponseOptions options = options_for(*exchange);
  options.keep_alive = false;
  append_error(exchange->answers, 408, "the request took too long to arrive", options);
  exchange->closes_after_answers = true;
  exchange->cause = CloseCause::kRequestTimeout;
  send_answers(slot, *exchange);
}

ResponseOptions Front::options_for(const Exchange& exchange) {
  ResponseOptions options;
  options.keep_alive = exchange.reader.request().keep_alive && !stopping_;
  options.head_only = exchange.reader.request().method == Method::kHead;
  options.date = date_.at(wall_now_ms());
  return options;
}

// --- Routing

Front::Handled Front::handle(uint32_t slot, Exchange& exchange) {
  const Request& request = exchange.reader.request();
  const ListenerConfig& listener = listener_of(slot);
  ResponseOptions options = options_for(exchange);

  if (listener.serve_admin && monitor_.answer(request, options, stopping_, exchange.answers)) {
    return Handled::kAnswered;
  }
  Channel* const by_path = channels_.by_path(request.path);
  if (by_path != nullptr && listener.serve_subscribe) {
    return handle_channel(slot, exchange, *by_path, Publishing::kNo);
  }
  const bool has_channels = listener.serve_subscribe || listener.serve_publish;
  if (has_channels && request.path.starts_with(kChannelsPrefix)) {
    Channel* const channel = channels_.by_name(request.path.substr(kChannelsPrefix.size()));
    if (channel != nullptr) {
      return handle_channel(slot, exchange, *channel,
                            listener.serve_publish ? Publishing::kYes : Publishing::kNo);
    }
  }
  if (request.method == Method::kOptions && (request.path == "*" || request.path == "/")) {
    // What a load balancer asks to see whether we are there.
    options.allow = kChannelMethods;
    append_response(exchange.answers, 204, "", "", options);
    return Handled::kAnswered;
  }
  append_error(exchange.answers, 404, "there is no such channel or path here", options);
  return Handled::kAnswered;
}

Front::Handled Front::handle_channel(uint32_t slot, Exchange& exchange, Channel& channel,
                                     Publishing publishing) {
  const bool may_publish_here = publishing == Publishing::kYes;
  const bool may_subscribe_here = listener_of(slot).serve_subscribe;
  const Method method = exchange.reader.request().method;
  if (may_subscribe_here && method == Method::kGet) return open_stream(slot, exchange, channel);
  if (may_publish_here && method == Method::kPost) return publish(slot, exchange, channel);
  if (may_subscribe_here && method == Method::kHead) {
    subscribe_.append_head_only(channel, exchange.reader.request(), options_for(exchange),
                                exchange.answers);
    return Handled::kAnswered;
  }
  const std::string_view methods = !may_publish_here     ? kStreamMethods
                                   : !may_subscribe_here ? kPublishMethods
                                                         : kChannelMethods;
  return answer_method(exchange, channel, methods);
}

Front::Handled Front::answer_method(Exchange& exchange, const Channel& channel,
                                    std::string_view methods) {
  const Request& request = exchange.reader.request();
  ResponseOptions options = options_for(exchange);
  if (request.method == Method::kOptions) {
    append_preflight(exchange.answers, channel.config().cors, request, methods, options);
    return Handled::kAnswered;
  }
  std::string cors_lines;
  append_cors_lines(cors_lines, channel.config().cors, request);
  options.extra_lines = cors_lines;
  options.allow = methods;
  append_error(exchange.answers, 405, "this method is not served here", options);
  return Handled::kAnswered;
}

// A stream begins when everything before it has been sent: its head takes another way than the
// answers, and must not overtake them.
Front::Handled Front::open_stream(uint32_t slot, Exchange& exchange, Channel& channel) {
  if (!exchange.answers.empty()) return Handled::kHeld;
  const Subscribe::Opened opened =
      subscribe_.open(slot, channel, exchange.reader.request(), options_for(exchange), !stopping_,
                      exchange.answers);
  if (opened == Subscribe::Opened::kStream) {
    lifecycle_.drop_exchange(slot);
    return Handled::kBecameStream;
  }
  exchange.closes_after_answers = true;
  exchange.cause = CloseCause::kTurnedAway;
  return Handled::kAnswered;
}

// --- Pacing

// Whoever comes while others wait for room in the same channel goes behind them: small events would
// otherwise overtake large ones until those are given up.
Front::Handled Front::publish(uint32_t slot, Exchange& exchange, Channel& channel) {
  const Request& request = exchange.reader.request();
  ResponseOptions options = options_for(exchange);
  std::string cors_lines;
  if (request.has_origin) append_cors_lines(cors_lines, channel.config().cors, request);
  options.extra_lines = cors_lines;

  Queue& queue = queues_[channel.number()];
  const bool may_try = is_retrying_ ? !queue.is_refused : queue.waiting == 0;
  if (may_try && publish_.attempt(channel, request, options, exchange.answers)) {
    exchange.paced_until = 0;
    return Handled::kAnswered;
  }
  queue.is_refused = true;
  if (exchange.paced_until == 0) {
    exchange.paced_until = shard_.now + channel.config().publish_wait.count();
    shard_.timers.disarm(slot);
    shard_.counters.paced.add();
  } else if (shard_.now >= exchange.paced_until) {
    exchange.paced_until = 0;
    publish_.append_timed_out(options, exchange.answers);
    return Handled::kAnswered;
  }
  ++queue.waiting;
  if (!exchange.is_listed) held_.push_back(shard_.connections.tag(Op::kRecv, slot));
  exchange.is_listed = true;
  return Handled::kHeld;
}

// The longest waiting first, and no more of a channel once one was refused: they would be, too.
void Front::retry_held() {
  std::vector<CompletionTag> waiting;
  std::swap(waiting, held_);
  std::ranges::fill(queues_, Queue{});
  is_retrying_ = true;
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
  is_retrying_ = false;
}

}  // namespace ringcast::net
