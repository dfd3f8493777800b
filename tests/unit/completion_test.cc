#include "net/uring/completion.h"

#include <gtest/gtest.h>

namespace ringcast::net {
namespace {

TEST(CompletionTag, ComesBackAsItWent) {
  const CompletionTag tag = make_tag(Op::kWritable, 0xfffffffe, kGenerationMask - 1);
  const CompletionTag back = CompletionTag::unpack(tag.pack());
  EXPECT_EQ(back.kind(), Op::kWritable);
  EXPECT_EQ(back.slot, 0xfffffffeu);
  EXPECT_EQ(back.generation, kGenerationMask - 1);
}

TEST(CompletionTag, GenerationsWrap) {
  EXPECT_EQ(make_tag(Op::kRecv, 1, kGenerationMask + 1).generation, 0u);
}

TEST(CompletionTag, TellsApartOperationsSlotsAndGenerations) {
  const uint64_t tag = make_tag(Op::kRecv, 1, 2).pack();
  EXPECT_NE(tag, make_tag(Op::kReply, 1, 2).pack());
  EXPECT_NE(tag, make_tag(Op::kRecv, 2, 2).pack());
  EXPECT_NE(tag, make_tag(Op::kRecv, 1, 3).pack());
}

struct Case {
  int result;
  Outcome outcome;
};

class CompletionOutcome : public testing::TestWithParam<Case> {};

TEST_P(CompletionOutcome, SaysInOurTermsWhatTheKernelSaid) {
  const Completion completion{make_tag(Op::kReply, 0, 0), GetParam().result, 0};
  EXPECT_EQ(completion.outcome(), GetParam().outcome);
}

INSTANTIATE_TEST_SUITE_P(
    Results, CompletionOutcome,
    testing::Values(Case{0, Outcome::kDone}, Case{17, Outcome::kDone},
                    Case{-EAGAIN, Outcome::kFull}, Case{-EPIPE, Outcome::kPeerGone},
                    Case{-ECONNRESET, Outcome::kPeerGone}, Case{-ECONNABORTED, Outcome::kPeerGone},
                    Case{-ENOTCONN, Outcome::kPeerGone}, Case{-ETIMEDOUT, Outcome::kPeerGone},
                    Case{-EHOSTUNREACH, Outcome::kPeerGone}, Case{-ENETUNREACH, Outcome::kPeerGone},
                    Case{-ECANCELED, Outcome::kCancelled}, Case{-ENOBUFS, Outcome::kNoMemory},
                    Case{-ENFILE, Outcome::kTableFull}, Case{-EMFILE, Outcome::kTableFull},
                    Case{-ENOENT, Outcome::kNotFound}, Case{-EALREADY, Outcome::kNotFound},
                    Case{-EBADF, Outcome::kFailed}, Case{-EINVAL, Outcome::kFailed},
                    Case{-ENOMEM, Outcome::kNoMemory}));

}  // namespace
}  // namespace ringcast::net
