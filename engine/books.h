// Books: the exact identity that a channel's counters keep. Every event that a subscriber was owed, because
// it was there at commit or asked for it when it came, is somewhere:
//
//   due + replayed = (sent - unsent) + skipped + closed_owing + still owed to who is there
//
// Threads: read_books() from any, a moment behind; the sum holds exactly under the log's lock while no shard
// works. Memory: none.
#pragma once

#include <cstdint>

#include "engine/channel.h"

namespace ringcast {

struct Books {
  uint64_t events = 0;        // committed
  uint64_t due = 0;           // each event once per subscriber at its commit
  uint64_t replayed = 0;      // older events that subscribers asked for when they came
  uint64_t sent = 0;          // handed to sockets...
  uint64_t unsent = 0;        // ...of which these were not taken; they are sent again
  uint64_t skipped = 0;       // expired, or overwritten before a slow subscriber got them
  uint64_t closed_owing = 0;  // owed to subscribers that went

  [[nodiscard]] bool balance(uint64_t still_owed) const noexcept {
    return due + replayed == sent - unsent + skipped + closed_owing + still_owed;
  }
};

[[nodiscard]] Books read_books(const Channel& channel) noexcept;

}  // namespace ringcast
