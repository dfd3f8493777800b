// Kernel: the far side of an io_uring. The near side, IoRing, writes requests into shared memory
// and calls enter(); a test puts a hostile kernel of its own here, which reads those very requests,
// so that what is tested is what runs.
//
// Threads: opened by any thread, then used by one shard's thread alone.
#pragma once

#include <liburing.h>

#include <memory>

#include "engine/base/result.h"

namespace ringcast::net {

class Kernel {
 public:
  virtual ~Kernel() = default;

  // The shared submission and completion rings.
  [[nodiscard]] virtual io_uring& memory() noexcept = 0;

  // io_uring_enter(2): the number of requests consumed, or -errno. `timeout` may be null: no limit.
  virtual int enter(unsigned to_submit, unsigned min_complete, unsigned flags,
                    __kernel_timespec* timeout) noexcept = 0;

  // Offers `buffers` (a ring of `count` entries) for receiving, as group kRecvGroup. 0 or -errno.
  virtual int offer_buffers(io_uring_buf_ring* buffers, unsigned count) noexcept = 0;
};

inline constexpr int kRecvGroup = 0;

struct KernelSetup {
  unsigned sq_entries;
  unsigned cq_entries;
  unsigned direct_slots;  // size of the table of direct descriptors; 0: none
};

// The kernel we run on.
class LiveKernel final : public Kernel {
 public:
  // A ring that is not enabled yet, with its table registered; once enabled it takes no other requests than those of
  // IoRing (kRequestOpcodes). Fails with cause and remedy.
  [[nodiscard]] static Result<std::unique_ptr<LiveKernel>> open(const KernelSetup& setup);

  ~LiveKernel() override;
  LiveKernel(const LiveKernel&) = delete;
  LiveKernel& operator=(const LiveKernel&) = delete;

  // Makes the calling thread the ring's only user. Requires: called once, before enter() and after offer_buffers().
  void adopt_by_this_thread() noexcept;

  [[nodiscard]] io_uring& memory() noexcept override { return ring_; }
  int enter(unsigned to_submit, unsigned min_complete, unsigned flags,
            __kernel_timespec* timeout) noexcept override;
  int offer_buffers(io_uring_buf_ring* buffers, unsigned count) noexcept override;

 private:
  LiveKernel() = default;

  io_uring ring_{};
  unsigned enter_flags_ = 0;
};

}  // namespace ringcast::net
