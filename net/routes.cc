#include "net/routes.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/http/cors.h"
#include "net/http/host.h"
#include "net/http/target.h"

namespace ringcast::net {

namespace {

constexpr std::string_view kChannelsPrefix = "/channels/";

constexpr std::string_view kStreamMethods = "GET, HEAD, OPTIONS";
constexpr std::string_view kPublishMethods = "OPTIONS, POST";
constexpr std::string_view kAllMethods = "GET, HEAD, OPTIONS, POST";

CorsConfig common_cors(const std::vector<Wanted>& wanted) {
  CorsConfig common = wanted.front().channel->config().cors;
  for (const Wanted& one : wanted) common = in_common(common, one.channel->config().cors);
  return common;
}

// A batch may wait as long as the most patient of its channels says.
milliseconds longest_wait(const Publishing& publishing) noexcept {
  milliseconds longest{0};
  for (const Publication& publication : publishing.publications) {
    longest = std::max(longest, publication.channel->config().publish_wait);
  }
  return longest;
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
      any_reader_{.origins = {}, .credentials = false},
      any_publisher_{.origins = {}, .credentials = false},
      queues_(channels.size()) {
  for (ChannelNumber i = 0; i < channels.size(); ++i) {
    const CorsConfig& cors = channels.at(i).config().cors;
    any_reader_ = in_either(any_reader_, cors);
    any_publisher_ = in_either(any_publisher_, publishers_of(cors));
  }
}

std::string_view Routes::methods_of(const Duties& duties) noexcept {
  if (!duties.publish) return kStreamMethods;
  return duties.subscribe ? kAllMethods : kPublishMethods;
}

ResponseOptions Routes::options_for(const Exchange& exchange) {
  ResponseOptions options;
  options.keep_alive = exchange.reader.request().keep_alive && !stopping_;
  options.head_only = exchange.reader.request().method == Method::kHead;
  options.date = date_.at(wall_now_ms());
  return options;
}

Routes::Handled Routes::handle(uint32_t slot, Exchange& exchange, const ListenerConfig& listener) {
  const Request& request = exchange.reader.request();
  ResponseOptions options = options_for(exchange);
  if (listener.serve_admin) {
    switch (admin_.handle(exchange, listener, options, stopping_, shard_.now)) {
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
  if (by_path != nullptr && listener.serve_subscribe) {
    const Duties streams_only{.subscribe = true, .publish = false};
    return handle_channel(slot, exchange, streams_only, {.channel = by_path}, request.path);
  }
  const Duties duties{.subscribe = listener.serve_subscribe, .publish = listener.serve_publish};
  if (duties.subscribe || duties.publish) {
    if (request.path == kEventsPath) return handle_events(slot, exchange, duties);
    if (request.path.starts_with(kChannelsPrefix)) {
      const std::string_view name = request.path.substr(kChannelsPrefix.size());
      const Channels::Address address = channels_.find(name);
      if (address.channel != nullptr) {
        return handle_channel(slot, exchange, duties, address, name);
      }
      return answer_error(exchange, any_reader_, 404, "there is no such channel here");
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
    append_cors_lines(lines, any_reader_, request);
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

// --- Streams

Routes::Handled Routes::handle_channel(uint32_t slot, Exchange& exchange, const Duties& duties,
                                       const Channels::Address& address, std::string_view name) {
  const Method method = exchange.reader.request().method;
  const CorsConfig& cors = address.channel->config().cors;
  if (duties.publish && method == Method::kPost) return publish(exchange, &address);
  if (duties.subscribe && method == Method::kGet) {
    std::vector<Wanted> wanted(1);
    wanted.front().channel = address.channel;
    wanted.front().recipient = address.recipient;
    wanted.front().name = name;
    return open_stream(slot, exchange, std::move(wanted), cors);
  }
  return answer_without_stream(exchange, cors, methods_of(duties), duties.subscribe);
}

Routes::Handled Routes::handle_events(uint32_t slot, Exchange& exchange, const Duties& duties) {
  const Request& request = exchange.reader.request();
  if (duties.publish && request.method == Method::kPost) return publish(exchange, nullptr);
  const bool asks_to_publish =
      request.method == Method::kOptions && request.access_control_request_method == "POST";
  if (duties.publish && (asks_to_publish || !duties.subscribe)) {
    return answer_without_stream(exchange, any_publisher_, methods_of(duties), duties.subscribe);
  }
  int status = 0;
  std::string error;
  std::vector<Wanted> wanted = channels_named(request, status, error);
  // Without channels it can still be said what is served here.
  if (wanted.empty() && request.method == Method::kOptions) {
    return answer_without_stream(exchange, any_reader_, methods_of(duties), duties.subscribe);
  }
  if (wanted.empty()) return answer_error(exchange, any_reader_, status, error);
  const CorsConfig cors = common_cors(wanted);
  if (request.method == Method::kGet) return open_stream(slot, exchange, std::move(wanted), cors);
  return answer_without_stream(exchange, cors, methods_of(duties), duties.subscribe);
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
    const Channels::Address address = channels_.find(pairs.value());
    if (address.channel == nullptr) return refused(404, "one of the channels does not exist here");
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
                                              std::string_view methods, bool is_served) {
  const Request& request = exchange.reader.request();
  ResponseOptions options = options_for(exchange);
  if (request.method == Method::kOptions) {
    append_preflight(exchange.answers, cors, request, methods, options);
    return Handled::kAnswered;
  }
  std::string cors_lines;
  append_cors_lines(cors_lines, cors, request);
  options.extra_lines = cors_lines;
  if (is_served && request.method == Method::kHead) {
    Subscribe::append_head_only(request, options, exchange.answers);
    return Handled::kAnswered;
  }
  options.allow = methods;
  append_error(exchange.answers, 405, "this method is not served here", options);
  return Handled::kAnswered;
}

// A stream begins when everything before it has been sent: its head takes another way than the
// answers, and must not overtake them.
Routes::Handled Routes::open_stream(uint32_t slot, Exchange& exchange, std::vector<Wanted> wanted,
                                    const CorsConfig& cors) {
  if (!exchange.answers.empty()) return Handled::kHeld;
  const Request& request = exchange.reader.request();
  ResponseOptions options = options_for(exchange);
  std::string cors_lines;
  append_cors_lines(cors_lines, cors, request);
  options.extra_lines = cors_lines;
  const Subscribe::Opened opened =
      subscribe_.open(slot, std::move(wanted), request, options, !stopping_, exchange.answers);
  return opened == Subscribe::Opened::kStream ? Handled::kBecameStream : Handled::kTurnedAway;
}

// --- Publishing

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

// `address` is nullptr for a batch. What was read of it is kept while it waits.
Routes::Handled Routes::publish(Exchange& exchange, const Channels::Address* address) {
  const Request& request = exchange.reader.request();
  ResponseOptions options = options_for(exchange);
  std::string cors_lines;
  // A batch is checked line by line, and what it is told is for whoever may publish any of them.
  append_cors_lines(cors_lines,
                    address != nullptr ? address->channel->config().cors : any_publisher_, request);
  options.extra_lines = cors_lines;
  if (exchange.publishing == nullptr) {
    exchange.publishing = address != nullptr
                              ? publish_.read_one(*address, request, options, exchange.answers)
                              : publish_.read_batch(request, options, exchange.answers);
    if (exchange.publishing == nullptr) return Handled::kAnswered;
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
