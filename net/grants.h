// Grant: until when, and on whose word, a stream may go on. By slot, beside the connections, because few need one: only a
// stream that was opened with a token has a grant, and Connection::has_grant says so.
//
// Threads: one shard. Memory: see LazyArray; a slot that never had a grant costs none.
#pragma once

#include <cstdint>

#include "engine/base/clock.h"
#include "engine/keyed_hash.h"

namespace ringcast::net {

struct Grant {
  KeyedHash subject;           // keyed_hash() of the token's `sub`; zero: it has none
  MonotonicMs expires_at = 0;  // 0: never

  [[nodiscard]] bool is_expired(MonotonicMs now) const noexcept {
    return expires_at != 0 && expires_at <= now;
  }
  // The earlier of `deadline` and the end.
  [[nodiscard]] MonotonicMs cut(MonotonicMs deadline) const noexcept {
    return expires_at != 0 && expires_at < deadline ? expires_at : deadline;
  }
};

}  // namespace ringcast::net
