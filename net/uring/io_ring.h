// IoRing: liburing in our terms. Each request takes one place in the submission ring; nothing
// reaches the kernel before submit(), and nothing here ever blocks but wait().
//
// Connections are named by slot: an index into the ring's table of direct descriptors, or an
// ordinary descriptor, as DescriptorKind says. It is the one seam between the two.
//
// Threads: one shard. Memory: the rings, mapped when the kernel was opened.
#pragma once

#include <liburing.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>

#include "engine/base/check.h"
#include "engine/base/clock.h"
#include "net/uring/completion.h"
#include "net/uring/kernel.h"
#include "net/uring/peer_name.h"
#include "net/uring/recv_buffers.h"

namespace ringcast::net {

enum class DescriptorKind { kDirect, kPlain };

// All that IoRing's requests are made of, and all that the kernel takes from a shard's ring: anything else, such as
// opening a file, is answered -EACCES, whoever has got at the ring. What is added to io_ring.cc is added here.
inline constexpr std::array<uint8_t, 8> kRequestOpcodes{
    IORING_OP_NOP,  // what a withdrawn request becomes
    IORING_OP_ACCEPT,       IORING_OP_RECV,  IORING_OP_SEND,     IORING_OP_POLL_ADD,
    IORING_OP_ASYNC_CANCEL, IORING_OP_CLOSE, IORING_OP_SHUTDOWN,
};
inline constexpr uint8_t kRequestFlags =
    IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT | IOSQE_CQE_SKIP_SUCCESS;

class IoRing {
 public:
  // `kernel` must outlive the ring.
  IoRing(Kernel& kernel, DescriptorKind descriptors) noexcept;

  // --- Requests. The tag comes back with the completion.

  // Accepts one connection: the result is its slot. Who it is from is written to `name`, which must stay in
  // place until the completion.
  void accept(int listener_fd, PeerName& name, CompletionTag tag) noexcept;

  // Receives once, into a buffer that received() names.
  void recv(uint32_t slot, CompletionTag tag) noexcept;

  // Sends what the socket takes now and never waits: the kernel has finished with `bytes` when
  // submit() returns. Silent when all were taken; a shorter count, or kFull, comes back otherwise.
  void send_now(uint32_t slot, std::string_view bytes, CompletionTag tag) noexcept;

  // Sends all of `bytes`, waiting in the kernel for room; they must stay in place until the
  // completion.
  void send_all(uint32_t slot, std::string_view bytes, CompletionTag tag) noexcept;

  // Ends our side of the connection, and leaves the peer's open. The kernel does it later, in a thread of its own and to
  // whatever is in the slot then: so it is for what happens now and then, and the slot may not be closed before the completion.
  void finish_sending(uint32_t slot, CompletionTag tag) noexcept;

  // Completes once, when the peer has closed its side, reset, or vanished, or when it has sent something
  // (POLLIN alone).
  void watch_peer(uint32_t slot, CompletionTag tag) noexcept;

  // Completes once, when the socket has room again, or when the peer has gone.
  void watch_writable(uint32_t slot, CompletionTag tag) noexcept;

  // Completes every time `event_fd` is written to, until it ends().
  void watch_doorbell(int event_fd, CompletionTag tag) noexcept;

  // Ends the request that carries `tag`, which then completes as kCancelled. Closing a slot does
  // not end what is armed on it.
  void cancel(CompletionTag tag) noexcept;

  void close(uint32_t slot, CompletionTag tag) noexcept;

  // --- Turning

  // Hands everything prepared to the kernel without waiting; whatever can be done at once is done
  // when this returns. The number the kernel would not take, after bounded tries: nearly always 0.
  [[nodiscard]] unsigned submit() noexcept;

  // Takes back those prepared requests of kind `op` the kernel has not consumed: each becomes a
  // no-op, after `undo(tag)`.
  template <typename Undo>
  void withdraw(Op op, Undo&& undo) noexcept;

  // Lets the kernel post what it has ready, without waiting.
  void reap() noexcept;

  // Submits and sleeps until a completion comes or `timeout` has passed. Requires: no kRingSend
  // prepared.
  void wait(milliseconds timeout) noexcept;

  // Calls `handle(Completion)` for each completion that was there at the call; at most one
  // completion ring full.
  template <typename Handle>
  void drain(Handle&& handle) noexcept;

  [[nodiscard]] bool has_completions() const noexcept { return io_uring_cq_ready(&ring_) != 0; }

  // Whether the next request has to submit() first.
  [[nodiscard]] bool is_full() const noexcept { return io_uring_sq_space_left(&ring_) == 0; }

  // Requests that the next submit() would hand over.
  [[nodiscard]] unsigned prepared() const noexcept { return io_uring_sq_ready(&ring_); }

  // Completions the kernel has set aside for want of room. Until reap() has brought them, a failed
  // send may be unseen.
  [[nodiscard]] bool has_overflow() const noexcept { return io_uring_cq_has_overflow(&ring_); }

  // Whether the multishot request behind `completion` has ended and must be armed again.
  [[nodiscard]] static bool ends(const Completion& completion) noexcept {
    return (completion.flags & IORING_CQE_F_MORE) == 0;
  }

  // The bytes a kRecv completion brought; give_back() them before the turn ends. Requires:
  // has_bytes(completion).
  [[nodiscard]] static bool has_bytes(const Completion& completion) noexcept {
    return (completion.flags & IORING_CQE_F_BUFFER) != 0;
  }
  [[nodiscard]] std::string_view received(const Completion& completion) const noexcept {
    return buffers_.bytes(buffer_of(completion), completion.count());
  }
  void give_back(const Completion& completion) noexcept {
    buffers_.give_back(buffer_of(completion));
  }

  // Grows whenever everything prepared has been handed over: bytes given to send_now() under an
  // older number are free again.
  [[nodiscard]] uint64_t submissions() const noexcept { return submissions_; }

 private:
  [[nodiscard]] static uint16_t buffer_of(const Completion& completion) noexcept {
    return static_cast<uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
  }
  [[nodiscard]] io_uring_sqe& next() noexcept;
  void poll(uint32_t slot, unsigned events, CompletionTag tag) noexcept;
  [[nodiscard]] uint8_t fixed_file() const noexcept {
    return descriptors_ == DescriptorKind::kDirect ? IOSQE_FIXED_FILE : 0;
  }
  [[nodiscard]] unsigned publish_prepared() noexcept;

  Kernel& kernel_;
  io_uring& ring_;
  const DescriptorKind descriptors_;
  RecvBuffers buffers_;
  uint64_t submissions_ = 0;
};

template <typename Handle>
void IoRing::drain(Handle&& handle) noexcept {
  for (unsigned left = io_uring_cq_ready(&ring_); left > 0; --left) {
    const io_uring_cqe& cqe = ring_.cq.cqes[*ring_.cq.khead & ring_.cq.ring_mask];
    const Completion completion{CompletionTag::unpack(cqe.user_data), cqe.res, cqe.flags};
    RC_DCHECK(cqe.res != -EACCES);  // a request that kRequestOpcodes or kRequestFlags leave out
    io_uring_cq_advance(&ring_, 1);
    handle(completion);
  }
}

template <typename Undo>
void IoRing::withdraw(Op op, Undo&& undo) noexcept {
  for (unsigned at = *ring_.sq.khead; at != ring_.sq.sqe_tail; ++at) {
    io_uring_sqe& sqe = ring_.sq.sqes[at & ring_.sq.ring_mask];
    const CompletionTag tag = CompletionTag::unpack(sqe.user_data);
    if (tag.kind() != op) continue;
    undo(tag);
    io_uring_prep_nop(&sqe);
    sqe.flags = IOSQE_CQE_SKIP_SUCCESS;
    sqe.user_data = make_tag(Op::kCancel, 0, 0).pack();
  }
}

}  // namespace ringcast::net
