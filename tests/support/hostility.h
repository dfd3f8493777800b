// Hostility: how badly a kernel behaves, within what io_uring allows. Every number is a chance of
// one in so many; 0 is never.
#pragma once

#include <cstdint>

#include "tests/support/seeds.h"

namespace ringcast {

struct Hostility {
  // Sends. A socket that did not take everything is full for a while.
  uint64_t short_send = 0;
  uint64_t full_socket = 0;
  uint64_t no_memory = 0;  // takes nothing, and for another reason
  // Those three hit frames only, no stream head, heartbeat or gap event.
  bool spares_quiet_sends = true;

  // Submission.
  uint64_t refuses_enter = 0;  // -EINTR, -EAGAIN or -EBUSY, and nothing was taken
  uint64_t partial_enter = 0;  // takes fewer requests than asked
  uint64_t refusal_storm = 0;  // takes nothing for longer than anybody has patience

  // Other requests.
  uint64_t accept_fails = 0;
  uint64_t doorbell_ends = 0;  // multishot

  // Completions.
  uint64_t late_completion = 0;  // what is ready is held back for a while
  uint64_t late_cancel = 0;      // what was to be cancelled completes all the same
  uint64_t stale_completion = 0;
  uint64_t spurious_room = 0;  // says that a full socket is writable

  // Receiving.
  uint64_t no_buffer = 0;
  uint64_t short_recv = 0;

  // A mix: some of it at a time, because everything at once hides what each does alone.
  [[nodiscard]] static Hostility any(Dice& dice) {
    Hostility h;
    const auto perhaps = [&](uint64_t low, uint64_t high) {
      return dice.one_in(2) ? dice.between(low, high) : 0;
    };
    h.short_send = perhaps(2, 30);
    h.full_socket = perhaps(2, 30);
    h.no_memory = perhaps(10, 100);
    h.refuses_enter = perhaps(3, 30);
    h.partial_enter = perhaps(2, 30);
    h.refusal_storm = perhaps(30, 200);
    h.accept_fails = perhaps(5, 40);
    h.doorbell_ends = perhaps(1, 10);
    h.late_completion = perhaps(2, 20);
    h.late_cancel = perhaps(1, 5);
    h.stale_completion = perhaps(1, 5);
    h.spurious_room = perhaps(5, 50);
    h.no_buffer = perhaps(3, 20);
    h.short_recv = perhaps(1, 5);
    return h;
  }
};

}  // namespace ringcast
