#include "net/uring/io_ring.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/base/unique_fd.h"
#include "net/peer.h"
#include "tests/support/fake_kernel.h"

namespace ringcast::net {
namespace {

constexpr int kListener = 1000;
constexpr Hostility kKind{};

class IoRingTest : public testing::TestWithParam<DescriptorKind> {
 protected:
  void SetUp() override { open({.sq_entries = 16, .cq_entries = 32, .slots = 8}); }

  void open(FakeKernel::Setup setup, const Hostility& hostility = kKind) {
    setup.descriptors = GetParam();
    ring_.reset();
    kernel_ = std::make_unique<FakeKernel>(setup, hostility, 1);
    ring_ = std::make_unique<IoRing>(*kernel_, setup.descriptors);
  }

  // Accepts a connection and returns its slot.
  uint32_t accept(size_t window_bytes = 1000) {
    if (kernel_->armed(Op::kAccept) == 0)
      ring_->accept(kListener, name_, make_tag(Op::kAccept, 0, 0));
    socket_ = kernel_->connect(kListener, window_bytes);
    const std::vector<Completion> accepted = turn();
    EXPECT_EQ(accepted.size(), 1u);
    return accepted.at(0).count();
  }

  // Submits, and brings what has completed.
  std::vector<Completion> turn() {
    EXPECT_EQ(ring_->submit(), 0u);
    kernel_->look_around();
    ring_->reap();
    return drain();
  }

  std::vector<Completion> drain() {
    std::vector<Completion> all;
    ring_->drain([&](const Completion& completion) { all.push_back(completion); });
    return all;
  }

  void TearDown() override {
    for (const std::string& complaint : kernel_->complaints()) ADD_FAILURE() << complaint;
  }

  std::unique_ptr<FakeKernel> kernel_;
  std::unique_ptr<IoRing> ring_;
  std::shared_ptr<ModelSocket> socket_;
  PeerName name_;
};

TEST_P(IoRingTest, AcceptsOneConnectionAtATimeAndSaysWhoItIs) {
  const uint32_t first = accept();
  EXPECT_EQ(format_peer(peer_from(name_)), fmt::format("127.0.0.1:{}", socket_->port()));
  name_ = {};
  EXPECT_NE(accept(), first);
  EXPECT_EQ(peer_from(name_).port, socket_->port());
}

TEST_P(IoRingTest, AcceptsUntilItIsCancelled) {
  ring_->accept(kListener, name_, make_tag(Op::kAccept, 0, 0));
  ring_->cancel(make_tag(Op::kAccept, 0, 0));
  const std::vector<Completion> ended = turn();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].outcome(), Outcome::kCancelled);
  EXPECT_TRUE(IoRing::ends(ended[0]));
}

TEST_P(IoRingTest, ASendThatIsTakenWholeIsSilent) {
  const uint32_t slot = accept();
  ring_->send_now(slot, "hello", make_tag(Op::kHead, slot, 1));
  EXPECT_TRUE(turn().empty());
  EXPECT_EQ(socket_->read(100), "hello");
}

TEST_P(IoRingTest, AShortSendSaysHowMuchAndAFullSocketSaysSo) {
  const uint32_t slot = accept(/*window_bytes=*/7);
  const CompletionTag tag = make_tag(Op::kHead, slot, 1);
  ring_->send_now(slot, "0123456789", tag);
  const std::vector<Completion> first = turn();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].tag.pack(), tag.pack());
  EXPECT_EQ(first[0].outcome(), Outcome::kDone);
  EXPECT_EQ(first[0].count(), 7u);
  ring_->send_now(slot, "789", tag);
  const std::vector<Completion> second = turn();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].outcome(), Outcome::kFull);
}

TEST_P(IoRingTest, TheBytesOfASendAreFreeWhenSubmitReturns) {
  const uint32_t slot = accept();
  std::string bytes = "precious";
  ring_->send_now(slot, bytes, make_tag(Op::kHead, slot, 1));
  ASSERT_EQ(ring_->submit(), 0u);
  bytes.assign(bytes.size(), 'X');
  EXPECT_EQ(socket_->read(100), "precious");
}

TEST_P(IoRingTest, SendAllWaitsForRoomAndReportsTheWhole) {
  const uint32_t slot = accept(/*window_bytes=*/4);
  const std::string answer = "0123456789";
  ring_->send_all(slot, answer, make_tag(Op::kReply, slot, 1));
  std::vector<Completion> completions = turn();
  std::string read;
  for (int turns = 0; turns < 20 && completions.empty(); ++turns) {
    read += socket_->read(100);
    completions = turn();
  }
  read += socket_->read(100);
  ASSERT_EQ(completions.size(), 1u);
  EXPECT_EQ(completions[0].count(), answer.size());
  EXPECT_EQ(read, answer);
}

TEST_P(IoRingTest, ReceivesIntoABufferThatIsGivenBack) {
  const uint32_t slot = accept();
  for (unsigned round = 0; round < 3 * kRecvBuffers; ++round) {
    ring_->recv(slot, make_tag(Op::kRecv, slot, 1));
    EXPECT_TRUE(turn().empty());
    socket_->write("request");
    const std::vector<Completion> received = turn();
    ASSERT_EQ(received.size(), 1u);
    ASSERT_TRUE(IoRing::has_bytes(received[0]));
    EXPECT_EQ(ring_->received(received[0]), "request");
    ring_->give_back(received[0]);
  }
  EXPECT_EQ(kernel_->buffers_out(), 0u);
}

TEST_P(IoRingTest, ReceivingFromAFinishedPeerBringsNoBytes) {
  const uint32_t slot = accept();
  ring_->recv(slot, make_tag(Op::kRecv, slot, 1));
  socket_->finish();
  const std::vector<Completion> received = turn();
  ASSERT_EQ(received.size(), 1u);
  EXPECT_EQ(received[0].outcome(), Outcome::kDone);
  EXPECT_FALSE(IoRing::has_bytes(received[0]));
}

TEST_P(IoRingTest, APeerIsNoticedWhenItSaysSomethingAndWhenItGoes) {
  const uint32_t slot = accept();
  ring_->watch_peer(slot, make_tag(Op::kHangup, slot, 1));
  EXPECT_TRUE(turn().empty());
  socket_->write("chatter");
  const std::vector<Completion> heard = turn();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].count(), unsigned{POLLIN});
  socket_->finish();
  ring_->watch_peer(slot, make_tag(Op::kHangup, slot, 1));
  const std::vector<Completion> gone = turn();
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_EQ(gone[0].tag.kind(), Op::kHangup);
  EXPECT_EQ(gone[0].count() & POLLRDHUP, unsigned{POLLRDHUP});
}

TEST_P(IoRingTest, AFullSocketIsWritableWhenItsPeerHasRead) {
  const uint32_t slot = accept(/*window_bytes=*/4);
  ring_->send_now(slot, "0123", make_tag(Op::kHead, slot, 1));
  ring_->watch_writable(slot, make_tag(Op::kWritable, slot, 1));
  EXPECT_TRUE(turn().empty());
  (void)socket_->read(4);
  const std::vector<Completion> room = turn();
  ASSERT_EQ(room.size(), 1u);
  EXPECT_EQ(room[0].tag.kind(), Op::kWritable);
}

TEST_P(IoRingTest, TheDoorbellIsHeardEveryTime) {
  const UniqueFd doorbell{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  ring_->watch_doorbell(doorbell.get(), make_tag(Op::kDoorbell, 0, 0));
  EXPECT_TRUE(turn().empty());
  for (int ring = 0; ring < 3; ++ring) {
    ASSERT_EQ(::eventfd_write(doorbell.get(), 1), 0);
    const std::vector<Completion> heard = turn();
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_FALSE(IoRing::ends(heard[0]));
  }
}

TEST_P(IoRingTest, CancellingIsSilentUnlessThereIsNothingToCancel) {
  const uint32_t slot = accept();
  ring_->watch_peer(slot, make_tag(Op::kHangup, slot, 1));
  EXPECT_TRUE(turn().empty());
  ring_->cancel(make_tag(Op::kHangup, slot, 1));
  std::vector<Completion> ended = turn();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].tag.kind(), Op::kHangup);
  EXPECT_EQ(ended[0].outcome(), Outcome::kCancelled);
  ring_->cancel(make_tag(Op::kHangup, slot, 1));
  ended = turn();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].tag.kind(), Op::kCancel);
  EXPECT_EQ(ended[0].outcome(), Outcome::kNotFound);
}

TEST_P(IoRingTest, AClosedSlotIsFree) {
  const uint32_t slot = accept();
  ring_->close(slot, make_tag(Op::kClose, slot, 1));
  const std::vector<Completion> closed = turn();
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].tag.kind(), Op::kClose);
  EXPECT_TRUE(socket_->is_at_end());
  EXPECT_EQ(kernel_->open_sockets(), 0u);
}

// --- Submitting

TEST_P(IoRingTest, NothingReachesTheKernelBeforeSubmit) {
  const uint32_t slot = accept();
  const uint64_t enters = kernel_->seen().enters;
  ring_->send_now(slot, "hello", make_tag(Op::kHead, slot, 1));
  EXPECT_EQ(kernel_->seen().enters, enters);
  EXPECT_EQ(socket_->read(10), "");
}

TEST_P(IoRingTest, WithNothingPreparedNoCallIsMade) {
  const uint64_t enters = kernel_->seen().enters;
  const uint64_t submissions = ring_->submissions();
  EXPECT_EQ(ring_->submit(), 0u);
  ring_->reap();
  EXPECT_EQ(kernel_->seen().enters, enters);
  EXPECT_EQ(ring_->submissions(), submissions);
}

TEST_P(IoRingTest, AFullRingSubmitsByItself) {
  const uint32_t slot = accept();
  EXPECT_FALSE(ring_->is_full());
  for (int i = 0; i < 16; ++i) {
    EXPECT_FALSE(ring_->is_full());
    ring_->cancel(make_tag(Op::kHangup, slot, 1));
  }
  EXPECT_TRUE(ring_->is_full());
  const uint64_t submissions = ring_->submissions();
  ring_->cancel(make_tag(Op::kHangup, slot, 1));
  EXPECT_GT(ring_->submissions(), submissions);
  EXPECT_EQ(turn().size(), 17u);
}

TEST_P(IoRingTest, AKernelThatTakesLittleAtATimeIsAskedAgain) {
  open({.sq_entries = 16, .cq_entries = 32, .slots = 8}, {.refuses_enter = 2, .partial_enter = 2});
  ring_->accept(kListener, name_, make_tag(Op::kAccept, 0, 0));
  EXPECT_EQ(ring_->submit(), 0u);
  EXPECT_EQ(kernel_->seen().accepts_armed, 1u);
}

// What is prepared and not taken still points to its bytes: they are not free.
TEST_P(IoRingTest, WhatTheKernelWillNotTakeIsCountedAndCanBeWithdrawn) {
  const uint32_t slot = accept();
  kernel_->set_hostility({.refusal_storm = 1});
  const std::string frame = "frame";
  ring_->send_now(slot, "head", make_tag(Op::kHead, slot, 1));
  ring_->send_now(slot, frame, make_tag(Op::kRingSend, 5, 1));
  ring_->send_now(slot, frame, make_tag(Op::kRingSend, 6, 1));
  const uint64_t submissions = ring_->submissions();
  EXPECT_EQ(ring_->submit(), 3u);
  EXPECT_EQ(ring_->submissions(), submissions);

  std::vector<uint32_t> withdrawn;
  ring_->withdraw(Op::kRingSend,
                  [&](CompletionTag tag) { withdrawn.push_back(static_cast<uint32_t>(tag.slot)); });
  EXPECT_EQ(withdrawn, (std::vector<uint32_t>{5, 6}));
  kernel_->calm_down();
  int tries = 0;
  while (ring_->submit() != 0) ASSERT_LT(++tries, 10);
  EXPECT_GT(ring_->submissions(), submissions);
  EXPECT_EQ(socket_->read(100), "head");
  EXPECT_EQ(kernel_->seen().withdrawn, 2u);
  EXPECT_EQ(kernel_->seen().ring_sends, 0u);
}

// --- Completions

TEST_P(IoRingTest, DrainHandlesWhatWasThereAndLeavesWhatCameMeanwhile) {
  const uint32_t slot = accept();
  for (int i = 0; i < 3; ++i) ring_->cancel(make_tag(Op::kHangup, slot, 1));
  EXPECT_EQ(ring_->submit(), 0u);
  int handled = 0;
  ring_->drain([&](const Completion&) {
    ++handled;
    ring_->cancel(make_tag(Op::kHangup, slot, 1));
    EXPECT_EQ(ring_->submit(), 0u);
  });
  EXPECT_EQ(handled, 3);
  EXPECT_TRUE(ring_->has_completions());
  EXPECT_EQ(drain().size(), 3u);
  EXPECT_FALSE(ring_->has_completions());
}

TEST_P(IoRingTest, CompletionsBeyondTheRingAreSetAsideInOrderAndBroughtByReap) {
  open({.sq_entries = 8, .cq_entries = 8, .slots = 8});
  for (uint32_t i = 0; i < 20; ++i) ring_->close(100 + i, make_tag(Op::kClose, i, 0));
  EXPECT_EQ(ring_->submit(), 0u);
  EXPECT_TRUE(ring_->has_overflow());
  std::vector<Completion> all;
  for (int rounds = 0; rounds < 3; ++rounds) {
    for (const Completion& completion : drain()) all.push_back(completion);
    ring_->reap();
  }
  EXPECT_FALSE(ring_->has_overflow());
  ASSERT_EQ(all.size(), 20u);
  for (uint32_t i = 0; i < 20; ++i) EXPECT_EQ(all[i].tag.slot, i);
  // The slots were never open, which is not what this test is about.
  open({.sq_entries = 8, .cq_entries = 8, .slots = 8});
}

TEST_P(IoRingTest, WaitSleepsUntilACompletionOrTheTimeout) {
  const uint32_t slot = accept();
  milliseconds slept{0};
  kernel_->surround_with(
      {.is_in_ring = {}, .is_reading_rings = {}, .meanwhile = {}, .asleep = [&](milliseconds most) {
         slept = most;
         socket_->finish();
       }});
  ring_->watch_peer(slot, make_tag(Op::kHangup, slot, 1));
  ring_->wait(milliseconds(1'500));
  EXPECT_EQ(slept, milliseconds(1'500));
  EXPECT_EQ(drain().size(), 1u);
  // With something there already it does not sleep.
  ring_->cancel(make_tag(Op::kHangup, slot, 1));
  ring_->wait(milliseconds(1'500));
  EXPECT_EQ(kernel_->seen().sleeps, 1u);
}

std::string name_of_kind(const testing::TestParamInfo<DescriptorKind>& info) {
  return info.param == DescriptorKind::kDirect ? "Direct" : "Plain";
}

INSTANTIATE_TEST_SUITE_P(Descriptors, IoRingTest,
                         testing::Values(DescriptorKind::kDirect, DescriptorKind::kPlain),
                         name_of_kind);

}  // namespace
}  // namespace ringcast::net
