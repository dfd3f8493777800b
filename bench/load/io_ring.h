// IoRing: one io_uring with a table of direct descriptors and buffers to receive into, as the load
// generator needs it.
//
// Direct descriptors take no process descriptor, and every ring has a table of its own, so that one
// process holds more sockets than RLIMIT_NOFILE says by opening several rings.
//
// Threads: the thread that opened it. Memory: the ring, `buffers * buffer_bytes` (touched only as
// they are used), and 8 bytes a slot in the kernel. Failure: open() and install() say why; a failed
// operation is a completion.
#pragma once

#include <liburing.h>
#include <netinet/in.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "engine/base/result.h"

namespace ringcast::bench {

// What a completion belongs to.
struct Tag {
  enum class Op : uint8_t { kConnect, kSend, kReceive, kAnswer };
  Op op = Op::kReceive;
  uint32_t index = 0;
};

class IoRing {
 public:
  struct Sizes {
    uint32_t slots = 0;
    uint32_t buffers = 256;            // a power of two; more than one collect() can use up
    uint32_t buffer_bytes = 16 << 10;  // 70 frames of 200-byte events
  };
  static Result<std::unique_ptr<IoRing>> open(const Sizes& sizes);
  ~IoRing();
  IoRing(const IoRing&) = delete;
  IoRing& operator=(const IoRing&) = delete;

  // Puts sockets into the slots from `first_slot` on. The caller still owns, and soon closes, its
  // descriptors.
  Result<> install(uint32_t first_slot, std::span<const int> fds);

  // Connect, send `request`, then receive until the end: one chain, silent until something arrives
  // or fails. `server` and `request` must live until then.
  void plan_stream(uint32_t slot, uint32_t index, const sockaddr_in& server,
                   std::string_view request);
  void plan_receive(uint32_t slot, Tag tag);
  void submit() noexcept;

  // Nothing to collect, as far as shared memory tells; no system call.
  [[nodiscard]] bool quiet() const noexcept;

  // Collects one batch and calls on_completion(Tag, int result, std::string_view bytes, bool ended)
  // for each; `bytes` is valid during the call, `ended` says that nothing more will come of this
  // request.
  template <typename OnCompletion>
  uint32_t collect(OnCompletion&& on_completion) {
    gather();
    io_uring_cqe* cqe = nullptr;
    unsigned head = 0;
    uint32_t count = 0;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      ++count;
      const bool has_buffer = (cqe->flags & IORING_CQE_F_BUFFER) != 0;
      const auto buffer = static_cast<uint16_t>(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
      const size_t bytes = has_buffer && cqe->res > 0 ? static_cast<size_t>(cqe->res) : 0;
      on_completion(tag_of(cqe->user_data), cqe->res,
                    std::string_view(has_buffer ? buffer_at(buffer) : nullptr, bytes),
                    (cqe->flags & IORING_CQE_F_MORE) == 0);
      if (has_buffer) give_back(buffer);
    }
    if (count > 0) publish_consumed(count);
    return count;
  }

 private:
  explicit IoRing(const Sizes& sizes) : sizes_(sizes) {}
  Result<> set_up();
  Result<> set_up_buffers();
  io_uring_sqe* next_sqe() noexcept;
  void gather() noexcept;
  void give_back(uint16_t buffer) noexcept;
  void publish_consumed(uint32_t count) noexcept;
  [[nodiscard]] char* buffer_at(uint16_t buffer) const noexcept {
    return buffers_ + buffer * buffer_stride_;
  }
  static uint64_t user_data(Tag tag) noexcept {
    return uint64_t{static_cast<uint8_t>(tag.op)} << 32 | tag.index;
  }
  static Tag tag_of(uint64_t data) noexcept {
    return {.op = static_cast<Tag::Op>(data >> 32), .index = static_cast<uint32_t>(data)};
  }

  Sizes sizes_;
  io_uring ring_{};
  bool open_ = false;
  io_uring_buf_ring* buffer_ring_ = nullptr;
  char* buffers_ = nullptr;
  size_t buffer_stride_ = 0;
  size_t mapped_bytes_ = 0;
  uint16_t returned_ = 0;  // buffers given back since the kernel was last told
};

}  // namespace ringcast::bench
