#include "engine/config/check_access.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "engine/access/access.h"
#include "engine/channel_name.h"

namespace ringcast {

namespace {

// Where `channels.NAME.access.<key>` is written; or in the defaults; or the channel's name.
std::pair<std::string, Place> place_of_access(const ChannelConfig& channel, std::string_view key,
                                              const Findings& findings) {
  return findings.find_first(std::array{fmt::format("channels.{}.access.{}", channel.name, key),
                                        fmt::format("defaults.access.{}", key),
                                        fmt::format("channels.{}", channel.name)});
}

void check_channel_access(const Config& config, const ChannelConfig& channel, Findings& findings) {
  const auto refuse = [&](std::string_view key, std::string_view why) {
    const auto [name, place] = place_of_access(channel, key, findings);
    findings.add_problem(place, name, std::string{why});
  };
  const bool has_tokens = config.access.tokens.has_keys();
  const SubscribeAccess subscribe = channel.access.subscribe;
  if (subscribe == SubscribeAccess::kRecipient && !split_channel_name(channel.name).is_pattern) {
    return refuse("subscribe",
                  "recipient needs a recipient: write it for a pattern such as inbox/{recipient}, "
                  "and token here");
  }
  if (subscribe != SubscribeAccess::kPublic && !has_tokens) {
    refuse("subscribe",
           "needs tokens, and there is no key to check them with; add access.tokens.keys or "
           "access.tokens.jwks");
  }
  if (channel.access.publish.token && !has_tokens) {
    refuse("publish",
           "token needs a key to check tokens with; add access.tokens.keys or access.tokens.jwks");
  }
  if (channel.access.publish.key && config.access.keys.empty()) {
    refuse("publish", "key needs a key; add access.keys, `ringcast key new NAME` makes one");
  }
}

// Why a listener is not for this machine alone, and how to make it so.
bool brings_others(const ListenerConfig& listener) {
  return listener.proxy_protocol || !listener.trusted_proxies.empty();
}
std::string_view who_comes(const ListenerConfig& listener) {
  return brings_others(listener) ? "its proxies bring what comes from other machines"
                                 : "other machines reach this address";
}
std::string_view how_to_close(const ListenerConfig& listener) {
  return brings_others(listener) ? "serve this from a listener without proxies"
                                 : "bind it to 127.0.0.1";
}

// Nobody may publish from another machine without being known.
void check_publish_listeners(const Config& config, Findings& findings) {
  const bool can_publish_from_afar =
      std::ranges::any_of(config.channels, [](const ChannelConfig& channel) {
        return channel.access.publish.token || channel.access.publish.key;
      });
  if (can_publish_from_afar) return;
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const ListenerConfig& listener = config.listeners[i];
    if (!listener.serve_publish || is_local(listener)) continue;
    const auto [key, place] = findings.find_first(
        std::array{fmt::format("listeners[{}].bind", i), fmt::format("listeners[{}].serve", i)});
    findings.add_problem(
        place, key,
        fmt::format("{}, and no channel can be published to with a key or a token; {}, or give a "
                    "channel access: {{publish: key}} and add access.keys",
                    who_comes(listener), how_to_close(listener)));
  }
}

// Nor administer.
void check_admin_listeners(const Config& config, Findings& findings) {
  if (std::ranges::any_of(config.access.keys, &ApiKeyConfig::admin)) return;
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const ListenerConfig& listener = config.listeners[i];
    if (!listener.serve_admin || is_local(listener)) continue;
    const auto [key, place] = findings.find_first(
        std::array{fmt::format("listeners[{}].bind", i), fmt::format("listeners[{}].serve", i)});
    findings.add_problem(
        place, key,
        fmt::format(
            "{}, and no key opens administration to them alone; {}, or add a key with admin: "
            "true to access.keys (`ringcast key new NAME` makes one)",
            who_comes(listener), how_to_close(listener)));
  }
}

// A proxy in front of a unix socket lets in whoever reaches the proxy.
void warn_of_open_sockets(const Config& config, Findings& findings) {
  const bool is_publishing_open = std::ranges::any_of(
      config.channels, [](const ChannelConfig& one) { return one.access.publish.loopback; });
  for (size_t i = 0; i < config.listeners.size(); ++i) {
    const ListenerConfig& listener = config.listeners[i];
    if (!listener.is_unix() || !is_local(listener)) continue;
    const bool is_open = listener.serve_admin || (listener.serve_publish && is_publishing_open);
    if (!is_open) continue;
    const auto [key, place] = findings.find_first(
        std::array{fmt::format("listeners[{}].bind", i), fmt::format("listeners[{}].serve", i)});
    findings.add_warning(
        place, key,
        fmt::format(
            "whoever may connect to this socket may {} without a key, and so may all whom a "
            "proxy brings; where one does, list trusted_proxies",
            listener.serve_admin ? "administer" : "publish"));
  }
}

void warn_if_tokens_are_not_asked_for(const Config& config, Findings& findings) {
  const bool is_asked = std::ranges::any_of(config.channels, [](const ChannelConfig& channel) {
    return channel.access.subscribe != SubscribeAccess::kPublic || channel.access.publish.token;
  });
  if (is_asked || !config.access.tokens.has_keys()) return;
  const auto [key, place] = findings.find_first(std::array<std::string, 1>{"access.tokens"});
  findings.add_warning(place, key,
                       "no channel asks for a token, so everybody reads everything; write access: "
                       "{subscribe: token} where that is not meant");
}

}  // namespace

void check_access(const Config& config, Findings& findings) {
  for (const ChannelConfig& channel : config.channels) {
    check_channel_access(config, channel, findings);
  }
  check_publish_listeners(config, findings);
  check_admin_listeners(config, findings);
  warn_of_open_sockets(config, findings);
  warn_if_tokens_are_not_asked_for(config, findings);
}

}  // namespace ringcast
