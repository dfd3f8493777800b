#include "engine/ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <string>

namespace ringcast {
namespace {

constexpr uint64_t kCapacity = 4096;
constexpr uint64_t kLead = kCapacity / kRingLeadFraction;
constexpr uint64_t kFrameMax = kLead / 2;
constexpr uint64_t kBatchMax = kCapacity - 2 * kLead;
constexpr size_t kShards = 3;

// What byte stands at `position`. The period is prime, so neither a capacity nor a frame more or
// less looks the same.
char byte_at(Position position) {
  return static_cast<char>('!' + position % 89);
}

class RingTest : public testing::Test {
 protected:
  // A frame of `bytes` when there is room for it.
  Room try_write(uint64_t bytes) {
    const Room room = ring_->make_room(bytes, readers_);
    if (room == Room::kReady) write(bytes);
    ring_->check_invariants();
    return room;
  }

  void write(uint64_t bytes) {
    const Position at = ring_->committed();
    std::string frame(bytes, '\0');
    for (uint64_t i = 0; i < bytes; ++i) frame[i] = byte_at(at + i);
    EXPECT_EQ(ring_->append(frame), at);
  }

  // Frames of `bytes` until the ring refuses, or `total` bytes have been written; the last answer.
  Room write_until_refused(uint64_t bytes, uint64_t total = 10 * kCapacity) {
    Room room = Room::kReady;
    for (uint64_t written = 0; written < total && room == Room::kReady; written += bytes) {
      room = try_write(bytes);
    }
    return room;
  }

  [[nodiscard]] bool intact(Position from, Position to) const {
    const std::string_view bytes = ring_->bytes(from, to);
    for (Position at = from; at < to; ++at) {
      if (bytes[at - from] != byte_at(at)) return false;
    }
    return true;
  }

  Epochs epochs_{kShards};
  ReaderProgress readers_{kShards};
  std::unique_ptr<Ring> ring_ = std::move(Ring::open(kCapacity, epochs_).value());
};

TEST(Ring, CapacityIsAPowerOfTwoThatServesHistoryAndFrames) {
  EXPECT_EQ(Ring::capacity_for(0, 1), 4096U) << "a page at least";
  EXPECT_EQ(Ring::capacity_for(4096, 1), 4096U);
  EXPECT_EQ(Ring::capacity_for(4097, 1), 8192U);
  EXPECT_EQ(Ring::capacity_for(kMiB, 256), kMiB);
  EXPECT_EQ(Ring::capacity_for(kMiB + 1, 256), 2 * kMiB);
  EXPECT_EQ(Ring::capacity_for(0, 256), 4096U);
  EXPECT_EQ(Ring::capacity_for(0, 257), 8192U);
  EXPECT_EQ(Ring::capacity_for(kMiB, 64 * kKiB), kMiB);
  EXPECT_EQ(Ring::capacity_for(kMiB, 64 * kKiB + 12), 2 * kMiB);
}

TEST(Ring, LargestFrameAskedForFitsTwiceIntoTheLead) {
  const Epochs epochs(1);
  for (const uint64_t frame_bytes : {1U, 256U, 257U, 5000U, 65'536U, 65'548U}) {
    const Result<std::unique_ptr<Ring>> ring =
        Ring::open(Ring::capacity_for(0, frame_bytes), epochs);
    ASSERT_TRUE(ring);
    EXPECT_GE(ring.value()->frame_bytes_max(), frame_bytes);
  }
}

TEST(Ring, MappingThatTheKernelRefusesIsAnErrorWithItsRemedy) {
  const Epochs epochs(1);
  const Result<std::unique_ptr<Ring>> ring = Ring::open(1ULL << 60, epochs);
  ASSERT_FALSE(ring);
  EXPECT_NE(ring.error().message.find("1152921504606846976"), std::string::npos);
  EXPECT_NE(ring.error().message.find("history.bytes"), std::string::npos);
}

// Neither the mappings nor the descriptor outlive the ring.
TEST(Ring, GivesItsMemoryBack) {
  const auto mappings = [] {
    std::ifstream maps("/proc/self/maps");
    std::string line;
    int found = 0;
    while (std::getline(maps, line)) {
      if (line.find("ringcast-ring") != std::string::npos) ++found;
    }
    return found;
  };
  const Epochs epochs(1);
  ASSERT_EQ(mappings(), 0);
  {
    const Result<std::unique_ptr<Ring>> ring = Ring::open(kCapacity, epochs);
    ASSERT_EQ(mappings(), 2);
  }
  EXPECT_EQ(mappings(), 0);
}

TEST_F(RingTest, StartsEmpty) {
  EXPECT_EQ(ring_->committed(), 0U);
  EXPECT_EQ(ring_->floor(), 0U);
  EXPECT_EQ(ring_->capacity_bytes(), kCapacity);
  EXPECT_EQ(ring_->frame_bytes_max(), kFrameMax);
  EXPECT_EQ(ring_->batch_bytes_max(), kBatchMax);
  EXPECT_TRUE(ring_->bytes(0, 0).empty());
}

TEST_F(RingTest, PositionsCountBytes) {
  ASSERT_EQ(ring_->make_room(5, readers_), Room::kReady);
  EXPECT_EQ(ring_->append("hello"), 0U);
  ASSERT_EQ(ring_->make_room(6, readers_), Room::kReady);
  EXPECT_EQ(ring_->append(" world"), 5U);
  EXPECT_EQ(ring_->committed(), 11U);
  EXPECT_EQ(ring_->bytes(0, 11), "hello world");
  EXPECT_EQ(ring_->bytes(5, 11), " world");
}

TEST_F(RingTest, MakingRoomAloneShowsReadersNothing) {
  ASSERT_EQ(ring_->make_room(kFrameMax, readers_), Room::kReady);
  EXPECT_EQ(ring_->committed(), 0U);
}

TEST_F(RingTest, EmptyFrameIsHarmless) {
  ASSERT_EQ(try_write(0), Room::kReady);
  EXPECT_EQ(ring_->committed(), 0U);
}

// 241 does not divide the capacity, so frames lie across the wrap at ever other places.
TEST_F(RingTest, EverythingAboveTheFloorIsContiguousAcrossTheWrap) {
  for (int frame = 0; frame < 1000; ++frame) {
    ASSERT_EQ(try_write(241), Room::kReady);
    ASSERT_TRUE(intact(ring_->floor(), ring_->committed())) << "after frame " << frame;
  }
}

TEST_F(RingTest, FramesOfMaximumSizeFitForever) {
  ASSERT_EQ(write_until_refused(kFrameMax, 100 * kCapacity), Room::kReady);
  EXPECT_EQ(ring_->committed(), 100 * kCapacity);
  EXPECT_TRUE(intact(ring_->floor(), ring_->committed()));
}

TEST_F(RingTest, FloorRisesOnlyWhenTheLeadIsTouched) {
  while (ring_->committed() < kCapacity - kLead) {
    ASSERT_EQ(try_write(kFrameMax), Room::kReady);
    EXPECT_EQ(ring_->floor(), 0U);
  }
  ASSERT_EQ(try_write(1), Room::kReady);
  EXPECT_GT(ring_->floor(), 0U);
}

TEST_F(RingTest, FloorRisesByStepsThatLeaveTwoLeadsFree) {
  Position floor = 0;
  for (int frame = 0; frame < 1000; ++frame) {
    ASSERT_EQ(try_write(100), Room::kReady);
    if (ring_->floor() == floor) continue;
    EXPECT_EQ(ring_->committed() + 2 * kLead, ring_->floor() + kCapacity);
    if (floor != 0) {
      EXPECT_GE(ring_->floor() - floor, kLead);
    }
    floor = ring_->floor();
  }
  EXPECT_GT(floor, kCapacity);
}

TEST_F(RingTest, KeepsSixEighthsOfItsCapacityWhenNobodyIsBehind) {
  for (const uint64_t bytes : {1U, 7U, 100U, 256U}) {
    for (int frame = 0; frame < 5000; ++frame) {
      ASSERT_EQ(try_write(bytes), Room::kReady);
      const uint64_t kept = ring_->committed() - ring_->floor();
      ASSERT_GE(kept, std::min(ring_->committed(), kCapacity * 6 / 8));
      ASSERT_LE(kept, kCapacity * 7 / 8);
    }
  }
}

TEST_F(RingTest, FloorNeverRisesAboveTheSlowestReader) {
  readers_.report(1, 300);
  EXPECT_EQ(write_until_refused(100), Room::kReadersBehind);
  EXPECT_EQ(ring_->floor(), 300U);
  EXPECT_EQ(ring_->committed(), 4300U) << "all but less than a frame was used";
  EXPECT_TRUE(intact(300, ring_->committed()));
}

TEST_F(RingTest, RefusalChangesNothingAReaderCouldSee) {
  readers_.report(1, 0);
  ASSERT_EQ(write_until_refused(100), Room::kReadersBehind);
  const Position committed = ring_->committed();
  for (int attempt = 0; attempt < 10; ++attempt) {
    ASSERT_EQ(try_write(100), Room::kReadersBehind);
  }
  EXPECT_EQ(ring_->committed(), committed);
  EXPECT_EQ(ring_->floor(), 0U);
  EXPECT_TRUE(intact(0, committed));
}

TEST_F(RingTest, SmallerFrameMayStillFitWhereALargerOneWasRefused) {
  readers_.report(0, 0);
  ASSERT_EQ(write_until_refused(100), Room::kReadersBehind);
  EXPECT_EQ(try_write(kCapacity - ring_->committed()), Room::kReady);
  EXPECT_EQ(ring_->committed(), kCapacity) << "filled to the last byte";
  EXPECT_EQ(try_write(1), Room::kReadersBehind);
  EXPECT_TRUE(intact(0, kCapacity));
}

TEST_F(RingTest, RoomComesBackWhenTheSlowestReaderGetsOn) {
  readers_.report(2, 0);
  ASSERT_EQ(write_until_refused(100), Room::kReadersBehind);
  const Position needed = ring_->committed() + 100 - kCapacity;
  readers_.report(2, needed - 1);
  EXPECT_EQ(try_write(100), Room::kReadersBehind) << "one byte too few for this frame";
  readers_.report(2, needed);
  EXPECT_EQ(try_write(100), Room::kReady);
  readers_.report(2, kNobodyBehind);
  EXPECT_EQ(write_until_refused(100), Room::kReady);
}

TEST_F(RingTest, ReaderThatReportsAPositionBelowTheFloorDoesNotLowerIt) {
  ASSERT_EQ(write_until_refused(100), Room::kReady);
  const Position floor = ring_->floor();
  readers_.report(0, 0);
  EXPECT_EQ(write_until_refused(100), Room::kReadersBehind);
  EXPECT_EQ(ring_->floor(), floor);
}

TEST_F(RingTest, NothingABatchMayReadIsOverwritten) {
  std::optional<ReadingRings> batch(epochs_[1]);
  const Position floor_seen = ring_->floor();
  EXPECT_EQ(write_until_refused(100), Room::kReadersBusy);
  EXPECT_GT(ring_->floor(), floor_seen) << "raised, so that later batches keep off";
  EXPECT_TRUE(intact(floor_seen, ring_->committed())) << "all that the batch may be reading";
  for (int attempt = 0; attempt < 10; ++attempt) ASSERT_EQ(try_write(100), Room::kReadersBusy);
  batch.reset();
  EXPECT_EQ(write_until_refused(100), Room::kReady);
}

TEST_F(RingTest, BatchThatBeganAfterTheFloorRoseHoldsNothingUp) {
  std::optional<ReadingRings> old_batch(epochs_[1]);
  ASSERT_EQ(write_until_refused(100), Room::kReadersBusy);
  const Position floor = ring_->floor();
  old_batch.reset();
  const ReadingRings new_batch(epochs_[1]);  // loads the raised floor and keeps off what is below
  EXPECT_EQ(try_write(100), Room::kReady);
  EXPECT_TRUE(intact(floor, ring_->committed()));
}

TEST_F(RingTest, EveryShardsBatchIsWaitedFor) {
  std::optional<ReadingRings> first(epochs_[0]);
  std::optional<ReadingRings> last(epochs_[kShards - 1]);
  ASSERT_EQ(write_until_refused(100), Room::kReadersBusy);
  first.reset();
  EXPECT_EQ(try_write(100), Room::kReadersBusy);
  last.reset();
  EXPECT_EQ(try_write(100), Room::kReady);
}

// One step at a time: raising the floor again would mean waiting for batches that began since.
TEST_F(RingTest, BatchThatBeganAfterTheFloorRoseIsNotWaitedForBecauseOfAnOlderOne) {
  ASSERT_EQ(write_until_refused(kFrameMax, kCapacity - kLead), Room::kReady);
  std::optional<ReadingRings> old_batch(epochs_[0]);
  ASSERT_EQ(try_write(1), Room::kReady);  // raises the floor
  const Position floor = ring_->floor();
  ASSERT_GT(floor, 0U);
  const ReadingRings new_batch(epochs_[1]);
  ASSERT_EQ(try_write(kLead - 1 - kFrameMax), Room::kReady);
  ASSERT_EQ(try_write(kFrameMax), Room::kReady);
  ASSERT_EQ(try_write(kFrameMax), Room::kReadersBusy);
  EXPECT_EQ(ring_->floor(), floor);
  old_batch.reset();
  EXPECT_EQ(try_write(kFrameMax), Room::kReady);
}

// The lead is there so that a batch of ordinary length never delays a publisher.
TEST_F(RingTest, BatchThatEndsWithinALeadOfAppendsIsNeverNoticed) {
  for (int batch = 0; batch < 200; ++batch) {
    const ReadingRings reading(epochs_[0]);
    for (uint64_t written = 0; written + 64 <= kLead; written += 64) {
      ASSERT_EQ(try_write(64), Room::kReady) << "in batch " << batch;
    }
  }
}

TEST_F(RingTest, BusyBatchAndReaderBehindBothHoldTheirOwn) {
  readers_.report(2, 1000);
  std::optional<ReadingRings> batch(epochs_[0]);
  ASSERT_EQ(write_until_refused(100), Room::kReadersBusy);
  EXPECT_TRUE(intact(0, ring_->committed()));
  batch.reset();
  EXPECT_EQ(write_until_refused(100), Room::kReadersBehind);
  EXPECT_TRUE(intact(1000, ring_->committed()));
}

TEST_F(RingTest, LappedReaderIsToldAndNeverSeesTornBytes) {
  ASSERT_EQ(try_write(100), Room::kReady);
  const Position cursor = 100;
  ASSERT_EQ(write_until_refused(100), Room::kReady);
  const ReadingRings batch(epochs_[0]);
  const Position floor = ring_->floor();
  EXPECT_LT(cursor, floor) << "this is how it is told";
  (void)write_until_refused(100);
  EXPECT_TRUE(intact(floor, ring_->committed())) << "what it may read instead stays put";
}

// --- Batches: room for several frames at once

TEST_F(RingTest, BatchesOfMaximumSizeFitForever) {
  for (int batch = 0; batch < 100; ++batch) {
    ASSERT_EQ(ring_->make_room(kBatchMax, readers_), Room::kReady) << "batch " << batch;
    for (uint64_t written = 0; written < kBatchMax; written += kFrameMax) write(kFrameMax);
    ring_->check_invariants();
    ASSERT_TRUE(intact(ring_->committed() - kBatchMax, ring_->committed()))
        << "a batch is there as a whole";
    ASSERT_GE(ring_->committed() - ring_->floor(), kBatchMax);
  }
}

// Room was made for all of them: no frame of a batch has to ask, or raises the floor over another one.
TEST_F(RingTest, RoomForABatchIsRoomForEachOfItsFrames) {
  for (const uint64_t batch_bytes :
       {kFrameMax + 1, kLead, 2 * kLead + 1, kBatchMax - 1, kBatchMax}) {
    for (int batch = 0; batch < 50; ++batch) {
      ASSERT_EQ(ring_->make_room(batch_bytes, readers_), Room::kReady);
      const Position floor = ring_->floor();
      uint64_t left = batch_bytes;
      while (left > 0) {
        const uint64_t bytes = std::min<uint64_t>(left, 97);
        write(bytes);
        left -= bytes;
      }
      EXPECT_EQ(ring_->floor(), floor);
      ring_->check_invariants();
      ASSERT_TRUE(intact(ring_->floor(), ring_->committed()));
    }
  }
}

TEST_F(RingTest, BatchWaitsForReadersWhoHaveNotHadWhatItWouldOverwrite) {
  ASSERT_EQ(try_write(kFrameMax), Room::kReady);
  ASSERT_EQ(write_until_refused(kFrameMax, 2 * kLead), Room::kReady);
  readers_.report(0, ring_->committed() - 1);
  EXPECT_EQ(ring_->make_room(kBatchMax, readers_), Room::kReady) << "there is room beside them";
  ASSERT_EQ(write_until_refused(kFrameMax, 4 * kCapacity), Room::kReadersBehind);
  readers_.report(0, ring_->committed());
  EXPECT_EQ(ring_->make_room(kBatchMax, readers_), Room::kReady) << "everybody has had everything";
}

TEST_F(RingTest, BatchWaitsForTheSweepUnderWay) {
  ASSERT_EQ(write_until_refused(kFrameMax, 3 * kCapacity), Room::kReady);
  std::optional<ReadingRings> sweep(epochs_[1]);
  const Position floor = ring_->floor();
  const Position committed = ring_->committed();
  ASSERT_NE(ring_->make_room(kBatchMax, readers_), Room::kReady);
  EXPECT_TRUE(intact(floor, committed));
  sweep.reset();
  EXPECT_EQ(ring_->make_room(kBatchMax, readers_), Room::kReady);
}

TEST(Ring, WithoutShardsNobodyIsWaitedFor) {
  const Epochs epochs(0);
  const ReaderProgress readers(0);
  const std::unique_ptr<Ring> ring = std::move(Ring::open(kCapacity, epochs).value());
  for (int frame = 0; frame < 1000; ++frame) {
    ASSERT_EQ(ring->make_room(100, readers), Room::kReady);
    ring->append(std::string(100, 'x'));
  }
  EXPECT_EQ(ring->committed(), 100'000U);
}

using RingDeathTest = RingTest;

TEST_F(RingDeathTest, CapacityThatIsNoPowerOfTwoIsCaught) {
  EXPECT_DEATH((void)Ring::open(kCapacity + 1, epochs_), "violated");
  EXPECT_DEATH((void)Ring::open(0, epochs_), "violated");
  EXPECT_DEATH((void)Ring::open(2048, epochs_), "violated");
}

TEST_F(RingDeathTest, RoomForMoreThanTheLargestBatchIsCaught) {
  EXPECT_DEATH((void)ring_->make_room(kBatchMax + 1, readers_), "violated");
}

TEST_F(RingDeathTest, AppendingIntoWhatIsStillReadIsCaught) {
  readers_.report(0, 0);
  ASSERT_EQ(write_until_refused(100), Room::kReadersBehind);
  EXPECT_DEATH(write(100), "violated");
}

TEST_F(RingDeathTest, AppendingAfterKReadersBusyIsCaught) {
  const ReadingRings batch(epochs_[0]);
  ASSERT_EQ(write_until_refused(100), Room::kReadersBusy);
  EXPECT_DEATH(write(100), "violated");
}

TEST_F(RingDeathTest, CursorAheadOfTheRingIsCaughtInDebugBuilds) {
  ASSERT_EQ(try_write(100), Room::kReady);
  EXPECT_DEBUG_DEATH((void)ring_->bytes(0, 101), "violated");
  EXPECT_DEBUG_DEATH((void)ring_->bytes(60, 50), "violated");
}

}  // namespace
}  // namespace ringcast
