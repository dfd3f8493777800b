#include "net/routes.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/http/cors.h"
#include "net/http/host.h"
#include "net/http/target.h"

namespace ringcast::net {

namespace {

constexpr std::string_view kStreamMethods = "GET, HEAD, OPTIONS";
constexpr std::string_view kPublishMethods = "OPTIONS, POST";
constexpr std::string_view kAllMethods = "GET, HEAD, OPTIONS, POST";

// What all of them allow. A channel that is for everybody does not mind cookies that another one takes.
CorsConfig common_cors(const std::vector<Wanted>& wanted) {
  const bool takes_cookies = std::ranges::any_of(
      wanted, [](const Wanted& one) { return one.channel->config().cors.credentials; });
  const auto cors_of = [&](const Wanted& one) {
    const ChannelConfig& config = one.channel->config();
    CorsConfig cors = config.cors;
    const bool is_public = config.access.subscribe == SubscribeAccess::kPublic;
    if (is_public && takes_everybody(cors.origins)) cors.credentials = takes_cookies;
    return cors;
  };
  CorsConfig common = cors_of(wanted.front());
  for (const Wanted& one : wanted) common = in_common(common, cors_of(one));
  return common;
}

}  // namespace

Routes::Routes(ShardState& shard, const Channels& channels, uint32_t stream_channels_max,
               Publish& publish, Subscribe& subscribe, Admin& admin)
    : shard_(shard),
      channels_(channels),
      stream_channels_max_(stream_channels_max),
      publish_(publish),
      subscribe_(subscribe),
      admin_(admin),
      queues_(channels.size()) {
  for (ChannelNumber i = 0; i < channels.size(); ++i) {
    const CorsConfig& cors = channels.at(i).config().cors;
    any_reader_.add(cors);
    any_publisher_.add(publishers_of(cors));
    if (gate().hides_from_readers(&channels.at(i))) hidden_reader_.add(cors);
  }
}

Routes::Duties Routes::duties_of(const ListenerConfig& listener) noexcept {
  return {.subscribe = listener.serve_subscribe,
          .publish = listener.serve_publish,
          .is_local = is_local(listener)};
}

std::string_view Routes::methods_of(const Duties& duties) noexcept {
  if (!duties.publish) return kStreamMethods;
  return duties.subscribe ? kAllMethods : kPublishMethods;
}

ResponseOptions Routes::options_for(const Exchange& exchange) {
  ResponseOptions options;
  options.keep_alive =
      exchange.reader.request().keep_alive && !exchange.closes_after_answers && !stopping_;
  options.head_only = exchange.reader.request().method == Method::kHead;
  options.date = date_.at(wall_now_ms());
  return options;
}

Routes::Handled Routes::handle(uint32_t slot, Exchange& exchange, const ListenerConfig& listener) {
  const Request& request = exchange.reader.request();
  ResponseOptions options = options_for(exchange);
  if (listener.serve_admin) {
    switch (admin_.handle(exchange, listener, options, stopping_, shard_)) {
      case Admin::Handled::kAnswered:
        return Handled::kAnswered;
      case Admin::Handled::kHeld:
        return Handled::kHeld;
      case Admin::Handled::kNotOurs:
        break;
    }
  }
  if (is_public_host(listener, request.host)) return handle_public(slot, exchange, listener);
  const std::string cors_lines = reader_lines(request, listener);
  options.extra_lines = cors_lines;
  append_error(exchange.answers, 421, "nothing is served here under this host name", options);
  return Handled::kAnswered;
}

Routes::Handled Routes::handle_public(uint32_t slot, Exchange& exchange,
                                      const ListenerConfig& listener) {
  const Request& request = exchange.reader.request();
  ResponseOptions options = options_for(exchange);
  Channel* const by_path = channels_.by_path(request.path);
  if (listener.serve_subscribe && (by_path != nullptr || could_be_hidden_path(request))) {
    const Duties streams_only{.subscribe = true, .publish = false, .is_local = false};
    return handle_channel(slot, exchange, streams_only, {.channel = by_path}, request.path);
  }
  const Duties duties = duties_of(listener);
  if (duties.subscribe || duties.publish) {
    if (request.path == kEventsPath) return handle_events(slot, exchange, duties);
    if (request.path.starts_with(kChannelsPrefix)) {
      const std::string_view name = request.path.substr(kChannelsPrefix.size());
      return handle_channel(slot, exchange, duties, channels_.find(name), name);
    }
  }
  if (request.method == Method::kOptions && (request.path == "*" || request.path == "/")) {
    // What a load balancer asks to see whether we are there.
    options.allow = kAllMethods;
    append_response(exchange.answers, 204, "", "", options);
    return Handled::kAnswered;
  }
  const std::string cors_lines = reader_lines(request, listener);
  options.extra_lines = cors_lines;
  append_error(exchange.answers, 404, "there is no such path here", options);
  return Handled::kAnswered;
}

// What operators are told is for no page.
std::string Routes::reader_lines(const Request& request, const ListenerConfig& listener) const {
  std::string lines;
  if (listener.serve_subscribe || listener.serve_publish) {
    append_cors_lines(lines, any_reader_.for_page_of(request), request);
  }
  return lines;
}

Routes::Handled Routes::answer_error(Exchange& exchange, const CorsConfig& cors, int status,
                                     std::string_view reason) {
  std::string cors_lines;
  append_cors_lines(cors_lines, cors, exchange.reader.request());
  ResponseOptions options = options_for(exchange);
  options.extra_lines = cors_lines;
  append_error(exchange.answers, status, reason, options);
  return Handled::kAnswered;
}

// --- What is hidden

// A channel's own path must not be told from one that nothing has.
bool Routes::could_be_hidden_path(const Request& request) const noexcept {
  const bool is_about_the_server = request.method == Method::kOptions && request.path.size() == 1;
  return gate().hides_from_readers(nullptr) && !is_about_the_server &&
         request.path != kEventsPath && !request.path.starts_with(kChannelsPrefix);
}

bool Routes::is_hidden(const Duties& duties, const Channel* channel) const noexcept {
  const bool from_readers = duties.subscribe && gate().hides_from_readers(channel);
  const bool from_publishers =
      duties.publish && gate().hides_from_publishers(channel, duties.is_local);
  // What there is, is hidden from those to whom no duty shows it; what there is not, where anything is.
  if (channel == nullptr) return from_readers || from_publishers;
  return from_readers == duties.subscribe && from_publishers == duties.publish;
}

const CorsConfig& Routes::hidden_cors(const Request& request, const Duties& duties) const noexcept {
  const bool is_for_publishers =
      duties.publish && (!duties.subscribe || request.access_control_request_method == "POST");
  return (is_for_publishers ? any_publisher_ : hidden_reader_).for_page_of(request);
}

// --- Streams

Routes::Handled Routes::handle_channel(uint32_t slot, Exchange& exchange, const Duties& duties,
                                       const Channels::Address& address, std::string_view name) {
  const Request& request = exchange.reader.request();
  const auto no_such_channel = [&] {
    return answer_error(exchange, any_reader_.for_page_of(request), 404,
                        "there is no such channel here");
  };
  if (duties.publish && request.method == Method::kPost) {
    return publish(slot, exchange, duties, {.is_batch = false, .address = address, .name = name});
  }
  if (duties.subscribe && (request.method == Method::kGet || request.method == Method::kHead)) {
    if (address.channel == nullptr && !gate().hides_from_readers(nullptr)) return no_such_channel();
    std::vector<Wanted> wanted(1);
    wanted.front().channel = address.channel;
    wanted.front().recipient = address.recipient;
    wanted.front().name = name;
    return stream(slot, exchange, std::move(wanted));
  }
  const bool hidden = is_hidden(duties, address.channel);
  if (address.channel == nullptr && !hidden) return no_such_channel();
  const CorsConfig& cors = hidden ? hidden_cors(request, duties) : address.channel->config().cors;
  return answer_without_stream(exchange, cors, methods_of(duties));
}

Routes::Handled Routes::handle_events(uint32_t slot, Exchange& exchange, const Duties& duties) {
  const Request& request = exchange.reader.request();
  if (duties.publish && request.method == Method::kPost) {
    return publish(slot, exchange, duties, {.is_batch = true, .address = {}, .name = {}});
  }
  const bool asks_to_publish =
      request.method == Method::kOptions && request.access_control_request_method == "POST";
  if (duties.publish && (asks_to_publish || !duties.subscribe)) {
    return answer_without_stream(exchange, any_publisher_.for_page_of(request), methods_of(duties));
  }
  int status = 0;
  std::string error;
  std::vector<Wanted> wanted = channels_named(request, status, error);
  // Without channels it can still be said what is served here.
  if (wanted.empty() && request.method == Method::kOptions) {
    return answer_without_stream(exchange, any_reader_.for_page_of(request), methods_of(duties));
  }
  if (wanted.empty())
    return answer_error(exchange, any_reader_.for_page_of(request), status, error);
  if (request.method == Method::kGet || request.method == Method::kHead) {
    return stream(slot, exchange, std::move(wanted));
  }
  const bool hidden = std::ranges::any_of(
      wanted, [this](const Wanted& one) { return gate().hides_from_readers(one.channel); });
  return answer_without_stream(exchange,
                               hidden ? hidden_reader_.for_page_of(request) : common_cors(wanted),
                               methods_of(duties));
}

std::vector<Wanted> Routes::channels_named(const Request& request, int& status,
                                           std::string& error) const {
  std::vector<Wanted> wanted;
  const auto refused = [&](int why, std::string what) {
    status = why;
    error = std::move(what);
    return std::vector<Wanted>{};
  };
  for (QueryPairs pairs{request.query}; pairs.next();) {
    if (pairs.name() != "channel") continue;
    Channels::Address address = channels_.find(pairs.value());
    if (address.channel == nullptr) {
      if (!gate().hides_from_readers(nullptr)) {
        return refused(404, "one of the channels does not exist here");
      }
      address.recipient = keyed_hash(pairs.value());  // counted and told apart like the others
    }
    const bool is_repeated = std::ranges::any_of(wanted, [&](const Wanted& one) {
      return one.channel == address.channel && one.recipient == address.recipient;
    });
    if (is_repeated) continue;
    if (wanted.size() == stream_channels_max_) {
      return refused(400, fmt::format("one stream carries at most {} channels; open another",
                                      stream_channels_max_));
    }
    Wanted& one = wanted.emplace_back();
    one.channel = address.channel;
    one.recipient = address.recipient;
    one.name = pairs.value();
  }
  if (wanted.empty()) {
    return refused(400, "no channel is named; ask for /events?channel=NAME, once for each");
  }
  return wanted;
}

Routes::Handled Routes::answer_without_stream(Exchange& exchange, const CorsConfig& cors,
                                              std::string_view methods) {
  const Request& request = exchange.reader.request();
  ResponseOptions options = options_for(exchange);
  if (request.method == Method::kOptions) {
    append_preflight(exchange.answers, cors, request, methods, options);
    return Handled::kAnswered;
  }
  std::string cors_lines;
  append_cors_lines(cors_lines, cors, request);
  options.extra_lines = cors_lines;
  options.allow = methods;
  append_error(exchange.answers, 405, "this method is not served here", options);
  return Handled::kAnswered;
}

// A stream begins when everything before it has been sent: its head takes another way than the
// answers, and must not overtake them.
Routes::Handled Routes::stream(uint32_t slot, Exchange& exchange, std::vector<Wanted> wanted) {
  const Request& request = exchange.reader.request();
  const bool opens = request.method == Method::kGet;
  if (opens && !exchange.answers.empty()) return Handled::kHeld;
  Visitor visitor;
  const Denial denial = gate().check_stream(request, wanted, visitor);
  exchange.has_checked_sender = visitor.place != CredentialPlace::kNone;
  if (denial != Denial::kNone) return deny_stream(exchange, denial, visitor);

  ResponseOptions options = options_for(exchange);
  std::string lines;
  append_cors_lines(lines, common_cors(wanted), request);
  apply_privacy(visitor, options, lines);
  options.extra_lines = lines;
  if (!opens) {
    Subscribe::append_head_only(request, options, exchange.answers);
    return Handled::kAnswered;
  }
  const Grant grant = Gate::grant_of(visitor);
  const Subscribe::Opened opened = subscribe_.open(
      slot, std::move(wanted), request, options,
      visitor.place == CredentialPlace::kNone ? nullptr : &grant, !stopping_, exchange.answers);
  return opened == Subscribe::Opened::kStream ? Handled::kBecameStream : Handled::kTurnedAway;
}

Routes::Handled Routes::deny_stream(Exchange& exchange, Denial denial, const Visitor& visitor) {
  ResponseOptions options = options_for(exchange);
  std::string lines;
  const Request& request = exchange.reader.request();
  append_cors_lines(lines, hidden_reader_.for_page_of(request), request);
  apply_privacy(visitor, options, lines);
  options.extra_lines = lines;
  append_denial(exchange.answers, denial, options);
  exchange.refused_why = why_denied(denial, visitor);
  Counters& counters = shard_.counters;
  (denial == Denial::kForbidden ? counters.requests_forbidden : counters.requests_unauthorized)
      .add();
  return Handled::kAnswered;
}

}  // namespace ringcast::net
