// The part of Routes that is about publishing: who may, and what has to wait for room.
#include <algorithm>

#include "engine/access/token.h"
#include "net/http/cors.h"
#include "net/http/host.h"
#include "net/routes.h"

namespace ringcast::net {

namespace {

// A batch may wait as long as the most patient of its channels says.
milliseconds longest_wait(const Publishing& publishing) noexcept {
  milliseconds longest{0};
  for (const Publication& publication : publishing.publications) {
    longest = std::max(longest, publication.channel->config().publish_wait);
  }
  return longest;
}

}  // namespace

void Routes::begin_retrying() noexcept {
  std::ranges::fill(queues_, Queue{});
  is_retrying_ = true;
}

// Whoever comes while others wait for room in the same channel goes behind them: small events would
// otherwise overtake large ones until those are given up.
bool Routes::may_try(const Publishing& publishing) const noexcept {
  return std::ranges::all_of(publishing.publications, [this](const Publication& publication) {
    const Queue& queue = queues_[publication.channel->number()];
    return is_retrying_ ? !queue.is_refused : queue.waiting == 0;
  });
}

const Visitor& Routes::visitor_of(Exchange& exchange) const {
  if (exchange.visitor == nullptr) {
    exchange.visitor =
        std::make_unique<Visitor>(gate().identify(exchange.reader.request(), QueryUse::kNo));
    exchange.has_checked_sender = exchange.visitor->place != CredentialPlace::kNone;
  }
  return *exchange.visitor;
}

// Who comes through loopback is asked only where that is not enough. Of a batch that is said by its lines.
Denial Routes::check_publish(Exchange& exchange, bool is_local, const PublishTarget& target) const {
  if (target.is_batch)
    return is_local ? Denial::kNone : Gate::check_publisher(visitor_of(exchange));
  const Channel* const channel = target.address.channel;
  if (!gate().hides_from_publishers(channel, is_local)) return Denial::kNone;
  return gate().check_publish(exchange.reader.request(), visitor_of(exchange), channel, target.name,
                              is_local);
}

// Who has to show nothing counts by address. A batch is looked at as a whole, before its lines say whether one of them
// needs a credential.
KeyedHash Routes::publisher_in(uint32_t slot, Exchange& exchange, const Duties& duties,
                               const PublishTarget& target) const {
  if (target.is_batch && gate().hides_from_publishers(nullptr, duties.is_local)) {
    (void)visitor_of(exchange);
  }
  const Visitor* const visitor = exchange.visitor.get();
  return publisher_of(visitor == nullptr ? Bearer{} : visitor->bearer, shard_.peers[slot]);
}

// --- Before the body

// Bodies are for events. For anything else nobody is asked for one, and no long one is read; a short one is, so that the
// connection can go on.
bool Routes::answer_before_body(uint32_t slot, Exchange& exchange, const ListenerConfig& listener) {
  const Request& request = exchange.reader.request();
  const std::optional<PublishTarget> target = publish_target(request, listener);
  if (target && deny_before_body(exchange, listener, *target)) return true;
  const bool is_awaited = exchange.reader.expects_continue();
  if (target && (target->is_batch || target->address.channel != nullptr)) {
    return is_awaited && refuse_awaited(exchange, *target);
  }
  const bool may_open_stream = request.method != Method::kPost && request.method != Method::kOther;
  const bool is_long = exchange.reader.body_bytes_max() > kUselessBodyBytesMax;
  if (may_open_stream || !(is_awaited || is_long)) return false;
  return handle(slot, exchange, listener) != Handled::kHeld;
}

std::optional<Routes::PublishTarget> Routes::publish_target(const Request& request,
                                                            const ListenerConfig& listener) const {
  if (!listener.serve_publish || request.method != Method::kPost) return std::nullopt;
  if (!is_public_host(listener, request.host)) return std::nullopt;
  if (request.path == kEventsPath) {
    return PublishTarget{.is_batch = true, .address = {}, .name = {}};
  }
  if (!request.path.starts_with(kChannelsPrefix)) return std::nullopt;
  const std::string_view name = request.path.substr(kChannelsPrefix.size());
  return PublishTarget{.is_batch = false, .address = channels_.find(name), .name = name};
}

bool Routes::deny_before_body(Exchange& exchange, const ListenerConfig& listener,
                              const PublishTarget& target) {
  const Denial denial = check_publish(exchange, is_local(listener), target);
  if (denial == Denial::kNone) return false;
  const Request& request = exchange.reader.request();
  std::string lines;
  append_cors_lines(lines, any_publisher_.for_page_of(request), request);
  ResponseOptions options = options_for(exchange);
  options.extra_lines = lines;
  exchange.refused_why = why_denied(denial, visitor_of(exchange));
  publish_.deny(denial, options, exchange.answers);
  return true;
}

// Nobody is asked for an event whose head says already that it is none.
bool Routes::refuse_awaited(Exchange& exchange, const PublishTarget& target) {
  if (target.is_batch) return false;
  const Request& request = exchange.reader.request();
  std::string lines;
  append_cors_lines(lines, target.address.channel->config().cors, request);
  ResponseOptions options = options_for(exchange);
  options.extra_lines = lines;
  return publish_.read_one(target.address, request, options, exchange.answers) == nullptr;
}

// --- With it

std::unique_ptr<Publishing> Routes::read_publishing(Exchange& exchange, const Duties& duties,
                                                    const PublishTarget& target,
                                                    const ResponseOptions& options) {
  const Request& request = exchange.reader.request();
  const auto as_sent = [&exchange](std::unique_ptr<Publishing> publishing) {
    if (publishing != nullptr && exchange.visitor != nullptr) {
      publishing->belongs_to(exchange.visitor->bearer);
    }
    return publishing;
  };
  if (!target.is_batch) {
    return as_sent(publish_.read_one(target.address, request, options, exchange.answers));
  }
  const auto check = [&](const Channel* channel, std::string_view name) {
    if (!gate().hides_from_publishers(channel, duties.is_local)) return Denial::kNone;
    return gate().check_publish(request, visitor_of(exchange), channel, name, duties.is_local);
  };
  return as_sent(publish_.read_batch(request, options, check, exchange.answers));
}

// A body takes its time, and so does waiting for room: whoever was known at the beginning may not be any more.
Denial Routes::check_publish_now(Exchange& exchange, bool is_local,
                                 const PublishTarget& target) const {
  if (exchange.visitor != nullptr && exchange.visitor->has_expired()) {
    exchange.visitor->why = describe(TokenFault::kExpired);
    return Denial::kRefused;
  }
  if (exchange.publishing != nullptr) return Denial::kNone;
  return check_publish(exchange, is_local, target);
}

// What was read of it is kept while it waits.
Routes::Handled Routes::publish(uint32_t slot, Exchange& exchange, const Duties& duties,
                                const PublishTarget& target) {
  const Request& request = exchange.reader.request();
  const Denial denial = check_publish_now(exchange, duties.is_local, target);
  const Channel* const channel = target.address.channel;
  if (denial == Denial::kNone && !target.is_batch && channel == nullptr) {
    return answer_error(exchange, any_reader_.for_page_of(request), 404,
                        "there is no such channel here");
  }
  // A batch is checked line by line, and what it is told is for whoever may publish any of them.
  const bool is_about_one = !target.is_batch && denial == Denial::kNone;
  std::string cors_lines;
  append_cors_lines(cors_lines,
                    is_about_one ? channel->config().cors : any_publisher_.for_page_of(request),
                    request);
  ResponseOptions options = options_for(exchange);
  options.extra_lines = cors_lines;
  if (denial != Denial::kNone) {
    exchange.refused_why = why_denied(denial, visitor_of(exchange));
    exchange.publishing.reset();
    exchange.paced_until = 0;
    publish_.deny(denial, options, exchange.answers);
    return Handled::kAnswered;
  }
  if (exchange.publishing == nullptr) {
    const KeyedHash publisher = publisher_in(slot, exchange, duties, target);
    const milliseconds wait = shard_.admission.publish_wait(publisher, shard_.now);
    if (wait > milliseconds{0}) return slow_down(exchange, options, wait);
    exchange.publishing = read_publishing(exchange, duties, target, options);
    if (exchange.publishing == nullptr) return Handled::kAnswered;
    const auto events = static_cast<uint32_t>(exchange.publishing->publications.size());
    shard_.admission.note_published(publisher, events, shard_.now);
  }
  const Publishing& publishing = *exchange.publishing;
  const auto done = [&exchange] {
    exchange.publishing.reset();
    exchange.paced_until = 0;
    return Handled::kAnswered;
  };
  const Publish::Attempt attempt = try_publish(publishing, options, exchange.answers);
  if (attempt == Publish::Attempt::kAnswered) return done();
  if (exchange.paced_until == 0) {
    exchange.paced_until = shard_.now + longest_wait(publishing).count();
    shard_.counters.paced.add();
  } else if (shard_.now >= exchange.paced_until) {
    publish_.append_timed_out(attempt, options, exchange.answers);
    return done();
  }
  if (attempt == Publish::Attempt::kPaced) line_up(publishing);
  return Handled::kHeld;
}

Routes::Handled Routes::slow_down(Exchange& exchange, ResponseOptions options, milliseconds wait) {
  shard_.counters.limited[static_cast<size_t>(Limit::kPublishRate)].add();
  shard_.counters.publishes_refused.add();
  options.retry_after_s = static_cast<uint32_t>((wait.count() + 999) / 1000);
  append_error(exchange.answers, 429, "too many events from this publisher; slow down", options);
  return Handled::kAnswered;
}

// Who only asks again what has been answered needs no room, and does not queue for it.
Publish::Attempt Routes::try_publish(const Publishing& publishing, const ResponseOptions& options,
                                     std::string& out) {
  if (may_try(publishing)) return publish_.attempt(publishing, options, shard_.now, out);
  return publish_.try_answer_known(publishing, options, shard_.now, out)
             ? Publish::Attempt::kAnswered
             : Publish::Attempt::kPaced;
}

void Routes::line_up(const Publishing& publishing) noexcept {
  for (const Publication& publication : publishing.publications) {
    Queue& queue = queues_[publication.channel->number()];
    queue.is_refused = true;
    ++queue.waiting;
  }
}

}  // namespace ringcast::net
