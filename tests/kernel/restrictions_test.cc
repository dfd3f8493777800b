// What keeps a shard's ring to the requests a shard makes: restrictions registered while the ring is disabled hold
// from the moment it is enabled, for requests, their flags and further registrations, and cannot be taken back.
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <initializer_list>
#include <vector>

#include "tests/kernel/raw_ring.h"

namespace ringcast::kernel_test {
namespace {

io_uring_restriction allow(unsigned kind, unsigned what) {
  io_uring_restriction restriction{};
  restriction.opcode = static_cast<uint16_t>(kind);
  restriction.sqe_op = static_cast<uint8_t>(what);
  return restriction;
}

// A ring that takes no-ops and polls, silent ones among them, and may have buffers registered.
class KernelRestrictions : public testing::Test {
 protected:
  KernelRestrictions() {
    const std::vector<io_uring_restriction> allowed{
        allow(IORING_RESTRICTION_SQE_OP, IORING_OP_NOP),
        allow(IORING_RESTRICTION_SQE_OP, IORING_OP_POLL_ADD),
        allow(IORING_RESTRICTION_SQE_FLAGS_ALLOWED, IOSQE_CQE_SKIP_SUCCESS),
        allow(IORING_RESTRICTION_REGISTER_OP, IORING_REGISTER_RING_FDS)};
    check_sys(ring_.call_register(IORING_REGISTER_RESTRICTIONS, allowed.data(),
                                  static_cast<unsigned>(allowed.size())),
              "register restrictions");
    check_sys(ring_.call_register(IORING_REGISTER_ENABLE_RINGS, nullptr, 0), "enable");
  }

  int result_of(unsigned opcode, unsigned flags = 0) {
    io_uring_sqe& sqe = ring_.next(1);
    io_uring_prep_rw(static_cast<int>(opcode), &sqe, -1, nullptr, 0, 0);
    sqe.flags = static_cast<uint8_t>(flags);
    return ring_.submit_and_wait_one().result;
  }

  RawRing ring_{/*slots=*/4, 8, 16, IORING_SETUP_R_DISABLED};
};

TEST_F(KernelRestrictions, AnOperationThatIsNotListedIsAnsweredEacces) {
  SCOPED_TRACE(
      "relied on for: a ring that falls into wrong hands can open, connect and write nothing");
  EXPECT_EQ(result_of(IORING_OP_NOP), 0);
  EXPECT_EQ(result_of(IORING_OP_POLL_ADD), -EBADF) << "it was looked at: its descriptor is none";
  for (const unsigned op : {IORING_OP_READ, IORING_OP_WRITE, IORING_OP_OPENAT, IORING_OP_SOCKET,
                            IORING_OP_CONNECT, IORING_OP_SENDMSG, IORING_OP_URING_CMD}) {
    EXPECT_EQ(result_of(op), -EACCES) << op;
  }
}

TEST_F(KernelRestrictions, AFlagThatIsNotListedIsAnsweredEacces) {
  EXPECT_EQ(result_of(IORING_OP_NOP, IOSQE_ASYNC), -EACCES);
  EXPECT_EQ(result_of(IORING_OP_NOP, IOSQE_IO_LINK), -EACCES);
  EXPECT_EQ(result_of(IORING_OP_NOP, IOSQE_IO_DRAIN), -EACCES);
}

TEST_F(KernelRestrictions, AFailureIsNotSilentForBeingRefused) {
  SCOPED_TRACE("relied on for: a request left out of the list is noticed at its first use");
  EXPECT_EQ(result_of(IORING_OP_WRITE, IOSQE_CQE_SKIP_SUCCESS), -EACCES);
}

TEST_F(KernelRestrictions, RegistrationsThatAreNotListedAreRefusedAndSoIsLiftingThem) {
  const int event_fd = ::eventfd(0, EFD_CLOEXEC);
  EXPECT_EQ(ring_.call_register(IORING_REGISTER_EVENTFD, &event_fd, 1), -EACCES);
  EXPECT_EQ(ring_.register_table(4), -EACCES);
  EXPECT_LT(ring_.call_register(IORING_REGISTER_RESTRICTIONS, nullptr, 0), 0);
  io_uring_rsrc_update ring_fd{};
  ring_fd.offset = UINT32_MAX;
  ring_fd.data = static_cast<uint64_t>(ring_.get()->ring_fd);
  EXPECT_EQ(ring_.call_register(IORING_REGISTER_RING_FDS, &ring_fd, 1), 1);
  ::close(event_fd);
}

TEST(KernelRestrictionsTooLate, AnEnabledRingTakesNone) {
  SCOPED_TRACE("relied on for: rings begin disabled");
  RawRing ring;
  const io_uring_restriction nop = allow(IORING_RESTRICTION_SQE_OP, IORING_OP_NOP);
  EXPECT_EQ(ring.call_register(IORING_REGISTER_RESTRICTIONS, &nop, 1), -EBADFD);
}

}  // namespace
}  // namespace ringcast::kernel_test
