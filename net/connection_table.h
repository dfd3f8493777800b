// ConnectionTable: the connections of one shard, by slot. A slot is the connection's descriptor,
// direct or plain, so that no second numbering is needed; a slot and a generation name a
// connection, and no pointer to one outlives the turn.
//
// What a sweep needs of a subscriber stands in its audience, side by side with its neighbours; what
// is here is looked at only when something happens to the connection.
//
// Threads: one shard. Memory: 24 bytes per slot, touched as slots are used.
#pragma once

#include <cstdint>

#include "engine/base/lazy_array.h"
#include "net/channel_audience.h"
#include "net/counters.h"
#include "net/timer_wheel.h"
#include "net/uring/completion.h"

namespace ringcast::net {

struct Exchange;

enum class Phase : uint8_t {
  kFree,
  kProxyHeader,  // a load balancer says whom the connection is from
  kRequest,      // requests are read and answered
  kStream,       // a subscriber: what it still says is thrown away
  kLinger,       // answered; the rest of what the peer sends is thrown away until it closes
  kClosing,      // waits for the requests armed on it to end, then for its descriptor to be closed
};

// Requests to the kernel that are under way on a connection: it may not be closed, nor its memory
// freed, before they end.
enum Armed : uint8_t {
  kArmedRecv = 1,
  kArmedReply = 2,
  kArmedHangup = 4,
  kArmedWritable = 8,
  kArmedFinish = 16,
};

struct Connection {
  Exchange* exchange;  // owned; only while a request is being read or answered
  uint32_t generation;
  MemberIndex member;  // kStream: its place in the audience
  AudienceNumber audience;
  Phase phase;
  uint8_t armed;     // a set of Armed
  CloseCause cause;  // kClosing: why
  uint8_t listener;  // its number
  bool has_grant;    // kStream: opened with a token, see grants.h
  bool
      is_answered;  // kRequest: it has been sent an answer, so that its silence is that of a kept connection
};

// An idle subscriber of one channel: this, its place in the audience, and its timer.
static_assert(sizeof(Connection) + sizeof(Member) + kTimerBytes <= 64);

class ConnectionTable {
 public:
  explicit ConnectionTable(size_t slots) : connections_(slots) {}

  [[nodiscard]] size_t size() const noexcept { return connections_.size(); }
  Connection& operator[](uint32_t slot) noexcept { return connections_[slot]; }

  [[nodiscard]] CompletionTag tag(Op op, uint32_t slot) const noexcept {
    return make_tag(op, slot, connections_[slot].generation);
  }

  // Whether `tag` names the connection that is in its slot now.
  [[nodiscard]] bool is_current(CompletionTag tag) const noexcept {
    return tag.slot < connections_.size() &&
           (connections_[tag.slot].generation & kGenerationMask) == tag.generation;
  }

 private:
  LazyArray<Connection> connections_;
};

}  // namespace ringcast::net
