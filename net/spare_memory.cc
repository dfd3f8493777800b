#include "net/spare_memory.h"

// Absent where another allocator serves: in tests and under the sanitizers.
extern "C" void mi_collect(bool force) __attribute__((weak));

namespace ringcast::net {

void collect_free_memory() noexcept {
  if (mi_collect != nullptr) mi_collect(false);
}

void SpareMemory::look(MonotonicMs now) noexcept {
  if (again_at_ != 0) {
    if (now < again_at_) return;
    again_at_ = 0;
    collect_();
  }
  if (most_ < kCrowd || exchanges_ > most_ / 4) return;
  most_ = exchanges_;
  again_at_ = now + kPauseMs;
  collect_();
}

}  // namespace ringcast::net
