#include "engine/config/read_server.h"

#include <fmt/format.h>

#include <charconv>
#include <map>

#include "engine/config/quoted.h"
#include "engine/config/text_checks.h"

namespace ringcast {

namespace {

// A shard is a core; 64 of them is a large machine, and each needs its listeners and tables. A
// guess.
constexpr Limits<int64_t> kShards{1, 64, "a shard is one thread on one core"};

// Ten million connections are beyond what one kernel's memory takes today. A guess.
constexpr Limits<int64_t> kConnectionsMax{1, 10'000'000};

// Each channel is a cursor of its own in the connection, and every event that is sent is chosen among all of them.
// EventSource puts the names into the URL, where 64 of them fill the 8 KiB that proxies commonly let through.
constexpr Limits<int64_t> kStreamChannels{
    1, 64, "a stream looks at every one of its channels for each event; open another one"};
// Below, a batch holds hardly more than one event; above, a single request would hold much of the memory of a small
// machine, and all its events are committed in one go. Guesses.
constexpr Limits<uint64_t> kBatchBytes{4 * kKiB, 64 * kMiB};
// 10 000 000 are 16 000 a second for ten minutes, in about 1 GB.
constexpr Limits<int64_t> kIdempotencyKeys{
    1, 10'000'000, "there is no off, since a publisher that sends a key counts on it"};

constexpr std::string_view kListenersExample = "[{bind: 127.0.0.1:8000, serve: [subscribe]}]";

void read_shards(const Value& value, ServerConfig& server, Findings& findings) {
  if (value.node.IsScalar() && value.node.Scalar() == "auto") {
    server.shards = 0;
    return;
  }
  read_count(value, kShards, server.shards, findings);
}

void read_descriptors(const Value& value, ServerConfig& server, Findings& findings) {
  read_choice(value,
              std::to_array<std::pair<std::string_view, DescriptorMode>>(
                  {{"auto", DescriptorMode::kAuto},
                   {"direct", DescriptorMode::kDirect},
                   {"plain", DescriptorMode::kPlain}}),
              server.descriptors, findings);
}

constexpr auto kServerFields = std::to_array<Field<ServerConfig>>({
    {"shards", read_shards},
    {"max_connections", [](const Value& v, ServerConfig& s,
                           Findings& f) { read_count(v, kConnectionsMax, s.connections_max, f); }},
    {"descriptors", read_descriptors},
    {"max_channels_per_stream",
     [](const Value& v, ServerConfig& s, Findings& f) {
       read_count(v, kStreamChannels, s.stream_channels_max, f);
     }},
    {"max_batch_bytes", [](const Value& v, ServerConfig& s,
                           Findings& f) { read_bytes(v, kBatchBytes, s.batch_bytes_max, f); }},
    {"idempotency_keys",
     [](const Value& v, ServerConfig& s, Findings& f) {
       read_count(v, kIdempotencyKeys, s.idempotency_keys_max, f);
     }},
});

void read_bind(const Value& value, ListenerConfig& listener, Findings& findings) {
  const auto text = read_text(value, "an address and port such as 127.0.0.1:8000", findings);
  if (!text) return;
  const auto address = parse_bind(*text);
  if (!address) return findings.add_problem(value.place, value.key, address.error().message);
  listener.host = address.value().host;
  listener.port = address.value().port;
  listener.socket_path = address.value().socket_path;
}

BindAddress bind_of(const ListenerConfig& listener) {
  return {.host = listener.host, .port = listener.port, .socket_path = listener.socket_path};
}

// Octal, as chmod takes it. Who may write to the socket may connect.
void read_mode(const Value& value, ListenerConfig& listener, Findings& findings) {
  const auto text = read_text(value, "file permissions such as \"0660\"", findings);
  if (!text) return;
  uint32_t mode = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), mode, 8);
  if (error != std::errc{} || end != text->data() + text->size() || mode > 0777) {
    return findings.add_problem(
        value.place, value.key,
        fmt::format("{} is no octal number up to 0777; write file permissions such as \"0660\"",
                    excerpt(*text)));
  }
  listener.socket_mode = mode;
}

void read_proxies(const Value& list, ListenerConfig& listener, Findings& findings) {
  for (const Value& element : read_elements(list, "[10.0.0.0/8, \"fd00::/8\"]", findings)) {
    const auto text = read_text(element, "a network such as 10.0.0.0/8", findings);
    if (!text) continue;
    const Result<IpNetwork> network = parse_ip_network(*text);
    if (!network) {
      findings.add_problem(element.place, element.key, network.error().message);
    } else {
      listener.trusted_proxies.push_back(network.value());
    }
  }
}

void read_forwarded(const Value& value, ListenerConfig& listener, Findings& findings) {
  read_choice(value,
              std::to_array<std::pair<std::string_view, ForwardedField>>(
                  {{"x-forwarded-for", ForwardedField::kXForwardedFor},
                   {"forwarded", ForwardedField::kForwarded}}),
              listener.forwarded, findings);
}

void read_serve(const Value& list, ListenerConfig& listener, Findings& findings) {
  using Duty = bool ListenerConfig::*;
  constexpr auto kDuties = std::to_array<std::pair<std::string_view, Duty>>({
      {"subscribe", &ListenerConfig::serve_subscribe},
      {"publish", &ListenerConfig::serve_publish},
      {"admin", &ListenerConfig::serve_admin},
  });
  if (list.node.IsSequence() && list.node.size() == 0) {
    findings.add_problem(
        list.place, list.key,
        "serves nothing; list subscribe, publish or admin, or remove the listener");
  }
  for (const Value& element : read_elements(list, "[publish, admin]", findings)) {
    Duty duty = nullptr;
    read_choice(element, kDuties, duty, findings);
    if (duty == nullptr) continue;
    if (listener.*duty) {
      findings.add_problem(element.place, element.key, "is listed twice; remove one");
    }
    listener.*duty = true;
  }
}

void read_hosts(const Value& list, ListenerConfig& listener, Findings& findings) {
  for (const Value& element : read_elements(list, "[events.example]", findings)) {
    const auto host = read_text(element, "a host name such as events.example", findings);
    if (!host) continue;
    if (const auto checked = check_host(*host); !checked) {
      findings.add_problem(element.place, element.key, checked.error().message);
    } else {
      listener.hosts.push_back(*host);
    }
  }
}

constexpr auto kListenerFields = std::to_array<Field<ListenerConfig>>({
    {"bind", read_bind},
    {"serve", read_serve},
    {"hosts", read_hosts},
    {"socket_mode", read_mode},
    {"proxy_protocol",
     [](const Value& v, ListenerConfig& l, Findings& f) { read_bool(v, l.proxy_protocol, f); }},
    {"trusted_proxies", read_proxies},
    {"forwarded", read_forwarded},
});
constexpr std::string_view kRequiredOfListener[] = {"bind", "serve"};

// Whoever may connect may then say that it is somebody else, which is who limits and logs go by.
void warn_if_anybody_may_announce(const Value& value, const ListenerConfig& listener,
                                  Findings& findings) {
  if (!listener.proxy_protocol || !listener.trusted_proxies.empty()) return;
  if (listener.host.empty() || is_loopback(listener.host)) return;
  const auto [key, place] = findings.find_first(std::array{value.key + ".proxy_protocol"});
  findings.add_warning(place, key,
                       fmt::format("lets everybody who reaches {} say that it is somebody else; "
                                   "list the load balancers in trusted_proxies",
                                   format_bind(bind_of(listener))));
}

void read_listener(const Value& value, ListenerConfig& listener, Findings& findings) {
  read_section(value, kListenerFields, listener, findings);
  if (!value.node.IsMap()) {
    if (value.node.IsNull()) {
      findings.add_problem(value.place, value.key, "is empty; give it bind and serve");
    }
    return;
  }
  for (const std::string_view key : kRequiredOfListener) {
    if (findings.has(fmt::format("{}.{}", value.key, key))) continue;
    findings.add_problem(
        value.place, value.key,
        fmt::format("has no {}; a listener looks like bind: 127.0.0.1:8000, serve: [subscribe]",
                    key));
  }
  warn_if_anybody_may_announce(value, listener, findings);
}

}  // namespace

void read_server(const Value& section, ServerConfig& server, Findings& findings) {
  read_section(section, kServerFields, server, findings);
}

void read_listeners(const Value& list, std::vector<ListenerConfig>& listeners, Findings& findings) {
  if (list.node.IsNull()) return;
  std::map<std::string, int> first_lines;
  for (const Value& element : read_elements(list, kListenersExample, findings)) {
    ListenerConfig listener;
    read_listener(element, listener, findings);
    listeners.push_back(listener);
    if (!listener.is_unix() && (listener.host.empty() || listener.port == 0))
      continue;  // port 0 is another one each time

    const auto [key, place] = findings.find_first(std::array{element.key + ".bind"});
    const std::string bind = format_bind(bind_of(listener));
    const auto [first, is_new] = first_lines.emplace(bind, place.line);
    if (is_new) continue;
    findings.add_problem(
        place, key,
        fmt::format(
            "{} is already bound by the listener on line {}; join the two or change the port", bind,
            first->second));
  }
}

void append_server_keys(std::vector<std::string>& keys) {
  append_keys("server.", kServerFields, keys);
  append_keys("listeners[].", kListenerFields, keys);
}

}  // namespace ringcast
