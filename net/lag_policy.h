// LagPolicy: whether a subscriber whose socket has been full still sets the publishers' pace.
//
// It does as long as it reaches a goal within slow_after: the end of what there is, or an eighth of the
// ring further on. Reaching the very end is not asked for, because under a publisher that is itself being
// paced nobody ever stands there. Only the time its socket was full counts against it: while it had room
// and waited for us, the clock stands still.
//
// Whoever comes and asks for the past does not set the pace before it has been given what it came for: otherwise a few
// who ask, never read, and come again could hold up every publisher.
//
// Threads: one shard.
#pragma once

#include "engine/base/clock.h"
#include "engine/reader_progress.h"

namespace ringcast::net {

class LagPolicy {
 public:
  // Its socket was found full, for the first time. `goal` is on the scale of judge()'s `reached`.
  LagPolicy(Position goal, MonotonicMs now) : goal_(goal), since_(now), room_at_(now) {}

  // It has come for the past up to `goal`, and is slow until it gets there.
  [[nodiscard]] static LagPolicy newcomer(Position goal, MonotonicMs now) {
    LagPolicy policy(goal, now);
    policy.is_slow_ = policy.is_newcomer_ = true;
    return policy;
  }

  // It did not reach its goal in time, and does not count any more until it does.
  [[nodiscard]] bool is_slow() const noexcept { return is_slow_; }

  void on_full_again(MonotonicMs now) noexcept { since_ += now - room_at_; }
  void on_room(MonotonicMs now) noexcept { room_at_ = now; }

  [[nodiscard]] bool has_reached_goal(Position reached) const noexcept { return reached >= goal_; }
  void set_goal(Position goal, MonotonicMs now) noexcept {
    is_slow_ = is_newcomer_ = false;
    goal_ = goal;
    since_ = room_at_ = now;
  }
  // Requires: its socket is full and its goal not reached.
  void judge(milliseconds slow_after, MonotonicMs now) noexcept {
    is_slow_ = is_newcomer_ || now - since_ > slow_after.count();
  }

 private:
  bool is_slow_ = false;
  bool is_newcomer_ = false;
  Position goal_;
  MonotonicMs since_;
  MonotonicMs room_at_;  // while it has room: since when its socket has been waiting for us
};

}  // namespace ringcast::net
