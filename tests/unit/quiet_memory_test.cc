#include "net/quiet_memory.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/fake_kernel.h"

namespace ringcast::net {
namespace {

constexpr unsigned kEntries = 8;

class QuietMemoryTest : public testing::Test {
 protected:
  // Something for the kernel to take.
  void prepare() { ring_.cancel(make_tag(Op::kHangup, 0, 0)); }

  FakeKernel kernel_{{.sq_entries = kEntries, .cq_entries = 64, .slots = 8}, {}, 1};
  IoRing ring_{kernel_, DescriptorKind::kDirect};
  QuietMemory quiet_;
};

TEST_F(QuietMemoryTest, KeepsACopyUntilTheNextSubmission) {
  std::string bytes = "first";
  const std::string_view first = quiet_.keep(bytes, ring_);
  bytes = "xxxxx";
  const std::string_view second = quiet_.keep("second", ring_);
  EXPECT_EQ(first, "first");
  EXPECT_EQ(second, "second");
}

TEST_F(QuietMemoryTest, IsFreeAgainAfterEachSubmission) {
  const std::string half(QuietMemory::kBytes / 2, 'x');
  const char* const first = quiet_.keep(half, ring_).data();
  prepare();
  ASSERT_EQ(ring_.submit(), 0u);
  EXPECT_EQ(quiet_.keep(half, ring_).data(), first);
}

TEST_F(QuietMemoryTest, SubmitsWhenThereIsNoRoom) {
  const std::string most(QuietMemory::kBytes - 10, 'x');
  (void)quiet_.keep(most, ring_);
  prepare();
  const uint64_t submissions = ring_.submissions();
  EXPECT_EQ(quiet_.keep("more than ten bytes", ring_), "more than ten bytes");
  EXPECT_GT(ring_.submissions(), submissions);
}

// Were the ring full when the send itself is prepared, that would submit everything before it, and
// the next bytes kept would take the place of these.
TEST_F(QuietMemoryTest, WhatIsKeptForASendIsNotFreedByTheSendBeingPrepared) {
  (void)quiet_.keep("in front of it", ring_);
  for (unsigned i = 0; i < kEntries; ++i) prepare();
  ASSERT_TRUE(ring_.is_full());
  const std::string_view kept = quiet_.keep("kept", ring_);
  prepare();  // the send
  (void)quiet_.keep(std::string(100, 'x'), ring_);
  EXPECT_EQ(kept, "kept");
}

// A kernel that takes nothing for a while has not finished with the bytes.
TEST_F(QuietMemoryTest, WhatTheKernelHasNotTakenIsNotFree) {
  kernel_.set_hostility({.refusal_storm = 1});
  const std::string_view kept = quiet_.keep("kept", ring_);
  prepare();
  ASSERT_EQ(ring_.submit(), 1u);
  (void)quiet_.keep("overwritten", ring_);
  EXPECT_EQ(kept, "kept");
}

}  // namespace
}  // namespace ringcast::net
