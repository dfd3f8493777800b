#include "engine/frame_index.h"

#include <gtest/gtest.h>

#include <array>
#include <string_view>
#include <vector>

#include "engine/event.h"

namespace ringcast {
namespace {

constexpr uint64_t kMax = ~uint64_t{0};
constexpr KeyedHash kNobody{};
constexpr KeyedHash kAlice{.a = 1, .b = 1};
constexpr KeyedHash kBob{.a = 2, .b = 2};

constexpr HistoryConfig history(uint32_t events, milliseconds age) {
  return {.events = events, .bytes = kMiB, .age = age};
}
constexpr HistoryConfig kEverything = history(1'000'000, milliseconds::max());

// The frame with id n-0 is frame number n - 1.
class FrameIndexTest : public testing::Test {
 protected:
  void push(uint64_t ms, milliseconds ttl = milliseconds{0}) { index_.push({ms, 0}, kNobody, ttl); }
  void push_range(uint64_t first, uint64_t last) {
    for (uint64_t ms = first; ms <= last; ++ms) push(ms);
  }
  [[nodiscard]] FrameNumber history_begin(const HistoryConfig& limits, uint64_t now_ms) {
    return index_.history_begin(limits, now_ms);
  }

  FrameIndex index_{4, ChannelKind::kPlain};
};

// --- What is known

TEST_F(FrameIndexTest, StartsEmpty) {
  EXPECT_EQ(index_.size(), 0U);
  EXPECT_EQ(index_.begin(), 0U);
  EXPECT_EQ(index_.end(), 0U);
  EXPECT_EQ(index_.frames_max(), 4U);
  EXPECT_EQ(index_.first_after({0, 0}), 0U);
  EXPECT_EQ(index_.first_after({kMax, kMax}), 0U);
  EXPECT_EQ(index_.id_before_frame(0), EventId{});
  EXPECT_EQ(history_begin(kEverything, 1000), 0U);
}

TEST_F(FrameIndexTest, KeepsWhatItWasTold) {
  index_.push({1ULL << 43, 3}, kNobody, milliseconds{0});
  index_.push({1ULL << 43, kEventIdSeqMax}, kNobody, kTtlMax);
  ASSERT_EQ(index_.size(), 2U);
  EXPECT_EQ(index_.id(0), (EventId{1ULL << 43, 3}));
  EXPECT_EQ(index_.id(1), (EventId{1ULL << 43, kEventIdSeqMax}));
}

TEST_F(FrameIndexTest, HoldsAsManyFramesAsItWasMadeFor) {
  push_range(1, 4);
  EXPECT_EQ(index_.size(), 4U);
  EXPECT_EQ(index_.id(0).ms, 1U);
  EXPECT_EQ(index_.id(3).ms, 4U);
}

// The numbers go on where a circle of four begins anew.
TEST_F(FrameIndexTest, NumbersOnlyGrow) {
  for (uint64_t ms = 1; ms <= 11; ++ms) {
    if (index_.size() == index_.frames_max()) index_.forget_before(index_.begin() + 1);
    push(ms);
  }
  EXPECT_EQ(index_.begin(), 7U);
  EXPECT_EQ(index_.end(), 11U);
  for (FrameNumber n = 7; n < 11; ++n) EXPECT_EQ(index_.id(n).ms, n + 1);
}

TEST_F(FrameIndexTest, IndexOfOneFrameKnowsTheNewest) {
  FrameIndex index(1, ChannelKind::kPlain);
  for (uint64_t ms = 1; ms <= 3; ++ms) {
    index.forget_before(index.end());
    index.push({ms, 0}, kNobody, milliseconds{0});
    ASSERT_EQ(index.size(), 1U);
    EXPECT_EQ(index.id(index.begin()).ms, ms);
  }
}

TEST_F(FrameIndexTest, ForgetsFramesWithALowerNumber) {
  push_range(1, 4);
  index_.forget_before(2);
  EXPECT_EQ(index_.begin(), 2U);
  EXPECT_EQ(index_.id(index_.begin()).ms, 3U);
  index_.forget_before(1);
  EXPECT_EQ(index_.begin(), 2U) << "what is forgotten does not come back";
}

TEST_F(FrameIndexTest, ForgettingEverythingLeavesItUsable) {
  push_range(1, 3);
  index_.forget_before(kNoFrame);
  EXPECT_EQ(index_.size(), 0U);
  EXPECT_EQ(index_.begin(), 3U);
  index_.forget_before(kNoFrame);
  push_range(4, 7);
  EXPECT_EQ(index_.id(index_.begin()).ms, 4U);
  EXPECT_EQ(index_.id(index_.end() - 1).ms, 7U);
}

// --- From an id to a frame

TEST_F(FrameIndexTest, FirstAfterAnIdIsTheNextFrame) {
  push_range(1, 4);
  EXPECT_EQ(index_.first_after({0, 0}), 0U);
  EXPECT_EQ(index_.first_after({1, 0}), 1U);
  EXPECT_EQ(index_.first_after({2, 99}), 2U) << "an id between two frames";
  EXPECT_EQ(index_.first_after({3, 0}), 3U);
  EXPECT_EQ(index_.first_after({4, 0}), 4U);
  EXPECT_EQ(index_.first_after({4, 1}), 4U);
  EXPECT_EQ(index_.first_after({kMax, kMax}), 4U);
}

TEST_F(FrameIndexTest, IdsOlderThanWhatIsKnownAreBeforeTheOldest) {
  push_range(1, 4);
  index_.forget_before(2);
  push_range(5, 6);
  EXPECT_EQ(index_.first_after({1, 0}), 2U);
  EXPECT_EQ(index_.first_after({2, 0}), 2U);
  EXPECT_EQ(index_.first_after({3, 0}), 3U);
  EXPECT_EQ(index_.first_after({5, 0}), 5U);
}

TEST_F(FrameIndexTest, FirstAfterCountsSequenceNumbersToo) {
  for (uint64_t seq = 0; seq < 4; ++seq) index_.push({5, seq}, kNobody, milliseconds{0});
  EXPECT_EQ(index_.first_after({5, 1}), 2U);
  EXPECT_EQ(index_.first_after({4, 9}), 0U);
}

// --- What is history

TEST_F(FrameIndexTest, HistoryIsBoundedByCount) {
  push_range(1, 3);
  EXPECT_EQ(history_begin(history(3, milliseconds::max()), 0), 0U) << "exactly as many as allowed";
  push(4);
  EXPECT_EQ(history_begin(history(3, milliseconds::max()), 0), 1U);
  EXPECT_EQ(index_.begin(), 0U) << "known all the same: somebody may be behind";
  EXPECT_EQ(index_.size(), 4U);
}

TEST_F(FrameIndexTest, HistoryOfNoEventsIsEmpty) {
  push_range(1, 3);
  EXPECT_EQ(history_begin(history(0, milliseconds::max()), 0), index_.end());
}

TEST_F(FrameIndexTest, HistoryIsBoundedByAge) {
  for (const uint64_t ms : {10'000U, 10'400U, 11'000U}) push(ms);
  const HistoryConfig one_second = history(100, milliseconds{1000});
  EXPECT_EQ(history_begin(one_second, 11'000), 0U) << "exactly as old as allowed";
  EXPECT_EQ(history_begin(one_second, 11'001), 1U);
  EXPECT_EQ(history_begin(one_second, 11'401), 2U);
  EXPECT_EQ(history_begin(one_second, 12'001), 3U) << "nothing is left, though all is known";
  EXPECT_EQ(index_.size(), 3U);
}

TEST_F(FrameIndexTest, AgeBeyondTheClocksBeginningForgetsNothing) {
  push_range(1, 4);
  EXPECT_EQ(history_begin(history(100, milliseconds{60'000}), 5), 0U);
}

TEST_F(FrameIndexTest, WhicheverBoundBitesFirst) {
  push_range(1001, 1004);
  EXPECT_EQ(history_begin(history(3, milliseconds{2}), 1004), 1U);
  EXPECT_EQ(history_begin(history(3, milliseconds{1}), 1004), 2U);
  EXPECT_EQ(history_begin(history(1, milliseconds{1}), 1004), 3U);
}

// Whoever was told of a gap up to some event must not be given that event when the clock has stepped back.
TEST_F(FrameIndexTest, HistoryNeverComesBack) {
  push_range(1001, 1004);
  ASSERT_EQ(history_begin(history(100, milliseconds{10}), 1013), 2U);
  EXPECT_EQ(history_begin(history(100, milliseconds{10}), 1000), 2U) << "a clock that stepped back";
  EXPECT_EQ(history_begin(kEverything, 0), 2U);
  ASSERT_EQ(history_begin(history(1, milliseconds::max()), 0), 3U);
  EXPECT_EQ(history_begin(history(3, milliseconds::max()), 0), 3U) << "a limit that was raised";
}

TEST_F(FrameIndexTest, HistoryBeginsNoEarlierThanWhatIsKnown) {
  push_range(1, 4);
  index_.forget_before(3);
  EXPECT_EQ(history_begin(kEverything, 0), 3U);
  index_.forget_before(4);
  EXPECT_EQ(history_begin(kEverything, 0), 4U);
  push(5);
  EXPECT_EQ(history_begin(kEverything, 0), 4U);
}

// --- What came before

TEST_F(FrameIndexTest, IdBeforeAFrameIsItsPredecessorsKnownOrNot) {
  push_range(1, 4);
  EXPECT_EQ(index_.id_before_frame(0), EventId{});
  EXPECT_EQ(index_.id_before_frame(1), (EventId{1, 0}));
  EXPECT_EQ(index_.id_before_frame(4), (EventId{4, 0}));
  index_.forget_before(2);
  EXPECT_EQ(index_.id_before_frame(2), (EventId{2, 0}));
  index_.forget_before(4);
  EXPECT_EQ(index_.id_before_frame(4), (EventId{4, 0})) << "with nothing known";
}

TEST_F(FrameIndexTest, WhatCameBeforeTheOriginIsGone) {
  index_.set_origin({1000, 0});
  EXPECT_EQ(index_.id_before_frame(0), (EventId{1000, 0}));
  push(1001);
  EXPECT_EQ(index_.id_before_frame(0), (EventId{1000, 0}));
  EXPECT_EQ(index_.id_before_frame(1), (EventId{1001, 0}));
  index_.forget_before(1);
  EXPECT_EQ(index_.id_before_frame(1), (EventId{1001, 0}));
}

// --- Times to live

TEST_F(FrameIndexTest, FrameExpiresWhenItsTtlHasPassed) {
  push(1000, milliseconds{50});
  push(1001);
  EXPECT_FALSE(index_.is_expired(0, 1000));
  EXPECT_FALSE(index_.is_expired(0, 1049));
  EXPECT_TRUE(index_.is_expired(0, 1050));
  EXPECT_FALSE(index_.is_expired(1, kMax)) << "without a ttl it never does";
  EXPECT_FALSE(index_.is_expired(0, 0)) << "a clock that stepped back";
}

TEST_F(FrameIndexTest, LongestTtlIsHeld) {
  push(1000, kTtlMax);
  const auto until = 1000 + static_cast<uint64_t>(kTtlMax.count());
  EXPECT_FALSE(index_.is_expired(0, until - 1));
  EXPECT_TRUE(index_.is_expired(0, until));
}

TEST_F(FrameIndexTest, ExpiredFramesAreHistoryUntilTheyAreSkipped) {
  push(1000, milliseconds{1});
  push(1001);
  EXPECT_EQ(history_begin(kEverything, 2000), 0U);
}

TEST_F(FrameIndexTest, TellsWhetherAnyFrameFromOneOnHasExpired) {
  push(1000);
  push(1001, milliseconds{10});
  push(1002);
  EXPECT_FALSE(index_.has_expired_from(0, 1010));
  EXPECT_TRUE(index_.has_expired_from(0, 1011));
  EXPECT_TRUE(index_.has_expired_from(1, 1011));
  EXPECT_FALSE(index_.has_expired_from(2, 1011));
  EXPECT_FALSE(index_.has_expired_from(index_.end(), 1011));
}

// It counts frames that have a ttl; a count that goes wrong either looks for ever or looks no more.
TEST_F(FrameIndexTest, ForgettingFramesWithATtlHidesNoLaterOne) {
  push(1000, milliseconds{10});
  push(1001, milliseconds{10});
  push(1002, milliseconds{10});
  index_.forget_before(2);
  EXPECT_TRUE(index_.has_expired_from(2, 2000));
  index_.forget_before(3);
  EXPECT_FALSE(index_.has_expired_from(3, 2000));
  push(1003, milliseconds{10});
  EXPECT_TRUE(index_.has_expired_from(3, 2000));
}

// --- Recipients

TEST(FrameIndex, LinksFramesOfOneRecipientInAPatternChannel) {
  FrameIndex index(8, ChannelKind::kPattern);
  index.push({1, 0}, kAlice, milliseconds{0});
  index.push({2, 0}, kBob, milliseconds{0});
  index.push({3, 0}, kAlice, milliseconds{0});
  EXPECT_EQ(index.recipients().newest_of(kAlice), 2U);
  EXPECT_EQ(index.recipients().previous(2), 0U);
  EXPECT_EQ(index.recipients().newest_of(kBob), 1U);
}

TEST(FrameIndex, RecipientHasLostItsForgottenFramesAndNobodyElseHas) {
  FrameIndex index(1024, ChannelKind::kPattern);
  index.push({1, 0}, kAlice, milliseconds{0});
  index.push({2, 0}, kBob, milliseconds{0});
  index.push({3, 0}, kAlice, milliseconds{0});
  EXPECT_EQ(index.lost_up_to(kAlice), EventId{});
  index.forget_before(1);
  EXPECT_EQ(index.lost_up_to(kAlice), (EventId{1, 0}));
  EXPECT_EQ(index.lost_up_to(kBob), EventId{});
  index.forget_before(3);
  EXPECT_EQ(index.lost_up_to(kAlice), (EventId{3, 0}));
  EXPECT_EQ(index.lost_up_to(kBob), (EventId{2, 0}));
}

TEST(FrameIndex, EveryRecipientMayHaveLostWhatCameBeforeTheOrigin) {
  FrameIndex index(8, ChannelKind::kPattern);
  index.set_origin({1000, 0});
  EXPECT_EQ(index.lost_up_to(kAlice), (EventId{1000, 0}));
  index.push({1001, 0}, kBob, milliseconds{0});
  index.forget_before(1);
  EXPECT_EQ(index.lost_up_to(kAlice), (EventId{1000, 0}));
  EXPECT_EQ(index.lost_up_to(kBob), (EventId{1001, 0}));
}
// --- Misuse

using FrameIndexDeathTest = FrameIndexTest;

TEST_F(FrameIndexDeathTest, IdsThatDoNotIncreaseAreCaught) {
  push(5);
  EXPECT_DEATH(push(5), "violated");
  EXPECT_DEATH(push(4), "violated");
  index_.forget_before(1);
  EXPECT_DEATH(push(5), "violated") << "also when the last one is forgotten";
}

TEST_F(FrameIndexDeathTest, IdsAtTheOriginOrBeforeItAreCaught) {
  index_.set_origin({1000, 0});
  EXPECT_DEATH(push(1000), "violated");
}

TEST_F(FrameIndexDeathTest, OriginAfterTheFirstFrameIsCaught) {
  push(5);
  EXPECT_DEATH(index_.set_origin({6, 0}), "violated");
}

TEST_F(FrameIndexDeathTest, FrameBeyondItsSizeIsCaught) {
  push_range(1, 4);
  EXPECT_DEATH(push(5), "violated");
}

TEST_F(FrameIndexDeathTest, SequenceNumbersAndTtlsThatDoNotFitAreCaught) {
  EXPECT_DEATH(index_.push({1, kEventIdSeqMax + 1}, kNobody, milliseconds{0}), "violated");
  EXPECT_DEATH(push(1, kTtlMax + milliseconds{1}), "violated");
}

TEST_F(FrameIndexDeathTest, RecipientInAPlainChannelAndNoneInAPatternAreCaught) {
  EXPECT_DEATH(index_.push({1, 0}, kAlice, milliseconds{0}), "violated");
  FrameIndex pattern(4, ChannelKind::kPattern);
  EXPECT_DEATH(pattern.push({1, 0}, kNobody, milliseconds{0}), "violated");
}

TEST_F(FrameIndexDeathTest, AskingBeyondWhatIsKnownIsCaughtInDebugBuilds) {
  push_range(1, 4);
  index_.forget_before(1);
  EXPECT_DEBUG_DEATH((void)index_.id(4), "violated");
  EXPECT_DEBUG_DEATH((void)index_.id(0), "violated");
}

}  // namespace
}  // namespace ringcast
