// Ring: one channel's recent frames, as the bytes a socket will carry, in one wire format.
//
// The memory is mapped twice back to back, so that any range of up to capacity_bytes() is
// contiguous. Positions are 64-bit byte counts since the ring began; they only grow.
//
//   ──────────┬─────────────┬──────────────┬──────▶
//        reclaimed_       floor        committed
//    may be   │ nobody      │ frames,      │ not
//    over-    │ starts here │ readable     │ written
//    written  │ any more    │              │ yet
//
// All three lie in one window of capacity_bytes().
//
// Readers leave no mark on the ring, so a slow one costs the writer nothing. A reader whose cursor
// is below floor() is lapped, and learns it before it reads; bytes at or above the floor it loaded
// stay put until its epoch moves on.
//
// Threads: could_make_room(), make_room() and append() under the log's lock; committed(), floor() and bytes() on any
//          shard, inside ReadingRings when the bytes are going to be read.
// Memory:  capacity_bytes mapped by open(), touched as it fills; nothing after.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/base/check.h"
#include "engine/base/memory.h"
#include "engine/base/result.h"
#include "engine/epoch.h"
#include "engine/reader_progress.h"

namespace ringcast {

// The floor is kept at least this part of the capacity ahead of need, so that by the time the space
// is wanted the batches that might have been reading it ended long ago. A guess; larger keeps less
// history.
inline constexpr uint64_t kRingLeadFraction = 8;

enum class Room {
  kReady,          // append() may be called now
  kReadersBehind,  // a healthy subscriber has not had those bytes yet: the publisher must be paced
  kReadersBusy,    // a batch that may read those bytes is still being submitted: try again in a
                   // moment
};

class Ring {
 public:
  // The capacity that serves `history_bytes` of history and frames of up to `frame_bytes_max`: a
  // power of two, at least a page, with room for two of the largest frames in the lead.
  [[nodiscard]] static uint64_t capacity_for(uint64_t history_bytes,
                                             uint64_t frame_bytes_max) noexcept;

  // Requires: a capacity from capacity_for(). Fails when the kernel refuses the mapping. `epochs`
  // must outlive the ring.
  [[nodiscard]] static Result<std::unique_ptr<Ring>> open(uint64_t capacity_bytes,
                                                          const Epochs& epochs);

  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  // Whether readers let make_room(bytes) have room: if not, it would say kReadersBehind; if so, batches under way may
  // still keep it waiting. Changes nothing. Requires: as make_room().
  [[nodiscard]] bool could_make_room(uint64_t bytes, const ReaderProgress& readers) const noexcept;

  // Whether `bytes` more, of one frame or several, may be written, raising the floor (never above
  // `readers.slowest()`) when space gets short. Requires: bytes <= batch_bytes_max().
  [[nodiscard]] Room make_room(uint64_t bytes, const ReaderProgress& readers) noexcept;

  // Copies `frame` in and makes it visible; returns where it starts. Requires:
  // make_room(frame.size()) was kReady.
  Position append(std::string_view frame) noexcept;

  // Everything below has been written. seq_cst: the writer stores it before it looks for sleeping
  // shards and audiences, a shard loads it after it has said that it sleeps or has joined.
  [[nodiscard]] Position committed() const noexcept {
    return committed_.load(std::memory_order_seq_cst);
  }

  // Nothing below may be read any more. seq_cst: half of the epoch handshake.
  [[nodiscard]] Position floor() const noexcept { return floor_.load(std::memory_order_seq_cst); }

  // The contiguous bytes [from, to). Requires: floor() <= from <= to <= committed(), inside
  // ReadingRings.
  [[nodiscard]] std::string_view bytes(Position from, Position to) const noexcept {
    RC_DCHECK(from <= to);
    RC_DCHECK(to <= committed());
    RC_DCHECK(to - from <= capacity_bytes_);
    return {memory_ + (from & (capacity_bytes_ - 1)), to - from};
  }

  [[nodiscard]] uint64_t capacity_bytes() const noexcept { return capacity_bytes_; }
  [[nodiscard]] uint64_t frame_bytes_max() const noexcept { return lead_bytes() / 2; }
  // What can be made room for at once: the ring but for two leads.
  [[nodiscard]] uint64_t batch_bytes_max() const noexcept {
    return capacity_bytes_ - 2 * lead_bytes();
  }

  // Aborts when the order of the three positions is violated. Threads: under the log's lock.
  void check_invariants() const noexcept;

 private:
  Ring(char* memory, uint64_t capacity_bytes, const Epochs& epochs) noexcept
      : memory_(memory), capacity_bytes_(capacity_bytes), batches_(epochs) {}

  [[nodiscard]] uint64_t lead_bytes() const noexcept { return capacity_bytes_ / kRingLeadFraction; }
  void raise_floor(Position end, const ReaderProgress& readers) noexcept;
  void reclaim() noexcept;

  char* const memory_;
  const uint64_t capacity_bytes_;

  // The writer's own.
  Position reclaimed_ = 0;  // bytes below may be overwritten
  EpochSnapshot batches_;   // noted when the floor was last raised

  // Written by the writer, read by every shard; each alone on its line, because they are polled.
  alignas(kCacheLineBytes) std::atomic<Position> committed_{0};
  alignas(kCacheLineBytes) std::atomic<Position> floor_{0};
};

}  // namespace ringcast
