// Grant: until when, and on whose word, a stream may go on. By slot, beside the connections, because few need one: only a
// stream that was opened with a token has a grant, and Connection::has_grant says so.
//
// Threads: one shard. Memory: see LazyArray; a slot that never had a grant costs none.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/base/clock.h"
#include "engine/keyed_hash.h"

namespace ringcast::net {

struct Grant {
  KeyedHash subject;       // keyed_hash() of the token's `sub`; zero: it has none
  KeyedHash token_id;      // the same of its `jti`
  int64_t expires_ms = 0;  // by the wall clock, as the token says it; 0: never

  [[nodiscard]] bool is_expired(int64_t wall_ms) const noexcept {
    return expires_ms != 0 && expires_ms <= wall_ms;
  }
  // The earlier of `deadline` and the end, where `now` is `wall_ms` by the wall clock.
  [[nodiscard]] MonotonicMs cut(MonotonicMs deadline, MonotonicMs now,
                                int64_t wall_ms) const noexcept {
    return expires_ms != 0 ? std::min(deadline, now + (expires_ms - wall_ms)) : deadline;
  }
};

}  // namespace ringcast::net
