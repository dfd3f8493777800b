#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <memory>

#include "engine/base/unique_fd.h"
#include "net/uring/io_ring.h"
#include "net/uring/kernel.h"

namespace ringcast::net {
namespace {

std::unique_ptr<LiveKernel> open() {
  Result<std::unique_ptr<LiveKernel>> kernel =
      LiveKernel::open({.sq_entries = 64, .cq_entries = 128, .direct_slots = 8});
  EXPECT_TRUE(kernel);
  return std::move(*kernel);
}

// What the kernel says to a request of kind `opcode`, written past IoRing.
int result_of(LiveKernel& kernel, unsigned opcode, unsigned flags) {
  io_uring& ring = kernel.memory();
  io_uring_sqe* const sqe = io_uring_get_sqe(&ring);
  io_uring_prep_rw(static_cast<int>(opcode), sqe, -1, nullptr, 0, 0);
  sqe->flags = static_cast<uint8_t>(flags);
  io_uring_smp_store_release(ring.sq.ktail, ring.sq.sqe_tail);
  __kernel_timespec patience{.tv_sec = 5, .tv_nsec = 0};
  EXPECT_EQ(kernel.enter(1, 1, IORING_ENTER_GETEVENTS, &patience), 1);
  io_uring_cqe* cqe = nullptr;
  EXPECT_EQ(io_uring_peek_cqe(&ring, &cqe), 0);
  const int result = cqe != nullptr ? cqe->res : 0;
  io_uring_cqe_seen(&ring, cqe);
  return result;
}

// Every operation this kernel knows, but for those in the list.
TEST(LiveKernel, RefusesEveryRequestThatNoShardMakes) {
  const std::unique_ptr<LiveKernel> kernel = open();
  kernel->adopt_by_this_thread();
  io_uring_probe* const probe = io_uring_get_probe();
  ASSERT_NE(probe, nullptr);
  const unsigned last = probe->last_op;
  io_uring_free_probe(probe);
  EXPECT_GE(last, unsigned{IORING_OP_URING_CMD});
  unsigned refused = 0;
  for (unsigned op = 0; op <= last; ++op) {
    if (std::ranges::find(kRequestOpcodes, op) != kRequestOpcodes.end()) continue;
    EXPECT_EQ(result_of(*kernel, op, 0), -EACCES) << "operation " << op;
    ++refused;
  }
  EXPECT_EQ(refused, last + 1 - kRequestOpcodes.size());
  for (const unsigned flag : {IOSQE_IO_DRAIN, IOSQE_IO_LINK, IOSQE_IO_HARDLINK, IOSQE_ASYNC}) {
    EXPECT_EQ(result_of(*kernel, IORING_OP_NOP, flag), -EACCES) << "flag " << flag;
  }
  EXPECT_EQ(result_of(*kernel, IORING_OP_NOP, 0), 0);
}

TEST(LiveKernel, TakesEveryRequestThatIoRingMakes) {
  const std::unique_ptr<LiveKernel> kernel = open();
  IoRing ring(*kernel, DescriptorKind::kDirect);
  kernel->adopt_by_this_thread();
  const UniqueFd bell{::eventfd(0, EFD_CLOEXEC)};
  // On a slot that holds nothing each fails at once, for that and not for what it is.
  const CompletionTag tag = make_tag(Op::kRecv, 0, 1);
  PeerName name;
  ring.accept(bell.get(), name, tag);
  ring.recv(0, tag);
  ring.send_now(0, "x", tag);
  ring.send_all(0, "x", tag);
  ring.finish_sending(0, make_tag(Op::kFinish, 0, 1));
  ring.watch_peer(0, tag);
  ring.watch_writable(0, tag);
  ring.close(0, tag);
  ring.cancel(tag);
  constexpr unsigned kFailures = 9;
  ring.watch_doorbell(bell.get(), make_tag(Op::kDoorbell, 0, 0));
  EXPECT_EQ(ring.submit(), 0U);
  unsigned failed = 0;
  for (int tries = 0; tries < 100 && failed < kFailures; ++tries) {
    ring.wait(milliseconds(20));  // the kernel ends a side in a thread of its own
    ring.drain([&](const Completion& completion) {
      EXPECT_LT(completion.result, 0);
      EXPECT_NE(completion.result, -EACCES) << completion.tag.op;
      ++failed;
    });
  }
  EXPECT_EQ(failed, kFailures);
}

}  // namespace
}  // namespace ringcast::net
