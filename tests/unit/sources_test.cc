#include "net/sources.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "tests/support/merged_rig.h"

namespace ringcast::net {
namespace {

class SourcesTest : public testing::Test {
 protected:
  // A source for `member` that begins live.
  SourceIndex listen(const std::string& name, MemberIndex member, SourceIndex next = kNoSource) {
    return add(name, member, next, {});
  }
  SourceIndex add(const std::string& name, MemberIndex member, SourceIndex next,
                  const Place& place) {
    Channel& channel = rig_.channel(name);
    const uint32_t feed = sources_.feed_of(channel, *channel.ring(WireFormat::kChunked));
    return sources_.add(feed, rig_.recipient(name), place, member, next);
  }
  // Who is owed something by what is new, as often as it is noted.
  std::vector<MemberIndex> scan() {
    std::vector<MemberIndex> owed;
    sources_.scan([&](MemberIndex member) { owed.push_back(member); });
    std::ranges::sort(owed);
    return owed;
  }

  MergedRig rig_{{merged_channel("a"), merged_channel("b"), merged_channel("box/{who}")}};
  Sources sources_{0};
};

using Members = std::vector<MemberIndex>;

TEST_F(SourcesTest, AFeedIsMadeOnce) {
  Channel& a = rig_.channel("a");
  Channel& b = rig_.channel("b");
  const uint32_t feed = sources_.feed_of(a, *a.ring(WireFormat::kChunked));
  EXPECT_NE(sources_.feed_of(b, *b.ring(WireFormat::kChunked)), feed);
  EXPECT_EQ(sources_.feed_of(a, *a.ring(WireFormat::kChunked)), feed);
  EXPECT_EQ(sources_.feeds().size(), 2u);
  EXPECT_EQ(&sources_.feed(feed).channel, &a);
}

TEST_F(SourcesTest, FramesOfAPlainChannelAreOwedToEverybodyWhoListens) {
  const SourceIndex first = listen("a", 1);
  const SourceIndex second = listen("a", 2);
  const SourceIndex other = listen("b", 3);
  ASSERT_TRUE(rig_.publish("a"));
  ASSERT_TRUE(rig_.publish("a"));
  EXPECT_EQ(scan(), (Members{1, 2}));
  for (const SourceIndex i : {first, second}) {
    EXPECT_EQ(sources_[i].next, 0u);
    EXPECT_EQ(sources_[i].owed, 2u);
  }
  EXPECT_EQ(sources_[other].next, kNoFrame);
  EXPECT_TRUE(scan().empty()) << "each frame is looked at once";
  ASSERT_TRUE(rig_.publish("a"));
  EXPECT_EQ(scan(), (Members{1, 2}));
  EXPECT_EQ(sources_[first].next, 0u) << "the first it is owed stays the first";
  EXPECT_EQ(sources_[first].owed, 3u);
}

TEST_F(SourcesTest, FramesOfARecipientAreOwedToItAlone) {
  const SourceIndex one = listen("box/1", 1);
  const SourceIndex two = listen("box/2", 2);
  for (const char* const name : {"box/3", "box/2", "box/1", "box/2"}) {
    ASSERT_TRUE(rig_.publish(name));
  }
  EXPECT_EQ(scan(), (Members{1, 2, 2}));
  EXPECT_EQ(sources_[one].next, 2u);
  EXPECT_EQ(sources_[one].owed, 1u);
  EXPECT_EQ(sources_[two].next, 1u);
  EXPECT_EQ(sources_[two].owed, 2u);
  EXPECT_EQ(sources_.following(sources_[two], 1), 3u);
  EXPECT_EQ(sources_.following(sources_[two], 3), kNoFrame);
}

TEST_F(SourcesTest, AfterAFrameOfAPlainChannelComesTheNextThatWasScanned) {
  const SourceIndex source = listen("a", 1);
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(rig_.publish("a"));
  (void)scan();
  ASSERT_TRUE(rig_.publish("a"));
  EXPECT_EQ(sources_.following(sources_[source], 0), 1u);
  EXPECT_EQ(sources_.following(sources_[source], 1), kNoFrame) << "the third was not looked at";
}

TEST_F(SourcesTest, ASourceBeginsWhereItWasPlaced) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(rig_.publish("a"));
  const SourceIndex source = add("a", 1, kNoSource, {.frame = 1, .frames = 2, .gap_up_to = {}});
  EXPECT_EQ(sources_[source].next, 1u);
  EXPECT_EQ(sources_[source].owed, 2u);
  EXPECT_EQ(rig_.tally("a").replayed.get(), 2u);
  EXPECT_TRUE(scan().empty()) << "what was there before has been counted";
  const SourceIndex live = add("a", 2, kNoSource, {.frame = 3, .frames = 0, .gap_up_to = {}});
  EXPECT_EQ(sources_[live].next, kNoFrame);
}

TEST_F(SourcesTest, WhatWasNotScannedYetCanBeTold) {
  const SourceIndex plain = listen("a", 1);
  const SourceIndex recipient = listen("box/1", 2);
  EXPECT_TRUE(sources_.is_scanned(sources_[plain]));
  for (const char* const name : {"a", "box/1", "box/2", "box/1"}) ASSERT_TRUE(rig_.publish(name));
  EXPECT_FALSE(sources_.is_scanned(sources_[plain]));
  EXPECT_EQ(sources_.unscanned(sources_[plain]), 1u);
  EXPECT_EQ(sources_.unscanned(sources_[recipient]), 2u);
  (void)scan();
  EXPECT_TRUE(sources_.is_scanned(sources_[plain]));
  EXPECT_EQ(sources_.unscanned(sources_[recipient]), 0u);
}

// Whichever of those who are fed alike goes, the others stay.
TEST_F(SourcesTest, WhoIsRemovedIsOwedNothingMore) {
  for (const char* const name : {"a", "box/1"}) {
    for (size_t gone = 0; gone < 3; ++gone) {
      std::vector<SourceIndex> alike;
      for (MemberIndex member = 0; member < 3; ++member) alike.push_back(listen(name, member));
      sources_.remove(alike[gone]);
      ASSERT_TRUE(rig_.publish(name));
      Members expected{0, 1, 2};
      expected.erase(expected.begin() + static_cast<ptrdiff_t>(gone));
      EXPECT_EQ(scan(), expected) << name << " without " << gone;
      for (size_t i = 0; i < 3; ++i) {
        if (i != gone) sources_.remove(alike[i]);
      }
      ASSERT_TRUE(rig_.publish(name));
      EXPECT_TRUE(scan().empty());
    }
  }
}

TEST_F(SourcesTest, WhatARemovedSourceWasOwedIsCounted) {
  const SourceIndex source = listen("a", 1);
  listen("a", 2);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(rig_.publish("a"));
  (void)scan();
  sources_.remove(source);
  EXPECT_EQ(rig_.tally("a").closed_owing.get(), 3u);
}

// While nobody was fed from it nobody looked.
TEST_F(SourcesTest, AFeedThatIsUsedAgainBeginsAtItsEnd) {
  sources_.remove(listen("a", 1));
  ASSERT_TRUE(rig_.publish("a"));
  const SourceIndex source = listen("a", 2);
  EXPECT_TRUE(scan().empty());
  EXPECT_EQ(sources_[source].owed, 0u);
  ASSERT_TRUE(rig_.publish("a"));
  EXPECT_EQ(scan(), Members{2});
  EXPECT_EQ(sources_[source].next, 1u);
}

TEST_F(SourcesTest, TheSourcesOfAMemberAreLinkedInFrontOfEachOther) {
  const SourceIndex first = listen("a", 1);
  const SourceIndex second = listen("box/1", 1, first);
  EXPECT_EQ(sources_[second].next_of_member, first);
  EXPECT_EQ(sources_[first].next_of_member, kNoSource);
  EXPECT_TRUE(sources_[first].recipient.is_zero());
  EXPECT_FALSE(sources_[second].recipient.is_zero());
}

}  // namespace
}  // namespace ringcast::net
