#include "net/admin.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/http/cors.h"
#include "net/http/host.h"
#include "net/http/target.h"

namespace ringcast::net {

namespace {

constexpr std::string_view kHealthPrefix = "/healthz/";
constexpr std::string_view kMetricsPath = "/metrics";
constexpr std::string_view kChannelsPath = "/channels";
constexpr std::string_view kChannelsPrefix = "/channels/";
constexpr std::string_view kConnectionsPath = "/connections";
constexpr std::string_view kRevokePath = "/revoke";

// Shards that have not carried out an order by then are busy; they still will.
constexpr MonotonicMs kRevokeMsMax = 5'000;

// No page is among these, so that publish_allowed() is for programs alone.
const CorsConfig kNoPage{.origins = {}};

// Where streams are served as well, the channel's own path is theirs unless JSON is asked for, which no EventSource does.
bool asks_for_json(const Request& request) noexcept {
  return request.accept.find("application/json") != std::string_view::npos &&
         request.accept.find("text/event-stream") == std::string_view::npos;
}

bool is_for_operators(const Request& request, const ListenerConfig& listener) noexcept {
  if (request.path.starts_with(kChannelsPrefix)) {
    const bool is_read = request.method == Method::kGet || request.method == Method::kHead;
    if (listener.serve_subscribe) return is_read && asks_for_json(request);
    return is_read || !listener.serve_publish;
  }
  return request.path.starts_with(kHealthPrefix) || request.path == kMetricsPath ||
         request.path == kChannelsPath || request.path == kConnectionsPath ||
         request.path == kRevokePath;
}

// The streams that the query means, or why it means none.
struct Meant {
  std::optional<StreamsMeant> streams{};
  int status = 400;
  std::string error{};
};

Meant streams_in(const Request& request, const Channels& channels) {
  Meant meant;
  for (QueryPairs pairs{request.query}; pairs.next();) {
    if (meant.streams) {
      return {.error = "several kinds of streams are named; revoke them one after the other"};
    }
    if (pairs.name() == "channel") {
      Channels::Address address = channels.find(pairs.value());
      if (address.channel == nullptr) address.channel = channels.by_name(pairs.value());
      if (address.channel == nullptr) {
        return {.status = 404, .error = "there is no such channel here"};
      }
      meant.streams = OfChannel{address.channel, address.recipient};
    } else if (pairs.name() == "subject" && !pairs.value().empty()) {
      meant.streams = OfSubject{keyed_hash(pairs.value())};
    } else if (pairs.name() == "token" && !pairs.value().empty()) {
      meant.streams = OfToken{keyed_hash(pairs.value())};
    } else if (pairs.name() == "source") {
      Result<IpNetwork> network = parse_ip_network(pairs.value());
      if (!network) return {.error = "the source is no address or network such as 10.0.0.0/8"};
      meant.streams = OfSource{*network};
    } else {
      return {.error = "an unknown parameter; name a channel, a subject, a token or a source"};
    }
  }
  if (!meant.streams) {
    meant.error =
        "no streams are named; ask for /revoke?channel=NAME, subject=WHO, token=ID or "
        "source=ADDRESS";
  }
  return meant;
}

}  // namespace

Admin::Handled Admin::handle(Exchange& exchange, const ListenerConfig& listener,
                             ResponseOptions options, bool stopping, ShardState& shard) {
  const Request& request = exchange.reader.request();
  if (!is_for_operators(request, listener)) return Handled::kNotOurs;
  // What is under way was allowed when it was asked for.
  if (exchange.revocation != 0) return wait_for_shards(exchange, options, shard.now);
  // Load balancers ask by whatever address they know, and have no key.
  const bool is_health = request.path.starts_with(kHealthPrefix);
  if (!is_health && deny(exchange, listener, options, shard)) return Handled::kAnswered;
  if (request.path == kRevokePath) return revoke(exchange, options, shard.now);
  if (monitor_.answer(request, options, stopping, exchange.answers)) return Handled::kAnswered;
  answer_page(exchange, options);
  return Handled::kAnswered;
}

bool Admin::deny(Exchange& exchange, const ListenerConfig& listener, const ResponseOptions& options,
                 ShardState& shard) const {
  Counters& counters = shard.counters;
  const Request& request = exchange.reader.request();
  if (!is_admin_host(listener, request.host)) {
    append_error(exchange.answers, 403,
                 "administration is not served under this host name; ask for localhost, or list "
                 "the name in the listener's hosts",
                 options);
    counters.requests_forbidden.add();
    return true;
  }
  if (is_local(listener)) return false;
  Visitor visitor;
  const Denial denial = Gate{*shard.access}.check_admin(request, visitor);
  if (denial == Denial::kNone) return false;
  exchange.refused_why = denial == Denial::kForbidden ? "it may not administer" : visitor.why;
  append_denial(exchange.answers, denial, options);
  (denial == Denial::kForbidden ? counters.requests_forbidden : counters.requests_unauthorized)
      .add();
  return true;
}

void Admin::answer_page(Exchange& exchange, ResponseOptions options) const {
  const Request& request = exchange.reader.request();
  constexpr std::string_view kJson = "application/json";
  std::string& out = exchange.answers;
  if (request.method != Method::kGet && request.method != Method::kHead) {
    options.allow = "GET, HEAD";
    return append_error(out, 405, "this method is not served here", options);
  }
  if (request.path == kConnectionsPath) {
    return append_response(out, 200, kJson, inspection_.connections(), options);
  }
  if (request.path == kChannelsPath) {
    return append_response(out, 200, kJson, inspection_.channels(), options);
  }
  std::string_view name = request.path;
  name.remove_prefix(std::min(kChannelsPrefix.size(), name.size()));
  Channel* channel = channels_.find(name).channel;
  if (channel == nullptr) channel = channels_.by_name(name);
  if (channel == nullptr) return append_error(out, 404, "there is nothing such here", options);
  append_response(out, 200, kJson, inspection_.channel(*channel), options);
}

// --- Ending streams

Admin::Handled Admin::revoke(Exchange& exchange, ResponseOptions options, MonotonicMs now) {
  const Request& request = exchange.reader.request();
  const auto refuse = [&](int status, std::string_view reason) {
    append_error(exchange.answers, status, reason, options);
    return Handled::kAnswered;
  };
  if (request.method != Method::kPost) {
    options.allow = "POST";
    return refuse(405, "streams are ended by POST");
  }
  if (!publish_allowed(kNoPage, request)) {
    return refuse(403, "no web page may end streams; send the request without Origin");
  }
  const Meant meant = streams_in(request, channels_);
  if (!meant.streams) return refuse(meant.status, meant.error);
  if (exchange.reader.in_body())
    return Handled::kHeld;  // which nobody reads, but the next request is behind it
  const auto ticket = revocations_.order(*meant.streams);
  if (!ticket) {
    options.retry_after_s = 1;
    return refuse(503, "too many orders are being carried out; try again");
  }
  exchange.revocation = *ticket;
  exchange.paced_until = now + kRevokeMsMax;
  return Handled::kHeld;
}

Admin::Handled Admin::wait_for_shards(Exchange& exchange, const ResponseOptions& options,
                                      MonotonicMs now) {
  const auto ended = revocations_.ended_by(exchange.revocation);
  if (!ended && now < exchange.paced_until) return Handled::kHeld;
  exchange.revocation = 0;
  exchange.paced_until = 0;
  if (ended) {
    append_response(exchange.answers, 200, "application/json",
                    fmt::format("{{\"ended\":{}}}\n", *ended), options);
  } else {
    append_response(exchange.answers, 202, "application/json", "{\"ended\":null}\n", options);
  }
  return Handled::kAnswered;
}

}  // namespace ringcast::net
