// RecvBuffers: the few buffers that all connections of a shard receive into. An idle connection
// holds none: the kernel takes one when bytes arrive, and gets it back as soon as they have been
// looked at.
//
// Threads: one shard. Memory: kRecvBuffers * kRecvBufferBytes, mapped by the constructor and touched as
// they come round.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <string_view>

#include "engine/base/lazy_array.h"
#include "net/uring/kernel.h"

namespace ringcast::net {

inline constexpr unsigned kRecvBuffers = 256;       // as many completions as one reaping brings
inline constexpr unsigned kRecvBufferBytes = 2048;  // a browser's request is 500 to 1 500 bytes

class RecvBuffers {
 public:
  RecvBuffers();

  // Hands all buffers to `kernel`. 0 or -errno.
  [[nodiscard]] int offer_to(Kernel& kernel) noexcept;

  [[nodiscard]] std::string_view bytes(uint16_t buffer, uint32_t count) const noexcept {
    return {&memory_[size_t{buffer} * kRecvBufferBytes], count};
  }

  // The bytes of `buffer` may be overwritten from now on.
  void give_back(uint16_t buffer) noexcept;

 private:
  void add(uint16_t buffer) noexcept;

  LazyArray<char> memory_;
  LazyArray<char> ring_memory_;  // page-aligned, as the kernel wants it
  io_uring_buf_ring* const ring_;
};

}  // namespace ringcast::net
