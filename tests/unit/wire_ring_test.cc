#include "engine/wire_ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ringcast {
namespace {

constexpr uint64_t kCapacity = 4096;
constexpr size_t kFrameBytes = 100;

// What frame `n` says: its number, at a length that no multiple of it fits the capacity.
std::string frame_of(FrameNumber n, size_t bytes = kFrameBytes) {
  std::string frame = std::to_string(n) + ":";
  frame.resize(std::max(bytes, frame.size()), static_cast<char>('a' + n % 26));
  return frame;
}

class WireRingTest : public testing::Test {
 protected:
  void open(uint32_t frames_max, FrameNumber first = 0) {
    wire_ = std::make_unique<WireRing>(std::move(Ring::open(kCapacity, epochs_).value()),
                                       frames_max, epochs_.size(), first);
  }

  void append(size_t bytes = kFrameBytes) {
    const std::string frame = frame_of(wire_->end(), bytes);
    ASSERT_EQ(wire_->make_room(frame.size()), Room::kReady);
    wire_->append(frame);
  }

  Epochs epochs_{2};
  std::unique_ptr<WireRing> wire_;
};

TEST_F(WireRingTest, StartsEmptyAtItsFirstFrame) {
  open(64, 17);
  EXPECT_EQ(wire_->begin(), 17U);
  EXPECT_EQ(wire_->end(), 17U);
  EXPECT_EQ(wire_->at(17), 0U);
  EXPECT_EQ(wire_->head().position, 0U);
  EXPECT_EQ(wire_->head().frames, 17U);
  EXPECT_EQ(wire_->frame_at(0), 17U);
}

TEST_F(WireRingTest, KnowsWhereEachFrameBegins) {
  open(64, 17);
  Position at = 0;
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(wire_->at(17 + i), at);
    append(50 + 7 * i);
    at += 50 + 7 * i;
  }
  EXPECT_EQ(wire_->end(), 27U);
  EXPECT_EQ(wire_->at(27), wire_->ring().committed())
      << "the next frame begins where the ring ends";
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(wire_->frame(17 + i), frame_of(17 + i, 50 + 7 * i));
  }
}

TEST_F(WireRingTest, HeadIsTheRingsEndAndTheNextFramesNumber) {
  open(64);
  for (FrameNumber n = 1; n <= 100; ++n) {
    append(20 + n % 7);
    wire_->forget_overwritten();
    EXPECT_EQ(wire_->head().position, wire_->ring().committed());
    EXPECT_EQ(wire_->head().frames, n);
    if (wire_->end() - wire_->begin() > 60) wire_->forget_before(wire_->end() - 10);
  }
}

TEST_F(WireRingTest, FramesAreFoundByAnyPositionInThem) {
  open(64, 5);
  for (size_t i = 0; i < 4; ++i) append(100);
  for (Position position = 0; position < 400; ++position) {
    ASSERT_EQ(wire_->frame_at(position), 5 + position / 100) << position;
  }
  EXPECT_EQ(wire_->frame_at(400), 9U) << "the ring's end is where the next frame begins";
}

TEST_F(WireRingTest, PositionBelowTheOldestFrameIsNobodys) {
  open(64);
  for (size_t i = 0; i < 4; ++i) append(100);
  wire_->forget_before(2);
  EXPECT_EQ(wire_->frame_at(0), std::nullopt);
  EXPECT_EQ(wire_->frame_at(199), std::nullopt);
  EXPECT_EQ(wire_->frame_at(200), 2U);
  wire_->forget_before(4);
  EXPECT_EQ(wire_->frame_at(399), std::nullopt);
  EXPECT_EQ(wire_->frame_at(400), 4U) << "with no frame left, its end is still one";
}

TEST_F(WireRingTest, ForgetsFramesThatBeginBelowTheFloor) {
  open(64);
  FrameNumber forgotten = 0;
  for (int i = 0; i < 500; ++i) {
    append();
    wire_->forget_overwritten();
    const Position floor = wire_->ring().floor();
    ASSERT_GE(wire_->at(wire_->begin()), floor);
    ASSERT_EQ(wire_->begin(), (floor + kFrameBytes - 1) / kFrameBytes)
        << "a frame that begins at the floor stays, one that the floor cuts goes";
    forgotten = wire_->begin();
    for (FrameNumber n = wire_->begin(); n < wire_->end(); ++n) {
      ASSERT_EQ(wire_->frame(n), frame_of(n)) << "what is known is whole";
    }
  }
  EXPECT_GT(forgotten, 400U);
}

TEST_F(WireRingTest, ForgettingNeverGoesBack) {
  open(64);
  for (size_t i = 0; i < 4; ++i) append();
  wire_->forget_before(3);
  wire_->forget_before(1);
  EXPECT_EQ(wire_->begin(), 3U);
  wire_->forget_overwritten();
  EXPECT_EQ(wire_->begin(), 3U);
  wire_->forget_before(4);
  EXPECT_EQ(wire_->begin(), wire_->end());
  append();
  EXPECT_EQ(wire_->frame(4), frame_of(4));
}

// The positions lie in a circle of their own, which wraps at other places than the ring does.
TEST_F(WireRingTest, PositionsSurviveTheirCirclesWrap) {
  open(7);
  for (FrameNumber n = 0; n < 200; ++n) {
    if (wire_->end() - wire_->begin() == 7) wire_->forget_before(wire_->begin() + 1);
    append(30 + n % 11);
    for (FrameNumber known = wire_->begin(); known < wire_->end(); ++known) {
      ASSERT_EQ(wire_->frame(known), frame_of(known, 30 + known % 11));
      ASSERT_EQ(wire_->frame_at(wire_->at(known)), known);
      ASSERT_EQ(wire_->frame_at(wire_->at(known + 1) - 1), known);
    }
  }
}

TEST_F(WireRingTest, RoomIsMadeByTheReadersOfThisRing) {
  open(64);
  wire_->progress.report(1, 0);
  Room room = Room::kReady;
  while (room == Room::kReady) {
    room = wire_->make_room(kFrameBytes);
    if (room == Room::kReady) wire_->append(frame_of(wire_->end()));
  }
  EXPECT_EQ(room, Room::kReadersBehind);
  wire_->progress.report(1, kNobodyBehind);
  EXPECT_EQ(wire_->make_room(kFrameBytes), Room::kReady);
}

using WireRingDeathTest = WireRingTest;

TEST_F(WireRingDeathTest, FramesThatAreNotThereAreCaughtInDebugBuilds) {
  open(64);
  for (size_t i = 0; i < 4; ++i) append();
  wire_->forget_before(2);
  EXPECT_DEBUG_DEATH((void)wire_->at(1), "violated");
  EXPECT_DEBUG_DEATH((void)wire_->at(5), "violated");
  EXPECT_DEBUG_DEATH((void)wire_->frame(4), "violated");
}

}  // namespace
}  // namespace ringcast
