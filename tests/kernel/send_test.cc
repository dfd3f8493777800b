// What the fan-out send relies on. A shard posts every send non-waiting and silent on success,
// advances the cursor when it plans the send, and repairs it from the completion of a send that
// fell short.
#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/kernel/raw_ring.h"
#include "tests/kernel/tcp_pair.h"

namespace ringcast::kernel_test {
namespace {

constexpr int kFanOutFlags = MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL;
constexpr uint64_t kSendTag = 1;
constexpr uint64_t kMarkerTag = 2;
constexpr int kSmallBuffer = 16 * 1024;
constexpr size_t kMoreThanFits = 4 << 20;
constexpr int kSendsToFillMax = 1000;

// No two aligned words of it are the same, so that misplaced bytes cannot go unnoticed.
std::string patterned(size_t bytes) {
  std::string text;
  text.reserve(bytes + 16);
  for (size_t i = 0; text.size() < bytes; ++i) text.append(std::to_string(i)).push_back('\n');
  text.resize(bytes);
  return text;
}

enum class Descriptor { kPlain, kDirect };

class KernelSend : public testing::TestWithParam<Descriptor> {
 protected:
  void use(TcpPair pair) {
    pair_ = std::move(pair);
    ring_.install(0, pair_.server.get());
  }

  io_uring_sqe& prepare_send(std::string_view bytes, int message_flags) {
    io_uring_sqe& sqe = ring_.next(kSendTag);
    const bool direct = GetParam() == Descriptor::kDirect;
    io_uring_prep_send(&sqe, direct ? 0 : pair_.server.get(), bytes.data(), bytes.size(),
                       message_flags);
    if (direct) sqe.flags |= IOSQE_FIXED_FILE;
    return sqe;
  }

  // Posts one send that is silent on success, and returns what it said, if anything. The no-op
  // behind it completes last, so nothing is still to come.
  std::optional<int> send_silently(std::string_view bytes, int message_flags) {
    prepare_send(bytes, message_flags).flags |= IOSQE_CQE_SKIP_SUCCESS;
    io_uring_prep_nop(&ring_.next(kMarkerTag));
    std::vector<Completion> said = ring_.submit();
    EXPECT_FALSE(said.empty());
    if (said.empty()) return std::nullopt;
    EXPECT_EQ(said.back().tag, kMarkerTag);
    said.pop_back();
    EXPECT_LE(said.size(), 1U);
    return said.empty() ? std::nullopt : std::optional(said.front().result);
  }

  RawRing ring_{1};
  TcpPair pair_;
};

INSTANTIATE_TEST_SUITE_P(Descriptors, KernelSend,
                         testing::Values(Descriptor::kPlain, Descriptor::kDirect),
                         [](const auto& suite) {
                           return suite.param == Descriptor::kPlain ? "Plain" : "Direct";
                         });

TEST_P(KernelSend, FullSuccessIsSilent) {
  SCOPED_TRACE(
      "relied on for: a sweep over thousands of subscribers leaves the completion queue to what "
      "went wrong");
  use(make_pair());
  EXPECT_EQ(send_silently("data: 1\n\n", kFanOutFlags), std::nullopt);
  EXPECT_EQ(receive(pair_.client, 9), "data: 1\n\n");
}

TEST_P(KernelSend, ShortSendReportsItsCountAndFullSocketSaysTryAgain) {
  SCOPED_TRACE(
      "relied on for: a cursor is put back to the last byte the socket took; a wrong count "
      "corrupts the stream");
  use(make_pair(kSmallBuffer));
  const std::string text = patterned(kMoreThanFits);
  size_t sent = 0;
  std::optional<int> said;
  for (int i = 0; i < kSendsToFillMax && said != -EAGAIN; ++i) {
    said = send_silently(std::string_view(text).substr(sent), kFanOutFlags);
    ASSERT_TRUE(said.has_value()) << "a send that cannot have fitted was silent";
    if (*said != -EAGAIN) {
      ASSERT_GT(*said, 0);
      sent += static_cast<size_t>(*said);
    }
  }
  EXPECT_EQ(said, -EAGAIN) << "the socket never became full";
  ASSERT_GT(sent, 0U);
  ASSERT_LT(sent, text.size());
  ::shutdown(pair_.server.get(), SHUT_WR);
  EXPECT_TRUE(receive_all(pair_.client) == text.substr(0, sent))
      << "the counts do not add up to what was received";
}

TEST_P(KernelSend, ResetPeerIsReportedOnceAsResetThenAsBrokenPipe) {
  SCOPED_TRACE(
      "relied on for: a subscriber whose disconnect watch has not fired yet is closed by its "
      "next send");
  use(make_pair());
  reset_now(pair_.client);
  ASSERT_NE(wait_for(pair_.server.get(), 0), 0);
  EXPECT_EQ(send_silently("x", kFanOutFlags), -ECONNRESET);
  EXPECT_EQ(send_silently("x", kFanOutFlags), -EPIPE);
}

TEST_P(KernelSend, FirstSendAfterFinIsSilentAndTheSecondReportsBrokenPipe) {
  SCOPED_TRACE(
      "relied on for: a silent send is no proof of a living peer; heartbeats find the dead one "
      "at the second try");
  use(make_pair());
  close_now(pair_.client);
  ASSERT_NE(wait_for(pair_.server.get(), POLLRDHUP), 0);
  EXPECT_EQ(send_silently("x", kFanOutFlags), std::nullopt);
  ASSERT_NE(wait_for(pair_.server.get(), 0), 0) << "the peer did not answer with a reset";
  EXPECT_EQ(send_silently("x", kFanOutFlags), -EPIPE);
}

TEST_P(KernelSend, ShortSendIsSilentlyLostWithoutWaitAll) {
  SCOPED_TRACE(
      "relied on for: MSG_WAITALL is not decoration; should this fail, the kernel reports short "
      "sends without it");
  use(make_pair(kSmallBuffer));
  const std::string text = patterned(kMoreThanFits);
  EXPECT_EQ(send_silently(text, MSG_DONTWAIT | MSG_NOSIGNAL), std::nullopt);
  ::shutdown(pair_.server.get(), SHUT_WR);
  const std::string received = receive_all(pair_.client);
  EXPECT_GT(received.size(), 0U);
  EXPECT_LT(received.size(), text.size()) << "the send was not short, so this proves nothing";
}

TEST_P(KernelSend, SourceMayBeOverwrittenWhenEnterReturns) {
  SCOPED_TRACE(
      "relied on for: the ring's writer overwrites what no shard is submitting; later reads "
      "would tear frames");
  constexpr size_t kFrameBytes = 4096;
  std::vector<TcpPair> pairs;
  RawRing ring(64);
  std::string frame = patterned(kFrameBytes);
  const std::string original = frame;
  for (unsigned slot = 0; slot < 64; ++slot) {
    pairs.push_back(make_pair());
    ring.install(slot, pairs.back().server.get());
    io_uring_sqe& sqe = ring.next(slot);
    const bool direct = GetParam() == Descriptor::kDirect;
    io_uring_prep_send(&sqe, direct ? static_cast<int>(slot) : pairs.back().server.get(),
                       frame.data(), frame.size(), kFanOutFlags);
    sqe.flags |= IOSQE_CQE_SKIP_SUCCESS | (direct ? IOSQE_FIXED_FILE : 0);
  }
  EXPECT_TRUE(ring.submit().empty());
  std::ranges::fill(frame, '#');
  for (const TcpPair& pair : pairs) ASSERT_EQ(receive(pair.client, kFrameBytes), original);
}

TEST_P(KernelSend, ParkedSendReadsItsSourceLater) {
  SCOPED_TRACE(
      "relied on for: why sends must be posted MSG_DONTWAIT; should this fail, waiting sends "
      "have become safe");
  use(make_pair(kSmallBuffer));
  std::string text(kMoreThanFits, 'a');
  prepare_send(text, MSG_WAITALL | MSG_NOSIGNAL);
  ASSERT_TRUE(ring_.submit().empty()) << "the send did not wait for the full socket";
  std::ranges::fill(text, 'b');

  // The same thread has to read and to let the ring go on, so neither may wait for the other.
  std::string received;
  std::vector<Completion> said;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(kPatienceSeconds);
  while ((received.size() < text.size() || said.empty()) &&
         std::chrono::steady_clock::now() < deadline) {
    int available = 0;
    check_errno(::ioctl(pair_.client.get(), FIONREAD, &available), "FIONREAD");
    received += receive(pair_.client, static_cast<size_t>(available));
    std::ranges::copy(ring_.reap(0), std::back_inserter(said));
  }
  ASSERT_EQ(received.size(), text.size());
  EXPECT_EQ(received.front(), 'a');
  EXPECT_EQ(received.back(), 'b') << "the kernel kept a copy of its own";
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said.front().result, static_cast<int>(text.size()));
}

}  // namespace
}  // namespace ringcast::kernel_test
