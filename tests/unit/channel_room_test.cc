// When a channel has room for an event, and for several at once: its rings and its index set the limits.
#include <gtest/gtest.h>

#include <string>

#include "engine/channel.h"
#include "tests/support/channel_rig.h"

namespace ringcast {
namespace {

// --- The index: the limit for small frames

ChannelConfig channel_of_few_frames() {
  ChannelConfig config = small_channel();
  config.history.events = 10;
  return config;
}

TEST_F(SmallChannel, IndexHoldsTheConfiguredCountOrAFrameEvery128Bytes) {
  EXPECT_EQ(index().frames_max(), 1000U);
  open(channel_of_few_frames());
  EXPECT_EQ(index().frames_max(), 4096 / 128);
  ChannelConfig config = channel_of_few_frames();
  config.history.bytes = kMiB;
  open(config);
  EXPECT_EQ(index().frames_max(), kMiB / 128);
}

TEST_F(SmallChannel, FullIndexForgetsTheOldestWhenNobodyIsBehind) {
  open(channel_of_few_frames());
  open_raw();
  for (uint64_t n = 1; n <= 500; ++n) {
    ASSERT_EQ(try_append(n, ""), Room::kReady);
    ASSERT_LE(index().size(), 32U);
  }
  EXPECT_EQ(index().begin(), 500U - 32);
  EXPECT_EQ(index().id(index().begin()), (EventId{500 - 31, 0}));
  for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
    EXPECT_EQ(ring(format).begin(), index().begin());
    EXPECT_GT(ring(format).at(index().begin()), ring(format).ring().floor())
        << "otherwise it was the ring that forgot";
    EXPECT_EQ(frames_of(format).size(), 32U);
  }
}

TEST_F(SmallChannel, FullIndexPacesPublishersAsAFullRingDoes) {
  open(channel_of_few_frames());
  WireRing& wire = ring(WireFormat::kChunked);
  wire.progress.report(1, 0);
  EXPECT_EQ(append_until_refused(Room::kReadersBehind, ""), 33U);
  EXPECT_EQ(index().begin(), 0U);
  EXPECT_EQ(index().size(), 32U);
  EXPECT_EQ(wire.begin(), 0U);

  wire.progress.report(1, wire.at(1) - 1);
  EXPECT_EQ(try_append(33, ""), Room::kReadersBehind) << "the oldest frame lacks a byte";
  wire.progress.report(1, wire.at(1));
  EXPECT_EQ(try_append(33, ""), Room::kReady);
  EXPECT_EQ(index().begin(), 1U);
  EXPECT_EQ(try_append(34, ""), Room::kReadersBehind);
  wire.progress.report(1, kNobodyBehind);
  EXPECT_EQ(try_append(34, ""), Room::kReady);
}

TEST_F(SmallChannel, FullIndexWaitsForTheReadersOfEveryRing) {
  open(channel_of_few_frames());
  open_raw().progress.report(channel_->ring(WireFormat::kRaw)->progress.merged_reader(2), 0);
  EXPECT_EQ(append_until_refused(Room::kReadersBehind, ""), 33U);
  EXPECT_EQ(ring(WireFormat::kChunked).begin(), 0U);
  ring(WireFormat::kRaw)
      .progress.report(ring(WireFormat::kRaw).progress.merged_reader(2),
                       ring(WireFormat::kRaw).at(2));
  EXPECT_EQ(try_append(33, ""), Room::kReady);
  EXPECT_EQ(try_append(34, ""), Room::kReady);
  EXPECT_EQ(try_append(35, ""), Room::kReadersBehind);
}

// What one ring has overwritten is known as long as the other one has it.
TEST_F(SmallChannel, FrameIsKnownWhileAnyRingHasItWhole) {
  open_raw();
  for (uint64_t n = 1; n <= 500; ++n) {
    ASSERT_EQ(try_append(n, "x"), Room::kReady);
    const FrameNumber chunked = ring(WireFormat::kChunked).begin();
    const FrameNumber raw = ring(WireFormat::kRaw).begin();
    ASSERT_LE(raw, chunked) << "raw frames are shorter, so their ring keeps more";
    ASSERT_EQ(index().begin(), raw);
  }
  EXPECT_LT(ring(WireFormat::kRaw).begin(), ring(WireFormat::kChunked).begin());
}

// --- Loads: several frames at once

TEST_F(SmallChannel, LoadCountsFramesAndBytesInBothFormats) {
  Channel::Load load;
  load.add(encoder_.encode({1, 0}, {.type = "", .data = "a"}));
  load.add(encoder_.encode({2, 0}, {.type = "", .data = "bc"}));
  EXPECT_EQ(load.frames, 2U);
  EXPECT_EQ(load.raw_bytes, 17U + 18U);
  EXPECT_EQ(load.chunk_bytes, 17U + 18U + 2 * 6U);
}

TEST_F(SmallChannel, CanHoldWhatItsRingAndItsIndexHold) {
  const uint64_t bytes_max = ring(WireFormat::kChunked).ring().batch_bytes_max();
  EXPECT_TRUE(channel_->can_hold({.chunk_bytes = bytes_max, .raw_bytes = 0, .frames = 20}));
  EXPECT_FALSE(channel_->can_hold({.chunk_bytes = bytes_max + 1, .raw_bytes = 0, .frames = 20}));
  EXPECT_TRUE(channel_->can_hold({.chunk_bytes = 22, .raw_bytes = 16, .frames = 1000}));
  EXPECT_FALSE(channel_->can_hold({.chunk_bytes = 22, .raw_bytes = 16, .frames = 1001}));
}

// As large as can be held, again and again, whatever was there before.
TEST_F(SmallChannel, RoomForALoadIsRoomForEachOfItsFrames) {
  open(channel_of_few_frames());
  open_raw();
  uint64_t n = 0;
  for (int batch = 0; batch < 100; ++batch) {
    const std::string data(static_cast<size_t>(batch % 80), 'x');
    Channel::Load load;
    const uint64_t first = n + 1;
    while (true) {
      Channel::Load more = load;
      more.add(encoder_.encode({n + 1, 0}, {.type = "", .data = data}));
      if (!channel_->can_hold(more)) break;
      load = more;
      ++n;
    }
    ASSERT_GT(load.frames, 5U);
    ASSERT_EQ(channel_->make_room(load), Room::kReady);
    for (uint64_t id = first; id <= n; ++id) {
      const Frame frame = encoder_.encode({id, 0}, {.type = "", .data = data});
      channel_->append({id, 0}, {}, frame, milliseconds{0});
    }
    const std::vector<std::string> frames = frames_of(WireFormat::kRaw);
    ASSERT_GE(frames.size(), load.frames);
    ASSERT_EQ(frames[frames.size() - load.frames],
              encoder_.encode({first, 0}, {.type = "", .data = data}).raw)
        << "the first of the batch is still there";
  }
}

TEST_F(SmallChannel, LoadThatOneRingHasNoRoomForGoesIntoNone) {
  open_raw();
  ring(WireFormat::kRaw).progress.report(0, 0);
  const Channel::Load load{.chunk_bytes = 3000, .raw_bytes = 2800, .frames = 30};
  ASSERT_EQ(channel_->make_room(load), Room::kReady);
  for (uint64_t n = 1; n <= 30; ++n) ASSERT_EQ(try_append(n, std::string(70, 'x')), Room::kReady);
  const Position chunked = ring(WireFormat::kChunked).ring().committed();
  EXPECT_EQ(channel_->make_room(load), Room::kReadersBehind);
  EXPECT_EQ(ring(WireFormat::kChunked).ring().committed(), chunked);
  EXPECT_EQ(ring(WireFormat::kRaw).begin(), 0U) << "what the reader has not had";
  EXPECT_EQ(index().end(), 30U);
}

// Whatever is in short supply: bytes of a ring, of the other ring, or places in the index.
TEST_F(SmallChannel, WhetherThereCouldBeRoomIsKnownWithoutMakingAny) {
  open(channel_of_few_frames());
  open_raw();
  uint64_t events = 0;
  for (const WireFormat behind : {WireFormat::kChunked, WireFormat::kRaw}) {
    for (const std::string& data : {std::string("x"), std::string(100, 'x')}) {
      for (int n = 0; n < 500; ++n) ASSERT_EQ(try_append(++events, data), Room::kReady);
      ring(behind).progress.report(0, ring(behind).ring().committed());
      Room room = Room::kReady;
      while (room == Room::kReady) {
        Channel::Load load;
        load.add(encoder_.encode({events + 1, 0}, {.type = "", .data = data}));
        const FrameNumber begin = index().begin();
        const Position floor = ring(behind).ring().floor();
        const bool could = channel_->could_make_room(load);
        ASSERT_EQ(index().begin(), begin);
        ASSERT_EQ(ring(behind).ring().floor(), floor);
        room = try_append(++events, data);
        ASSERT_EQ(could, room == Room::kReady);
      }
      EXPECT_EQ(room, Room::kReadersBehind);
      ring(behind).progress.report(0, kNobodyBehind);
    }
  }
}

}  // namespace
}  // namespace ringcast
