// What a merged audience says of frames that are gone: in which place, to whom, and how often.
#include <gtest/gtest.h>

#include "net/merged_audience.h"
#include "tests/support/merged_rig.h"

namespace ringcast::net {
namespace {

constexpr MonotonicMs kMuchLater = 100'000;

std::string frame_of(const Gap& gap) {
  std::string frame;
  append_gap(frame, WireFormat::kChunked, gap);
  return frame;
}

class MergedGaps : public testing::Test {
 protected:
  // Its socket is full and what it was to get next is overwritten; the id of the first that is lost.
  static EventId overwrite_behind(MergedRig& rig, MemberIndex member, const std::string& name) {
    const EventId first = *rig.publish(name);
    const PlannedSend send = rig.batch().at(0);
    EXPECT_TRUE(rig.audience().sent_only(send, member, send.from, 0));
    EXPECT_TRUE(rig.overwrite(name, kMuchLater));  // by now it is slow
    rig.audience().room(member, kMuchLater);
    return first;
  }
  static EventId id(MergedRig& rig, const std::string& name, FrameNumber n) {
    return rig.channel(name).index().id(n);
  }
  static EventId last_lost(MergedRig& rig, const std::string& name) {
    const FrameIndex& index = rig.channel(name).index();
    return index.id_before_frame(rig.wire(name).begin());
  }
};

TEST_F(MergedGaps, WhoIsLappedIsClosedWhereThatIsThePolicy) {
  MergedRig rig({merged_channel("a"), merged_channel("b")});
  const MemberIndex member = rig.join(7, {"a", "b"});
  (void)overwrite_behind(rig, member, "a");
  EXPECT_TRUE(rig.batch(kMuchLater).empty());
  EXPECT_EQ(rig.lapped(), std::vector<uint32_t>{7});
}

// A reader that takes a byte a second never has room for long.
TEST_F(MergedGaps, WhoIsLappedIsClosedThoughItsSocketNeverHasRoom) {
  MergedRig rig({merged_channel("a"), merged_channel("b")});
  const MemberIndex member = rig.join(7, {"a", "b"});
  ASSERT_TRUE(rig.publish("a"));
  const PlannedSend send = rig.batch().at(0);
  ASSERT_TRUE(rig.audience().sent_only(send, member, send.from, 0));
  ASSERT_TRUE(rig.overwrite("a", kMuchLater));
  ASSERT_TRUE(rig.publish("b")) << "news of the other channel will do";
  rig.audience().mark_dirty();
  EXPECT_TRUE(rig.batch(kMuchLater).empty());
  EXPECT_EQ(rig.lapped(), std::vector<uint32_t>{7});
}

TEST_F(MergedGaps, WhoSkipsIsToldAndGoesOnWithTheOldestThatIsKept) {
  MergedRig rig({skipping_channel("a")});
  const MemberIndex member = rig.join(7, {"a"});
  const EventId first_lost = overwrite_behind(rig, member, "a");
  const FrameNumber oldest = rig.wire("a").begin();
  EXPECT_TRUE(rig.batch(kMuchLater).empty());
  ASSERT_EQ(rig.gaps().size(), 1u);
  EXPECT_EQ(rig.gaps()[0].slot, 7u);
  EXPECT_EQ(rig.gaps()[0].frames(), frame_of({.id = last_lost(rig, "a"),
                                              .requested = id_before(first_lost),
                                              .oldest = id(rig, "a", oldest)}));
  EXPECT_TRUE(rig.batch(kMuchLater).empty()) << "no frames beside a gap event";
  EXPECT_TRUE(rig.gaps().empty()) << "and it is told once";
  rig.audience().settle_quiet(member);
  EXPECT_EQ(rig.ids_in(rig.batch(kMuchLater).at(0)).front(), id(rig, "a", oldest));
  EXPECT_GT(rig.tally("a").skipped.get(), 0u);
}

TEST_F(MergedGaps, AGapEventThatDidNotFitComesAgain) {
  MergedRig rig({skipping_channel("a")});
  const MemberIndex member = rig.join(7, {"a"});
  (void)overwrite_behind(rig, member, "a");
  (void)rig.batch(kMuchLater);
  ASSERT_EQ(rig.gaps().size(), 1u);
  const std::string told = rig.gaps()[0].frames();
  rig.audience().gaps_refused(member, kMuchLater);
  rig.audience().settle_quiet(member);
  EXPECT_TRUE(rig.batch(kMuchLater).empty());
  EXPECT_TRUE(rig.gaps().empty()) << "its socket is full";
  rig.audience().room(member, kMuchLater);
  (void)rig.batch(kMuchLater);
  ASSERT_EQ(rig.gaps().size(), 1u);
  EXPECT_EQ(rig.gaps()[0].frames(), told);
}

TEST_F(MergedGaps, WhoIsNotToBeToldIsNotTold) {
  ChannelConfig silent = skipping_channel("a");
  silent.on_gap = GapPolicy::kSilent;
  MergedRig rig({silent});
  const MemberIndex member = rig.join(7, {"a"});
  (void)overwrite_behind(rig, member, "a");
  const std::vector<PlannedSend> sends = rig.batch(kMuchLater);
  EXPECT_TRUE(rig.gaps().empty());
  ASSERT_EQ(sends.size(), 1u);
  EXPECT_EQ(sends[0].frame, rig.wire("a").begin());
}

// The id of a gap event says "everything up to here", in the other channels too.
TEST_F(MergedGaps, AGapEventStandsBetweenTheFramesOfOthersAsItsIdSays) {
  MergedRig rig({merged_channel("a"), merged_channel("b")});
  const EventId start = *rig.publish("b", "start");
  const EventId early = *rig.publish("b", "early");
  ASSERT_TRUE(rig.publish("a"));
  ASSERT_TRUE(rig.overwrite("a"));
  const EventId late = *rig.publish("b", "late");
  const MemberIndex member = rig.join(7, {"a", "b"}, after(start));
  EXPECT_EQ(rig.ids_in(rig.batch().at(0)), std::vector<EventId>{early});
  EXPECT_TRUE(rig.batch().empty());
  ASSERT_EQ(rig.gaps().size(), 1u);
  EXPECT_EQ(rig.gaps()[0].frames(), frame_of({.id = last_lost(rig, "a"),
                                              .requested = start,
                                              .oldest = id(rig, "a", rig.wire("a").begin()),
                                              .channel = "a"}));
  rig.audience().settle_quiet(member);
  const std::vector<EventId> rest = rig.drain(7, member);
  EXPECT_EQ(rest.front(), id(rig, "a", rig.wire("a").begin()));
  EXPECT_EQ(rest.back(), late);
}

// Before the node began everything may have happened, in every channel. Nothing comes between the events: what
// is lost meanwhile would make the id of the second another one.
TEST_F(MergedGaps, SeveralThatEndWithTheSameIdGoTogetherAndOnlyTheLastSaysIt) {
  MergedRig rig({merged_channel("a"), merged_channel("b")});
  const EventId origin = rig.channel("a").index().id_before_frame(0);
  const Start start{.kind = Start::Kind::kUnknown, .after = {}};
  const MemberIndex member = rig.join(7, {"a", "b"}, start);
  (void)rig.batch();
  ASSERT_EQ(rig.gaps().size(), 1u);
  EXPECT_EQ(rig.gaps()[0].gaps.size(), 2u);
  const auto gap_in = [](const char* name, EventId id) {
    return frame_of({.id = id, .requested = {}, .oldest = {}, .channel = name});
  };
  EXPECT_EQ(rig.gaps()[0].frames(), gap_in("b", {}) + gap_in("a", origin));
  rig.audience().settle_quiet(member);
  EXPECT_TRUE(rig.batch().empty());
  EXPECT_TRUE(rig.gaps().empty());
  EXPECT_TRUE(rig.audience().is_up_to_date(member));
}

// It waits for its place, and meanwhile more is lost: one gap event names it all.
TEST_F(MergedGaps, AGapThatGrowsBeforeItIsToldIsToldOnce) {
  MergedRig rig({skipping_channel("a"), skipping_channel("b")});
  const EventId start = *rig.publish("b");
  ASSERT_TRUE(rig.publish("a"));
  ASSERT_TRUE(rig.overwrite("a"));
  const MemberIndex member = rig.join(7, {"a"}, after(start));
  ASSERT_TRUE(rig.publish("b"));
  const EventId lost_so_far = last_lost(rig, "a");
  (void)rig.batch();
  ASSERT_EQ(rig.gaps().size(), 1u);
  rig.audience().gaps_refused(member, 0);
  ASSERT_TRUE(rig.overwrite("a", kMuchLater));  // by now it is slow
  ASSERT_LT(lost_so_far, last_lost(rig, "a"));
  rig.audience().room(member, kMuchLater);
  (void)rig.batch(kMuchLater);
  ASSERT_EQ(rig.gaps().size(), 1u);
  EXPECT_EQ(rig.gaps()[0].frames(), frame_of({.id = last_lost(rig, "a"),
                                              .requested = start,
                                              .oldest = id(rig, "a", rig.wire("a").begin())}));
}

}  // namespace
}  // namespace ringcast::net
