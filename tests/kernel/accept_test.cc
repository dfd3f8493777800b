// What a shard's listener relies on: one multishot accept fills the direct table, ends when the
// table or the completion queue is full, and loses nobody except in the way these tests pin down.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/kernel/raw_ring.h"
#include "tests/kernel/tcp_pair.h"

namespace ringcast::kernel_test {
namespace {

constexpr uint64_t kAcceptTag = 1;
constexpr uint64_t kCloseTag = 2;
constexpr uint64_t kSendTag = 3;

void arm_accept(RawRing& ring, const UniqueFd& listener) {
  io_uring_prep_multishot_accept_direct(&ring.next(kAcceptTag), listener.get(), nullptr, nullptr,
                                        0);
}

// Whether the server's side has ended the connection, with a FIN or a RST.
bool was_dropped(const UniqueFd& client) {
  wait_for(client.get(), POLLIN);
  const int said = peek_now(client);
  return said == 0 || said == -ECONNRESET;
}

// Waits until this many connections are established and not yet accepted.
bool backlog_holds(const UniqueFd& listener, unsigned connections) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(kPatienceSeconds);
  while (std::chrono::steady_clock::now() < deadline) {
    // For a listener, this field of TCP_INFO counts the accept queue.
    if (get_option<tcp_info>(listener.get(), IPPROTO_TCP, TCP_INFO).tcpi_unacked == connections)
      return true;
    std::this_thread::yield();
  }
  return false;
}

TEST(KernelAccept, FullTableEndsTheAcceptAndDropsThatClient) {
  SCOPED_TRACE(
      "relied on for: a shard stops accepting before its table is full, because the kernel "
      "would drop a client");
  RawRing ring(2);
  const UniqueFd listener = make_listener();
  std::vector<UniqueFd> clients;
  arm_accept(ring, listener);
  for (int slot = 0; slot < 2; ++slot) {
    clients.push_back(connect_to(listener));
    const Completion accepted = ring.submit_and_wait_one();
    EXPECT_EQ(accepted.result, slot);
    EXPECT_TRUE(accepted.more());
  }

  clients.push_back(connect_to(listener));
  const Completion refused = ring.submit_and_wait_one();
  EXPECT_EQ(refused.result, -ENFILE);
  EXPECT_FALSE(refused.more());
  EXPECT_TRUE(was_dropped(clients[2]));
  EXPECT_EQ(peek_now(clients[0]), -EAGAIN) << "an accepted client was cut";
  EXPECT_EQ(peek_now(clients[1]), -EAGAIN) << "an accepted client was cut";
}

TEST(KernelAccept, ArmingAgainWhileTheTableIsFullDropsOneMoreClient) {
  SCOPED_TRACE(
      "relied on for: the accept is armed again only below the low-water mark, never in a loop");
  RawRing ring(1);
  const UniqueFd listener = make_listener();
  const UniqueFd accepted = connect_to(listener);
  arm_accept(ring, listener);
  ASSERT_EQ(ring.submit_and_wait_one().result, 0);
  const UniqueFd first = connect_to(listener);
  ASSERT_EQ(ring.submit_and_wait_one().result, -ENFILE);

  const UniqueFd second = connect_to(listener);
  const UniqueFd third = connect_to(listener);
  ASSERT_TRUE(backlog_holds(listener, 2));
  arm_accept(ring, listener);
  EXPECT_EQ(ring.submit_and_wait_one().result, -ENFILE);
  EXPECT_TRUE(was_dropped(second));
  EXPECT_EQ(peek_now(third), -EAGAIN) << "each refusal should cost one client only";

  io_uring_prep_close_direct(&ring.next(kCloseTag), 0);
  ASSERT_EQ(ring.submit_and_wait_one().result, 0);
  arm_accept(ring, listener);
  const Completion again = ring.submit_and_wait_one();
  EXPECT_EQ(again.result, 0) << "the freed slot goes to the client that was still waiting";
  EXPECT_TRUE(again.more());
}

TEST(KernelAccept, FullCompletionQueueEndsTheAcceptWithValidSlot) {
  SCOPED_TRACE(
      "relied on for: a result >= 0 without the more flag is a connection and a reason to arm "
      "again; to take it for an error would leak the slot and leave a client without an answer");
  constexpr unsigned kQueued = 4;
  constexpr unsigned kClients = 10;
  RawRing ring(kClients, 2, kQueued);
  const UniqueFd listener = make_listener();
  std::vector<UniqueFd> clients;
  for (unsigned i = 0; i < kClients; ++i) clients.push_back(connect_to(listener));
  ASSERT_TRUE(backlog_holds(listener, kClients));

  // Each arming fills the queue; the next connection ends it, and its completion comes when there
  // is room again.
  std::vector<Completion> accepted;
  while (accepted.size() < kClients) {
    arm_accept(ring, listener);
    const std::vector<Completion> fitting = ring.submit();
    const std::vector<Completion> last = ring.reap(0);
    ASSERT_EQ(fitting.size(), kQueued);
    ASSERT_EQ(last.size(), 1U);
    for (const Completion& connection : fitting) EXPECT_TRUE(connection.more());
    EXPECT_FALSE(last.front().more());
    accepted.insert(accepted.end(), fitting.begin(), fitting.end());
    accepted.push_back(last.front());
  }

  for (unsigned i = 0; i < kClients; ++i) {
    EXPECT_EQ(accepted[i].result, static_cast<int>(i));
    const char greeting = static_cast<char>('a' + i);
    io_uring_sqe& sqe = ring.next(kSendTag);
    io_uring_prep_send(&sqe, accepted[i].result, &greeting, 1, MSG_DONTWAIT);
    sqe.flags |= IOSQE_FIXED_FILE;
    EXPECT_EQ(ring.submit_and_wait_one().result, 1);
    EXPECT_EQ(receive(clients[i], 1), std::string(1, greeting));
  }
}

TEST(KernelAccept, AllocationStaysWithinTheRegisteredRange) {
  SCOPED_TRACE("relied on for: low slots of the table are kept for the shard's own descriptors");
  RawRing ring(8);
  check_sys(io_uring_register_file_alloc_range(ring.get(), 5, 2), "allocation range");
  const UniqueFd listener = make_listener();
  std::vector<UniqueFd> clients;
  arm_accept(ring, listener);
  for (const int expected : {5, 6, -ENFILE}) {
    clients.push_back(connect_to(listener));
    EXPECT_EQ(ring.submit_and_wait_one().result, expected);
  }
}

}  // namespace
}  // namespace ringcast::kernel_test
