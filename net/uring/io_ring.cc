#include "net/uring/io_ring.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <thread>

namespace ringcast::net {

namespace {

// The three flags belong together. Without DONTWAIT the kernel parks the send and reads our memory
// later, when a ring may have been overwritten; without WAITALL a short send counts as success and,
// being silent, goes unnoticed.
constexpr int kSendNowFlags = MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL;

constexpr unsigned kHangupEvents = POLLRDHUP | POLLERR | POLLHUP;

// How often submit() tries a kernel that takes nothing. It is short of memory then, and a turn is
// not the place to wait.
constexpr int kSubmitTriesMax = 16;

// And how long the rest of the shard waits for it with a full ring. A guess.
constexpr int kFullTriesMax = 5'000;
constexpr std::chrono::milliseconds kFullPause{1};

// Deferred completions beyond the first 20 are only run while fewer than this were asked for
// (Linux 6.13 and later).
constexpr unsigned kReapMax = kRecvBuffers;

}  // namespace

IoRing::IoRing(Kernel& kernel, DescriptorKind descriptors) noexcept
    : kernel_(kernel), ring_(kernel.memory()), descriptors_(descriptors) {
  RC_CHECK(buffers_.offer_to(kernel_) == 0);
}

// A kernel that takes nothing of a full ring is out of memory. That passes or it does not; without
// the request that was to be prepared a connection would be lost sight of, so after seconds of it
// this gives up. Frames are not prepared here when the ring is full: nobody sleeps in an odd epoch.
io_uring_sqe& IoRing::next() noexcept {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  for (int tries = 0; sqe == nullptr && tries < kFullTriesMax; ++tries) {
    if (tries > 0) std::this_thread::sleep_for(kFullPause);
    (void)submit();
    sqe = io_uring_get_sqe(&ring_);
  }
  RC_CHECK(sqe != nullptr);
  return *sqe;
}

void IoRing::accept(int listener_fd, PeerName& name, CompletionTag tag) noexcept {
  const bool is_direct = descriptors_ == DescriptorKind::kDirect;
  io_uring_sqe& sqe = next();
  io_uring_prep_accept(&sqe, listener_fd, reinterpret_cast<sockaddr*>(&name.name), &name.bytes,
                       is_direct ? 0 : SOCK_CLOEXEC);
  // Not by io_uring_prep_accept_direct(): liburing 2.3 adds one to this and asks for no slot at all.
  if (is_direct) sqe.file_index = IORING_FILE_INDEX_ALLOC;
  sqe.user_data = tag.pack();
}

void IoRing::recv(uint32_t slot, CompletionTag tag) noexcept {
  io_uring_sqe& sqe = next();
  io_uring_prep_recv(&sqe, static_cast<int>(slot), nullptr, 0, 0);
  sqe.flags = IOSQE_BUFFER_SELECT | fixed_file();
  sqe.buf_group = kRecvGroup;
  sqe.user_data = tag.pack();
}

void IoRing::send_now(uint32_t slot, std::string_view bytes, CompletionTag tag) noexcept {
  io_uring_sqe& sqe = next();
  io_uring_prep_send(&sqe, static_cast<int>(slot), bytes.data(), bytes.size(), kSendNowFlags);
  sqe.flags = IOSQE_CQE_SKIP_SUCCESS | fixed_file();
  sqe.user_data = tag.pack();
}

void IoRing::send_all(uint32_t slot, std::string_view bytes, CompletionTag tag) noexcept {
  io_uring_sqe& sqe = next();
  io_uring_prep_send(&sqe, static_cast<int>(slot), bytes.data(), bytes.size(),
                     MSG_WAITALL | MSG_NOSIGNAL);
  sqe.flags = fixed_file();
  sqe.user_data = tag.pack();
}

void IoRing::poll(uint32_t slot, unsigned events, CompletionTag tag) noexcept {
  io_uring_sqe& sqe = next();
  io_uring_prep_poll_add(&sqe, static_cast<int>(slot), events);
  sqe.flags = fixed_file();
  sqe.user_data = tag.pack();
}

void IoRing::finish_sending(uint32_t slot, CompletionTag tag) noexcept {
  io_uring_sqe& sqe = next();
  io_uring_prep_shutdown(&sqe, static_cast<int>(slot), SHUT_WR);
  sqe.flags = fixed_file();
  sqe.user_data = tag.pack();
}

void IoRing::watch_peer(uint32_t slot, CompletionTag tag) noexcept {
  poll(slot, kHangupEvents | POLLIN, tag);
}

void IoRing::watch_writable(uint32_t slot, CompletionTag tag) noexcept {
  poll(slot, kHangupEvents | POLLOUT, tag);
}

void IoRing::watch_doorbell(int event_fd, CompletionTag tag) noexcept {
  io_uring_sqe& sqe = next();
  io_uring_prep_poll_multishot(&sqe, event_fd, POLLIN);
  sqe.user_data = tag.pack();
}

void IoRing::cancel(CompletionTag tag) noexcept {
  io_uring_sqe& sqe = next();
  io_uring_prep_cancel64(&sqe, tag.pack(), 0);
  sqe.flags = IOSQE_CQE_SKIP_SUCCESS;
  sqe.user_data = make_tag(Op::kCancel, 0, 0).pack();
}

void IoRing::close(uint32_t slot, CompletionTag tag) noexcept {
  io_uring_sqe& sqe = next();
  if (descriptors_ == DescriptorKind::kDirect) {
    io_uring_prep_close_direct(&sqe, slot);
  } else {
    io_uring_prep_close(&sqe, static_cast<int>(slot));
  }
  sqe.user_data = tag.pack();
}

unsigned IoRing::publish_prepared() noexcept {
  io_uring_sq& sq = ring_.sq;
  io_uring_smp_store_release(sq.ktail, sq.sqe_tail);
  return sq.sqe_tail - io_uring_smp_load_acquire(sq.khead);
}

unsigned IoRing::submit() noexcept {
  unsigned prepared = publish_prepared();
  if (prepared == 0) return 0;
  for (int tries = 0; prepared > 0 && tries < kSubmitTriesMax; ++tries) {
    // What it returns matters less than what it consumed, which the shared head says exactly.
    (void)kernel_.enter(prepared, 0, 0, nullptr);
    prepared = publish_prepared();
  }
  if (prepared == 0) ++submissions_;
  return prepared;
}

void IoRing::reap() noexcept {
  const unsigned flags = IO_URING_READ_ONCE(*ring_.sq.kflags);
  if ((flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) == 0) return;
  __kernel_timespec at_once{};
  // Lost completions could hide a short send, and with it a torn stream.
  RC_CHECK(kernel_.enter(0, kReapMax, IORING_ENTER_GETEVENTS, &at_once) != -EBADR);
}

void IoRing::wait(milliseconds timeout) noexcept {
  const auto ms = timeout.count();
  __kernel_timespec limit{.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1'000'000};
  RC_CHECK(kernel_.enter(publish_prepared(), 1, IORING_ENTER_GETEVENTS, &limit) != -EBADR);
  if (publish_prepared() == 0) ++submissions_;
}

}  // namespace ringcast::net
