// Why events are copied into the sockets: registered buffers and zero-copy sends do not do what a
// fan-out needs. Should one of these fail on a newer kernel, that is an invitation to measure
// again, not an error of the engine's.
#include <gtest/gtest.h>

#include <string>

#include "net/uring/kernel_compat.h"
#include "tests/kernel/raw_ring.h"
#include "tests/kernel/tcp_pair.h"

namespace ringcast::kernel_test {
namespace {

class KernelZeroCopy : public testing::Test {
 protected:
  RawRing ring_;
  TcpPair pair_ = make_pair();
};

TEST_F(KernelZeroCopy, PlainSendRefusesRegisteredBuffers) {
  SCOPED_TRACE(
      "relied on for: rings are ordinary memory, not registered; if this works now, it may be "
      "worth registering");
  std::string frame(200, 'x');
  const iovec region{frame.data(), frame.size()};
  check_sys(io_uring_register_buffers(ring_.get(), &region, 1), "register a buffer");
  io_uring_sqe& sqe = ring_.next(1);
  io_uring_prep_send(&sqe, pair_.server.get(), frame.data(), frame.size(), MSG_DONTWAIT);
  sqe.ioprio = IORING_RECVSEND_FIXED_BUF;
  sqe.buf_index = 0;
  EXPECT_EQ(ring_.submit_and_wait_one().result, -EINVAL);
}

TEST_F(KernelZeroCopy, ZeroCopySendCannotBeSilent) {
  SCOPED_TRACE(
      "relied on for: zero copy would flood the completion queue with two completions per "
      "delivery");
  const std::string frame(200, 'x');
  io_uring_sqe& sqe = ring_.next(1);
  io_uring_prep_send_zc(&sqe, pair_.server.get(), frame.data(), frame.size(), MSG_DONTWAIT, 0);
  sqe.flags |= IOSQE_CQE_SKIP_SUCCESS;
  EXPECT_EQ(ring_.submit_and_wait_one().result, -EINVAL);
}

TEST_F(KernelZeroCopy, ZeroCopySendOnLoopbackCopiesAnyway) {
  SCOPED_TRACE("relied on for: figures measured on loopback say nothing for or against zero copy");
  for (const unsigned bytes : {100U, 4096U, 16384U}) {
    const std::string frame(bytes, 'x');
    io_uring_prep_send_zc(&ring_.next(1), pair_.server.get(), frame.data(), bytes,
                          MSG_DONTWAIT | MSG_WAITALL, net::kSendZcReportUsage);
    const std::vector<Completion> sent = ring_.submit();
    ASSERT_FALSE(sent.empty());
    EXPECT_EQ(sent.front().result, static_cast<int>(bytes));
    EXPECT_TRUE(sent.front().more());

    EXPECT_EQ(receive(pair_.client, bytes), frame);
    const Completion notified = sent.size() == 2 ? sent.back() : ring_.submit_and_wait_one();
    EXPECT_NE(notified.flags & IORING_CQE_F_NOTIF, 0U);
    EXPECT_EQ(static_cast<uint32_t>(notified.result), net::kNotifyZcCopied) << bytes << " bytes";
  }
}

}  // namespace
}  // namespace ringcast::kernel_test
