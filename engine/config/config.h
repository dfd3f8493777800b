// Config: what an operator may decide, typed. Read at start-up (load.h), immutable afterwards and shared by all
// threads; of a file that is read again only `access` is taken. Every key, its unit, default and cost is described in
// configs/ringcast.yaml, which is the manual.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/config/access_config.h"
#include "engine/ip_address.h"
#include "engine/rate_limit.h"

namespace ringcast {

// `auto` picks direct descriptors where the kernel releases them promptly (>= 6.13), plain ones elsewhere.
enum class DescriptorMode { kAuto, kDirect, kPlain };

struct ServerConfig {
  uint32_t shards = 0;  // 0: one per core, more if RLIMIT_NOFILE demands it
  uint32_t connections_max = 120'000;
  DescriptorMode descriptors = DescriptorMode::kAuto;
  uint32_t stream_channels_max = 64;       // of one GET /events
  uint64_t batch_bytes_max = kMiB;         // the body of one POST /events
  uint32_t idempotency_keys_max = 65'536;  // remembered at a time, each for ten minutes
  bool operator==(const ServerConfig&) const = default;
};

// How a stream is answered that there is no room for.
enum class Overload {
  kSoft,    // 200, a time to come back, and the end: browsers come back
  kStatus,  // 503, or 429 to a source that has too many
  kRefuse,  // its connection is closed; while the node is full, none is accepted
};

// What one request, a connection without a stream, or a source address may take.
struct LimitsConfig {
  uint64_t request_line_bytes_max = 16 * kKiB;
  uint64_t header_line_bytes_max = 16 * kKiB;
  uint64_t head_bytes_max = 32 * kKiB;  // request line and header lines together
  uint32_t header_lines_max = 100;
  milliseconds first_byte_timeout{30'000};  // of a new connection
  milliseconds header_timeout{10'000};      // from a request's first byte to the end of its headers
  milliseconds body_timeout{30'000};        // from there; longer for who keeps body_rate_min
  uint64_t body_rate_min = 16 * kKiB;       // bytes a second
  milliseconds keep_alive{75'000};          // between two requests, and for taking an answer
  uint32_t pipelined_requests_max = 64;     // answered in one go
  uint32_t streams_max = 0;                 // of the node; 0: as many as connections
  uint32_t source_connections_max = 0;      // of a source address; 0: no limit
  uint32_t source_streams_max = 0;          // of a source address; 0: no limit
  RateLimit stream_rate;                    // new streams of a source address
  RateLimit publish_rate;  // events of a token's subject, a key, or else a source address
  RateLimit refused_rate;  // requests of a source address that are refused
  Overload overload = Overload::kSoft;

  // Whether anybody has to remember what a source address has taken.
  [[nodiscard]] bool limits_sources() const noexcept {
    return source_connections_max > 0 || source_streams_max > 0 || stream_rate.is_limited() ||
           publish_rate.is_limited() || refused_rate.is_limited();
  }
  bool operator==(const LimitsConfig&) const = default;
};

// Where proxies that are trusted say whom a request is from.
enum class ForwardedField { kXForwardedFor, kForwarded };

struct ListenerConfig {
  std::string host;   // an IPv4 or IPv6 address
  uint16_t port = 0;  // 0: the kernel picks one (tests)
  bool serve_subscribe = false;
  bool serve_publish = false;
  bool serve_admin = false;
  std::vector<std::string>
      hosts{};  // in lower case: the only names it answers to; empty: see net/http/host.h
  std::string socket_path{};                 // of a unix socket, instead of host and port
  uint32_t socket_mode = 0660;               // who may connect to it
  bool proxy_protocol = false;               // every connection begins with a PROXY header
  std::vector<IpNetwork> trusted_proxies{};  // believed about whom a request is from
  ForwardedField forwarded = ForwardedField::kXForwardedFor;

  [[nodiscard]] bool is_unix() const noexcept { return !socket_path.empty(); }
  bool operator==(const ListenerConfig&) const = default;
};

// How much of a channel's past is kept; whichever bites first.
struct HistoryConfig {
  uint32_t events = 1024;
  uint64_t bytes = kMiB;
  milliseconds age{10 * 60 * 1000};
  bool operator==(const HistoryConfig&) const = default;
};

// Each connection is told a reconnect delay drawn from this range, so that a crash is not followed by a stampede.
struct RetryRange {
  milliseconds min{2000};
  milliseconds max{8000};
  bool operator==(const RetryRange&) const = default;
};

struct CorsConfig {
  // Serialised origins in lower case, hosts below one (https://*.app.example), or the single "*".
  std::vector<std::string> origins{"*"};
  bool credentials = false;  // never together with "*"
  std::vector<std::string>
      request_headers{};  // that pages may send, besides those which are always allowed
  milliseconds max_age{10 * 60 * 1000};  // how long a browser may remember what a preflight said
  bool operator==(const CorsConfig&) const = default;
};

// What happens to a subscriber whose next bytes have been overwritten: its stream ends, or goes on with the oldest frame
// that is kept, after a gap event.
enum class SlowSubscriberPolicy { kDisconnect, kSkip };

// Whether a subscriber who has missed events that are no longer kept is told so by a gap event.
enum class GapPolicy { kNotify, kSilent };

// Where a subscriber without a Last-Event-ID starts.
struct FirstConnect {
  enum class From { kLive, kOldest, kLast };
  From from = From::kLive;
  uint32_t last_events = 0;  // kLast: how many of the newest events it gets first
  bool operator==(const FirstConnect&) const = default;
};

// A built-in publisher for demonstrations: one random integer from [min, max] every interval.
struct RandomSourceConfig {
  int64_t min = 1;
  int64_t max = 100;
  milliseconds every{1000};
  bool operator==(const RandomSourceConfig&) const = default;
};

struct ChannelConfig {
  std::string name;  // with one segment such as {recipient}: a pattern, see engine/channel_name.h
  std::string path;  // an extra URL path for the stream; empty: none
  milliseconds heartbeat{15'000};
  RetryRange retry;
  HistoryConfig history;
  GapPolicy on_gap = GapPolicy::kNotify;
  FirstConnect on_first_connect;
  SlowSubscriberPolicy slow_subscriber = SlowSubscriberPolicy::kDisconnect;
  milliseconds slow_after{
      1000};  // behind for this long without progress: no longer sets the publishers' pace
  milliseconds publish_wait{
      2000};  // how long a paced publish may wait for room before it is answered 503
  uint32_t event_bytes_max = 64 * kKiB;  // one event as sent, field names and HTTP framing included
  uint32_t subscribers_max = 0;          // 0: no limit of its own
  CorsConfig cors;
  ChannelAccessConfig access;
  std::optional<RandomSourceConfig> source;
  bool operator==(const ChannelConfig&) const = default;
};

// What is written down of each connection, or of one in `sample`.
struct AccessLogConfig {
  std::string to{};  // stderr, or the path of a file; empty: nothing is
  uint32_t sample = 1;
  bool operator==(const AccessLogConfig&) const = default;
};

struct LogConfig {
  AccessLogConfig access{};
  bool operator==(const LogConfig&) const = default;
};

struct Config {
  ServerConfig server;
  LimitsConfig limits;
  std::vector<ListenerConfig> listeners;
  AccessConfig access;
  LogConfig log;
  std::vector<ChannelConfig> channels;
  bool operator==(const Config&) const = default;
};

}  // namespace ringcast
