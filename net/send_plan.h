// SendPlan: the ring sends of one batch. A cursor moves when its send is planned; when the socket
// turns out to have taken less, the completion names the plan's entry, and the entry says how far
// to move back.
//
// Threads: one shard. Memory: fixed.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "engine/base/check.h"
#include "engine/tally.h"
#include "engine/wire_ring.h"

namespace ringcast::net {

using AudienceNumber = uint16_t;

// How many sends one batch may hold. It bounds how long an epoch stays odd (some 2 ms at 7 us a
// send), and the submission ring has room for it beside everything else.
inline constexpr size_t kSendsPerBatchMax = 256;

struct PlannedSend {
  Position from = 0;
  Position to = 0;
  const WireRing* wire = nullptr;
  ShardTally* tally = nullptr;  // of its channel
  FrameNumber frame = 0;  // the first frame in it; of a swept member only the low 32 bits count
  uint32_t frames = 0;    // how many frames end in it, as far as counted
  uint32_t slot = 0;
  uint32_t source = 0;  // of a merged member: which of its sources the frames are from
  AudienceNumber audience = 0;
};

class SendPlan {
 public:
  // The next batch. Completions of the last one must all have been handled.
  void begin() noexcept {
    size_ = 0;
    ++batch_;
  }

  [[nodiscard]] bool is_full() const noexcept { return size_ == sends_.size(); }
  [[nodiscard]] size_t size() const noexcept { return size_; }
  // Which batch this is; it stands where other completions carry a generation.
  [[nodiscard]] uint32_t batch() const noexcept { return batch_; }

  // Requires: !is_full().
  void add(const PlannedSend& send) noexcept {
    RC_DCHECK(!is_full());
    sends_[size_++] = send;
  }

  [[nodiscard]] const PlannedSend& operator[](size_t i) const noexcept {
    RC_CHECK(i < size_);
    return sends_[i];
  }
  [[nodiscard]] std::span<const PlannedSend> sends() const noexcept {
    return std::span(sends_).first(size_);
  }

 private:
  std::array<PlannedSend, kSendsPerBatchMax> sends_;
  size_t size_ = 0;
  uint32_t batch_ = 0;
};

}  // namespace ringcast::net
