// MemoryLog: commits at once, in the calling thread, to the channels' rings alone. What the rings
// forget is gone, and so is everything when the process ends.
//
// Threads: any; appends are serialised by one short lock around "take id, encode, publish".
// Publishing is rare next to delivery, which takes no lock.
#pragma once

#include <mutex>

#include "engine/frame_encoder.h"
#include "engine/log/event_log.h"

namespace ringcast {

class MemoryLog final : public EventLog {
 public:
  using WallClock = uint64_t (*)() noexcept;  // milliseconds since 1970

  // `listener` must outlive the log.
  explicit MemoryLog(CommitListener& listener, WallClock clock = wall_now_ms)
      : listener_(listener), clock_(clock) {}

  // Calls `done` before returning, in the calling thread.
  void append(Channel& channel, const Event& event, const AppendDone& done) override;
  void read(std::span<Channel* const> channels, EventId after_id, size_t limit,
            const ReadDone& done) override;
  [[nodiscard]] Result<WireRing*> open_ring(Channel& channel, WireFormat format) override;

 private:
  [[nodiscard]] AppendOutcome append_locked(Channel& channel, const Event& event);

  CommitListener& listener_;
  const WallClock clock_;
  std::mutex lock_;
  EventIdGenerator ids_;
  FrameEncoder encoder_;
};

}  // namespace ringcast
