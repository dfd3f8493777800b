// QuietMemory: where bytes stand between being put together and being handed to the kernel: stream
// heads and the like, which belong to no ring. Since such sends never wait, all of it is free again
// after each submission.
//
// Threads: one shard. Memory: kBytes, touched as used.
#pragma once

#include <cstring>
#include <string_view>

#include "engine/base/lazy_array.h"
#include "net/uring/io_ring.h"

namespace ringcast::net {

class QuietMemory {
 public:
  // Some 120 stream heads. A guess: when they are used up, what is prepared is submitted early.
  static constexpr size_t kBytes = 64 * 1024;

  QuietMemory() : memory_(kBytes) {}

  // A copy of `bytes` that stays until `io` has submitted; submits when there is no room. Requires:
  // bytes.size() <= kBytes.
  [[nodiscard]] std::string_view keep(std::string_view bytes, IoRing& io) noexcept {
    RC_CHECK(bytes.size() <= kBytes);
    // Now, because the submission that makes place for the send itself would free its bytes too.
    if (io.is_full()) (void)io.submit();
    if (used_ + bytes.size() > kBytes && submissions_ == io.submissions()) {
      RC_CHECK(io.submit() == 0);
    }
    if (submissions_ != io.submissions()) {
      submissions_ = io.submissions();
      used_ = 0;
    }
    char* const copy = &memory_[used_];
    std::memcpy(copy, bytes.data(), bytes.size());
    used_ += bytes.size();
    return {copy, bytes.size()};
  }

 private:
  LazyArray<char> memory_;
  size_t used_ = 0;
  uint64_t submissions_ = 0;
};

}  // namespace ringcast::net
