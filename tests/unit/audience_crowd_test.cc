// Crowds: sweeps that take several batches while people come, and laggards that take turns. A missed
// member here is somebody who never gets an event, with nothing left to notice it.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/support/audience_rig.h"

namespace ringcast::net {
namespace {

// Batches until nothing is left to plan; bounded, so that a plan that never ends fails.
void sweep_out(AudienceRig& rig) {
  for (int batch = 0; rig.audience().has_sends(); ++batch) {
    ASSERT_LT(batch, 1'000);
    rig.batch();
  }
}

TEST(Crowd, WhoJoinsDuringASweepMakesNobodyMissTheEvent) {
  for (const uint32_t joining : {1u, 50u, 300u}) {
    AudienceRig rig;
    uint32_t slots = 0;
    while (slots < 600) rig.join(slots++);
    rig.append();
    for (int batch = 0; batch < 2; ++batch) {
      rig.batch();
      for (uint32_t i = 0; i < joining; ++i) rig.join(slots++);
    }
    sweep_out(rig);
    for (MemberIndex member = 0; member < rig.audience().size(); ++member) {
      EXPECT_TRUE(rig.audience().is_up_to_date(member)) << member << " of " << slots;
    }
  }
}

TEST(Crowd, JoinsAndLeavesBetweenAllBatchesLeaveNobodyBehind) {
  AudienceRig rig;
  uint32_t slots = 0;
  while (slots < 1'500) rig.join(slots++);
  rig.append();
  for (int batch = 0; batch < 20; ++batch) {
    rig.batch();
    for (int i = 0; i < 7; ++i) rig.join(slots++);
    for (MemberIndex i = 0; i < 5; ++i) rig.audience().leave(i * 97);
  }
  sweep_out(rig);
  for (MemberIndex member = 0; member < rig.audience().size(); ++member) {
    EXPECT_TRUE(rig.audience().is_up_to_date(member)) << member;
  }
}

// The turn of laggards stands in the middle of them, one is done, and another takes its place.
TEST(Crowd, NoLaggardIsSentTwiceInOneBatch) {
  AudienceRig rig(milliseconds(1'000), kMiB);
  for (uint32_t slot = 0; slot < 4; ++slot) rig.join(slot);
  for (int event = 0; event < 300; ++event) ASSERT_TRUE(rig.append(1'000));
  sweep_out(rig);
  Audience& audience = rig.audience();
  for (const MemberIndex member : {0u, 1u}) {
    rig.sent_only(member, rig.committed() - 10, 0);
    audience.room(member, 0);
  }
  rig.batch();
  for (const MemberIndex member : {2u, 3u}) {
    rig.sent_only(member, 0, 0);
    audience.room(member, 0);
  }
  std::multiset<uint32_t> slots;
  for (const PlannedSend& send : rig.batch()) slots.insert(send.slot);
  for (const uint32_t slot : slots) EXPECT_EQ(slots.count(slot), 1u) << "slot " << slot;
  audience.check_invariants();
}

}  // namespace
}  // namespace ringcast::net
