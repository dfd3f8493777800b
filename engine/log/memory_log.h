// MemoryLog: commits at once, in the calling thread, to the channels' rings alone. What the rings
// forget is gone, and so is everything when the process ends.
//
// Threads: any; appends are serialised by one short lock around "take ids, encode, publish".
// Publishing is rare next to delivery. Memory: the encoder's scratch; while a batch is appended, some
// bytes for each of its channels.
#pragma once

#include <optional>
#include <vector>

#include "engine/channels.h"
#include "engine/frame_encoder.h"
#include "engine/log/event_log.h"

namespace ringcast {

class MemoryLog final : public EventLog {
 public:
  using WallClock = uint64_t (*)() noexcept;  // milliseconds since 1970

  // Ids begin at the clock's time: whatever had an earlier one is gone, and the channels are told so.
  // `listener` and `channels` must outlive the log. Requires: channels without events.
  MemoryLog(const Channels& channels, CommitListener& listener, WallClock clock = wall_now_ms);

  using EventLog::append;
  // Calls `done` before returning, in the calling thread.
  void append(std::span<const Publication> batch, const AppendDone& done) override;
  void read(std::span<Channel* const> channels, EventId after_id, size_t limit,
            const ReadDone& done) override;
  [[nodiscard]] uint64_t now_ms() const noexcept override { return clock_(); }
  [[nodiscard]] EventId last_id() const noexcept override { return ids_.last(); }

 private:
  // The events of one batch for one channel.
  struct Share {
    Channel* channel;
    Channel::Load load;  // as large as it can be, whatever the ids
  };
  // Whether each event surely has the length that its channel allows, or that depends on its id.
  enum class JudgedBy { kAnyId, kItsId };

  // Without the lock.
  [[nodiscard]] static std::vector<Share> shares_of(std::span<const Publication> batch);
  void append_shares(std::span<const Publication> batch, std::span<const Share> shares,
                     const AppendDone& done);
  void tell(Channel& channel, AppendStatus status) noexcept;

  // Under the lock.
  [[nodiscard]] AppendOutcome try_commit(std::span<const Publication> batch,
                                         std::span<const Share> shares, JudgedBy judged_by);
  [[nodiscard]] static AppendStatus make_room(std::span<const Share> shares) noexcept;
  [[nodiscard]] std::optional<size_t> first_too_long(std::span<const Publication> batch,
                                                     uint64_t now_ms) const noexcept;
  [[nodiscard]] AppendOutcome commit(std::span<const Publication> batch, uint64_t now_ms);

  CommitListener& listener_;
  const WallClock clock_;

  // Under the lock.
  EventIdGenerator ids_;
  FrameEncoder encoder_;
};

}  // namespace ringcast
