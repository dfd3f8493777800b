// Good configuration files: what they come to, the shipped ones, and the way back to YAML.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "engine/config/load.h"

namespace ringcast {
namespace {

const std::string kShipped = std::string{RINGCAST_CONFIGS_DIR} + "/";

std::string all_of(const std::vector<ConfigProblem>& problems) {
  std::string text;
  for (const ConfigProblem& problem : problems) text += describe(problem, "file") + "\n";
  return text;
}

// The Config in `loaded`, or an empty one and a failed test.
Config expect_good(const LoadedConfig& loaded) {
  EXPECT_TRUE(loaded.problems.empty()) << all_of(loaded.problems);
  EXPECT_TRUE(loaded.warnings.empty()) << all_of(loaded.warnings);
  EXPECT_TRUE(loaded.config.has_value());
  return loaded.config.value_or(Config{});
}

std::string read_file(const std::string& path) {
  std::ifstream file{path};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Config, AFewLinesAreEnoughAndTheRestIsDefault) {
  const Config config =
      expect_good(load_config_text("listeners: [{bind: \"127.0.0.1:8000\", serve: [subscribe]}]\n"
                                   "channels:\n"
                                   "  news:\n"
                                   "  prices/eur: {}\n"));
  EXPECT_EQ(config.server.shards, 0U);
  EXPECT_EQ(config.server.connections_max, 120'000U);
  EXPECT_EQ(config.server.descriptors, DescriptorMode::kAuto);
  EXPECT_EQ(config.server.stream_channels_max, 64U);
  EXPECT_EQ(config.server.batch_bytes_max, kMiB);
  EXPECT_EQ(config.server.idempotency_keys_max, 65'536U);
  EXPECT_EQ(config.limits.request_line_bytes_max, 16 * kKiB);
  EXPECT_EQ(config.limits.header_line_bytes_max, 16 * kKiB);
  EXPECT_EQ(config.limits.head_bytes_max, 32 * kKiB);
  EXPECT_EQ(config.limits.header_lines_max, 100U);
  EXPECT_EQ(config.limits.first_byte_timeout, milliseconds{30'000});
  EXPECT_EQ(config.limits.header_timeout, milliseconds{10'000});
  EXPECT_EQ(config.limits.body_timeout, milliseconds{30'000});
  EXPECT_EQ(config.limits.body_rate_min, 16 * kKiB);
  EXPECT_EQ(config.limits.keep_alive, milliseconds{75'000});
  EXPECT_EQ(config.limits.pipelined_requests_max, 64U);
  EXPECT_EQ(config.limits.streams_max, 0U);
  EXPECT_FALSE(config.limits.limits_sources());
  EXPECT_EQ(config.limits.overload, Overload::kSoft);
  ASSERT_EQ(config.channels.size(), 2U);
  EXPECT_EQ(config.channels[0].name, "news");
  EXPECT_EQ(config.channels[1].name, "prices/eur");
  for (const ChannelConfig& channel : config.channels) {
    EXPECT_EQ(channel.path, "");
    EXPECT_EQ(channel.heartbeat, milliseconds{15'000});
    EXPECT_EQ(channel.retry.min, milliseconds{2000});
    EXPECT_EQ(channel.retry.max, milliseconds{8000});
    EXPECT_EQ(channel.history.events, 1024U);
    EXPECT_EQ(channel.history.bytes, kMiB);
    EXPECT_EQ(channel.history.age, milliseconds{600'000});
    EXPECT_EQ(channel.on_gap, GapPolicy::kNotify);
    EXPECT_EQ(channel.on_first_connect.from, FirstConnect::From::kLive);
    EXPECT_EQ(channel.slow_subscriber, SlowSubscriberPolicy::kDisconnect);
    EXPECT_EQ(channel.slow_after, milliseconds{1000});
    EXPECT_EQ(channel.publish_wait, milliseconds{2000});
    EXPECT_EQ(channel.event_bytes_max, 64 * kKiB);
    EXPECT_EQ(channel.cors.origins, std::vector<std::string>{"*"});
    EXPECT_FALSE(channel.cors.credentials);
    EXPECT_FALSE(channel.source.has_value());
  }
}

// Every key once, with a value that is not its default; `channels` stands before the `defaults` it
// starts from.
constexpr const char* kEverything = R"(
channels:
  ticker:
    path: /stream
    source: {random: {min: -5, max: 7, every: 250ms}}
    history: {events: 10}
    on_first_connect: {last: 10}
    cors: {credentials: true, request_headers: [X-Trace-Id, X-B3], max_age: 0s}
  own:
    heartbeat: 1s
    retry: 500ms..500ms
    history: {events: 1, bytes: 64KiB, age: 1s}
    on_gap: notify
    on_first_connect: live
    slow_subscriber: disconnect
    slow_after: 10ms
    publish_wait: 10ms
    max_event_bytes: 256B
    max_subscribers: 10
    cors: {origins: [], credentials: false}
  users/{id}/inbox: {}
defaults:
  heartbeat: 20s
  retry: 1s..2147483647ms
  history: {events: 10000000, bytes: 4GiB, age: 365d}
  on_gap: silent
  on_first_connect: oldest
  slow_subscriber: skip
  slow_after: 2s
  publish_wait: 10m
  max_event_bytes: 16MiB
  max_subscribers: 1000
  cors: {origins: [https://app.example, "http://[::1]:3000", "https://*.app.example:8443"], max_age: 24h}
log:
  access: {to: /var/log/ringcast/access.log, sample: 1000}
listeners:
  - {bind: "0.0.0.0:0", serve: [subscribe]}
  - {bind: "0.0.0.0:0", serve: [subscribe]}
  - {bind: "[0:0::1]:8001", serve: [admin, publish], hosts: [ops.example, "[::2]", 10.0.0.7]}
  - bind: unix:/run/ringcast/publish.sock
    serve: [subscribe]
    socket_mode: "0600"
    proxy_protocol: true
    trusted_proxies: [10.0.0.0/8, "fd00::/8", "::1"]
    forwarded: forwarded
server:
  shards: 64
  max_connections: 10000000
  descriptors: plain
  max_channels_per_stream: 1
  max_batch_bytes: 64MiB
  idempotency_keys: 10000000
limits:
  request_line: 256B
  header_line: 1MiB
  header_bytes: 4MiB
  headers: 10000
  first_byte_timeout: 100ms
  header_timeout: 1h
  body_timeout: 200ms
  body_rate: 1B
  keep_alive: 620s
  pipelined_requests: 1
  streams: 100000
  connections_per_source: 1000
  streams_per_source: 200
  stream_rate: 20/s burst 500
  publish_rate: 100/m
  refused_rate: 1000/h
  overload: refuse
)";

TEST(Config, ServerAndListenersAreRead) {
  const Config config = expect_good(load_config_text(kEverything));
  EXPECT_EQ(config.server.shards, 64U);
  EXPECT_EQ(config.server.connections_max, 10'000'000U);
  EXPECT_EQ(config.server.descriptors, DescriptorMode::kPlain);
  EXPECT_EQ(config.server.stream_channels_max, 1U);
  EXPECT_EQ(config.server.batch_bytes_max, 64 * kMiB);
  EXPECT_EQ(config.server.idempotency_keys_max, 10'000'000U);
  ASSERT_EQ(config.listeners.size(), 4U);
  EXPECT_EQ(config.listeners[0].host, "0.0.0.0");
  EXPECT_EQ(config.listeners[0].port, 0);
  EXPECT_TRUE(config.listeners[0].serve_subscribe);
  EXPECT_FALSE(config.listeners[0].serve_publish);
  EXPECT_FALSE(config.listeners[0].serve_admin);
  EXPECT_TRUE(config.listeners[0].hosts.empty());
  EXPECT_EQ(config.listeners[2].hosts,
            (std::vector<std::string>{"ops.example", "[::2]", "10.0.0.7"}));
  EXPECT_EQ(config.listeners[2].host, "::1");
  EXPECT_EQ(config.listeners[2].port, 8001);
  EXPECT_FALSE(config.listeners[2].serve_subscribe);
  EXPECT_TRUE(config.listeners[2].serve_publish);
  EXPECT_TRUE(config.listeners[2].serve_admin);
}

TEST(Config, AUnixSocketAndItsProxiesAreRead) {
  const ListenerConfig listener = expect_good(load_config_text(kEverything)).listeners.at(3);
  EXPECT_TRUE(listener.is_unix());
  EXPECT_EQ(listener.socket_path, "/run/ringcast/publish.sock");
  EXPECT_EQ(listener.host, "");
  EXPECT_EQ(listener.socket_mode, 0600U);
  EXPECT_TRUE(listener.proxy_protocol);
  ASSERT_EQ(listener.trusted_proxies.size(), 3U);
  EXPECT_EQ(format_ip_network(listener.trusted_proxies[1]), "fd00::/8");
  EXPECT_EQ(listener.forwarded, ForwardedField::kForwarded);
}

TEST(Config, LimitsAreRead) {
  const LimitsConfig limits = expect_good(load_config_text(kEverything)).limits;
  EXPECT_EQ(limits.request_line_bytes_max, 256U);
  EXPECT_EQ(limits.header_line_bytes_max, kMiB);
  EXPECT_EQ(limits.head_bytes_max, 4 * kMiB);
  EXPECT_EQ(limits.header_lines_max, 10'000U);
  EXPECT_EQ(limits.first_byte_timeout, milliseconds{100});
  EXPECT_EQ(limits.header_timeout, milliseconds{3'600'000});
  EXPECT_EQ(limits.body_timeout, milliseconds{200});
  EXPECT_EQ(limits.body_rate_min, 1U);
  EXPECT_EQ(limits.keep_alive, milliseconds{620'000});
  EXPECT_EQ(limits.pipelined_requests_max, 1U);
  EXPECT_EQ(limits.streams_max, 100'000U);
  EXPECT_EQ(limits.source_connections_max, 1'000U);
  EXPECT_EQ(limits.source_streams_max, 200U);
  EXPECT_EQ(limits.stream_rate,
            (RateLimit{.count = 20, .period = milliseconds{1000}, .burst = 500}));
  EXPECT_EQ(limits.publish_rate,
            (RateLimit{.count = 100, .period = milliseconds{60'000}, .burst = 100}));
  EXPECT_EQ(limits.refused_rate.period, milliseconds{3'600'000});
  EXPECT_EQ(limits.overload, Overload::kRefuse);
  EXPECT_TRUE(limits.limits_sources());
}

TEST(Config, TheLogIsReadAndOffByDefault) {
  const Config config = expect_good(load_config_text(kEverything));
  EXPECT_EQ(config.log.access.to, "/var/log/ringcast/access.log");
  EXPECT_EQ(config.log.access.sample, 1000U);
  EXPECT_EQ(default_config().log.access.to, "");
  EXPECT_EQ(default_config().log.access.sample, 1U);
}

TEST(Config, AChannelStartsFromTheDefaultsAndOverridesKeyByKey) {
  const Config config = expect_good(load_config_text(kEverything));
  ASSERT_EQ(config.channels.size(), 3U);
  const ChannelConfig& ticker = config.channels[0];
  EXPECT_EQ(ticker.name, "ticker");
  EXPECT_EQ(ticker.path, "/stream");
  ASSERT_TRUE(ticker.source.has_value());
  EXPECT_EQ(ticker.source->min, -5);
  EXPECT_EQ(ticker.source->max, 7);
  EXPECT_EQ(ticker.source->every, milliseconds{250});
  EXPECT_EQ(ticker.heartbeat, milliseconds{20'000});
  EXPECT_EQ(ticker.retry.min, milliseconds{1000});
  EXPECT_EQ(ticker.retry.max, milliseconds{2'147'483'647});
  EXPECT_EQ(ticker.history.events, 10U);
  EXPECT_EQ(ticker.history.bytes, 4096 * kMiB);
  EXPECT_EQ(ticker.history.age, milliseconds{365LL * 86'400'000});
  EXPECT_EQ(ticker.on_gap, GapPolicy::kSilent);
  EXPECT_EQ(ticker.on_first_connect.from, FirstConnect::From::kLast);
  EXPECT_EQ(ticker.on_first_connect.last_events, 10U);
  EXPECT_EQ(ticker.slow_subscriber, SlowSubscriberPolicy::kSkip);
  EXPECT_EQ(ticker.slow_after, milliseconds{2000});
  EXPECT_EQ(ticker.publish_wait, milliseconds{600'000});
  EXPECT_EQ(ticker.event_bytes_max, 16 * kMiB);
  EXPECT_EQ(ticker.cors.origins,
            (std::vector<std::string>{"https://app.example", "http://[::1]:3000",
                                      "https://*.app.example:8443"}));
  EXPECT_TRUE(ticker.cors.credentials);
  EXPECT_EQ(ticker.cors.request_headers, (std::vector<std::string>{"X-Trace-Id", "X-B3"}));
  EXPECT_EQ(ticker.cors.max_age, milliseconds{0});

  const ChannelConfig& own = config.channels[1];
  EXPECT_EQ(own.name, "own");
  EXPECT_EQ(own.path, "");
  EXPECT_FALSE(own.source.has_value());
  EXPECT_EQ(own.heartbeat, milliseconds{1000});
  EXPECT_EQ(own.retry.min, milliseconds{500});
  EXPECT_EQ(own.retry.max, milliseconds{500});
  EXPECT_EQ(own.history.events, 1U);
  EXPECT_EQ(own.history.bytes, 64 * kKiB);
  EXPECT_EQ(own.history.age, milliseconds{1000});
  EXPECT_EQ(own.on_gap, GapPolicy::kNotify);
  EXPECT_EQ(own.on_first_connect.from, FirstConnect::From::kLive);
  EXPECT_EQ(own.slow_subscriber, SlowSubscriberPolicy::kDisconnect);
  EXPECT_EQ(own.slow_after, milliseconds{10});
  EXPECT_EQ(own.publish_wait, milliseconds{10});
  EXPECT_EQ(own.event_bytes_max, 256U);
  EXPECT_EQ(own.subscribers_max, 10U);
  EXPECT_EQ(ticker.subscribers_max, 1000U);
  EXPECT_TRUE(own.cors.origins.empty());
  EXPECT_FALSE(own.cors.credentials);
  EXPECT_TRUE(own.cors.request_headers.empty());
  EXPECT_EQ(own.cors.max_age, milliseconds{86'400'000});

  const ChannelConfig& inbox = config.channels[2];
  EXPECT_EQ(inbox.name, "users/{id}/inbox");
  EXPECT_EQ(inbox.on_first_connect.from, FirstConnect::From::kOldest);
  EXPECT_EQ(inbox.on_first_connect.last_events, 0U);
}

// Otherwise a count from the defaults could outlive the word that replaces it.
TEST(Config, AWordReplacesTheLastEventsOfTheDefaults) {
  const Config config =
      expect_good(load_config_text("listeners: [{bind: 127.0.0.1:1, serve: [subscribe]}]\n"
                                   "defaults: {on_first_connect: {last: 1024}}\n"
                                   "channels:\n"
                                   "  live: {on_first_connect: live, history: {events: 5}}\n"
                                   "  oldest: {on_first_connect: oldest, history: {events: 5}}\n"
                                   "  last: {}\n"));
  ASSERT_EQ(config.channels.size(), 3U);
  EXPECT_EQ(config.channels[0].on_first_connect.from, FirstConnect::From::kLive);
  EXPECT_EQ(config.channels[0].on_first_connect.last_events, 0U);
  EXPECT_EQ(config.channels[1].on_first_connect.from, FirstConnect::From::kOldest);
  EXPECT_EQ(config.channels[1].on_first_connect.last_events, 0U);
  EXPECT_EQ(config.channels[2].on_first_connect.from, FirstConnect::From::kLast);
  EXPECT_EQ(config.channels[2].on_first_connect.last_events, 1024U);
}

TEST(Config, PatternsStandBesideFixedNamesAndOtherPatterns) {
  const Config config =
      expect_good(load_config_text("listeners: [{bind: 127.0.0.1:1, serve: [subscribe]}]\n"
                                   "channels:\n"
                                   "  inbox/{recipient}: {path: null, source: null}\n"
                                   "  inbox/all: {}\n"
                                   "  inbox/{recipient}/read: {}\n"
                                   "  outbox/{recipient}: {}\n"));
  EXPECT_EQ(config.channels.size(), 4U);
}

TEST(Config, SectionsMayBeEmptyAndValuesMayBeShared) {
  const Config config = expect_good(
      load_config_text("server:\n"
                       "defaults:\n"
                       "  history:\n"
                       "  cors:\n"
                       "listeners: [{bind: 127.0.0.1:1, serve: [subscribe]}]\n"
                       "channels:\n"
                       "  a: {history: &large {bytes: 8MiB}, path: null, source: null}\n"
                       "  b: {history: *large, source: {random:}}\n"));
  ASSERT_EQ(config.channels.size(), 2U);
  EXPECT_EQ(config.channels[0].history.bytes, 8 * kMiB);
  EXPECT_EQ(config.channels[1].history.bytes, 8 * kMiB);
  EXPECT_FALSE(config.channels[0].source.has_value());
  ASSERT_TRUE(config.channels[1].source.has_value());
  EXPECT_EQ(config.channels[1].source->min, 1);
  EXPECT_EQ(config.channels[1].source->max, 100);
  EXPECT_EQ(config.channels[1].source->every, milliseconds{1000});
}

TEST(Config, WindowsLineEndsAndAByteOrderMarkAreFine) {
  expect_good(
      load_config_text("\xef\xbb\xbflisteners:\r\n  - bind: 127.0.0.1:1\r\n    serve: "
                       "[subscribe]\r\nchannels:\r\n  a: {}\r\n"));
}

TEST(ConfigToYaml, LoadsAgainAsTheSameConfig) {
  for (const std::string& yaml : {std::string{kEverything}, read_file(kShipped + "demo.yaml")}) {
    const Config config = expect_good(load_config_text(yaml));
    const std::string written = to_yaml(config);
    const Config again = expect_good(load_config_text(written));
    EXPECT_EQ(to_yaml(again), written);
    EXPECT_TRUE(again == config) << written;
  }
  // Names that YAML would take for something else.
  const Config odd = expect_good(load_config_text(
      "listeners: [{bind: 127.0.0.1:1, serve: [subscribe]}]\n"
      "channels: {\"null\": {}, \"~\": {}, true: {}, 1: {}, \"-\": {}, 1.5: {path: /~}}\n"));
  const Config again = expect_good(load_config_text(to_yaml(odd)));
  ASSERT_EQ(again.channels.size(), 6U);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(again.channels[i].name, odd.channels[i].name);
}

TEST(ConfigToYaml, SpellsEveryKeyOut) {
  Config config = default_config();
  config.channels[0].source.emplace();
  config.channels[0].on_first_connect = {.from = FirstConnect::From::kLast, .last_events = 1};
  config.access.tokens.keys = {{"main", SignatureAlgorithm::kHs256, "token.key"}};
  config.access.tokens.query.emplace();
  config.access.keys.emplace_back();
  const std::string yaml = to_yaml(config);
  for (const std::string& key : known_config_keys()) {
    if (key.starts_with("defaults")) continue;  // already part of every channel
    const std::string name = key.substr(key.rfind('.') + 1);
    EXPECT_NE(yaml.find(name + ":"), std::string::npos) << key;
  }
}

TEST(ShippedConfigs, TheManualIsTheDefaultsAndDescribesEveryKey) {
  const std::string manual = read_file(kShipped + "ringcast.yaml");
  EXPECT_EQ(to_yaml(expect_good(load_config_text(manual))), to_yaml(default_config()));

  const std::vector<std::string> keys = known_config_keys();
  EXPECT_GE(keys.size(), 58U);
  for (const std::string& key : keys) {
    const std::string name = key.substr(key.rfind('.') + 1);
    EXPECT_NE(manual.find(name + ":"), std::string::npos) << key << " is not in the manual";
  }
}

TEST(ShippedConfigs, TheManualWritesEveryDefaultWhereChannelsInheritIt) {
  const std::string manual = read_file(kShipped + "ringcast.yaml");
  for (const std::string& key : known_config_keys()) {
    if (!key.starts_with("defaults.")) continue;
    if (key == "defaults.on_first_connect.last") continue;  // the default is a word in its place
    const auto depth = static_cast<size_t>(std::ranges::count(key, '.'));
    const std::string line =
        "\n" + std::string(2 * depth, ' ') + key.substr(key.rfind('.') + 1) + ":";
    EXPECT_NE(manual.find(line), std::string::npos) << key;
  }
}

TEST(ShippedConfigs, TheManualQuotesTheSourceWithItsOwnDefaults) {
  Config config = default_config();
  config.channels[0].source.emplace();
  const std::string yaml = to_yaml(config);
  const std::string source = yaml.substr(yaml.find("source: {random: {"));
  EXPECT_NE(read_file(kShipped + "ringcast.yaml").find(source), std::string::npos) << source;
}

TEST(ShippedConfigs, TheDemoStreamsARandomNumberOnBothPorts) {
  const Config demo = expect_good(load_config_file(kShipped + "demo.yaml"));
  ASSERT_EQ(demo.listeners.size(), 3U);
  EXPECT_EQ(demo.listeners[0].port, 8000);
  EXPECT_EQ(demo.listeners[1].port, 8888);
  EXPECT_TRUE(demo.listeners[0].serve_subscribe && demo.listeners[1].serve_subscribe);
  EXPECT_EQ(demo.listeners[2].port, 8001);
  EXPECT_TRUE(demo.listeners[2].serve_publish && demo.listeners[2].serve_admin);
  for (const ListenerConfig& listener : demo.listeners) EXPECT_EQ(listener.host, "127.0.0.1");
  ASSERT_EQ(demo.channels.size(), 3U);
  EXPECT_EQ(demo.channels[0].path, "/stream");
  EXPECT_EQ(demo.channels[0].cors.origins, std::vector<std::string>{"*"});
  ASSERT_TRUE(demo.channels[0].source.has_value());
  EXPECT_EQ(demo.channels[0].source->min, 1);
  EXPECT_EQ(demo.channels[0].source->max, 100);
  EXPECT_EQ(demo.channels[0].source->every, milliseconds{1000});
}

TEST(ShippedConfigs, TheDemoHasAnInboxAndShowsNewsToLatecomers) {
  const Config demo = expect_good(load_config_file(kShipped + "demo.yaml"));
  ASSERT_EQ(demo.channels.size(), 3U);
  EXPECT_EQ(demo.channels[1].name, "news");
  EXPECT_EQ(demo.channels[1].on_first_connect.from, FirstConnect::From::kLast);
  EXPECT_EQ(demo.channels[1].on_first_connect.last_events, 10U);
  EXPECT_EQ(demo.channels[2].name, "inbox/{recipient}");
}

TEST(ShippedConfigs, TheBenchHasRoomFor100000Subscribers) {
  const Config bench = expect_good(load_config_file(kShipped + "bench.yaml"));
  EXPECT_GE(bench.server.connections_max, 100'000U);
  ASSERT_EQ(bench.channels.size(), 1U);
  EXPECT_EQ(bench.channels[0].name, "bench");
  EXPECT_EQ(bench.channels[0].history.bytes, kMiB);
}

TEST(ConfigFile, AnUnreadableOneIsAProblemWithCauseAndRemedy) {
  const LoadedConfig missing = load_config_file("/nonexistent/ringcast.yaml");
  EXPECT_FALSE(missing.config.has_value());
  ASSERT_EQ(missing.problems.size(), 1U);
  EXPECT_EQ(describe(missing.problems[0], "x.yaml"),
            "x.yaml: cannot be read: No such file or directory; check the path, or write the "
            "defaults there with "
            "`ringcast config --defaults`");

  const LoadedConfig folder = load_config_file("/");
  ASSERT_EQ(folder.problems.size(), 1U);
  EXPECT_EQ(folder.problems[0].what, "cannot be read: Is a directory; name a file inside it");

  const LoadedConfig endless = load_config_file("/dev/zero");
  ASSERT_EQ(endless.problems.size(), 1U);
  EXPECT_EQ(endless.problems[0].what, "is larger than 4MiB; name a configuration file");
}

// One to eight random wounds: a byte replaced, inserted, or a few of them lost.
std::string damage(std::string text, std::mt19937& random) {
  constexpr std::string_view kNasty =
      "{}[]:,&*#?|-<>=!%@\\\"'`~ \n\t\r\x01\x7f\x80\xff"
      "0aZ";
  for (unsigned wounds = 1 + random() % 8; wounds > 0; --wounds) {
    const size_t at = random() % text.size();
    switch (random() % 3) {
      case 0:
        text[at] = kNasty[random() % kNasty.size()];
        break;
      case 1:
        text.insert(at, 1, kNasty[random() % kNasty.size()]);
        break;
      default:
        text.erase(at, 1 + random() % 20);
        break;
    }
  }
  return text;
}

// Goal: whatever bytes come in, what comes out is a Config or an explanation with a place.
// Method: the demo and the manual, damaged at random.
TEST(ConfigFile, ADamagedOneIsReadOrExplainedAndNeverMore) {
  for (const char* name : {"demo.yaml", "ringcast.yaml"}) {
    const std::string intact = read_file(kShipped + name);
    for (unsigned seed = 0; seed < 500; ++seed) {
      SCOPED_TRACE(std::string{name} + ", seed " + std::to_string(seed));
      std::mt19937 random{seed};
      const LoadedConfig loaded = load_config_text(damage(intact, random));
      EXPECT_EQ(loaded.config.has_value(), loaded.problems.empty());
      for (const ConfigProblem& problem : loaded.problems) {
        EXPECT_GE(problem.line, 1);
        EXPECT_GE(problem.column, 1);
        EXPECT_FALSE(problem.what.empty());
      }
    }
  }
}

}  // namespace
}  // namespace ringcast
