// What a shard's acceptor relies on: each accept brings one connection into the direct table, with the name of
// its peer; the connections that wait go to those that are armed; and nobody is lost except in the way
// these tests pin down.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/kernel/raw_ring.h"
#include "tests/kernel/tcp_pair.h"

namespace ringcast::kernel_test {
namespace {

constexpr uint64_t kCloseTag = 1000;
constexpr uint64_t kSendTag = 1001;

// Accepts under way, numbered by their tags, and the names they write.
struct Accepts {
  struct Name {
    sockaddr_in peer;
    socklen_t bytes;
  };
  std::array<Name, 16> names{};

  void arm(RawRing& ring, const UniqueFd& listener, uint64_t accept) {
    names[accept] = {.peer = {}, .bytes = sizeof(sockaddr_in)};
    io_uring_sqe& sqe = ring.next(accept);
    io_uring_prep_accept(&sqe, listener.get(), reinterpret_cast<sockaddr*>(&names[accept].peer),
                         &names[accept].bytes, 0);
    sqe.file_index = IORING_FILE_INDEX_ALLOC;
  }
  [[nodiscard]] uint16_t port(uint64_t accept) const { return ntohs(names[accept].peer.sin_port); }
};

uint16_t port_of(const UniqueFd& client) {
  return ntohs(local_address(client.get()).sin_port);
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

TEST(KernelAccept, EachAcceptBringsOneConnectionAndTheNameOfItsPeer) {
  SCOPED_TRACE("relied on for: every connection's peer is known, and belongs to its slot");
  RawRing ring(16);
  const UniqueFd listener = make_listener();
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(connect_to(listener));
  ASSERT_TRUE(backlog_holds(listener, 8));
  Accepts accepts;
  for (uint64_t accept = 0; accept < 16; ++accept) accepts.arm(ring, listener, accept);
  std::vector<Completion> accepted = ring.submit_and_wait(8);
  for (int i = 0; i < 8; ++i) clients.push_back(connect_to(listener));
  std::ranges::copy(ring.submit_and_wait(8), std::back_inserter(accepted));
  ASSERT_EQ(accepted.size(), 16U);

  for (const Completion& connection : accepted) {
    ASSERT_GE(connection.result, 0);
    EXPECT_FALSE(connection.more());
    const auto client = std::ranges::find(clients, accepts.port(connection.tag), port_of);
    ASSERT_NE(client, clients.end()) << "port " << accepts.port(connection.tag);
    io_uring_sqe& sqe = ring.next(kSendTag);
    io_uring_prep_send(&sqe, connection.result, "!", 1, MSG_DONTWAIT);
    sqe.flags |= IOSQE_FIXED_FILE;
    EXPECT_EQ(ring.submit_and_wait_one().result, 1);
    EXPECT_EQ(receive(*client, 1), "!") << "the name is another connection's";
    clients.erase(client);
  }
}

TEST(KernelAccept, NobodyWaitsWhileAnAcceptIsArmed) {
  SCOPED_TRACE(
      "relied on for: a burst that is larger than the number of accepts is taken in as they are "
      "armed "
      "again");
  constexpr uint64_t kArmed = 4;
  RawRing ring(64);
  const UniqueFd listener = make_listener();
  Accepts accepts;
  for (uint64_t accept = 0; accept < kArmed; ++accept) accepts.arm(ring, listener, accept);
  ASSERT_TRUE(ring.submit().empty());
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(connect_to(listener));
  // The first four were woken; those that are armed again find the others.
  size_t served = 0;
  while (served < clients.size()) {
    const std::vector<Completion> accepted = ring.submit_and_wait(1);
    ASSERT_FALSE(accepted.empty()) << "somebody waits and nobody is told";
    served += accepted.size();
    for (const Completion& connection : accepted) accepts.arm(ring, listener, connection.tag);
  }
}

TEST(KernelAccept, CancelledAcceptEndsAndTakesNobody) {
  SCOPED_TRACE("relied on for: a shard that is short of slots leaves people in the backlog");
  RawRing ring(4);
  const UniqueFd listener = make_listener();
  Accepts accepts;
  accepts.arm(ring, listener, 0);
  ASSERT_TRUE(ring.submit().empty());
  io_uring_prep_cancel64(&ring.next(kCloseTag), 0, 0);
  for (const Completion& ended : ring.submit_and_wait(2)) {
    EXPECT_EQ(ended.result, ended.tag == 0 ? -ECANCELED : 0);
  }
  const UniqueFd client = connect_to(listener);
  EXPECT_TRUE(ring.reap(0).empty());
  EXPECT_EQ(peek_now(client), -EAGAIN);
  accepts.arm(ring, listener, 1);
  EXPECT_EQ(ring.submit_and_wait_one().result, 0);
}

TEST(KernelAccept, FullTableDropsWhomAnAcceptTakes) {
  SCOPED_TRACE(
      "relied on for: a slot is kept free for each accept under way, because the kernel would drop "
      "a "
      "client");
  RawRing ring(1);
  const UniqueFd listener = make_listener();
  Accepts accepts;
  const UniqueFd first = connect_to(listener);
  accepts.arm(ring, listener, 0);
  ASSERT_EQ(ring.submit_and_wait_one().result, 0);

  const UniqueFd second = connect_to(listener);
  const UniqueFd third = connect_to(listener);
  ASSERT_TRUE(backlog_holds(listener, 2));
  accepts.arm(ring, listener, 0);
  EXPECT_EQ(ring.submit_and_wait_one().result, -ENFILE);
  EXPECT_TRUE(was_dropped(second));
  EXPECT_EQ(peek_now(first), -EAGAIN) << "an accepted client was cut";
  EXPECT_EQ(peek_now(third), -EAGAIN) << "each accept should cost one client only";

  io_uring_prep_close_direct(&ring.next(kCloseTag), 0);
  ASSERT_EQ(ring.submit_and_wait_one().result, 0);
  accepts.arm(ring, listener, 0);
  EXPECT_EQ(ring.submit_and_wait_one().result, 0)
      << "the freed slot goes to the client that was still waiting";
}

TEST(KernelAccept, FullCompletionQueueLosesNoConnection) {
  SCOPED_TRACE("relied on for: completions that find no room are set aside and come later");
  constexpr unsigned kQueued = 4;
  constexpr uint64_t kClients = 10;
  RawRing ring(kClients, 2, kQueued);
  const UniqueFd listener = make_listener();
  std::vector<UniqueFd> clients;
  for (uint64_t i = 0; i < kClients; ++i) clients.push_back(connect_to(listener));
  ASSERT_TRUE(backlog_holds(listener, kClients));
  Accepts accepts;
  for (uint64_t i = 0; i < kClients; i += 2) {
    accepts.arm(ring, listener, i);
    accepts.arm(ring, listener, i + 1);
    check_sys(io_uring_submit(ring.get()), "io_uring_submit");
  }
  std::vector<Completion> accepted = ring.reap(0);
  while (accepted.size() < kClients) {
    const std::vector<Completion> more = ring.reap(0);
    ASSERT_FALSE(more.empty()) << accepted.size() << " connections came";
    accepted.insert(accepted.end(), more.begin(), more.end());
  }
  for (const Completion& connection : accepted) {
    ASSERT_GE(connection.result, 0);
    EXPECT_EQ(accepts.port(connection.tag), port_of(clients[connection.tag]));
  }
}

TEST(KernelAccept, AllocationStaysWithinTheRegisteredRange) {
  SCOPED_TRACE("relied on for: low slots of the table are kept for the shard's own descriptors");
  RawRing ring(8);
  check_sys(io_uring_register_file_alloc_range(ring.get(), 5, 2), "allocation range");
  const UniqueFd listener = make_listener();
  std::vector<UniqueFd> clients;
  Accepts accepts;
  for (const int expected : {5, 6, -ENFILE}) {
    clients.push_back(connect_to(listener));
    accepts.arm(ring, listener, 0);
    EXPECT_EQ(ring.submit_and_wait_one().result, expected);
  }
}

}  // namespace
}  // namespace ringcast::kernel_test
