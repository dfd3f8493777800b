#include "net/publish.h"

#include <fmt/format.h>

#include "net/http/cors.h"
#include "net/http/target.h"
#include "net/publish_answer.h"
#include "net/ttl.h"

namespace ringcast::net {

namespace {

constexpr std::string_view kForeignOrigin =
    "this origin may not publish; list it in the channel's cors.origins";

}  // namespace

void Publishing::belongs_to(const Bearer& bearer) {
  if (key.is_zero()) return;
  const std::string sender = static_cast<char>(bearer.kind) + bearer.subject;
  key = keyed_hash(sender, {reinterpret_cast<const char*>(&key), sizeof key});
}

// --- Reading

std::unique_ptr<Publishing> Publish::read_one(const Channels::Address& address,
                                              const Request& request,
                                              const ResponseOptions& options, std::string& out) {
  const auto refused = [&](int status, std::string_view reason) {
    refuse(status, reason, options, out);
    return nullptr;
  };
  if (!publish_allowed(address.channel->config().cors, request)) {
    return refused(403, kForeignOrigin);
  }
  auto publishing = std::make_unique<Publishing>();
  if (!read_key(request, options, *publishing, out)) return nullptr;
  publishing->type = query_value(request.query, "event").value_or("");
  Event event{.type = type_worth_saying(publishing->type), .data = request.body};
  if (const auto text = query_value(request.query, "ttl")) {
    const Result<milliseconds> ttl = parse_ttl(*text);
    if (!ttl) return refused(400, ttl.error().message);
    event.ttl = ttl.value();
  }
  if (const EventFault fault = find_fault(event); fault != EventFault::kNone) {
    return refused(400, describe(fault));
  }
  publishing->publications = {
      {.channel = address.channel, .recipient = address.recipient, .event = event}};
  return publishing;
}

std::unique_ptr<Publishing> Publish::read_batch(const Request& request,
                                                const ResponseOptions& options,
                                                const LineCheck& check, std::string& out) {
  const auto refused = [&](int status, std::string_view reason) {
    refuse(status, reason, options, out);
    return nullptr;
  };
  auto publishing = std::make_unique<Publishing>();
  if (!read_key(request, options, *publishing, out)) return nullptr;
  Result<Batch> batch = net::read_batch(request.body);
  if (!batch) return refused(400, batch.error().message);
  publishing->batch = std::move(*batch);
  publishing->is_batch = true;
  for (const BatchEvent& one : publishing->batch.events) {
    const Channels::Address address = channels_.find(one.channel);
    if (const Denial denial = check(address.channel, one.channel); denial != Denial::kNone) {
      deny(denial, options, out);
      return nullptr;
    }
    if (address.channel == nullptr) {
      return refused(404, fmt::format("line {}: there is no such channel", one.line));
    }
    if (!publish_allowed(address.channel->config().cors, request)) {
      return refused(403, fmt::format("line {}: {}", one.line, kForeignOrigin));
    }
    publishing->publications.push_back(
        {.channel = address.channel, .recipient = address.recipient, .event = one.event});
  }
  return publishing;
}

// Hashed once: a request may be tried again many times, and its body may be long.
bool Publish::read_key(const Request& request, const ResponseOptions& options,
                       Publishing& publishing, std::string& out) {
  if (request.idempotency_key.empty()) return true;
  if (!is_idempotency_key(request.idempotency_key)) {
    refuse(400, kBadIdempotencyKey, options, out);
    return false;
  }
  publishing.key = keyed_hash(request.idempotency_key);
  const std::string target = fmt::format("{}?{}", request.path, request.query);
  publishing.fingerprint = keyed_hash(target, request.body);
  return true;
}

// --- Committing

Publish::Attempt Publish::attempt(const Publishing& publishing, const ResponseOptions& options,
                                  MonotonicMs now, std::string& out) {
  const bool has_key = !publishing.key.is_zero();
  if (has_key) {
    const Claim claim = keys_.claim(publishing.key, publishing.fingerprint, now);
    if (claim.kind == ClaimKind::kUnderWay) return Attempt::kUnderWay;
    if (answer_claim(claim, options, out)) return Attempt::kAnswered;
  }
  PublishAnswer answer;
  const Committed committed = commit(publishing, options, answer, out);
  if (committed == Committed::kYes) {
    if (has_key) keys_.settle(publishing.key, answer, now);
    answer_201(answer, options, out);
  } else if (has_key) {
    keys_.release(publishing.key);
  }
  return committed == Committed::kPaced ? Attempt::kPaced : Attempt::kAnswered;
}

bool Publish::try_answer_known(const Publishing& publishing, const ResponseOptions& options,
                               MonotonicMs now, std::string& out) {
  if (publishing.key.is_zero()) return false;
  return answer_claim(keys_.look_up(publishing.key, publishing.fingerprint, now), options, out);
}

bool Publish::answer_claim(const Claim& claim, const ResponseOptions& options, std::string& out) {
  ResponseOptions later = options;
  later.retry_after_s = 1;
  switch (claim.kind) {
    case ClaimKind::kFirst:
    case ClaimKind::kUnderWay:
      return false;
    case ClaimKind::kRepeat:
      answer_201(claim.answer, options, out);
      return true;
    case ClaimKind::kOtherRequest:
      refuse(422, "this Idempotency-Key belongs to a different request; use a fresh one for each",
             options, out);
      return true;
    case ClaimKind::kFull:
      refuse(503,
             "too many Idempotency-Keys are in use; try again, or raise server.idempotency_keys",
             later, out);
      return true;
  }
  return false;
}

Publish::Committed Publish::commit(const Publishing& publishing, const ResponseOptions& options,
                                   PublishAnswer& answer, std::string& out) {
  AppendOutcome outcome;
  log_.append(publishing.publications, [&](const AppendOutcome& appended) { outcome = appended; });
  switch (outcome.status) {
    case AppendStatus::kPaced:
      return Committed::kPaced;
    case AppendStatus::kTooLong: {
      constexpr std::string_view kTooLong =
          "the event is longer than the channel's max_event_bytes";
      const std::string reason =
          publishing.is_batch
              ? fmt::format("line {}: {}", publishing.batch.events[outcome.refused].line, kTooLong)
              : std::string(kTooLong);
      refuse(413, reason, options, out);
      return Committed::kRefused;
    }
    case AppendStatus::kTooMany:
      refuse(413, "the batch has more for one channel than its history.bytes hold; split it",
             options, out);
      return Committed::kRefused;
    case AppendStatus::kCommitted:
      break;
  }
  answer = {.first_id = outcome.id,
            .last_id = outcome.last_id,
            .count = static_cast<uint32_t>(publishing.publications.size()),
            .subscribers = outcome.subscribers,
            .is_batch = publishing.is_batch};
  return Committed::kYes;
}

// --- Answering

void Publish::answer_201(const PublishAnswer& answer, const ResponseOptions& options,
                         std::string& out) {
  append_response(out, 201, "application/json", publish_answer_json(answer), options);
  counters_.published.add();
}

void Publish::append_timed_out(Attempt last, ResponseOptions options, std::string& out) {
  options.retry_after_s = 1;
  append_error(out, 503,
               last == Attempt::kUnderWay
                   ? "an earlier attempt with this Idempotency-Key is still under way; try again"
                   : "subscribers have not kept up with the publishers; try again",
               options);
  counters_.publishes_timed_out.add();
}

void Publish::deny(Denial denial, const ResponseOptions& options, std::string& out) {
  append_denial(out, denial, options);
  (status_of(denial) == 403 ? counters_.requests_forbidden : counters_.requests_unauthorized).add();
  counters_.publishes_refused.add();
}

void Publish::refuse(int status, std::string_view reason, const ResponseOptions& options,
                     std::string& out) {
  append_error(out, status, reason, options);
  counters_.publishes_refused.add();
}

}  // namespace ringcast::net
