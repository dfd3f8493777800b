// Counters: what a shard has done and what has happened to it. They always add up:
//
//   accepted = open + the sum of closed, by cause
//
// Threads: each set is written by its own shard and may be read by any thread at any time. Memory:
// fixed.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "engine/base/counter.h"
#include "engine/base/memory.h"

namespace ringcast::net {

// Why a connection ended.
enum class CloseCause : uint8_t {
  kPeerGone,    // FIN, reset, or silent for TCP_USER_TIMEOUT
  kLapped,      // its next bytes have been overwritten
  kTorn,        // could not take the whole of a stream head or heartbeat
  kAnswered,    // answered, and one side had asked to close
  kRefused,     // its request was refused as HTTP, or it went on talking on a stream
  kTurnedAway,  // over capacity: soft reject
  kRequestTimeout,
  kServerStop,
  kRevoked,  // an operator ended its stream
  kExpired,  // the token of its stream has ended
  kFailed,   // the kernel refused something else
};
inline constexpr size_t kCloseCauses = 11;

[[nodiscard]] constexpr std::string_view name_of(CloseCause cause) noexcept {
  constexpr std::array<std::string_view, kCloseCauses> kNames{
      "peer_gone",       "lapped",      "torn",    "answered", "refused", "turned_away",
      "request_timeout", "server_stop", "revoked", "expired",  "failed"};
  return kNames[static_cast<size_t>(cause)];
}

// A connection keeps the number of its listener in a byte.
inline constexpr size_t kListenersMax = 255;

// What somebody came up against.
enum class Limit : uint8_t {
  kConnections,        // streams of a shard
  kStreams,            // of the node
  kSubscribers,        // of a channel
  kSourceConnections,  // what follows is limited by source address
  kSourceStreams,
  kStreamRate,
  kPublishRate,  // or by whom a token or key speaks for
  kRefusedRate,  // counts connections that were closed, and times one was not read for a while
};
inline constexpr size_t kLimits = 8;

[[nodiscard]] constexpr std::string_view name_of(Limit limit) noexcept {
  constexpr std::array<std::string_view, kLimits> kNames{
      "connections",        "streams",     "subscribers",  "connections_per_source",
      "streams_per_source", "stream_rate", "publish_rate", "refused_rate"};
  return kNames[static_cast<size_t>(limit)];
}

struct alignas(kCacheLineBytes) Counters {
  Counter accepted;
  Counter open;       // connections now
  Counter streaming;  // of those, subscribers
  std::array<Counter, kListenersMax> open_by_listener;
  std::array<Counter, kCloseCauses> closed;

  Counter published;              // answered 201
  Counter publishes_refused;      // answered 4xx, or 503 when there was no room for a key
  Counter paced;                  // publishes that had to wait
  Counter publishes_timed_out;    // of those, answered 503
  Counter requests_refused;       // not acceptable as HTTP
  Counter requests_unauthorized;  // answered 400 or 401 for want of a good credential
  Counter requests_forbidden;     // answered 403: the credential was good, and not for that
  Counter proxies_refused;  // PROXY headers of peers that may not send one, or that do not add up
  Counter turned_away;      // streams that there was no room for, or the server was stopping
  std::array<Counter, kLimits> limited;  // by what

  Counter sends;          // planned for frames
  Counter sends_short;    // of those, the socket took only a part
  Counter sends_full;     // of those, the socket took nothing
  Counter bytes_planned;  // of frames, HTTP framing included...
  Counter bytes_unsent;   // ...of which sockets did not take these; they are planned again
  Counter heartbeats;
  Counter gaps;               // gap events sent
  Counter accepts_paused;     // times a shard stopped accepting for want of slots
  Counter log_lines;          // lines of the access log
  Counter log_lines_dropped;  // because the disk or terminal was behind
  Counter stale_completions;  // for connections that have gone
  Counter turns;
};

// What came of the orders to read the keys again. Written by the thread that carries them out.
struct KeyChanges {
  Counter taken;
  Counter refused;
  std::atomic<uint64_t> read_s{0};  // when those that count were read, in seconds since 1970
};

}  // namespace ringcast::net
