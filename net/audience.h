// Audience: subscribers of one shard who are sent frames in the same way. It knows no socket: it decides
// who is sent what, and is told what became of it.
//
// There are two kinds. A ChannelAudience serves those who get all of one channel: their next bytes are
// whatever follows in its ring. A MergedAudience serves those who get a selection: one recipient's frames,
// or several channels in the order of their ids. What both share is how a member and its socket get on:
//
//   (joined) ────── its stream head goes first ──▶ kQuiet
//   kQuiet ──────── the next turn ───────────────▶ kReady, or kCatchingUp for a laggard
//   kReady ──────── heartbeat or gap event due ──▶ kQuiet
//   kCatchingUp ─── gap event due ───────────────▶ kQuiet
//   kReady ──────── its socket was full ─────────▶ kBlocked
//   kBlocked ────── room again ──────────────────▶ kCatchingUp
//   kCatchingUp ─── full again ──────────────────▶ kBlocked
//   kCatchingUp ─── everything sent ─────────────▶ kReady
//
// A member that is out of step because of its own socket, or because it came for the past, is a laggard; LagPolicy says
// for how long publishers wait for it. After that it may be lapped: its next bytes are overwritten.
//
// Threads: one shard; what it reads of the rings it reads inside ReadingRings. The interface costs a
// virtual call a batch, or an event of one connection; never one a delivery.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/clock.h"
#include "engine/gap.h"
#include "engine/wire_format.h"
#include "net/send_plan.h"

namespace ringcast::net {

using MemberIndex = uint32_t;

enum class MemberState : uint8_t { kReady, kQuiet, kBlocked, kCatchingUp };

// One send carries at most this much for a member that keeps up, so that one who is far behind does
// not hold up the batch...
inline constexpr uint64_t kSweepSendBytesMax = 256 * kKiB;
// ...and this much a turn for one that is catching up.
inline constexpr uint64_t kCatchUpSendBytesMax = 64 * kKiB;

// Gap events wait in QuietMemory until they are submitted: these, and those of one stream more, fit with the longest names.
inline constexpr size_t kGapsPerBatchMax = 32;

// What an audience wants done in one batch.
struct BatchPlan {
  // Gap events, which belong to no ring, for the subscriber in `slot`; it is kQuiet from now on.
  struct GapNotice {
    uint32_t slot = 0;
    WireFormat format{};
    std::vector<Gap> gaps{};

    [[nodiscard]] std::string frames() const {
      std::string frames;
      for (const Gap& gap : gaps) append_gap(frames, format, gap);
      return frames;
    }
  };

  void begin() noexcept {
    sends.begin();
    lapped.clear();
    gaps.clear();
    gap_events = 0;
  }

  [[nodiscard]] bool is_full() const noexcept {
    return sends.is_full() || gap_events >= kGapsPerBatchMax || lapped.size() >= kSendsPerBatchMax;
  }

  SendPlan sends;
  std::vector<uint32_t> lapped;  // slots whose next bytes are gone: to be closed
  std::vector<GapNotice> gaps;
  size_t gap_events = 0;  // in all of them
};

class Audience {
 public:
  Audience(AudienceNumber number, WireFormat format) : number_(number), format_(format) {}
  virtual ~Audience() = default;
  Audience(const Audience&) = delete;
  Audience& operator=(const Audience&) = delete;

  [[nodiscard]] AudienceNumber number() const noexcept { return number_; }
  [[nodiscard]] WireFormat format() const noexcept { return format_; }
  [[nodiscard]] virtual size_t size() const noexcept = 0;

  // Removes a member and squares its channels' books. When another one takes its place, that one's slot is
  // returned so that its connection can be told. Requires: the log's lock.
  virtual std::optional<uint32_t> leave(MemberIndex member) noexcept = 0;

  // --- Sending

  // There are new frames.
  virtual void mark_dirty() noexcept = 0;

  // Whether plan() would find something to send or to report.
  [[nodiscard]] virtual bool has_work() const noexcept = 0;

  // Tells the writer how far the healthy members have got, if that may have changed; then adds to `batch`
  // until it is full or nobody is left, and moves the cursors. Requires: ReadingRings, and every failure
  // of the last batch reported.
  virtual void plan(BatchPlan& batch, MonotonicMs now) = 0;

  // The socket took bytes of `send` only up to `position` and is full. The member waits for room() now.
  // False: where it stands is not known any more, and it must be closed as lapped.
  [[nodiscard]] virtual bool sent_only(const PlannedSend& send, MemberIndex member,
                                       Position position, MonotonicMs now) = 0;

  // `send` was never handed over: it is to be planned again.
  virtual void take_back(const PlannedSend& send, MemberIndex member) noexcept = 0;

  // The socket had no room for the gap events that were planned.
  virtual void gaps_refused(MemberIndex member, MonotonicMs now) = 0;

  // The socket has room again.
  virtual void room(MemberIndex member, MonotonicMs now) noexcept = 0;

  // A quiet send goes to a member that can take one in this batch, so no frames may; settle_quiet() in the
  // next turn ends that.
  virtual void begin_quiet(MemberIndex member, uint32_t now_ms) noexcept = 0;
  virtual void settle_quiet(MemberIndex member) noexcept = 0;

  // Whether `member` stands between two frames with a socket that was never full.
  [[nodiscard]] virtual bool can_take_quiet(MemberIndex member) const noexcept = 0;

  // Whether what `member` has been sent ends with a frame, so that its stream may end there, whatever it is still owed.
  // Requires: the log's lock, and every failure of the last batch reported.
  [[nodiscard]] virtual bool stands_between_frames(MemberIndex member) const noexcept = 0;

  // Whether `member` has besides been sent everything there is.
  [[nodiscard]] virtual bool is_up_to_date(MemberIndex member) const noexcept = 0;

  // For how long nothing has been planned for `member`, in ms; 0 for a laggard, whose socket is full.
  [[nodiscard]] virtual int64_t silent_for(MemberIndex member, MonotonicMs now) const noexcept = 0;

  // After how much silence `member` gets a heartbeat.
  [[nodiscard]] virtual milliseconds heartbeat_of(MemberIndex member) const noexcept = 0;

  // Aborts if counts and states do not agree. For tests and debug builds; O(size()).
  virtual void check_invariants() const noexcept = 0;

 private:
  const AudienceNumber number_;
  const WireFormat format_;
};

}  // namespace ringcast::net
