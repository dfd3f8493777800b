#include "engine/channel.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/channel_rig.h"

namespace ringcast {
namespace {

TEST_F(SmallChannel, KnowsItsNumberAndConfig) {
  EXPECT_EQ(channel_->number(), 7U);
  EXPECT_EQ(channel_->config().name, "news");
}

TEST_F(SmallChannel, HasAChunkedRingAtOnceAndARawOneWhenAsked) {
  EXPECT_NE(channel_->ring(WireFormat::kChunked), nullptr);
  EXPECT_EQ(channel_->ring(WireFormat::kRaw), nullptr);
  WireRing* const raw = &open_raw();
  EXPECT_EQ(channel_->ring(WireFormat::kRaw), raw);
  EXPECT_EQ(&open_raw(), raw) << "made once";
  EXPECT_EQ(channel_->open_ring(WireFormat::kChunked).value(),
            channel_->ring(WireFormat::kChunked));
}

TEST_F(SmallChannel, RingsHoldTheLargestEventAllowed) {
  EXPECT_GE(ring(WireFormat::kChunked).ring().frame_bytes_max(), small_channel().event_bytes_max);
}

TEST_F(SmallChannel, RingsServeTheHistoryConfigured) {
  ChannelConfig config = small_channel();
  config.history.bytes = 100 * kKiB;
  open(config);
  EXPECT_EQ(ring(WireFormat::kChunked).ring().capacity_bytes(), 128 * kKiB);
}

TEST_F(SmallChannel, FrameGoesIntoEveryRingInItsOwnFormat) {
  open_raw();
  ASSERT_EQ(try_append(1, "a"), Room::kReady);
  EXPECT_EQ(stream_of(WireFormat::kChunked), "11\r\nid: 1-0\ndata: a\n\n\r\n");
  EXPECT_EQ(stream_of(WireFormat::kRaw), "id: 1-0\ndata: a\n\n");
}

TEST_F(SmallChannel, IndexFindsEachFrame) {
  open_raw();
  for (uint64_t n = 1; n <= 5; ++n) ASSERT_EQ(try_append(n, std::string(n, 'x')), Room::kReady);
  for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
    const std::vector<std::string> frames = frames_of(format);
    ASSERT_EQ(frames.size(), 5U);
    for (uint64_t n = 1; n <= 5; ++n) {
      const EventId id{n, 0};
      const std::string data(n, 'x');
      EXPECT_EQ(frames[n - 1], encoder_.encode(id, {.type = "", .data = data}).in(format));
      EXPECT_EQ(index().id(n - 1), id);
    }
  }
}

TEST_F(SmallChannel, RawRingStartsWithTheFramesThereAre) {
  for (uint64_t n = 1; n <= 20; ++n) ASSERT_EQ(try_append(n), Room::kReady);
  const WireRing& raw = open_raw();
  EXPECT_EQ(raw.begin(), 0U);
  EXPECT_EQ(raw.end(), 20U);
  const std::vector<std::string> chunked = frames_of(WireFormat::kChunked);
  const std::vector<std::string> raws = frames_of(WireFormat::kRaw);
  for (size_t i = 0; i < 20; ++i) EXPECT_EQ(raws[i], frame_from_chunk(chunked[i]).raw);
}

TEST_F(SmallChannel, RawRingStartsWithWhatIsStillKeptAfterManyLaps) {
  for (uint64_t n = 1; n <= 1000; ++n) ASSERT_EQ(try_append(n), Room::kReady);
  const WireRing& raw = open_raw();
  const WireRing& chunked = ring(WireFormat::kChunked);
  ASSERT_GT(chunked.end() - chunked.begin(), 10U);
  EXPECT_EQ(raw.begin(), chunked.begin());
  EXPECT_EQ(raw.end(), chunked.end());
  ASSERT_EQ(try_append(1001), Room::kReady);
  EXPECT_EQ(frames_of(WireFormat::kRaw).back(),
            frame_from_chunk(frames_of(WireFormat::kChunked).back()).raw);
}

TEST_F(SmallChannel, RawRingCanBeOpenedWhileAnotherShardIsReading) {
  for (uint64_t n = 1; n <= 1000; ++n) ASSERT_EQ(try_append(n), Room::kReady);
  const ReadingRings batch(epochs_[1]);
  EXPECT_EQ(open_raw().begin(), ring(WireFormat::kChunked).begin());
}

// Paced publishers leave the chunked ring full to the last byte, with more in it than a ring keeps
// by itself.
TEST_F(SmallChannel, RawRingOpenedBesideAFullOneKnowsOnlyFramesAboveItsFloor) {
  ChannelConfig config = small_channel();
  config.event_bytes_max = 256;
  open(config);
  ring(WireFormat::kChunked).progress.report(0, 0);
  const uint64_t refused = append_until_refused(Room::kReadersBehind, std::string(220, 'x'));
  const WireRing& raw = open_raw();
  ASSERT_GT(raw.ring().floor(), 0U) << "otherwise this test shows nothing";
  ASSERT_LT(raw.begin(), raw.end());
  EXPECT_GE(raw.at(raw.begin()), raw.ring().floor());
  EXPECT_EQ(raw.end(), refused - 1);
  ASSERT_EQ(try_append(refused, std::string(220, 'x')), Room::kReadersBehind);
  EXPECT_EQ(index().begin(), 0U) << "known while any ring has it whole";
}

TEST_F(SmallChannel, OneRingWithoutRoomKeepsTheFrameOutOfAll) {
  open_raw();
  ring(WireFormat::kRaw).progress.report(1, 0);
  const uint64_t refused = append_until_refused(Room::kReadersBehind);
  const std::string chunked = stream_of(WireFormat::kChunked);
  const std::string raw = stream_of(WireFormat::kRaw);
  ASSERT_EQ(try_append(refused), Room::kReadersBehind);
  EXPECT_EQ(stream_of(WireFormat::kChunked), chunked);
  EXPECT_EQ(stream_of(WireFormat::kRaw), raw);
  EXPECT_EQ(index().id(index().end() - 1), (EventId{refused - 1, 0}));
  ring(WireFormat::kRaw).progress.report(1, kNobodyBehind);
  EXPECT_EQ(try_append(refused), Room::kReady);
}

// The floor follows the subscribers even when it cannot rise far enough for the frame.
TEST_F(SmallChannel, RefusedFrameLeavesNothingBelowTheFloorInTheIndex) {
  WireRing& wire = ring(WireFormat::kChunked);
  wire.progress.report(1, 0);
  const uint64_t refused = append_until_refused(Room::kReadersBehind);
  ASSERT_EQ(index().begin(), 0U);
  wire.progress.report(1, 1);
  ASSERT_EQ(try_append(refused, std::string(150, 'x')), Room::kReadersBehind);
  ASSERT_EQ(wire.ring().floor(), 1U) << "otherwise this test shows nothing";
  EXPECT_EQ(index().begin(), 1U);
  EXPECT_GE(wire.at(wire.begin()), wire.ring().floor());
}

TEST_F(SmallChannel, BusyShardRefusesOnlyForAMoment) {
  std::optional<ReadingRings> batch(epochs_[2]);
  const uint64_t refused = append_until_refused(Room::kReadersBusy);
  batch.reset();
  EXPECT_EQ(try_append(refused), Room::kReady);
}

TEST_F(SmallChannel, HistoryIsBoundedByBytes) {
  for (uint64_t n = 1; n <= 1000; ++n) {
    ASSERT_EQ(try_append(n), Room::kReady);
    for (const std::string& frame : frames_of(WireFormat::kChunked)) {
      ASSERT_NO_FATAL_FAILURE((void)frame_from_chunk(frame));
    }
    const WireRing& wire = ring(WireFormat::kChunked);
    ASSERT_GE(wire.at(wire.begin()), wire.ring().floor());
    ASSERT_EQ(index().begin(), wire.begin());
  }
  EXPECT_LT(index().size(), 200U);
}

// Count and age bound what somebody who comes back is given. Who is behind gets the rest all the same.
TEST_F(SmallChannel, CountAndAgeBoundWhatIsReplayedNotWhatIsKnown) {
  ChannelConfig config = small_channel();
  config.history.events = 3;
  config.history.age = milliseconds{1000};
  open(config);
  for (uint64_t ms = 10'001; ms <= 10'010; ++ms) ASSERT_EQ(try_append(ms), Room::kReady);
  EXPECT_EQ(index().size(), 10U);
  EXPECT_EQ(frames_of(WireFormat::kChunked).size(), 10U);
  EXPECT_EQ(channel_->index().history_begin(config.history, 10'010), 7U);
  EXPECT_EQ(channel_->index().history_begin(config.history, 11'010), 9U);
}

TEST_F(SmallChannel, ResumePointIsTheFrameAfterTheId) {
  for (uint64_t n = 1; n <= 5; ++n) ASSERT_EQ(try_append(n), Room::kReady);
  EXPECT_EQ(index().first_after({0, 0}), 0U);
  EXPECT_EQ(index().id(index().first_after({3, 0})), (EventId{4, 0}));
  EXPECT_EQ(index().first_after({5, 0}), index().end());
}

// --- Subscribers and the books

TEST_F(SmallChannel, AudienceIsCountedShardByShard) {
  EXPECT_EQ(channel_->subscribers(), 0U);
  channel_->set_audience(0, 5);
  channel_->set_audience(2, 7);
  EXPECT_EQ(channel_->subscribers(), 12U);
  EXPECT_TRUE(channel_->has_audience(0));
  EXPECT_FALSE(channel_->has_audience(1));
  EXPECT_TRUE(channel_->has_audience(2));
  channel_->set_audience(0, 0);
  EXPECT_FALSE(channel_->has_audience(0));
  EXPECT_EQ(channel_->subscribers(), 7U);
}

TEST_F(SmallChannel, EachEventIsCountedOncePerSubscriberAtItsCommit) {
  ASSERT_EQ(try_append(1), Room::kReady);
  EXPECT_EQ(channel_->committed_events().get(), 1U);
  EXPECT_EQ(channel_->committed_deliveries().get(), 0U);
  channel_->set_audience(0, 5);
  channel_->set_audience(2, 7);
  ASSERT_EQ(try_append(2), Room::kReady);
  EXPECT_EQ(channel_->committed_deliveries().get(), 12U);
  channel_->set_audience(0, 1);
  ASSERT_EQ(try_append(3), Room::kReady);
  EXPECT_EQ(channel_->committed_events().get(), 3U);
  EXPECT_EQ(channel_->committed_deliveries().get(), 20U) << "who has left is not counted again";
}

TEST_F(SmallChannel, RefusedEventIsNotInTheBooks) {
  channel_->set_audience(1, 1);
  ring(WireFormat::kChunked).progress.report(1, 0);
  const uint64_t refused = append_until_refused(Room::kReadersBehind);
  EXPECT_EQ(channel_->committed_events().get(), refused - 1);
  EXPECT_EQ(channel_->committed_deliveries().get(), refused - 1);
}

TEST_F(SmallChannel, EachShardKeepsItsOwnTally) {
  ASSERT_EQ(channel_->tallies().size(), kShards);
  channel_->tally(0).sent.add(5);
  channel_->tally(2).sent.add(7);
  channel_->tally(2).unsent.add();
  EXPECT_EQ(channel_->tallies()[0].sent.get(), 5U);
  EXPECT_EQ(channel_->tallies()[1].sent.get(), 0U);
  EXPECT_EQ(channel_->tallies()[2].sent.get(), 7U);
  EXPECT_EQ(channel_->tallies()[2].unsent.get(), 1U);
}

// --- Patterns

TEST_F(PatternChannel, KnowsWhatItIs) {
  EXPECT_TRUE(channel_->is_pattern());
  EXPECT_EQ(channel_->name().before, "inbox/");
  open(small_channel());
  EXPECT_FALSE(channel_->is_pattern());
}

TEST_F(PatternChannel, EventIsForTheSubscribersOfItsRecipientAlone) {
  EXPECT_EQ(append_for(kAlice), 0U);
  channel_->add_recipient(kAlice);
  channel_->add_recipient(kAlice);
  channel_->add_recipient(kBob);
  channel_->set_audience(0, 2);
  channel_->set_audience(1, 1);
  EXPECT_EQ(channel_->subscribers(), 3U) << "of all recipients";
  EXPECT_EQ(append_for(kAlice), 2U);
  EXPECT_EQ(append_for(kBob), 1U);
  EXPECT_EQ(channel_->committed_events().get(), 3U);
  EXPECT_EQ(channel_->committed_deliveries().get(), 3U);
  channel_->remove_recipient(kAlice);
  EXPECT_EQ(append_for(kAlice), 1U);
  channel_->remove_recipient(kAlice);
  EXPECT_EQ(append_for(kAlice), 0U);
  EXPECT_EQ(append_for(kBob), 1U);
  EXPECT_EQ(channel_->committed_deliveries().get(), 5U);
}

TEST_F(PatternChannel, AllRecipientsShareOneRing) {
  append_for(kAlice);
  append_for(kBob);
  append_for(kAlice);
  EXPECT_EQ(frames_of(WireFormat::kChunked).size(), 3U);
  EXPECT_EQ(index().recipients().newest_of(kAlice), 2U);
  EXPECT_EQ(index().recipients().newest_of(kBob), 1U);
}

TEST_F(PatternChannel, RecipientWhoseFramesWereOverwrittenIsForgotten) {
  append_for(kAlice);
  for (int i = 0; i < 500; ++i) append_for(kBob);
  EXPECT_EQ(index().recipients().newest_of(kAlice), kNoFrame);
  EXPECT_EQ(index().recipients().size(), 1U);
}

// What a recipient's event costs beside its bytes: index, links, table and position, as pages really touched. Nothing was
// forgotten yet, so the marks have not been.
TEST_F(PatternChannel, RecipientWithOneEventCostsAtMost64BytesBesideItsFrame) {
  const auto resident_bytes = [] {
    uint64_t mapped = 0;
    uint64_t resident = 0;
    std::ifstream("/proc/self/statm") >> mapped >> resident;
    return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  };
  constexpr uint64_t kRecipients = 200'000;
  ChannelConfig config = small_channel();
  config.name = "inbox/{recipient}";
  config.history.bytes = 128 * kMiB;
  open(config);
  const uint64_t before = resident_bytes();
  for (uint64_t i = 0; i < kRecipients; ++i) append_for(keyed_hash(std::to_string(i)));
  ASSERT_EQ(index().recipients().size(), kRecipients);
  const uint64_t frame_bytes = channel_->ring(WireFormat::kChunked)->ring().committed();
#ifdef __SANITIZE_ADDRESS__
  constexpr uint64_t kBytesMax = 64 + 32;  // its shadow of an eighth of all memory
#else
  constexpr uint64_t kBytesMax = 64;
#endif
  EXPECT_LE((resident_bytes() - before - frame_bytes) / kRecipients, kBytesMax);
}

// --- Failures and misuse

TEST_F(SmallChannel, RingThatCannotBeMappedIsAnError) {
  ChannelConfig config = small_channel();
  config.history.bytes = 1ULL << 60;
  EXPECT_FALSE(Channel::create(0, config, epochs_));
}

using ChannelDeathTest = SmallChannel;
using PatternChannelDeathTest = PatternChannel;

TEST_F(ChannelDeathTest, IdsThatDoNotIncreaseAreCaught) {
  ASSERT_EQ(try_append(5), Room::kReady);
  EXPECT_DEATH((void)try_append(5), "violated");
}

TEST_F(ChannelDeathTest, MoreThanCanBeHeldIsCaught) {
  EXPECT_DEATH((void)try_append(1, std::string(4096, 'x')), "violated");
}

TEST_F(ChannelDeathTest, RecipientOfAPlainChannelIsCaught) {
  const Frame frame = encoder_.encode({1, 0}, {.type = "", .data = "x"});
  EXPECT_DEATH(channel_->append({1, 0}, kAlice, frame, milliseconds{0}), "violated");
}

TEST_F(PatternChannelDeathTest, EventForNobodyIsCaught) {
  EXPECT_DEATH((void)try_append(1, "x"), "violated");
}

TEST_F(PatternChannelDeathTest, SubscriberWhoLeavesTwiceIsCaught) {
  channel_->add_recipient(kAlice);
  channel_->remove_recipient(kAlice);
  EXPECT_DEATH(channel_->remove_recipient(kAlice), "violated");
  EXPECT_DEATH(channel_->remove_recipient(kBob), "violated");
}

}  // namespace
}  // namespace ringcast
