// What the kernel hands back: which request a completion belongs to, and how it ended, in our
// terms. The kernel's error numbers go no further than this file.
#pragma once

#include <bit>
#include <cerrno>
#include <cstdint>

namespace ringcast::net {

enum class Op : uint8_t {
  kAccept,     // slot: number of the listener
  kDoorbell,   // slot unused
  kRecv,       // slot: the connection, as for all that follow unless it says otherwise
  kReply,      // an ordinary HTTP answer, from memory of the connection's own
  kHead,       // start or end of a stream: silent when all of it was taken
  kHeartbeat,  // likewise
  kGap,        // likewise
  kRingSend,   // frames from a ring, silent when all were taken; slot: place in the batch's plan
  kHangup,     // a subscriber has gone, or says something
  kWritable,   // a full socket has room again
  kFinish,     // our side of the connection has ended
  kCancel,     // only failures are reported: what was to be cancelled had completed
  kClose,
};

// An old generation belongs to a connection that has gone: it is counted and let go, and never
// followed.
struct CompletionTag {
  uint64_t slot : 32;
  uint64_t generation : 24;
  uint64_t op : 8;

  [[nodiscard]] Op kind() const noexcept { return static_cast<Op>(op); }
  [[nodiscard]] uint64_t pack() const noexcept { return std::bit_cast<uint64_t>(*this); }
  static CompletionTag unpack(uint64_t user_data) noexcept {
    return std::bit_cast<CompletionTag>(user_data);
  }
};
static_assert(sizeof(CompletionTag) == sizeof(uint64_t));

inline constexpr uint32_t kGenerationMask = (1u << 24) - 1;

[[nodiscard]] inline CompletionTag make_tag(Op op, uint32_t slot, uint32_t generation) noexcept {
  return {.slot = slot, .generation = generation & kGenerationMask, .op = static_cast<uint8_t>(op)};
}

enum class Outcome {
  kDone,      // `count` says how much
  kFull,      // the socket would have blocked
  kPeerGone,  // reset, closed, unreachable, or silent for TCP_USER_TIMEOUT
  kCancelled,
  kNoMemory,   // no receive buffer, or no kernel memory, just now
  kTableFull,  // no descriptor left for an accepted connection
  kNotFound,   // nothing to cancel
  kFailed,     // anything else; the connection is of no further use
};

struct Completion {
  CompletionTag tag;
  int32_t result;  // the kernel's
  uint32_t flags;

  // Bytes, a descriptor, or poll events. Requires: outcome() == kDone.
  [[nodiscard]] uint32_t count() const noexcept { return static_cast<uint32_t>(result); }

  [[nodiscard]] Outcome outcome() const noexcept {
    if (result >= 0) return Outcome::kDone;
    switch (-result) {
      case EAGAIN:
        return Outcome::kFull;
      case EPIPE:
      case ECONNRESET:
      case ECONNABORTED:
      case ENOTCONN:
      case ETIMEDOUT:
      case EHOSTUNREACH:
      case ENETUNREACH:
        return Outcome::kPeerGone;
      case ECANCELED:
        return Outcome::kCancelled;
      case ENOBUFS:
      case ENOMEM:
        return Outcome::kNoMemory;
      case ENFILE:
      case EMFILE:
        return Outcome::kTableFull;
      case ENOENT:
      case EALREADY:
        return Outcome::kNotFound;
      default:
        return Outcome::kFailed;
    }
  }
};

}  // namespace ringcast::net
