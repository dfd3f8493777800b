// Audience: the subscribers of one channel, in one wire format, on one shard. It knows no socket:
// it decides who is sent what, and is told what became of it.
//
//   (joined) ────── its stream head goes first ──▶ kQuiet
//   kQuiet ──────── the next turn ───────────────▶ kReady
//   kReady ──────── heartbeat due ───────────────▶ kQuiet
//   kReady ──────── its socket was full ─────────▶ kBlocked
//   kBlocked ────── room again ──────────────────▶ kCatchingUp
//   kCatchingUp ─── full again ──────────────────▶ kBlocked
//   kCatchingUp ─── everything sent ─────────────▶ kReady
//
// kReady members are swept: each one behind gets one send from its cursor up to what is committed,
// however many frames that is, so that late sweeps catch up by themselves. Blocked ones cost
// nothing until their socket has room. The two states in which a member is out of the sweep because
// of its own socket make it a laggard.
//
// A laggard stays healthy while it catches up, or covers a lead of the ring (an eighth), within
// `slow_after`; until then publishers wait for it. After that it no longer counts, and may be
// lapped.
//
// Threads: one shard; what it reads of the ring it reads inside ReadingRings. Memory: 16 bytes per
// subscriber and 32 per laggard, in vectors that grow when people join or fall behind.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/base/clock.h"
#include "engine/channel.h"
#include "net/send_plan.h"

namespace ringcast::net {

using MemberIndex = uint32_t;

enum class MemberState : uint8_t { kReady, kQuiet, kBlocked, kCatchingUp };

struct Member {
  Position cursor;  // everything before it has been handed to the socket
  uint32_t slot : 24;
  uint32_t state : 8;  // a MemberState
  // When bytes were last planned for it, in ms of the shard's clock, wrapping after 49 days. Of a
  // laggard: its entry among the laggards.
  uint32_t mark;

  [[nodiscard]] bool is(MemberState s) const noexcept { return state == static_cast<uint32_t>(s); }
};
static_assert(sizeof(Member) == 16);

// One send carries at most this much for a member of the sweep, so that one who is far behind does
// not hold up the batch...
inline constexpr uint64_t kSweepSendBytesMax = 256 * kKiB;
// ...and this much a turn for one that is catching up.
inline constexpr uint64_t kCatchUpSendBytesMax = 64 * kKiB;

class Audience {
 public:
  Audience(AudienceNumber number, Channel& channel, WireRing& wire, WireFormat format, size_t shard)
      : number_(number), channel_(channel), wire_(wire), format_(format), shard_(shard) {}

  [[nodiscard]] AudienceNumber number() const noexcept { return number_; }
  [[nodiscard]] Channel& channel() const noexcept { return channel_; }
  [[nodiscard]] WireFormat format() const noexcept { return format_; }
  [[nodiscard]] const Ring& ring() const noexcept { return *wire_.ring; }
  [[nodiscard]] size_t size() const noexcept { return members_.size(); }
  [[nodiscard]] const Member& operator[](MemberIndex i) const noexcept { return members_[i]; }

  // --- Membership

  // Adds the connection in `slot`, to be sent what is committed from now on. It begins as kQuiet:
  // its stream head goes first.
  MemberIndex join(uint32_t slot, uint32_t now_ms);

  // Removes a member; the last one takes its place, and is returned so that its connection can be
  // told.
  std::optional<uint32_t> leave(MemberIndex member) noexcept;

  // --- Sending

  // There are new frames.
  void mark_dirty() noexcept { dirty_ = true; }

  // Whether plan() would find something to do.
  [[nodiscard]] bool has_sends() const noexcept {
    return dirty_ || sweep_left_ > 0 || catching_up_ > 0;
  }

  // Whether report_progress() has something to say.
  [[nodiscard]] bool has_report() const noexcept { return progress_stale_; }

  // Adds sends to `plan` until it is full or nobody is left, moves the cursors, and notes in
  // `lapped` the slots of those whose next bytes are gone. Requires: ReadingRings, and every
  // failure of the last batch reported to sent_only().
  void plan(SendPlan& plan, std::vector<uint32_t>& lapped, MonotonicMs now);

  // The socket took bytes only up to `position` and is full. The member waits for room() now.
  void sent_only(MemberIndex member, Position position, MonotonicMs now);

  // The send was never handed over: it is to be planned again from `position`.
  void take_back(MemberIndex member, Position position) noexcept;

  // The socket has room again.
  void room(MemberIndex member, MonotonicMs now) noexcept;

  // A quiet send goes to a kReady member in this batch, so no frames may; settle_quiet() in the
  // next turn ends that.
  void begin_quiet(MemberIndex member, uint32_t now_ms) noexcept;
  void settle_quiet(MemberIndex member) noexcept;

  // Whether `member` has been sent everything and stands between two frames.
  [[nodiscard]] bool is_up_to_date(MemberIndex member) const noexcept {
    return members_[member].is(MemberState::kReady) &&
           members_[member].cursor == ring().committed();
  }

  // --- Pacing

  // For how long nothing has been planned for `member`, in ms; 0 for a laggard, whose socket is
  // full.
  [[nodiscard]] int64_t silent_for(MemberIndex member, MonotonicMs now) const noexcept;

  // Tells the writer how far the healthy members have got, if that may have changed. Requires: as
  // plan().
  void report_progress(MonotonicMs now) noexcept;

  // Aborts if counts and states do not agree. For tests and debug builds; O(size()).
  void check_invariants() const noexcept;

 private:
  struct Laggard {
    MemberIndex member;
    bool is_slow;  // it did not reach its goal in time
    // Reaching the goal proves health when done within slow_after of `since`.
    Position goal;
    MonotonicMs since;
    // kCatchingUp: since when its socket has been waiting for us, not we for it.
    MonotonicMs room_at;
  };

  void begin_sweep() noexcept;
  void plan_catch_up(SendPlan& plan, std::vector<uint32_t>& lapped, MonotonicMs now);
  void release_caught_up(MonotonicMs now) noexcept;
  void plan_sweep(SendPlan& plan, std::vector<uint32_t>& lapped, MonotonicMs now);
  // Plans one send for `member` of at most `bytes_max`; false when it is lapped.
  bool plan_one(Member& member, uint64_t bytes_max, SendPlan& plan, uint32_t now_ms) noexcept;
  void set_state(Member& member, MemberState state) noexcept;
  [[nodiscard]] Position slowest_healthy() const noexcept;
  void judge(Laggard& laggard, MonotonicMs now) noexcept;
  [[nodiscard]] Position goal_from(Position cursor) const noexcept;
  [[nodiscard]] Laggard& laggard_of(const Member& member) noexcept;
  void drop_laggard(uint32_t entry) noexcept;

  const AudienceNumber number_;
  Channel& channel_;
  WireRing& wire_;
  const WireFormat format_;
  const size_t shard_;

  std::vector<Member> members_;
  std::vector<Laggard> laggards_;  // exactly the members that are kBlocked or kCatchingUp
  size_t catching_up_ = 0;
  uint32_t catch_up_at_ = 0;  // the laggard whose turn is next

  // The ring as this batch sees it.
  Position floor_ = 0;
  Position committed_ = 0;

  bool dirty_ = false;           // frames came since the sweep under way, or the last one, began
  bool progress_stale_ = false;  // somebody's cursor or health changed since the last report
  MemberIndex sweep_at_ = 0;     // who is next
  size_t sweep_left_ = 0;        // how many the sweep has yet to look at
};

}  // namespace ringcast::net
