// What a shard relies on to learn that an idle subscriber has gone, and to close a connection: one
// one-shot poll per stream, and a close that goes together with a cancel.
#include <gtest/gtest.h>

#include "tests/kernel/raw_ring.h"
#include "tests/kernel/tcp_pair.h"

namespace ringcast::kernel_test {
namespace {

constexpr unsigned kGoneEvents = POLLRDHUP | POLLERR | POLLHUP;
constexpr uint64_t kPollTag = 1;
constexpr uint64_t kCloseTag = 2;
constexpr uint64_t kCancelTag = 3;
constexpr uint64_t kOtherCloseTag = 4;

void arm_watch(RawRing& ring, unsigned slot) {
  io_uring_sqe& sqe = ring.next(kPollTag);
  io_uring_prep_poll_add(&sqe, static_cast<int>(slot), kGoneEvents);
  sqe.flags |= IOSQE_FIXED_FILE;
}

TEST(KernelDisconnect, FinCompletesThePollAsReadHangUp) {
  SCOPED_TRACE("relied on for: a browser that closes the tab frees its slot at once");
  RawRing ring(1);
  TcpPair pair = make_pair();
  ring.install(0, pair.server.get());
  arm_watch(ring, 0);
  ASSERT_TRUE(ring.submit().empty());
  close_now(pair.client);
  const Completion gone = ring.submit_and_wait_one();
  EXPECT_EQ(gone.result, 0x2000);
  EXPECT_FALSE(gone.more());
}

TEST(KernelDisconnect, RstCompletesThePollAsErrorAndHangUp) {
  SCOPED_TRACE(
      "relied on for: a reset connection is told from a closed one in the counters, and frees "
      "its slot at once");
  RawRing ring(1);
  TcpPair pair = make_pair();
  ring.install(0, pair.server.get());
  arm_watch(ring, 0);
  ASSERT_TRUE(ring.submit().empty());
  reset_now(pair.client);
  EXPECT_EQ(ring.submit_and_wait_one().result, 0x2018);
}

TEST(KernelDisconnect, DataFromTheClientDoesNotWakeThePoll) {
  SCOPED_TRACE("relied on for: what a subscriber sends after its request costs the shard nothing");
  RawRing ring(1);
  TcpPair pair = make_pair();
  ring.install(0, pair.server.get());
  arm_watch(ring, 0);
  ASSERT_TRUE(ring.submit().empty());

  ASSERT_EQ(::send(pair.client.get(), "noise", 5, 0), 5);
  ASSERT_NE(wait_for(pair.server.get(), POLLIN), 0);
  EXPECT_TRUE(ring.reap(0).empty());

  close_now(pair.client);
  EXPECT_EQ(ring.submit_and_wait_one().result, 0x2000) << "the watch should have stayed armed";
}

TEST(KernelDisconnect, SlotClosedUnderAnArmedPollSendsNoFinUntilTheCancel) {
  SCOPED_TRACE(
      "relied on for: closing is always cancel and close; a close alone leaves the client "
      "hanging");
  RawRing ring(2);
  TcpPair watched = make_pair();
  TcpPair unwatched = make_pair();
  ring.install(0, watched.server.get());
  ring.install(1, unwatched.server.get());
  close_now(watched.server);
  close_now(unwatched.server);
  arm_watch(ring, 0);
  ASSERT_TRUE(ring.submit().empty());

  io_uring_prep_close_direct(&ring.next(kCloseTag), 0);
  io_uring_prep_close_direct(&ring.next(kOtherCloseTag), 1);
  const std::vector<Completion> closed = ring.submit_and_wait(2);
  ASSERT_EQ(closed.size(), 2U);
  EXPECT_EQ(closed[0].result, 0);
  EXPECT_EQ(closed[1].result, 0);
  // The connection closed after it, and not watched, has ended by now: so the watched one is not
  // merely late.
  ASSERT_NE(wait_for(unwatched.client.get(), POLLIN), 0);
  ASSERT_EQ(peek_now(unwatched.client), 0);
  EXPECT_EQ(peek_now(watched.client), -EAGAIN);

  io_uring_prep_cancel64(&ring.next(kCancelTag), kPollTag, 0);
  std::vector<Completion> cancelled = ring.submit_and_wait(2);
  ASSERT_EQ(cancelled.size(), 2U);
  std::ranges::sort(cancelled, {}, &Completion::tag);
  EXPECT_EQ(cancelled[0].tag, kPollTag);
  EXPECT_EQ(cancelled[0].result, -ECANCELED);
  EXPECT_EQ(cancelled[1].tag, kCancelTag);
  EXPECT_EQ(cancelled[1].result, 0);
  ASSERT_NE(wait_for(watched.client.get(), POLLIN), 0);
  EXPECT_EQ(peek_now(watched.client), 0);
}

}  // namespace
}  // namespace ringcast::kernel_test
