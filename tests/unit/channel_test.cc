#include "engine/channel.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace ringcast {
namespace {

constexpr size_t kShards = 3;
constexpr EventId kBeforeEverything{};

ChannelConfig small_channel() {
  ChannelConfig config;
  config.name = "news";
  config.history = {.events = 1000, .bytes = 4 * kKiB, .age = milliseconds{60'000}};
  config.event_bytes_max = 200;
  return config;
}

class ChannelTest : public testing::Test {
 protected:
  void open(const ChannelConfig& config) {
    channel_ = std::move(Channel::create(7, config, epochs_).value());
  }

  // Event n has id n-0.
  Room try_append(uint64_t n, std::string_view data = "some data, so that a frame has a size") {
    return channel_->try_append({n, 0}, encoder_.encode({n, 0}, {.type = "", .data = data}));
  }

  // Appends events from number 1 on; the number of the one that was refused.
  uint64_t append_until_refused(Room expected, std::string_view data = "some data") {
    for (uint64_t n = 1; n < 1000; ++n) {
      const Room room = try_append(n, data);
      if (room == Room::kReady) continue;
      EXPECT_EQ(room, expected);
      return n;
    }
    ADD_FAILURE() << "nothing was refused";
    return 1000;
  }

  [[nodiscard]] WireRing& ring(WireFormat format) const { return *channel_->ring(format); }
  WireRing& open_raw() { return *channel_->open_ring(WireFormat::kRaw).value(); }

  // The stream a subscriber of `format` would have been sent from the oldest frame known.
  [[nodiscard]] std::string stream_of(WireFormat format) const {
    const WireRing& wire = ring(format);
    if (wire.index.empty()) return "";
    return std::string(wire.ring->bytes(wire.index.at(0).at, wire.ring->committed()));
  }

  // The frames the index knows, one by one.
  [[nodiscard]] std::vector<std::string> frames_of(WireFormat format) const {
    const WireRing& wire = ring(format);
    std::vector<std::string> frames;
    for (size_t i = 0; i < wire.index.size(); ++i) {
      const FrameIndex::Entry& entry = wire.index.at(i);
      frames.emplace_back(wire.ring->bytes(entry.at, entry.at + entry.bytes));
    }
    return frames;
  }

  Epochs epochs_{kShards};
  FrameEncoder encoder_;
  std::unique_ptr<Channel> channel_;
};

class SmallChannel : public ChannelTest {
 protected:
  SmallChannel() { open(small_channel()); }
};

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
  EXPECT_GE(ring(WireFormat::kChunked).ring->frame_bytes_max(), small_channel().event_bytes_max);
}

TEST_F(SmallChannel, RingsServeTheHistoryConfigured) {
  ChannelConfig config = small_channel();
  config.history.bytes = 100 * kKiB;
  open(config);
  EXPECT_EQ(ring(WireFormat::kChunked).ring->capacity_bytes(), 128 * kKiB);
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
      EXPECT_EQ(ring(format).index.at(n - 1).id, id);
    }
  }
}

TEST_F(SmallChannel, RawRingStartsWithTheFramesThereAre) {
  for (uint64_t n = 1; n <= 20; ++n) ASSERT_EQ(try_append(n), Room::kReady);
  const WireRing& raw = open_raw();
  ASSERT_EQ(raw.index.size(), 20U);
  EXPECT_EQ(raw.index.at(0).id, (EventId{1, 0}));
  EXPECT_EQ(raw.index.at(19).id, (EventId{20, 0}));
  const std::vector<std::string> chunked = frames_of(WireFormat::kChunked);
  const std::vector<std::string> raws = frames_of(WireFormat::kRaw);
  for (size_t i = 0; i < 20; ++i) EXPECT_EQ(raws[i], frame_from_chunk(chunked[i]).raw);
}

TEST_F(SmallChannel, RawRingStartsWithWhatIsStillKeptAfterManyLaps) {
  for (uint64_t n = 1; n <= 1000; ++n) ASSERT_EQ(try_append(n), Room::kReady);
  const WireRing& raw = open_raw();
  const WireRing& chunked = ring(WireFormat::kChunked);
  ASSERT_GT(chunked.index.size(), 10U);
  ASSERT_EQ(raw.index.size(), chunked.index.size());
  EXPECT_EQ(raw.index.at(0).id, chunked.index.at(0).id);
  ASSERT_EQ(try_append(1001), Room::kReady);
  EXPECT_EQ(frames_of(WireFormat::kRaw).back(),
            frame_from_chunk(frames_of(WireFormat::kChunked).back()).raw);
}

TEST_F(SmallChannel, RawRingCanBeOpenedWhileAnotherShardIsReading) {
  for (uint64_t n = 1; n <= 1000; ++n) ASSERT_EQ(try_append(n), Room::kReady);
  const ReadingRings batch(epochs_[1]);
  EXPECT_EQ(open_raw().index.size(), ring(WireFormat::kChunked).index.size());
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
  ASSERT_GT(raw.ring->floor(), 0U) << "otherwise this test shows nothing";
  ASSERT_FALSE(raw.index.empty());
  EXPECT_GE(raw.index.at(0).at, raw.ring->floor());
  EXPECT_EQ(raw.index.at(raw.index.size() - 1).id, (EventId{refused - 1, 0}));
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
  EXPECT_EQ(ring(WireFormat::kChunked).index.at(ring(WireFormat::kChunked).index.size() - 1).id,
            (EventId{refused - 1, 0}));
  ring(WireFormat::kRaw).progress.report(1, kNobodyBehind);
  EXPECT_EQ(try_append(refused), Room::kReady);
}

// The floor follows the subscribers even when it cannot rise far enough for the frame.
TEST_F(SmallChannel, RefusedFrameLeavesNothingBelowTheFloorInTheIndex) {
  WireRing& wire = ring(WireFormat::kChunked);
  wire.progress.report(1, 0);
  const uint64_t refused = append_until_refused(Room::kReadersBehind);
  ASSERT_EQ(wire.index.at(0).at, 0U);
  wire.progress.report(1, 1);
  ASSERT_EQ(try_append(refused, std::string(150, 'x')), Room::kReadersBehind);
  ASSERT_EQ(wire.ring->floor(), 1U) << "otherwise this test shows nothing";
  EXPECT_GE(wire.index.at(0).at, wire.ring->floor());
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
    ASSERT_GE(wire.index.at(0).at, wire.ring->floor());
  }
}

TEST_F(SmallChannel, HistoryIsBoundedByCount) {
  ChannelConfig config = small_channel();
  config.history.events = 3;
  open(config);
  for (uint64_t n = 1; n <= 10; ++n) ASSERT_EQ(try_append(n), Room::kReady);
  const FrameIndex& index = ring(WireFormat::kChunked).index;
  ASSERT_EQ(index.size(), 3U);
  EXPECT_EQ(index.at(0).id, (EventId{8, 0}));
}

TEST_F(SmallChannel, HistoryIsBoundedByAge) {
  ChannelConfig config = small_channel();
  config.history.age = milliseconds{1000};
  open(config);
  open_raw();
  for (const uint64_t ms : {10'000U, 10'400U, 11'000U}) {
    ASSERT_EQ(try_append(ms), Room::kReady);
  }
  EXPECT_EQ(ring(WireFormat::kChunked).index.size(), 3U) << "exactly as old as allowed";
  ASSERT_EQ(try_append(11'401), Room::kReady);
  for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
    ASSERT_EQ(ring(format).index.size(), 2U);
    EXPECT_EQ(ring(format).index.at(0).id, (EventId{11'000, 0}));
  }
}

TEST_F(SmallChannel, AgeBeyondTheClocksBeginningForgetsNothing) {
  ASSERT_EQ(try_append(1), Room::kReady);
  ASSERT_EQ(try_append(100), Room::kReady);
  EXPECT_EQ(ring(WireFormat::kChunked).index.size(), 2U);
}

TEST_F(SmallChannel, ResumePointIsTheFrameAfterTheId) {
  for (uint64_t n = 1; n <= 5; ++n) ASSERT_EQ(try_append(n), Room::kReady);
  const FrameIndex& index = ring(WireFormat::kChunked).index;
  EXPECT_EQ(index.first_after(kBeforeEverything), 0U);
  EXPECT_EQ(index.at(index.first_after({3, 0})).id, (EventId{4, 0}));
  EXPECT_EQ(index.first_after({5, 0}), index.size());
}

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

TEST_F(SmallChannel, RingThatCannotBeMappedIsAnError) {
  ChannelConfig config = small_channel();
  config.history.bytes = 1ULL << 60;
  EXPECT_FALSE(Channel::create(0, config, epochs_));
}

using ChannelDeathTest = SmallChannel;

TEST_F(ChannelDeathTest, IdsThatDoNotIncreaseAreCaught) {
  ASSERT_EQ(try_append(5), Room::kReady);
  EXPECT_DEATH((void)try_append(5), "violated");
}

TEST_F(ChannelDeathTest, FrameBeyondTheLargestIsCaught) {
  EXPECT_DEATH((void)try_append(1, std::string(4096, 'x')), "violated");
}

}  // namespace
}  // namespace ringcast
