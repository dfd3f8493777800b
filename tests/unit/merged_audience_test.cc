#include "net/merged_audience.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/merged_rig.h"

namespace ringcast::net {
namespace {

using Ids = std::vector<EventId>;

// When whoever was full at 0 is slow.
constexpr MonotonicMs kMuchLater = 100'000;

// --- Who is sent what

TEST(MergedAudience, SeveralChannelsComeInTheOrderOfTheirIds) {
  MergedRig rig({merged_channel("a"), merged_channel("b")});
  const MemberIndex member = rig.join(1, {"a", "b"});
  Ids published;
  for (const char* const name : {"a", "b", "b", "a", "b"}) published.push_back(*rig.publish(name));
  EXPECT_EQ(rig.drain(1, member), published);
}

TEST(MergedAudience, OneSendCoversWhatLiesSideBySideAndComesNext) {
  MergedRig rig({merged_channel("a"), merged_channel("b")});
  rig.join(1, {"a", "b"});
  Ids published;
  for (const char* const name : {"a", "a", "b", "a"}) published.push_back(*rig.publish(name));
  const std::vector<PlannedSend> first = rig.batch();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(rig.ids_in(first[0]), Ids(published.begin(), published.begin() + 2));
  EXPECT_EQ(rig.ids_in(rig.batch().at(0)), Ids{published[2]});
  EXPECT_EQ(rig.ids_in(rig.batch().at(0)), Ids{published[3]});
  EXPECT_TRUE(rig.batch().empty());
  EXPECT_FALSE(rig.audience().has_work());
}

TEST(MergedAudience, ARecipientIsSentItsOwnFramesOnly) {
  MergedRig rig({merged_channel("box/{who}")});
  const MemberIndex alice = rig.join(1, {"box/alice"});
  rig.join(2, {"box/carol"});
  Ids for_alice;
  for (const char* const name : {"box/alice", "box/bob", "box/alice", "box/alice"}) {
    const EventId id = *rig.publish(name);
    if (std::string_view(name) == "box/alice") for_alice.push_back(id);
  }
  const std::vector<PlannedSend> first = rig.batch();
  ASSERT_EQ(first.size(), 1u) << "nothing is for carol";
  EXPECT_EQ(first[0].frames, 1u) << "bob's frame lies behind it";
  Ids received = rig.ids_in(first[0]);
  const Ids rest = rig.drain(1, alice);
  received.insert(received.end(), rest.begin(), rest.end());
  EXPECT_EQ(received, for_alice);
}

TEST(MergedAudience, ANewMemberGetsNoFramesInTheBatchOfItsHead) {
  MergedRig rig({skipping_channel("a")});
  const MemberIndex member = rig.join_quiet(1, {"a"});
  ASSERT_TRUE(rig.publish("a"));
  EXPECT_TRUE(rig.batch().empty());
  rig.audience().settle_quiet(member);
  EXPECT_EQ(rig.batch().size(), 1u);
}

TEST(MergedAudience, ReplayAndWhatComesMeanwhileAreOneSequence) {
  MergedRig rig({merged_channel("a"), merged_channel("b")});
  Ids published;
  for (const char* const name : {"a", "b", "a", "b"}) published.push_back(*rig.publish(name));
  const MemberIndex member = rig.join(1, {"a", "b"}, after(published[0]));
  published.push_back(*rig.publish("a"));
  EXPECT_EQ(rig.drain(1, member), Ids(published.begin() + 1, published.end()));
  EXPECT_EQ(rig.tally("a").replayed.get() + rig.tally("b").replayed.get(), 3u);
}

TEST(MergedAudience, ABatchIsBoundedAndTheNextGoesOnWhereItEnded) {
  MergedRig rig({skipping_channel("a")});
  for (uint32_t slot = 0; slot < 300; ++slot) rig.join(slot, {"a"});
  (void)rig.batch();
  ASSERT_TRUE(rig.publish("a"));
  std::set<uint32_t> served;
  for (const size_t expected : {size_t{256}, size_t{44}}) {
    const std::vector<PlannedSend> sends = rig.batch();
    EXPECT_EQ(sends.size(), expected);
    for (const PlannedSend& send : sends) EXPECT_TRUE(served.insert(send.slot).second);
  }
  EXPECT_TRUE(rig.batch().empty());
}

TEST(MergedAudience, ExpiredFramesAreNotReplayedAndCounted) {
  MergedRig rig({skipping_channel("a")});
  const EventId before = *rig.publish("a");
  Ids lasting;
  for (const int64_t ttl : {0, 100, 0, 100, 100}) {
    const EventId id = *rig.publish("a", "x", milliseconds(ttl));
    if (ttl == 0) lasting.push_back(id);
  }
  rig.set_wall(rig.wall() + 200);
  const MemberIndex member = rig.join(1, {"a"}, after(before));
  EXPECT_EQ(rig.drain(1, member), lasting);
  EXPECT_EQ(rig.tally("a").skipped.get(), 3u);
  EXPECT_EQ(rig.owed("a"), 0u);
}

// It was counted when the event was committed, so it gets it, however late the batch is.
TEST(MergedAudience, WhoIsThereGetsWhatExpiresOnTheWay) {
  MergedRig rig({skipping_channel("a")});
  const MemberIndex member = rig.join(1, {"a"});
  const EventId id = *rig.publish("a", "x", milliseconds(1));
  rig.set_wall(rig.wall() + 200);
  EXPECT_EQ(rig.drain(1, member), Ids{id});
  EXPECT_EQ(rig.tally("a").skipped.get(), 0u);
}

// --- Full sockets

TEST(MergedAudience, WhatDidNotFitIsSentWhenThereIsRoom) {
  MergedRig rig({skipping_channel("a")});
  const MemberIndex member = rig.join(1, {"a"});
  Ids published;
  for (int i = 0; i < 3; ++i) published.push_back(*rig.publish("a"));
  const PlannedSend send = rig.batch().at(0);
  const Position second = rig.wire("a").at(send.frame + 1);
  EXPECT_TRUE(rig.audience().sent_only(send, member, second, 0));
  EXPECT_EQ(rig.tally("a").unsent.get(), 2u);
  EXPECT_TRUE(rig.batch().empty()) << "its socket is full";
  EXPECT_FALSE(rig.audience().can_take_quiet(member));
  rig.audience().room(member, 10);
  EXPECT_EQ(rig.ids_in(rig.batch().at(0)), Ids(published.begin() + 1, published.end()));
  EXPECT_TRUE(rig.batch().empty());
  EXPECT_TRUE(rig.audience().can_take_quiet(member)) << "it has caught up";
  rig.audience().check_invariants();
}

// However many sends it takes, and whatever else has come: nothing may stand between the parts of a frame.
TEST(MergedAudience, AFrameThatWasCutGoesOnWhereItWasCut) {
  MergedRig rig({skipping_channel("a"), skipping_channel("b")});
  const MemberIndex member = rig.join(1, {"a", "b"});
  const EventId first = *rig.publish("a", std::string(100, 'x'));
  const EventId second = *rig.publish("b");
  const PlannedSend send = rig.batch().at(0);
  EXPECT_EQ(rig.ids_in(send), Ids{first});
  EXPECT_TRUE(rig.audience().sent_only(send, member, send.from + 10, 0));
  rig.audience().room(member, 1);
  const PlannedSend rest = rig.batch().at(0);
  EXPECT_EQ(rest.from, send.from + 10);
  EXPECT_EQ(rest.to, send.to);
  EXPECT_TRUE(rig.audience().sent_only(rest, member, rest.from + 5, 2));
  rig.audience().room(member, 3);
  EXPECT_EQ(rig.batch().at(0).from, send.from + 15);
  EXPECT_EQ(rig.ids_in(rig.batch().at(0)), Ids{second});
  rig.audience().check_invariants();
}

TEST(MergedAudience, TheRestOfAFrameIsNotLeftOutWhenItExpires) {
  MergedRig rig({skipping_channel("a")});
  const MemberIndex member = rig.join(1, {"a"});
  ASSERT_TRUE(rig.publish("a", "x", milliseconds(100)));
  const PlannedSend send = rig.batch().at(0);
  EXPECT_TRUE(rig.audience().sent_only(send, member, send.from + 3, 0));
  rig.set_wall(rig.wall() + 200);
  rig.audience().room(member, 1);
  EXPECT_EQ(rig.batch().at(0).from, send.from + 3);
}

TEST(MergedAudience, WhoseFrameWasCutAndOverwrittenIsLappedWhateverThePolicy) {
  MergedRig rig({skipping_channel("a")});
  const MemberIndex member = rig.join(1, {"a"});
  ASSERT_TRUE(rig.publish("a"));
  const PlannedSend send = rig.batch().at(0);
  EXPECT_TRUE(rig.audience().sent_only(send, member, send.from + 3, 0));
  ASSERT_TRUE(rig.overwrite("a", kMuchLater));
  rig.audience().room(member, kMuchLater);
  EXPECT_TRUE(rig.batch(kMuchLater).empty());
  EXPECT_EQ(rig.lapped(), std::vector<uint32_t>{1});
}

// A slow one holds nobody, so what it was just sent may be gone before it is known that it did not fit.
TEST(MergedAudience, AFailureInAFrameThatIsGoneCannotBeMended) {
  MergedRig rig({skipping_channel("a")});
  const MemberIndex member = rig.join(1, {"a"});
  ASSERT_TRUE(rig.publish("a"));
  const PlannedSend send = rig.batch().at(0);
  EXPECT_TRUE(rig.audience().sent_only(send, member, send.from, 0));
  (void)rig.batch(kMuchLater);
  rig.audience().room(member, kMuchLater);
  const PlannedSend again = rig.batch(kMuchLater).at(0);
  while (rig.publish("a", std::string(150, 'f'))) {
  }
  ASSERT_GT(rig.wire("a").begin(), again.frame);
  EXPECT_FALSE(rig.audience().sent_only(again, member, again.from + 3, kMuchLater));
}

TEST(MergedAudience, ASendThatWasNeverHandedOverIsPlannedAgain) {
  MergedRig rig({skipping_channel("a"), skipping_channel("b")});
  const MemberIndex member = rig.join(1, {"a", "b"});
  Ids published;
  for (const char* const name : {"a", "a", "b"}) published.push_back(*rig.publish(name));
  const PlannedSend send = rig.batch().at(0);
  rig.audience().take_back(send, member);
  EXPECT_EQ(rig.tally("a").unsent.get(), 2u);
  EXPECT_EQ(rig.drain(1, member), published);
  EXPECT_EQ(rig.tally("a").sent.get() - rig.tally("a").unsent.get(), 2u);
}

TEST(MergedAudience, TheRestOfAFrameCanBeTakenBackToo) {
  MergedRig rig({skipping_channel("a")});
  const MemberIndex member = rig.join(1, {"a"});
  ASSERT_TRUE(rig.publish("a"));
  const PlannedSend send = rig.batch().at(0);
  EXPECT_TRUE(rig.audience().sent_only(send, member, send.from + 7, 0));
  rig.audience().room(member, 1);
  const PlannedSend rest = rig.batch().at(0);
  rig.audience().take_back(rest, member);
  const PlannedSend again = rig.batch().at(0);
  EXPECT_EQ(again.from, rest.from);
  EXPECT_EQ(again.to, rest.to);
}

// --- Quiet sends

TEST(MergedAudience, AHeartbeatAndFramesDoNotShareABatch) {
  MergedRig rig({skipping_channel("a")});
  const MemberIndex member = rig.join(1, {"a"});
  ASSERT_TRUE(rig.audience().can_take_quiet(member));
  rig.audience().begin_quiet(member, 50);
  ASSERT_TRUE(rig.publish("a"));
  EXPECT_TRUE(rig.batch(60).empty());
  EXPECT_FALSE(rig.audience().can_take_quiet(member));
  EXPECT_EQ(rig.audience().silent_for(member, 80), 30);
  rig.audience().settle_quiet(member);
  EXPECT_EQ(rig.batch(90).size(), 1u);
  EXPECT_EQ(rig.audience().silent_for(member, 100), 10);
}

TEST(MergedAudience, ALaggardIsNeverSilent) {
  MergedRig rig({skipping_channel("a")});
  const MemberIndex member = rig.join(1, {"a"});
  ASSERT_TRUE(rig.publish("a"));
  EXPECT_TRUE(rig.audience().sent_only(rig.batch().at(0), member, 0, 0));
  EXPECT_EQ(rig.audience().silent_for(member, 1'000), 0);
}

TEST(MergedAudience, TheShortestHeartbeatOfItsChannelsCounts) {
  std::vector<ChannelConfig> configs{merged_channel("a"), merged_channel("b")};
  configs[0].heartbeat = milliseconds(700);
  configs[1].heartbeat = milliseconds(300);
  MergedRig rig(configs);
  EXPECT_EQ(rig.audience().heartbeat_of(rig.join(1, {"a", "b"})), milliseconds(300));
  EXPECT_EQ(rig.audience().heartbeat_of(rig.join(2, {"a"})), milliseconds(700));
}

TEST(MergedAudience, IsUpToDateWhenEverythingCommittedHasBeenPlanned) {
  MergedRig rig({skipping_channel("a"), skipping_channel("b")});
  const MemberIndex member = rig.join(1, {"a", "b"});
  EXPECT_TRUE(rig.audience().is_up_to_date(member));
  ASSERT_TRUE(rig.publish("b"));
  EXPECT_FALSE(rig.audience().is_up_to_date(member)) << "nobody has looked yet";
  (void)rig.batch();
  EXPECT_TRUE(rig.audience().is_up_to_date(member));
}

// --- Pacing

// Or a few who ask, never read, and come again could hold up every publisher.
TEST(MergedAudience, WhoComesForThePastSetsThePaceOnceItHasCaughtUp) {
  MergedRig rig({skipping_channel("a")});
  const EventId first = *rig.publish("a");
  ASSERT_TRUE(rig.publish("a"));
  const MemberIndex member = rig.join_quiet(2, {"a"}, after(first));
  EXPECT_EQ(rig.reported("a"), rig.wire("a").ring().committed());
  EXPECT_TRUE(rig.overwrite("a")) << "nobody waits while its head has yet to go";
  rig.audience().settle_quiet(member);
  while (rig.audience().has_work()) {
    if (!rig.batch().empty() || rig.gaps().empty()) continue;
    rig.audience().settle_quiet(member);
  }
  ASSERT_TRUE(rig.audience().can_take_quiet(member)) << "it has caught up";
  ASSERT_TRUE(rig.publish("a"));
  const PlannedSend send = rig.batch().at(0);
  ASSERT_TRUE(rig.audience().sent_only(send, member, send.from, 0));
  EXPECT_FALSE(rig.overwrite("a")) << "now its socket is full for a moment, as anybody's may be";
}

TEST(MergedAudience, ALaggardHoldsPublishersUntilItIsSlow) {
  MergedRig rig({skipping_channel("a")});
  const MemberIndex member = rig.join(1, {"a"});
  ASSERT_TRUE(rig.publish("a"));
  const PlannedSend send = rig.batch().at(0);
  EXPECT_TRUE(rig.audience().sent_only(send, member, send.from, 0));
  (void)rig.batch(500);
  EXPECT_EQ(rig.reported("a"), send.from);
  EXPECT_FALSE(rig.overwrite("a"));
  // Whoever was refused asks again and again, and in the meantime slow_after passes.
  for (const MonotonicMs now : {600, 800, 1'001}) {
    EXPECT_FALSE(rig.publish("a", std::string(150, 'f')));
    (void)rig.batch(now);
  }
  EXPECT_GT(rig.reported("a"), send.from);
  EXPECT_TRUE(rig.overwrite("a", 1'001));
}

TEST(MergedAudience, FramesForOthersHoldNobody) {
  MergedRig rig({skipping_channel("box/{who}")});
  rig.join(1, {"box/1"});
  for (int i = 0; i < 200; ++i) {
    if (rig.publish("box/2", std::string(150, 'f'))) continue;
    EXPECT_TRUE(rig.batch().empty());
    EXPECT_TRUE(rig.publish("box/2", std::string(150, 'f'))) << "after " << i << " events";
  }
}

TEST(MergedAudience, WhoLeavesHoldsNobody) {
  MergedRig rig({skipping_channel("a")});
  const EventId first = *rig.publish("a");
  ASSERT_TRUE(rig.publish("a"));
  const MemberIndex member = rig.join_quiet(1, {"a"}, after(first));
  (void)rig.batch();
  EXPECT_NE(rig.reported("a"), kNobodyBehind);
  rig.leave(member);
  EXPECT_EQ(rig.reported("a"), kNobodyBehind);
}

// --- Members

TEST(MergedAudience, WhatIsOwedToOneWhoLeavesIsCounted) {
  MergedRig rig({skipping_channel("a"), merged_channel("box/{who}")});
  const MemberIndex member = rig.join(1, {"a", "box/1"});
  for (const char* const name : {"a", "box/1", "box/1", "box/2"}) ASSERT_TRUE(rig.publish(name));
  EXPECT_EQ(rig.owed("a"), 1u);
  EXPECT_EQ(rig.owed("box/1"), 2u);
  EXPECT_EQ(rig.audience().size(), 1u);
  rig.leave(member);
  EXPECT_EQ(rig.audience().size(), 0u);
  EXPECT_EQ(rig.tally("a").closed_owing.get(), 1u);
  EXPECT_EQ(rig.tally("box/1").closed_owing.get(), 2u);
  EXPECT_EQ(rig.owed("a") + rig.owed("box/1"), 0u);
  EXPECT_TRUE(rig.batch().empty());
}

TEST(MergedAudience, APlaceThatBecameFreeIsTakenByTheNext) {
  MergedRig rig({skipping_channel("a"), skipping_channel("b")});
  const MemberIndex first = rig.join(1, {"a"});
  const MemberIndex second = rig.join(2, {"a"});
  ASSERT_TRUE(rig.publish("a"));
  rig.leave(first);  // while it stands on the list
  const MemberIndex third = rig.join(3, {"b"});
  EXPECT_EQ(third, first);
  EXPECT_NE(third, second);
  ASSERT_TRUE(rig.publish("b"));
  std::set<uint32_t> slots;
  for (const PlannedSend& send : rig.batch()) EXPECT_TRUE(slots.insert(send.slot).second);
  EXPECT_EQ(slots, (std::set<uint32_t>{2, 3}));
  rig.audience().check_invariants();
}

TEST(MergedAudience, ItsSourcesAreTheOnesItAskedFor) {
  MergedRig rig({merged_channel("a"), merged_channel("box/{who}")});
  const MemberIndex member = rig.join(1, {"box/1", "a", "box/2"});
  std::multiset<std::string> found;
  rig.audience().for_each_source(member, [&](const Channel& channel, const KeyedHash& recipient) {
    EXPECT_EQ(recipient.is_zero(), !channel.is_pattern());
    found.insert(channel.config().name);
  });
  EXPECT_EQ(found, (std::multiset<std::string>{"a", "box/{who}", "box/{who}"}));
}

}  // namespace
}  // namespace ringcast::net
