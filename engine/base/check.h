// Checks for our own bugs. A failed check says what was violated and aborts: wrong bytes to 100 000
// people are worse than a restart. A peer's behaviour is never checked here; it is an outcome,
// handled where it happens.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace ringcast {

[[noreturn]] inline void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: violated: %s\n", file, line, condition);
  std::abort();
}

}  // namespace ringcast

// Always on, also in release builds: for what would corrupt a stream.
#define RC_CHECK(condition)               \
  (static_cast<bool>(condition) ? void(0) \
                                : ::ringcast::check_failed(#condition, __FILE__, __LINE__))

// Debug builds only: for what is too frequent to check in production. The condition stays compiled,
// so it cannot rot.
#ifdef NDEBUG
#define RC_DCHECK(condition) (true || static_cast<bool>(condition) ? void(0) : void(0))
#else
#define RC_DCHECK(condition) RC_CHECK(condition)
#endif
