#include "net/audience.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "tests/support/audience_rig.h"

namespace ringcast::net {
namespace {

constexpr MonotonicMs kSlowAfter = 1'000;

// --- Who is sent what

TEST(Audience, WhoJoinsIsSentWhatIsCommittedFromThenOn) {
  AudienceRig rig;
  ASSERT_TRUE(rig.append());
  const Position joined_at = rig.committed();
  rig.join(7);
  EXPECT_TRUE(rig.batch().empty());
  ASSERT_TRUE(rig.append());
  const std::vector<PlannedSend> sends = rig.batch();
  ASSERT_EQ(sends.size(), 1u);
  EXPECT_EQ(sends[0].from, joined_at);
  EXPECT_EQ(sends[0].to, rig.committed());
  EXPECT_EQ(sends[0].slot, 7u);
  EXPECT_EQ(sends[0].audience, rig.audience().number());
}

TEST(Audience, OneSendCoversAllFramesThatThereAre) {
  AudienceRig rig;
  rig.join(1);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(rig.append());
  EXPECT_EQ(rig.batch().size(), 1u);
  EXPECT_TRUE(rig.batch().empty());
  EXPECT_FALSE(rig.audience().has_sends());
}

TEST(Audience, ANewMemberGetsNoFramesInTheBatchOfItsHead) {
  AudienceRig rig;
  const MemberIndex member = rig.join_quiet(1, 0);
  ASSERT_TRUE(rig.append());
  EXPECT_TRUE(rig.batch().empty());
  rig.audience().settle_quiet(member);
  EXPECT_TRUE(rig.audience().has_sends());
  EXPECT_EQ(rig.batch().size(), 1u);
}

TEST(Audience, AHeartbeatAndFramesDoNotShareABatch) {
  AudienceRig rig;
  const MemberIndex member = rig.join(1);
  rig.audience().begin_quiet(member, 0);
  ASSERT_TRUE(rig.append());
  EXPECT_TRUE(rig.batch().empty());
  EXPECT_FALSE(rig.audience().is_up_to_date(member));
  rig.audience().settle_quiet(member);
  EXPECT_EQ(rig.batch().size(), 1u);
}

TEST(Audience, ABatchIsBoundedAndTheNextGoesOnWhereItEnded) {
  AudienceRig rig;
  for (uint32_t slot = 0; slot < 600; ++slot) rig.join(slot);
  ASSERT_TRUE(rig.append());
  std::set<uint32_t> served;
  for (const size_t expected : {size_t{256}, size_t{256}, size_t{88}}) {
    const std::vector<PlannedSend> sends = rig.batch();
    EXPECT_EQ(sends.size(), expected);
    for (const PlannedSend& send : sends) EXPECT_TRUE(served.insert(send.slot).second);
  }
  EXPECT_FALSE(rig.audience().has_sends());
}

TEST(Audience, SweepsDoNotAlwaysBeginWithTheSame) {
  AudienceRig rig;
  for (uint32_t slot = 0; slot < 30; ++slot) rig.join(slot);
  std::set<uint32_t> first;
  for (MonotonicMs now = 0; now < 100'000; now += 10'000) {
    ASSERT_TRUE(rig.append());
    first.insert(rig.batch(now).at(0).slot);
  }
  EXPECT_GE(first.size(), 3u);
}

TEST(Audience, ACrowdThatHasJustComeIsServedAfterThoseWhoWereHere) {
  constexpr uint32_t kHere = 10;
  AudienceRig rig;
  for (uint32_t slot = 0; slot < kHere; ++slot) rig.join(slot);
  MonotonicMs now = 0;
  for (; now < 20'000; now += 5'000) {
    ASSERT_TRUE(rig.append());
    (void)rig.batch(now);
  }
  for (uint32_t slot = kHere; slot < 200; ++slot) rig.join(slot, now);
  for (int sweep = 0; sweep < 5; ++sweep) {
    ASSERT_TRUE(rig.append());
    const std::vector<PlannedSend> sends = rig.batch(now);
    ASSERT_EQ(sends.size(), 200u);
    for (uint32_t i = 0; i < kHere; ++i) EXPECT_LT(sends[i].slot, kHere);
  }
  bool are_mixed = false;
  for (; now < 50'000; now += 5'000) {
    ASSERT_TRUE(rig.append());
    are_mixed = rig.batch(now).at(0).slot >= kHere;
    if (are_mixed) break;
  }
  EXPECT_TRUE(are_mixed) << "they are still newcomers";
}

TEST(Audience, SomebodyFarBehindTakesSeveralSends) {
  AudienceRig rig(milliseconds(kSlowAfter), 2 * kMiB);
  rig.join(1);
  while (rig.committed() < 2 * kSweepSendBytesMax + 1000) ASSERT_TRUE(rig.append(450));
  Position at = 0;
  int sends = 0;
  for (; rig.audience().has_sends(); ++sends) {
    const std::vector<PlannedSend> planned = rig.batch();
    ASSERT_EQ(planned.size(), 1u);
    EXPECT_EQ(planned[0].from, at);
    EXPECT_LE(planned[0].to - planned[0].from, kSweepSendBytesMax);
    at = planned[0].to;
  }
  EXPECT_EQ(at, rig.committed());
  EXPECT_EQ(sends, 3);
}

// --- Failures

TEST(Audience, AfterAShortSendItGoesOnFromThereWhenThereIsRoom) {
  AudienceRig rig;
  const MemberIndex member = rig.join(1);
  ASSERT_TRUE(rig.append());
  const PlannedSend first = rig.batch().at(0);
  rig.sent_only(member, first.from + 10, 0);
  ASSERT_TRUE(rig.append());
  EXPECT_TRUE(rig.batch().empty()) << "its socket is full";
  rig.audience().room(member, 5);
  const std::vector<PlannedSend> second = rig.batch(5);
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].from, first.from + 10);
  EXPECT_EQ(second[0].to, rig.committed());
  EXPECT_FALSE(rig.audience().is_up_to_date(member)) << "it may have failed again";
  EXPECT_TRUE(rig.batch(6).empty());
  EXPECT_TRUE(rig.audience().is_up_to_date(member));
  rig.audience().check_invariants();
}

TEST(Audience, ALaggardCatchesUpInSmallerSteps) {
  AudienceRig rig(milliseconds(kSlowAfter), 2 * kMiB);
  const MemberIndex member = rig.join(1);
  while (rig.committed() < 3 * kCatchUpSendBytesMax) ASSERT_TRUE(rig.append(450));
  const PlannedSend first = rig.batch().at(0);
  rig.sent_only(member, first.from, 0);
  rig.audience().room(member, 1);
  Position at = first.from;
  while (at < rig.committed()) {
    const std::vector<PlannedSend> sends = rig.batch(1);
    ASSERT_EQ(sends.size(), 1u);
    EXPECT_EQ(sends[0].from, at);
    EXPECT_LE(sends[0].to - sends[0].from, kCatchUpSendBytesMax);
    at = sends[0].to;
  }
}

TEST(Audience, LaggardsLeaveHalfOfABatchToTheSweep) {
  AudienceRig rig;
  for (uint32_t slot = 0; slot < 600; ++slot) rig.join(slot);
  ASSERT_TRUE(rig.append());
  for (int i = 0; i < 3; ++i) {
    for (const PlannedSend& send : rig.batch()) {
      if (send.slot >= 300) continue;
      rig.sent_only(send.slot, send.from, 0);  // members have not moved: slot is index
    }
  }
  for (MemberIndex member = 0; member < 300; ++member) rig.audience().room(member, 1);
  ASSERT_TRUE(rig.append());
  const std::vector<PlannedSend> sends = rig.batch(1);
  EXPECT_EQ(sends.size(), kSendsPerBatchMax);
  const auto laggards = std::ranges::count_if(sends, [](const auto& s) { return s.slot < 300; });
  EXPECT_EQ(laggards, 128);
}

TEST(Audience, WhatTheKernelDidNotTakeIsPlannedAgain) {
  AudienceRig rig;
  const MemberIndex member = rig.join(1);
  ASSERT_TRUE(rig.append());
  const PlannedSend first = rig.batch().at(0);
  rig.take_back(member);
  EXPECT_TRUE(rig.audience().has_sends());
  const std::vector<PlannedSend> again = rig.batch();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].from, first.from);
}

// --- Coming and going

TEST(Audience, TheLastMemberTakesThePlaceOfOneWhoLeaves) {
  AudienceRig rig;
  for (uint32_t slot = 10; slot < 14; ++slot) rig.join(slot);
  EXPECT_EQ(rig.audience().leave(1), std::optional<uint32_t>{13});
  EXPECT_EQ(rig.audience()[1].slot, 13u);
  EXPECT_EQ(rig.audience().leave(2), std::nullopt);
  EXPECT_EQ(rig.audience().size(), 2u);
  ASSERT_TRUE(rig.append());
  std::set<uint32_t> served;
  for (const PlannedSend& send : rig.batch()) served.insert(send.slot);
  EXPECT_EQ(served, (std::set<uint32_t>{10, 13}));
}

TEST(Audience, SomebodyLeavingDuringASweepCostsNobodyTheirFrames) {
  for (MemberIndex leaver = 0; leaver < 600; leaver += 37) {
    AudienceRig rig;
    for (uint32_t slot = 0; slot < 600; ++slot) rig.join(slot);
    ASSERT_TRUE(rig.append());
    std::multiset<uint32_t> served;
    for (const PlannedSend& send : rig.batch()) served.insert(send.slot);
    (void)rig.audience().leave(leaver);
    while (rig.audience().has_sends()) {
      for (const PlannedSend& send : rig.batch()) served.insert(send.slot);
    }
    for (uint32_t slot = 0; slot < 600; ++slot) {
      if (slot != leaver) {
        EXPECT_EQ(served.count(slot), 1u) << slot;
      }
    }
  }
}

TEST(Audience, LaggardsMayLeaveInAnyOrder) {
  AudienceRig rig;
  for (uint32_t slot = 0; slot < 8; ++slot) rig.join(slot);
  ASSERT_TRUE(rig.append());
  for (const PlannedSend& send : rig.batch()) {
    if (send.slot % 2 == 0) rig.sent_only(send.slot, send.from, 0);
  }
  for (const MemberIndex member : {0u, 3u, 5u, 0u, 2u, 0u, 1u, 0u}) {
    (void)rig.audience().leave(member);
    rig.audience().check_invariants();
  }
  EXPECT_EQ(rig.audience().size(), 0u);
}

// --- Silence

TEST(Audience, SilenceIsCountedFromTheLastBytes) {
  AudienceRig rig;
  const MemberIndex member = rig.join(1, 100);
  EXPECT_EQ(rig.audience().silent_for(member, 150), 50);
  ASSERT_TRUE(rig.append());
  (void)rig.batch(200);
  EXPECT_EQ(rig.audience().silent_for(member, 260), 60);
  rig.audience().begin_quiet(member, 300);
  EXPECT_EQ(rig.audience().silent_for(member, 310), 10);
}

TEST(Audience, SilenceIsRightWhenTheShortClockWraps) {
  AudienceRig rig;
  const MonotonicMs late = (MonotonicMs{1} << 32) - 10;
  const MemberIndex member = rig.join(1, late);
  EXPECT_EQ(rig.audience().silent_for(member, late + 30), 30);
}

TEST(Audience, AFullSocketIsNotSilent) {
  AudienceRig rig;
  const MemberIndex member = rig.join(1);
  ASSERT_TRUE(rig.append());
  const PlannedSend send = rig.batch().at(0);
  rig.sent_only(member, send.from, 0);
  EXPECT_EQ(rig.audience().silent_for(member, 50'000), 0);
  rig.audience().room(member, 50'000);
  EXPECT_EQ(rig.audience().silent_for(member, 60'000), 0);
  (void)rig.batch(60'000);
  (void)rig.batch(60'001);
  EXPECT_EQ(rig.audience().silent_for(member, 60'005), 4);
}

// --- Pacing

// A member that took nothing of the first of some frames, at time 0.
struct Laggard {
  explicit Laggard(AudienceRig& rig) : member(rig.join(99)) {
    EXPECT_TRUE(rig.append());
    for (const PlannedSend& send : rig.batch(0)) {
      if (send.slot == 99) stuck_at = send.from;
    }
    rig.sent_only(member, stuck_at, 0);
    (void)rig.batch(0);
  }
  MemberIndex member;
  Position stuck_at = 0;
};

TEST(Pacing, WithoutMembersNobodyIsBehind) {
  AudienceRig rig;
  EXPECT_EQ(rig.reported(), kNobodyBehind);
  const MemberIndex member = rig.join(1);
  EXPECT_EQ(rig.reported(), rig.committed());
  (void)rig.audience().leave(member);
  EXPECT_TRUE(rig.audience().has_report());
  (void)rig.batch();
  EXPECT_EQ(rig.reported(), kNobodyBehind);
}

TEST(Pacing, TheSlowestHealthyMemberIsReportedOneBatchLater) {
  AudienceRig rig;
  rig.join(1);
  rig.join(2);
  ASSERT_TRUE(rig.append());
  const Position before = rig.reported();
  (void)rig.batch();
  EXPECT_EQ(rig.reported(), before) << "a failure may still come";
  (void)rig.batch();
  EXPECT_EQ(rig.reported(), rig.committed());
  EXPECT_FALSE(rig.audience().has_report());
}

TEST(Pacing, ALaggardCountsUntilSlowAfter) {
  AudienceRig rig;
  rig.join(1);
  const Laggard laggard(rig);
  for (const MonotonicMs now : {MonotonicMs{0}, kSlowAfter / 2, kSlowAfter}) {
    rig.audience().mark_dirty();
    (void)rig.batch(now);
    (void)rig.batch(now);
    EXPECT_EQ(rig.reported(), laggard.stuck_at) << now;
  }
  rig.audience().mark_dirty();
  (void)rig.batch(kSlowAfter + 1);
  (void)rig.batch(kSlowAfter + 1);
  EXPECT_EQ(rig.reported(), rig.committed());
}

TEST(Pacing, OnlyTheTimeItsSocketIsFullCountsAgainstALaggard) {
  AudienceRig rig;
  const Laggard laggard(rig);
  rig.audience().room(laggard.member, 600);
  // It waits for us for a long time, then takes a little, and is full again.
  const PlannedSend send = rig.batch(5'000).at(0);
  rig.sent_only(laggard.member, send.from + 1, 5'000);
  (void)rig.batch(5'300);
  EXPECT_EQ(rig.reported(), send.from + 1);
  rig.audience().mark_dirty();
  (void)rig.batch(5'500);
  (void)rig.batch(5'500);
  EXPECT_EQ(rig.reported(), kNobodyBehind);
}

TEST(Pacing, ALaggardThatCatchesUpIsHealthyAgain) {
  AudienceRig rig;
  const Laggard laggard(rig);
  rig.audience().mark_dirty();
  (void)rig.batch(2 * kSlowAfter);
  (void)rig.batch(2 * kSlowAfter);
  ASSERT_EQ(rig.reported(), kNobodyBehind);
  rig.audience().room(laggard.member, 2 * kSlowAfter);
  for (int i = 0; i < 3; ++i) (void)rig.batch(2 * kSlowAfter);
  EXPECT_EQ(rig.reported(), rig.committed());
  EXPECT_TRUE(rig.audience().is_up_to_date(laggard.member));
}

// Under a publisher who is being paced nobody ever stands at the very end.
TEST(Pacing, ALaggardThatCoversALeadOfTheRingInTimeStaysHealthy) {
  AudienceRig rig(milliseconds(kSlowAfter), 2 * kMiB);
  const Laggard laggard(rig);
  const uint64_t lead = rig.ring().capacity_bytes() / kRingLeadFraction;
  while (rig.committed() < 6 * lead) ASSERT_TRUE(rig.append(450));
  Position at = laggard.stuck_at;
  for (MonotonicMs now = 100; at + 2 * lead < rig.committed(); now += kSlowAfter / 16) {
    rig.audience().room(laggard.member, now);
    const std::vector<PlannedSend> sends = rig.batch(now);
    ASSERT_EQ(sends.size(), 1u);
    at += kCatchUpSendBytesMax / 2;
    rig.sent_only(laggard.member, at, now);
    (void)rig.batch(now + 1);
    EXPECT_EQ(rig.reported(), at) << now;
  }
  EXPECT_GT(at, laggard.stuck_at + 2 * lead);
}

// --- Being lapped

// Publishes until what the laggard has not read is gone.
void overwrite(AudienceRig& rig, MonotonicMs now) {
  const Position floor = rig.ring().floor();
  for (int i = 0; i < 1'000 && rig.ring().floor() == floor; ++i) {
    ASSERT_TRUE(rig.append());
    (void)rig.batch(now);
    (void)rig.batch(now);
  }
}

TEST(Lapped, ABlockedMemberIsFoundThoughItsSocketNeverHasRoom) {
  AudienceRig rig;
  rig.join(1);
  const Laggard laggard(rig);
  overwrite(rig, 2 * kSlowAfter);
  rig.audience().mark_dirty();
  (void)rig.batch(2 * kSlowAfter);
  EXPECT_EQ(rig.lapped(), std::vector<uint32_t>{99});
}

TEST(Lapped, AMemberWithRoomIsToldBeforeItIsSentWrongBytes) {
  AudienceRig rig;
  rig.join(1);
  const Laggard laggard(rig);
  overwrite(rig, 2 * kSlowAfter);
  rig.audience().room(laggard.member, 2 * kSlowAfter);
  for (const PlannedSend& send : rig.batch(2 * kSlowAfter)) EXPECT_NE(send.slot, 99u);
  EXPECT_EQ(rig.lapped(), std::vector<uint32_t>{99});
}

TEST(Lapped, NobodyIsLappedByABurstWhileHealthy) {
  AudienceRig rig;
  rig.join(1);
  const Laggard laggard(rig);
  int appended = 0;
  while (rig.append()) {
    ASSERT_LT(++appended, 1'000) << "the publisher was never paced";
    (void)rig.batch(10);
    EXPECT_TRUE(rig.lapped().empty());
  }
  EXPECT_LE(rig.ring().floor(), laggard.stuck_at);
}

// Or a few who ask, never read, and come again could hold up every publisher.
TEST(Audience, WhoComesForThePastSetsThePaceOnceItHasCaughtUp) {
  AudienceRig rig;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(rig.append());
  const MemberIndex member = rig.join_from(1, 0);
  EXPECT_EQ(rig.reported(), rig.committed());
  rig.audience().settle_quiet(member);
  ASSERT_EQ(rig.batch().size(), 1u);
  rig.sent_only(member, 1, 0);  // its socket is full at once
  (void)rig.batch();
  EXPECT_EQ(rig.reported(), kNobodyBehind) << "it is the only one, and is not waited for";
  rig.audience().room(member, 10);
  while (rig.audience().has_work()) (void)rig.batch(10);
  ASSERT_TRUE(rig.audience().is_up_to_date(member));
  const Position caught_up = rig.committed();
  ASSERT_TRUE(rig.append());
  ASSERT_EQ(rig.batch(20).size(), 1u);
  rig.sent_only(member, caught_up, 20);
  (void)rig.batch(20);
  EXPECT_EQ(rig.reported(), caught_up) << "now it is";
}

}  // namespace
}  // namespace ringcast::net
