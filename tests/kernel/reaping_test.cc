// What a shard's turn relies on to bound its work, and to get rid of many subscribers in few turns.
#include <gtest/gtest.h>

#include <vector>

#include "tests/kernel/raw_ring.h"
#include "tests/kernel/tcp_pair.h"

namespace ringcast::kernel_test {
namespace {

TEST(KernelReaping, EnterRunsTwentyDeferredCompletionsUnlessAskedForMore) {
  SCOPED_TRACE(
      "relied on for: a shard asks for as many completions as it will handle in a turn; asking "
      "for none would make a mass disconnect of 3000 take 150 turns");
  constexpr unsigned kGone = 200;
  RawRing ring;
  std::vector<TcpPair> pairs;
  for (unsigned i = 0; i < kGone; ++i) {
    // Unix sockets: the close below has told the poll by the time it returns.
    int ends[2];
    check_errno(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair");
    pairs.push_back({UniqueFd{ends[0]}, UniqueFd{ends[1]}});
    io_uring_prep_poll_add(&ring.next(i), ends[1], POLLRDHUP);
  }
  ASSERT_TRUE(ring.submit().empty());
  for (TcpPair& pair : pairs) close_now(pair.client);

  EXPECT_EQ(ring.reap(0).size(), 20U);
  EXPECT_EQ(ring.reap(0).size(), 20U);
  EXPECT_EQ(ring.reap(50).size(), 50U);
  EXPECT_EQ(ring.reap(256).size(), kGone - 90U);
}

}  // namespace
}  // namespace ringcast::kernel_test
