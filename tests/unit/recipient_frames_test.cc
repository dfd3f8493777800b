#include "engine/recipient_frames.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace ringcast {
namespace {

constexpr KeyedHash kAlice{.a = 1, .b = 1};
constexpr KeyedHash kBob{.a = 2, .b = 2};
constexpr KeyedHash kCarol{.a = 3, .b = 3};

// Frame n has id (n + 1)-0.
constexpr EventId id_of(FrameNumber n) {
  return {n + 1, 0};
}

// --- Links

TEST(RecipientFrames, NobodyHasFramesAtFirst) {
  const RecipientFrames frames(8);
  EXPECT_EQ(frames.size(), 0U);
  EXPECT_EQ(frames.newest_of(kAlice), kNoFrame);
  EXPECT_EQ(frames.lost_up_to(kAlice), EventId{});
}

TEST(RecipientFrames, OnlyFrameHasNoneBesideIt) {
  RecipientFrames frames(8);
  frames.push(0, kAlice);
  EXPECT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames.newest_of(kAlice), 0U);
  EXPECT_EQ(frames.previous(0), kNoFrame);
  EXPECT_EQ(frames.next(0), kNoFrame);
  EXPECT_EQ(frames.recipient_of(0), kAlice);
}

TEST(RecipientFrames, LinksJoinOneRecipientsFramesAndNoOthers) {
  RecipientFrames frames(8);
  const std::array order{kAlice, kBob, kBob, kAlice, kCarol, kAlice, kBob};
  for (FrameNumber n = 0; n < order.size(); ++n) frames.push(n, order[n]);
  EXPECT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames.newest_of(kAlice), 5U);
  EXPECT_EQ(frames.previous(5), 3U);
  EXPECT_EQ(frames.previous(3), 0U);
  EXPECT_EQ(frames.previous(0), kNoFrame);
  EXPECT_EQ(frames.next(0), 3U);
  EXPECT_EQ(frames.next(3), 5U);
  EXPECT_EQ(frames.next(5), kNoFrame);
  EXPECT_EQ(frames.newest_of(kBob), 6U);
  EXPECT_EQ(frames.previous(6), 2U);
  EXPECT_EQ(frames.previous(2), 1U);
  EXPECT_EQ(frames.newest_of(kCarol), 4U);
  for (FrameNumber n = 0; n < order.size(); ++n) EXPECT_EQ(frames.recipient_of(n), order[n]);
}

TEST(RecipientFrames, LinksReachAcrossTheWholeWindow) {
  RecipientFrames frames(8);
  frames.push(0, kAlice);
  for (FrameNumber n = 1; n < 7; ++n) frames.push(n, kBob);
  frames.push(7, kAlice);
  EXPECT_EQ(frames.previous(7), 0U);
  EXPECT_EQ(frames.next(0), 7U);
}

// Half of the hash is not enough: the table looks at one half, the marks at the other.
TEST(RecipientFrames, RecipientsWhoShareHalfOfTheirHashAreTwo) {
  RecipientFrames frames(8);
  frames.push(0, {.a = 7, .b = 1});
  frames.push(1, {.a = 7, .b = 2});
  frames.push(2, {.a = 8, .b = 1});
  EXPECT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames.newest_of({.a = 7, .b = 1}), 0U);
  EXPECT_EQ(frames.newest_of({.a = 7, .b = 2}), 1U);
  EXPECT_EQ(frames.newest_of({.a = 8, .b = 1}), 2U);
  EXPECT_EQ(frames.newest_of({.a = 8, .b = 2}), kNoFrame);
}

// --- Forgetting

TEST(RecipientFrames, RecipientIsForgottenWithItsLastFrame) {
  RecipientFrames frames(8);
  frames.push(0, kAlice);
  frames.push(1, kBob);
  frames.push(2, kAlice);
  frames.forget(0, id_of(0));
  EXPECT_EQ(frames.size(), 2U) << "Alice has another one";
  EXPECT_EQ(frames.newest_of(kAlice), 2U);
  frames.forget(1, id_of(1));
  EXPECT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames.newest_of(kBob), kNoFrame);
  frames.forget(2, id_of(2));
  EXPECT_EQ(frames.size(), 0U);
  EXPECT_EQ(frames.newest_of(kAlice), kNoFrame);
}

TEST(RecipientFrames, RecipientWhoComesBackIsAsNew) {
  RecipientFrames frames(2);
  frames.push(0, kAlice);
  frames.forget(0, id_of(0));
  frames.push(1, kBob);
  frames.push(2, kAlice);
  EXPECT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames.newest_of(kAlice), 2U);
  EXPECT_EQ(frames.previous(2), kNoFrame);
}

// The frame before the oldest known one is named, or none; a frame of somebody else never.
TEST(RecipientFrames, WalkBackEndsAtAForgottenFrameOrNowhere) {
  RecipientFrames frames(4);
  for (FrameNumber n = 0; n < 4; ++n) frames.push(n, n % 2 == 0 ? kAlice : kBob);
  frames.forget(0, id_of(0));
  EXPECT_EQ(frames.previous(2), 0U);
  frames.push(4, kCarol);  // which lives where frame 0 did
  EXPECT_EQ(frames.previous(2), 0U);
  EXPECT_EQ(frames.next(2), kNoFrame);
}

TEST(RecipientFrames, OneFrameAtATimeIsEnough) {
  RecipientFrames frames(1);
  for (FrameNumber n = 0; n < 10; ++n) {
    const KeyedHash& recipient = n % 3 == 0 ? kBob : kAlice;
    frames.push(n, recipient);
    EXPECT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames.newest_of(recipient), n);
    EXPECT_EQ(frames.previous(n), kNoFrame);
    frames.forget(n, id_of(n));
    EXPECT_EQ(frames.newest_of(recipient), kNoFrame);
  }
}

TEST(RecipientFrames, NumbersAreRightAfterManyWraps) {
  constexpr uint32_t kFramesMax = 5;  // no power of two, and odd
  const std::array recipients{kAlice, kBob, kCarol};
  RecipientFrames frames(kFramesMax);
  for (FrameNumber n = 0; n < 1000; ++n) {
    if (n >= kFramesMax) frames.forget(n - kFramesMax, id_of(n - kFramesMax));
    frames.push(n, recipients[n % 3]);
    ASSERT_EQ(frames.newest_of(recipients[n % 3]), n);
    if (n < 3) continue;
    ASSERT_EQ(frames.newest_of(recipients[(n - 1) % 3]), n - 1);
    ASSERT_EQ(frames.newest_of(recipients[(n - 2) % 3]), n - 2);
    ASSERT_EQ(frames.previous(n), n - 3);
    ASSERT_EQ(frames.next(n - 3), n);
  }
}

// --- The table

// A table of eight frames has sixteen cells. Recipients whose searches begin at these cells fill the table's
// end, go on at its beginning, and lie between others whose place it is.
struct Crowd {
  const char* name;
  std::array<uint64_t, 8> homes;
};
constexpr std::array kCrowds{
    Crowd{"all in one cell", {3, 3, 3, 3, 3, 3, 3, 3}},
    Crowd{"all in the last cell", {15, 15, 15, 15, 15, 15, 15, 15}},
    Crowd{"around the end", {14, 14, 15, 14, 0, 15, 1, 14}},
    Crowd{"around the end, the other way", {1, 0, 15, 15, 14, 0, 14, 15}},
    Crowd{"neighbours", {4, 5, 6, 7, 4, 5, 6, 7}},
    Crowd{"neighbours backwards", {7, 6, 5, 4, 7, 6, 5, 4}},
    Crowd{"each in its own", {0, 2, 4, 6, 8, 10, 12, 15}},
    Crowd{"two clusters that touch", {2, 2, 2, 5, 5, 2, 5, 4}},
};

KeyedHash recipient_at(const Crowd& crowd, size_t i) {
  // The bits above the sixteen cells tell them apart.
  return {.a = crowd.homes[i % 8] | (i + 1) << 8, .b = i};
}

TEST(RecipientFrames, NobodyIsLostWhenOthersLeaveACrowdedTable) {
  for (const Crowd& crowd : kCrowds) {
    SCOPED_TRACE(crowd.name);
    RecipientFrames frames(8);
    for (size_t i = 0; i < 8; ++i) frames.push(i, recipient_at(crowd, i));
    ASSERT_EQ(frames.size(), 8U);
    for (size_t gone = 0; gone < 8; ++gone) {
      frames.forget(gone, id_of(gone));
      ASSERT_EQ(frames.size(), 7 - gone);
      for (size_t i = 0; i < 8; ++i) {
        ASSERT_EQ(frames.newest_of(recipient_at(crowd, i)), i <= gone ? kNoFrame : i);
      }
    }
  }
}

// Leaving and coming at the same time, for long enough that everybody has stood everywhere.
TEST(RecipientFrames, NobodyIsLostWhenACrowdedTableIsAlwaysFull) {
  for (const Crowd& crowd : kCrowds) {
    SCOPED_TRACE(crowd.name);
    RecipientFrames frames(8);
    for (size_t n = 0; n < 200; ++n) {
      if (n >= 8) frames.forget(n - 8, id_of(n - 8));
      frames.push(n, recipient_at(crowd, n * n));
      for (size_t i = n < 7 ? 0 : n - 7; i <= n; ++i) {
        const KeyedHash recipient = recipient_at(crowd, i * i);
        ASSERT_EQ(frames.recipient_of(i), recipient);
        ASSERT_EQ(frames.newest_of(recipient), i);
      }
    }
  }
}

// Who leaves first need not have come first: those who got another frame stay.
TEST(RecipientFrames, NobodyIsLostWhenTheMiddleOfAClusterLeaves) {
  for (const Crowd& crowd : kCrowds) {
    for (size_t staying = 0; staying < 32; ++staying) {
      SCOPED_TRACE(std::string(crowd.name) + ", staying: " + std::to_string(staying));
      RecipientFrames frames(8);
      for (size_t i = 0; i < 5; ++i) frames.push(i, recipient_at(crowd, i));
      size_t stay = 0;
      for (size_t i = 0; i < 5 && stay < 3; ++i) {
        if ((staying >> i & 1) != 0) frames.push(5 + stay++, recipient_at(crowd, i));
      }
      for (size_t i = 0; i < 5; ++i) frames.forget(i, id_of(i));
      ASSERT_EQ(frames.size(), stay);
      size_t seen = 0;
      for (size_t i = 0; i < 5; ++i) {
        const bool stays = (staying >> i & 1) != 0 && seen < 3;
        ASSERT_EQ(frames.newest_of(recipient_at(crowd, i)), stays ? 5 + seen : kNoFrame);
        if (stays) ++seen;
      }
    }
  }
}

// --- Marks

TEST(RecipientFrames, MarkIsTheNewestFrameThatWasForgotten) {
  RecipientFrames frames(8);
  frames.push(0, kAlice);
  frames.push(1, kBob);
  frames.push(2, kAlice);
  frames.forget(0, {7, 3});
  EXPECT_EQ(frames.lost_up_to(kAlice), (EventId{7, 3}));
  EXPECT_EQ(frames.lost_up_to(kBob), EventId{});
  frames.forget(1, {8, 0});
  frames.forget(2, {9, 1});
  EXPECT_EQ(frames.lost_up_to(kAlice), (EventId{9, 1}));
  EXPECT_EQ(frames.lost_up_to(kBob), (EventId{8, 0}));
}

TEST(RecipientFrames, MarkOutlivesWhatIsKnownOfTheRecipient) {
  RecipientFrames frames(4);
  frames.push(0, kAlice);
  frames.forget(0, {7, 0});
  for (FrameNumber n = 1; n < 100; ++n) {
    frames.push(n, kBob);
    frames.forget(n, {7 + n, 0});
  }
  EXPECT_EQ(frames.lost_up_to(kAlice), (EventId{7, 0}));
}

// Whoever shares a bucket is told of a loss that was another's, but never kept from one of its own.
TEST(RecipientFrames, SharedMarkIsTheHighestOfAllWhoShareIt) {
  RecipientFrames frames(8);
  constexpr KeyedHash kOther{.a = 9,
                             .b = kAlice.b + (uint64_t{1} << 20)};  // there are as many marks
  frames.push(0, kOther);
  frames.push(1, kAlice);
  frames.forget(0, {5, 0});
  EXPECT_EQ(frames.lost_up_to(kAlice), (EventId{5, 0}));
  frames.forget(1, {6, 0});
  EXPECT_EQ(frames.lost_up_to(kAlice), (EventId{6, 0}));
  EXPECT_EQ(frames.lost_up_to(kOther), (EventId{6, 0}));
}

TEST(RecipientFrames, MarkIsTheVeryId) {
  constexpr uint64_t kToday = 1'732'271'234'567;
  constexpr std::array kIds{
      EventId{0, 1},          EventId{kToday, 0},
      EventId{kToday, 1},     EventId{kToday, kEventIdSeqMax},
      EventId{kToday + 1, 0}, EventId{(uint64_t{1} << 44) - 2, kEventIdSeqMax},
  };
  RecipientFrames frames(4);
  for (FrameNumber n = 0; n < kIds.size(); ++n) {
    frames.push(n, kAlice);
    frames.forget(n, kIds[n]);
    EXPECT_EQ(frames.lost_up_to(kAlice), kIds[n]);
  }
}

// --- Misuse

TEST(RecipientFramesDeathTest, MoreFramesThanItHoldsAreCaught) {
  RecipientFrames frames(2);
  frames.push(0, kAlice);
  frames.push(1, kBob);
  EXPECT_DEATH(frames.push(2, kAlice), "violated");
}

}  // namespace
}  // namespace ringcast
