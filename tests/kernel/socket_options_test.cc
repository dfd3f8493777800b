// What a connection's socket options rely on: they are set once, on the listener; and what can be
// asked of a direct descriptor, which no ordinary system call can reach.
#include <gtest/gtest.h>

#include "net/uring/kernel_compat.h"
#include "tests/kernel/raw_ring.h"
#include "tests/kernel/tcp_pair.h"

namespace ringcast::kernel_test {
namespace {

// A connection accepted into slot 0, and an ordinary descriptor for it, by which a test looks at
// it.
class KernelSocketOptions : public testing::Test {
 protected:
  void accept() {
    start_listening(listener_);
    client_ = connect_to(listener_);
    io_uring_prep_multishot_accept_direct(&ring_.next(1), listener_.get(), nullptr, nullptr, 0);
    ASSERT_EQ(ring_.submit_and_wait_one().result, 0);
    net::prep_fd_install(ring_.next(2), 0);
    accepted_ = UniqueFd{ring_.submit_and_wait_one().result};
    ASSERT_TRUE(accepted_) << "the kernel does not make an ordinary descriptor of a direct one";
  }

  int socket_option(net::SocketCommand command, int level, int name, void* value,
                    uint32_t value_bytes) {
    io_uring_sqe& sqe = ring_.next(3);
    net::prep_socket_option(sqe, command, 0, level, name, value, value_bytes);
    sqe.flags |= IOSQE_FIXED_FILE;
    return ring_.submit_and_wait_one().result;
  }

  RawRing ring_{1};
  UniqueFd listener_ = bound_socket();
  UniqueFd client_;
  UniqueFd accepted_;
};

struct Option {
  const char* name;
  int level;
  int number;
  int value;
};

// Values that are nobody's default.
constexpr Option kInherited[] = {
    {"TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1},
    {"SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, 20'000},
    {"SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, 10'000},
    {"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1},
    {"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, 61},
    {"TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, 11},
    {"TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, 3},
    {"TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, 12'345},
    {"TCP_NOTSENT_LOWAT", IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16'384},
};

TEST_F(KernelSocketOptions, AreInheritedFromTheListener) {
  SCOPED_TRACE(
      "relied on for: no system call per connection; without it nothing bounds a slow "
      "subscriber's kernel memory and a vanished peer is never noticed");
  for (const Option& option : kInherited)
    set_option(listener_.get(), option.level, option.number, option.value);
  set_option(listener_.get(), SOL_SOCKET, SO_LINGER, linger{1, 7});
  ASSERT_NO_FATAL_FAILURE(accept());

  for (const Option& option : kInherited) {
    // The kernel doubles buffer sizes, so the listener itself says what to expect.
    EXPECT_EQ(get_option(accepted_.get(), option.level, option.number),
              get_option(listener_.get(), option.level, option.number))
        << option.name;
    EXPECT_GE(get_option(accepted_.get(), option.level, option.number), option.value)
        << option.name;
  }
  const auto inherited = get_option<linger>(accepted_.get(), SOL_SOCKET, SO_LINGER);
  EXPECT_EQ(inherited.l_onoff, 1);
  EXPECT_EQ(inherited.l_linger, 7);
}

TEST_F(KernelSocketOptions, CanBeSetOnDirectDescriptorAtTcpLevel) {
  SCOPED_TRACE("relied on for: an option of one connection can still be changed after the accept");
  ASSERT_NO_FATAL_FAILURE(accept());
  ASSERT_EQ(get_option(accepted_.get(), IPPROTO_TCP, TCP_NODELAY), 0);
  int on = 1;
  EXPECT_EQ(socket_option(net::SocketCommand::kSetOption, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on),
            0);
  EXPECT_NE(get_option(accepted_.get(), IPPROTO_TCP, TCP_NODELAY), 0);
}

TEST_F(KernelSocketOptions, LingerZeroOnDirectDescriptorMakesTheCloseReset) {
  SCOPED_TRACE(
      "relied on for: a lapped subscriber is cut at once, without the kernel keeping its unsent "
      "bytes");
  ASSERT_NO_FATAL_FAILURE(accept());
  linger abort_on_close{1, 0};
  EXPECT_EQ(socket_option(net::SocketCommand::kSetOption, SOL_SOCKET, SO_LINGER, &abort_on_close,
                          sizeof abort_on_close),
            0);
  close_now(accepted_);
  io_uring_prep_close_direct(&ring_.next(4), 0);
  ASSERT_EQ(ring_.submit_and_wait_one().result, 0);
  ASSERT_NE(wait_for(client_.get(), POLLIN), 0);
  EXPECT_EQ(peek_now(client_), -ECONNRESET);
}

TEST_F(KernelSocketOptions, CannotBeReadFromDirectDescriptorAtTcpLevel) {
  SCOPED_TRACE(
      "relied on for: TCP_INFO of a direct descriptor needs an ordinary one installed first");
  ASSERT_NO_FATAL_FAILURE(accept());
  int value = 0;
  EXPECT_EQ(
      socket_option(net::SocketCommand::kGetOption, SOL_SOCKET, SO_SNDBUF, &value, sizeof value),
      static_cast<int>(sizeof value));
  EXPECT_EQ(value, get_option(accepted_.get(), SOL_SOCKET, SO_SNDBUF));
  EXPECT_EQ(
      socket_option(net::SocketCommand::kGetOption, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value),
      -EOPNOTSUPP);
}

TEST_F(KernelSocketOptions, PeerNameOfDirectDescriptorIsKnownFromLinux619) {
  SCOPED_TRACE(
      "relied on for: connections are logged and limited without the peer's address on older "
      "kernels");
  ASSERT_NO_FATAL_FAILURE(accept());
  sockaddr_in peer{};
  int bytes = sizeof peer;
  io_uring_sqe& sqe = ring_.next(5);
  net::prep_peer_name(sqe, 0, reinterpret_cast<sockaddr*>(&peer), &bytes);
  sqe.flags |= IOSQE_FIXED_FILE;
  const int said = ring_.submit_and_wait_one().result;
  if (kernel_at_least(6, 19)) {
    EXPECT_EQ(said, 0);
    EXPECT_EQ(peer.sin_port, local_address(client_.get()).sin_port);
  } else {
    EXPECT_EQ(said, -EOPNOTSUPP);
  }
}

}  // namespace
}  // namespace ringcast::kernel_test
