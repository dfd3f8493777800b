// What many connections in one process rely on: RLIMIT_NOFILE bounds each ring's table of direct
// descriptors, not the process, so that shards beyond the core count raise the limit.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <memory>
#include <vector>

#include "net/uring/kernel_compat.h"
#include "tests/kernel/raw_ring.h"
#include "tests/kernel/tcp_pair.h"

namespace ringcast::kernel_test {
namespace {

// Lowers this process's limit on open files while it lives.
class FileLimit {
 public:
  explicit FileLimit(rlim_t files) {
    check_errno(::getrlimit(RLIMIT_NOFILE, &before_), "getrlimit");
    const rlimit lowered{files, before_.rlim_max};
    check_errno(::setrlimit(RLIMIT_NOFILE, &lowered), "setrlimit");
  }
  ~FileLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  FileLimit(const FileLimit&) = delete;
  FileLimit& operator=(const FileLimit&) = delete;

 private:
  rlimit before_{};
};

TEST(KernelFiles, TableLargerThanTheFileLimitIsRefused) {
  SCOPED_TRACE(
      "relied on for: the shard count is computed from RLIMIT_NOFILE; a larger table would need "
      "fewer shards");
  const FileLimit limit(64);
  EXPECT_EQ(RawRing().register_table(65), -EMFILE);
  EXPECT_EQ(RawRing().register_table(64), 0);
}

TEST(KernelFiles, SeveralFullTablesTogetherExceedTheFileLimit) {
  SCOPED_TRACE("relied on for: 100 000 connections in one process where RLIMIT_NOFILE is 20 000");
  constexpr unsigned kSlots = 64;
  const FileLimit limit(kSlots);
  std::vector<std::unique_ptr<RawRing>> rings;
  for (int i = 0; i < 3; ++i) {
    RawRing& ring = *rings.emplace_back(std::make_unique<RawRing>(kSlots));
    for (unsigned slot = 0; slot < kSlots; ++slot) {
      io_uring_prep_socket_direct_alloc(&ring.next(slot), AF_INET, SOCK_STREAM, 0, 0);
    }
    const std::vector<Completion> opened = ring.submit_and_wait(kSlots);
    ASSERT_EQ(opened.size(), kSlots);
    for (const Completion& socket : opened) ASSERT_GE(socket.result, 0);
  }
}

TEST(KernelFiles, DirectSocketBindsAndConnects) {
  SCOPED_TRACE(
      "relied on for: the load generator opens 100 000 connections from several source "
      "addresses, and the process limit on descriptors does not count them");
  RawRing ring(1);
  const UniqueFd listener = make_listener();
  io_uring_prep_socket_direct(&ring.next(1), AF_INET, SOCK_STREAM, 0, 0, 0);
  ASSERT_EQ(ring.submit_and_wait_one().result, 0);

  sockaddr_in source = loopback();
  source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
  io_uring_sqe& bind = ring.next(2);
  net::prep_bind(bind, 0, reinterpret_cast<const sockaddr*>(&source), sizeof source);
  bind.flags |= IOSQE_FIXED_FILE;
  ASSERT_EQ(ring.submit_and_wait_one().result, 0);

  const sockaddr_in target = local_address(listener.get());
  io_uring_sqe& connect = ring.next(3);
  io_uring_prep_connect(&connect, 0, reinterpret_cast<const sockaddr*>(&target), sizeof target);
  connect.flags |= IOSQE_FIXED_FILE;
  ASSERT_EQ(ring.submit_and_wait_one().result, 0);

  sockaddr_in peer{};
  socklen_t bytes = sizeof peer;
  const UniqueFd accepted{check_errno(
      ::accept4(listener.get(), reinterpret_cast<sockaddr*>(&peer), &bytes, SOCK_CLOEXEC),
      "accept")};
  EXPECT_EQ(peer.sin_addr.s_addr, source.sin_addr.s_addr);
}

}  // namespace
}  // namespace ringcast::kernel_test
