// Goal: whatever goes wrong between publish and delivery is counted under its own name, and nothing else is. Method: a
// subscriber of two targets with two lanes, told by hand what it gets; events have the id 1000-N, N counting all of
// them.
#include "bench/load/follow/follower_ledger.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>

namespace ringcast::bench {
namespace {

constexpr uint32_t kNews = 2;
constexpr uint32_t kInbox = 5;

FrameId id(uint64_t seq) {
  return {.ms = 1000, .seq = seq};
}

class FollowerLedgerTest : public testing::Test {
 protected:
  // Publishes the event with id 1000-`seq`; all are accepted unless told otherwise.
  EventTag publish(uint64_t seq, uint32_t target = kNews, uint32_t lane = 0) {
    const EventTag tag = issue(target, lane);
    published_.on_accepted(tag, id(seq));
    return tag;
  }
  EventTag issue(uint32_t target = kNews, uint32_t lane = 0) {
    return {.lane = lane, .target = target, .number = published_.issue(lane, target)};
  }
  void get(const EventTag& tag, uint64_t seq) {
    follower_.on_event(tag, id(seq), published_, verdict_);
  }
  void get_gap(uint64_t from, uint64_t to, uint32_t target = kNews) {
    follower_.on_gap(target, id(from), id(to), verdict_);
  }
  const FollowVerdict& judge() {
    follower_.judge(published_, verdict_);
    judge_publications(published_, verdict_);
    return verdict_;
  }

  PublishLedger published_{8, 2};
  FollowerLedger follower_{0, {kInbox, kNews}, 2};
  FollowVerdict verdict_;
};

TEST_F(FollowerLedgerTest, EverythingInOrderIsGood) {
  get(publish(1), 1);
  get(publish(2, kInbox, 1), 2);
  get(publish(3, kNews, 1), 3);
  get(publish(4), 4);
  EXPECT_TRUE(judge().good(false));
  EXPECT_EQ(verdict_.deliveries, 4u);
  EXPECT_EQ(follower_.last_id(), id(4));
}

TEST_F(FollowerLedgerTest, AnEventPassedOverIsLost) {
  get(publish(1), 1);
  publish(2);
  get(publish(3), 3);
  EXPECT_EQ(judge().uncovered, 1u);
  EXPECT_FALSE(verdict_.good(true));
  EXPECT_EQ(verdict_.examples.size(), 1u);
}

TEST_F(FollowerLedgerTest, AnEventAtTheEndIsLostToo) {
  get(publish(1), 1);
  publish(2, kInbox);
  EXPECT_EQ(judge().uncovered, 1u);
}

TEST_F(FollowerLedgerTest, AnEventOfAnotherTargetIsNotMissed) {
  publish(1, 3);
  EXPECT_TRUE(judge().good(false));
}

TEST_F(FollowerLedgerTest, ARefusedEventIsNotMissedButMustNotCome) {
  get(publish(1), 1);
  const EventTag refused = issue();
  published_.on_refused(refused);
  get(publish(2), 2);
  EXPECT_TRUE(judge().good(false));

  EXPECT_TRUE(published_.on_delivered(refused, id(9)));
  EXPECT_EQ(judge().refused_yet_delivered, 1u);
}

TEST_F(FollowerLedgerTest, AnUnansweredPublishIsNotGood) {
  issue();
  EXPECT_FALSE(judge().good(true));
  EXPECT_EQ(verdict_.unanswered, 1u);
}

TEST_F(FollowerLedgerTest, AnEventThatComesAgainIsRepeated) {
  const EventTag first = publish(1);
  get(first, 1);
  get(publish(2), 2);
  get(first, 1);
  EXPECT_EQ(judge().repeated, 1u);
  EXPECT_EQ(verdict_.reordered, 0u);
}

TEST_F(FollowerLedgerTest, EventsThatComeLateAreReorderedAndNotLost) {
  std::vector<EventTag> tags;
  for (uint64_t seq = 1; seq <= 5; ++seq) tags.push_back(publish(seq));
  get(tags[4], 5);
  for (const size_t late : {2u, 0u, 3u, 1u}) get(tags[late], late + 1);
  EXPECT_EQ(judge().reordered, 4u);
  EXPECT_EQ(verdict_.uncovered + verdict_.repeated, 0u);
}

TEST_F(FollowerLedgerTest, AnIdThatIsNotAboveTheLastIsOutOfOrder) {
  const EventTag news = publish(2);
  const EventTag inbox = publish(1, kInbox);
  get(news, 2);
  get(inbox, 1);  // another target, so only the id tells
  EXPECT_EQ(judge().reordered, 1u);
}

TEST_F(FollowerLedgerTest, WhatOneGapNamesIsCovered) {
  get(publish(1), 1);
  publish(2);
  publish(3, kNews, 1);
  const EventTag kept = publish(5);
  get_gap(1, 4);
  get(kept, 5);
  EXPECT_EQ(judge().covered, 2u);
  EXPECT_TRUE(verdict_.good(true));
  EXPECT_FALSE(verdict_.good(false));
  EXPECT_EQ(verdict_.idle_gaps, 0u);
}

TEST_F(FollowerLedgerTest, AGapCoversFromBehindItsRequestUpToItsOwnId) {
  follower_ = FollowerLedger(0, {kNews}, 2);
  get(publish(1), 1);
  publish(2);
  publish(3);
  get_gap(2, 3);  // 2 is not in (2, 3]
  EXPECT_EQ(judge().covered, 1u);
  EXPECT_EQ(verdict_.uncovered, 1u);
}

// It may have resumed from an event of another target that came after the first of those it lost here.
TEST_F(FollowerLedgerTest, AmongSeveralTargetsAGapCoversWhateverWasNotHadUpToItsOwnId) {
  get(publish(1), 1);
  publish(2);
  get(publish(3, kInbox), 3);
  publish(4);
  get_gap(3, 4);
  EXPECT_EQ(judge().covered, 2u);
  EXPECT_TRUE(verdict_.good(true));
}

TEST_F(FollowerLedgerTest, AmongSeveralTargetsAGapThatIsToldAgainIsOneTooMany) {
  publish(2);
  get_gap(1, 4);
  get_gap(4, 4);
  EXPECT_EQ(judge().covered, 1u);
  EXPECT_EQ(verdict_.overcovered, 1u);
  EXPECT_FALSE(verdict_.good(true));
}

TEST_F(FollowerLedgerTest, AGapOfAnotherTargetCoversNothing) {
  publish(2);
  get_gap(1, 4, kInbox);
  EXPECT_EQ(judge().uncovered, 1u);
  EXPECT_EQ(verdict_.idle_gaps, 1u);
}

TEST_F(FollowerLedgerTest, WhatTwoGapsNameIsOvercovered) {
  follower_ = FollowerLedger(0, {kNews}, 2);
  publish(2);
  publish(6);
  get_gap(1, 4);
  get_gap(1, 8);
  EXPECT_EQ(judge().overcovered, 1u);
  EXPECT_EQ(verdict_.covered, 1u);
  EXPECT_FALSE(verdict_.good(true));
}

TEST_F(FollowerLedgerTest, AGapThatNamesADeliveredEventIsContradicted) {
  get(publish(2), 2);
  get_gap(1, 4);
  EXPECT_EQ(judge().contradicted, 1u);
}

TEST_F(FollowerLedgerTest, AGapBelowTheLastIdIsOutOfOrder) {
  get(publish(5, kInbox), 5);
  get_gap(1, 4);
  EXPECT_EQ(judge().reordered, 1u);
  EXPECT_EQ(follower_.last_id(), id(5));
}

TEST_F(FollowerLedgerTest, AGapMayEndAtTheIdOfAnotherTargetsEvent) {
  get(publish(4, kInbox), 4);
  publish(3);
  const EventTag kept = publish(5);
  get_gap(2, 4);
  get(kept, 5);
  EXPECT_TRUE(judge().good(true));
}

TEST_F(FollowerLedgerTest, AnEventInsideAGapThatCameBeforeItIsOutOfOrder) {
  const EventTag first = publish(2);
  get_gap(1, 4);
  get(first, 2);
  EXPECT_EQ(judge().reordered, 1u);
}

TEST_F(FollowerLedgerTest, WhatItHadNotAskedForIsMisdelivered) {
  get(publish(1, 3), 1);
  get_gap(1, 2, 3);
  EXPECT_EQ(judge().misdelivered, 2u);
}

TEST_F(FollowerLedgerTest, AnEventNobodyPublishedIsDamage) {
  get({.lane = 0, .target = kNews, .number = 3}, 1);
  get({.lane = 7, .target = kNews, .number = 0}, 1);
  get({.lane = 0, .target = 99, .number = 0}, 1);
  EXPECT_EQ(judge().damaged, 3u);
}

TEST_F(FollowerLedgerTest, AnIdOtherThanTheAnsweredIsNoticed) {
  get(publish(1), 2);
  EXPECT_EQ(judge().ids_differ, 1u);
}

TEST_F(FollowerLedgerTest, TwoIdsForOneEventAreNoticed) {
  const EventTag tag = publish(1);
  get(tag, 1);
  FollowerLedger other(1, {kNews}, 2);
  other.on_event(tag, id(2), published_, verdict_);
  EXPECT_EQ(judge().ids_differ, 1u);
}

TEST(RangesHolding, CountsRangesByTheirSortedEnds) {
  // (1, 4], (3, 6], (6, 6]
  const std::vector<FrameId> froms = {id(1), id(3), id(6)};
  const std::vector<FrameId> tos = {id(4), id(6), id(6)};
  const std::map<uint64_t, size_t> expected = {{1, 0}, {2, 1}, {4, 2}, {5, 1}, {6, 1}, {7, 0}};
  for (const auto& [seq, count] : expected)
    EXPECT_EQ(ranges_holding(id(seq), froms, tos), count) << seq;
}

}  // namespace
}  // namespace ringcast::bench
