// The way back: a Config as YAML, and the Config of a server without a file (both declared in
// load.h).
#include <fmt/format.h>

#include <iterator>

#include "engine/access/mint.h"
#include "engine/access/token_keys.h"
#include "engine/config/load.h"
#include "engine/config/quoted.h"
#include "engine/config/text_checks.h"
#include "engine/config/units.h"

namespace ringcast {

namespace {

std::string_view name_of(DescriptorMode mode) {
  switch (mode) {
    case DescriptorMode::kDirect:
      return "direct";
    case DescriptorMode::kPlain:
      return "plain";
    case DescriptorMode::kAuto:
      break;
  }
  return "auto";
}

std::string_view name_of(SlowSubscriberPolicy policy) {
  switch (policy) {
    case SlowSubscriberPolicy::kSkip:
      return "skip";
    case SlowSubscriberPolicy::kDisconnect:
      break;
  }
  return "disconnect";
}

std::string_view name_of(Overload overload) {
  switch (overload) {
    case Overload::kStatus:
      return "status";
    case Overload::kRefuse:
      return "refuse";
    case Overload::kSoft:
      break;
  }
  return "soft";
}

std::string_view name_of(GapPolicy policy) {
  switch (policy) {
    case GapPolicy::kSilent:
      return "silent";
    case GapPolicy::kNotify:
      break;
  }
  return "notify";
}

std::string start_of(const FirstConnect& first) {
  const auto& [from, last_events] = first;
  switch (from) {
    case FirstConnect::From::kOldest:
      return "oldest";
    case FirstConnect::From::kLast:
      return fmt::format("{{last: {}}}", last_events);
    case FirstConnect::From::kLive:
      break;
  }
  return "live";
}

std::string join(const std::vector<std::string>& items) {
  std::string joined;
  for (const std::string& item : items) joined += (joined.empty() ? "" : ", ") + item;
  return "[" + joined + "]";
}

std::string duties_of(const ListenerConfig& listener) {
  std::vector<std::string> duties;
  if (listener.serve_subscribe) duties.emplace_back("subscribe");
  if (listener.serve_publish) duties.emplace_back("publish");
  if (listener.serve_admin) duties.emplace_back("admin");
  return join(duties);
}

std::string quoted_list(const std::vector<std::string>& items) {
  std::vector<std::string> quoted_items;
  for (const std::string& item : items) quoted_items.push_back(quoted(item));
  return join(quoted_items);
}

std::string cors_of(const CorsConfig& cors) {
  const auto& [origins, credentials, request_headers, max_age] = cors;
  return fmt::format("{{origins: {}, credentials: {}, request_headers: {}, max_age: {}}}",
                     quoted_list(origins), credentials, quoted_list(request_headers),
                     format_duration(max_age));
}

std::string source_of(const std::optional<RandomSourceConfig>& source) {
  if (!source) return "null";
  const auto& [min, max, every] = *source;
  return fmt::format("{{random: {{min: {}, max: {}, every: {}}}}}", min, max,
                     format_duration(every));
}

// Each struct is taken apart by structured binding: a member that is added to it does not compile
// until it is written.
std::string server_yaml(const ServerConfig& server) {
  const auto& [shards, connections_max, descriptors, stream_channels_max, batch_bytes_max,
               idempotency_keys_max] = server;
  return fmt::format(
      "server:\n"
      "  shards: {}\n"
      "  max_connections: {}\n"
      "  descriptors: {}\n"
      "  max_channels_per_stream: {}\n"
      "  max_batch_bytes: {}\n"
      "  idempotency_keys: {}\n",
      shards == 0 ? "auto" : fmt::format("{}", shards), connections_max, name_of(descriptors),
      stream_channels_max, format_bytes(batch_bytes_max), idempotency_keys_max);
}

std::string count_or_null(uint32_t count) {
  return count == 0 ? "null" : fmt::format("{}", count);
}

std::string rate_or_null(const RateLimit& rate) {
  return rate.is_limited() ? format_rate(rate) : "null";
}

std::string limits_yaml(const LimitsConfig& limits) {
  const auto& [request_line_bytes_max, header_line_bytes_max, head_bytes_max, header_lines_max,
               first_byte_timeout, header_timeout, body_timeout, body_rate_min, keep_alive,
               pipelined_requests_max, streams_max, source_connections_max, source_streams_max,
               stream_rate, publish_rate, refused_rate, overload] = limits;
  return fmt::format(
      "limits:\n"
      "  request_line: {}\n"
      "  header_line: {}\n"
      "  header_bytes: {}\n"
      "  headers: {}\n"
      "  first_byte_timeout: {}\n"
      "  header_timeout: {}\n"
      "  body_timeout: {}\n"
      "  body_rate: {}\n"
      "  keep_alive: {}\n"
      "  pipelined_requests: {}\n"
      "  streams: {}\n"
      "  connections_per_source: {}\n"
      "  streams_per_source: {}\n"
      "  stream_rate: {}\n"
      "  publish_rate: {}\n"
      "  refused_rate: {}\n"
      "  overload: {}\n",
      format_bytes(request_line_bytes_max), format_bytes(header_line_bytes_max),
      format_bytes(head_bytes_max), header_lines_max, format_duration(first_byte_timeout),
      format_duration(header_timeout), format_duration(body_timeout), format_bytes(body_rate_min),
      format_duration(keep_alive), pipelined_requests_max, count_or_null(streams_max),
      count_or_null(source_connections_max), count_or_null(source_streams_max),
      rate_or_null(stream_rate), rate_or_null(publish_rate), rate_or_null(refused_rate),
      name_of(overload));
}

std::string listener_yaml(const ListenerConfig& listener) {
  const auto& [host, port, subscribe, publish, admin, hosts, socket_path, socket_mode,
               proxy_protocol, trusted_proxies, forwarded] = listener;
  std::vector<std::string> proxies;
  for (const IpNetwork& network : trusted_proxies) proxies.push_back(format_ip_network(network));
  return fmt::format(
      "  - bind: {}\n"
      "    serve: {}\n"
      "    hosts: {}\n"
      "    socket_mode: \"{:04o}\"\n"
      "    proxy_protocol: {}\n"
      "    trusted_proxies: {}\n"
      "    forwarded: {}\n",
      quoted(format_bind({.host = host, .port = port, .socket_path = socket_path})),
      duties_of(listener), quoted_list(hosts), socket_mode, proxy_protocol, quoted_list(proxies),
      forwarded == ForwardedField::kForwarded ? "forwarded" : "x-forwarded-for");
}

std::string text_or_null(std::string_view text) {
  return text.empty() ? "null" : quoted(text);
}

std::string tokens_yaml(const TokensConfig& tokens) {
  const auto& [keys, jwks, issuer, audience, type, leeway, require_expiry, cookie, query] = tokens;
  std::vector<std::string> key_items;
  for (const auto& [id, algorithm, file] : keys) {
    key_items.push_back(fmt::format("{{id: {}, algorithm: {}, file: {}}}", quoted(id),
                                    name_of(algorithm), quoted(file)));
  }
  return fmt::format(
      "  tokens:\n"
      "    keys: {}\n"
      "    jwks: {}\n"
      "    issuer: {}\n"
      "    audience: {}\n"
      "    type: {}\n"
      "    leeway: {}\n"
      "    require_expiry: {}\n"
      "    cookie: {}\n"
      "    query: {}\n",
      join(key_items), text_or_null(jwks), text_or_null(issuer), text_or_null(audience),
      text_or_null(type), format_duration(leeway), require_expiry, text_or_null(cookie),
      query ? fmt::format("{{name: {}, lifetime_max: {}}}", quoted(query->name),
                          format_duration(query->lifetime_max))
            : "null");
}

std::string access_yaml(const AccessConfig& access) {
  const auto& [tokens, keys] = access;
  std::vector<std::string> key_items;
  for (const auto& [name, digest, publish, admin] : keys) {
    key_items.push_back(fmt::format("{{name: {}, sha256: {}, publish: {}, admin: {}}}",
                                    quoted(name), quoted(to_hex(digest)), quoted_list(publish),
                                    admin));
  }
  return "access:\n" + tokens_yaml(tokens) + fmt::format("  keys: {}\n", join(key_items));
}

std::string log_yaml(const LogConfig& log) {
  const auto& [to, sample] = log.access;
  return fmt::format("log:\n  access: {{to: {}, sample: {}}}\n", to.empty() ? "off" : quoted(to),
                     sample);
}

std::string_view name_of(SubscribeAccess access) {
  switch (access) {
    case SubscribeAccess::kToken:
      return "token";
    case SubscribeAccess::kRecipient:
      return "recipient";
    case SubscribeAccess::kPublic:
      break;
  }
  return "public";
}

std::string ways_of(const PublishAccess& publish) {
  const auto& [loopback, token, key] = publish;
  std::vector<std::string> ways;
  if (loopback) ways.emplace_back("loopback");
  if (token) ways.emplace_back("token");
  if (key) ways.emplace_back("key");
  return join(ways);
}

std::string channel_yaml(const ChannelConfig& channel) {
  const auto& [name, path, heartbeat, retry, history, on_gap, on_first_connect, slow_subscriber,
               slow_after, publish_wait, event_bytes_max, subscribers_max, cors, access, source] =
      channel;
  const auto& [history_events, history_bytes, history_age] = history;
  const auto& [retry_min, retry_max] = retry;
  std::string yaml = fmt::format("  {}:\n", quoted(name));
  const auto line = [&yaml](std::string_view key, std::string_view value) {
    yaml += fmt::format("    {}: {}\n", key, value);
  };
  line("path", path.empty() ? "null" : quoted(path));
  line("heartbeat", format_duration(heartbeat));
  line("retry", fmt::format("{}..{}", format_duration(retry_min), format_duration(retry_max)));
  line("history", fmt::format("{{events: {}, bytes: {}, age: {}}}", history_events,
                              format_bytes(history_bytes), format_duration(history_age)));
  line("on_gap", name_of(on_gap));
  line("on_first_connect", start_of(on_first_connect));
  line("slow_subscriber", name_of(slow_subscriber));
  line("slow_after", format_duration(slow_after));
  line("publish_wait", format_duration(publish_wait));
  line("max_event_bytes", format_bytes(event_bytes_max));
  line("max_subscribers", count_or_null(subscribers_max));
  line("cors", cors_of(cors));
  const auto& [subscribe, publish] = access;
  line("access",
       fmt::format("{{subscribe: {}, publish: {}}}", name_of(subscribe), ways_of(publish)));
  line("source", source_of(source));
  return yaml;
}

}  // namespace

std::string to_yaml(const Config& config) {
  const auto& [server, limits, listeners, access, log, channels] = config;
  std::string yaml = server_yaml(server);
  yaml += limits_yaml(limits);
  yaml += "listeners:\n";
  for (const ListenerConfig& listener : listeners) yaml += listener_yaml(listener);
  yaml += access_yaml(access);
  yaml += log_yaml(log);
  yaml += "channels:\n";
  for (const ChannelConfig& channel : channels) yaml += channel_yaml(channel);
  return yaml;
}

Config default_config() {
  Config config;
  config.listeners = {
      {.host = "0.0.0.0", .port = 8000, .serve_subscribe = true},
      {.host = "127.0.0.1", .port = 8001, .serve_publish = true, .serve_admin = true},
  };
  ChannelConfig news;
  news.name = "news";
  config.channels = {news};
  return config;
}

}  // namespace ringcast
