// Ring against a model that keeps every byte ever written.
//
// Goal: whatever the order of appends, progress reports and batches, (1) a batch finds every byte
// from the floor it loaded to the end it loaded unchanged until it ends, (2) nothing a healthy
// subscriber has not had goes below the floor, (3) a refusal has its reason, and (4) without a
// reason there is no refusal, and close to three quarters of the capacity are kept, but for the
// room that the largest batches need.
//
// Method: one thread, random steps, everything compared after each of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "engine/ring.h"
#include "tests/support/seeds.h"

namespace ringcast {
namespace {

constexpr size_t kShards = 3;

class RingModel : public testing::TestWithParam<uint64_t> {
 protected:
  // A shard's batch: what it loaded when it began.
  struct Batch {
    explicit Batch(Epoch& epoch, const Ring& ring)
        : reading(epoch), floor(ring.floor()), committed(ring.committed()) {}
    ReadingRings reading;
    Position floor;
    Position committed;
  };

  void step() {
    switch (dice_.below(10)) {
      case 0:
      case 1: {
        const size_t shard = dice_.below(kShards);
        batches_[shard].reset();
        if (dice_.one_in(2)) batches_[shard].emplace(epochs_[shard], *ring_);
        return;
      }
      case 2:
      case 3:
        return report_progress(dice_.below(kShards));
      default:
        return try_append();
    }
  }

  // Mostly some way forward; now and then the healthy subscribers leave, or come back at the end.
  void report_progress(size_t shard) {
    const Position before = readers_.reported(shard);
    if (before == kNobodyBehind) {
      if (dice_.one_in(4)) readers_.report(shard, ring_->committed());
    } else if (dice_.one_in(8)) {
      readers_.report(shard, kNobodyBehind);
    } else {
      readers_.report(shard, before + dice_.below(ring_->committed() - before + 1));
    }
  }

  // One frame, now and then the largest there may be; or a batch of frames.
  void try_append() {
    std::vector<uint64_t> frames(dice_.one_in(6) ? dice_.between(2, 12) : 1);
    const uint64_t bytes_max =
        std::min<uint64_t>(ring_->frame_bytes_max(), ring_->batch_bytes_max() / frames.size());
    uint64_t bytes = 0;
    for (uint64_t& frame : frames) {
      frame = dice_.one_in(8) ? bytes_max : dice_.between(1, bytes_max);
      bytes += frame;
    }
    Room room = Room::kReady;
    ASSERT_NO_FATAL_FAILURE(room = ask_for(bytes));
    if (room != Room::kReady) return expect_a_reason(room, ring_->committed() + bytes);
    for (const uint64_t frame : frames) ASSERT_NO_FATAL_FAILURE(append(frame));
  }

  void expect_floor_rose_no_further_than_allowed(Position before) {
    ASSERT_GE(ring_->floor(), before);
    if (ring_->floor() > before) {
      ASSERT_LE(ring_->floor(), readers_.slowest());
    }
  }

  Room ask_for(uint64_t bytes) {
    const Position floor_before = ring_->floor();
    const bool could = ring_->could_make_room(bytes, readers_);
    EXPECT_EQ(ring_->floor(), floor_before) << "it was only a question";
    const Room room = ring_->make_room(bytes, readers_);
    expect_could(could, room);
    expect_floor_rose_no_further_than_allowed(floor_before);
    if (ring_->floor() > floor_before) floor_raised_for_bytes_ = bytes;
    return room;
  }

  // No is final, yes may still have to wait for batches.
  void expect_could(bool could, Room room) const {
    if (!could) {
      EXPECT_EQ(room, Room::kReadersBehind);
    } else if (room != Room::kReady) {
      EXPECT_TRUE(is_somebody_reading());
    }
  }

  [[nodiscard]] bool is_somebody_reading() const {
    return std::ranges::any_of(batches_, [](const auto& batch) { return batch.has_value(); });
  }

  void append(uint64_t bytes) {
    std::string frame;
    for (uint64_t i = 0; i < bytes; ++i) frame += static_cast<char>(dice_.below(256));
    ASSERT_EQ(ring_->append(frame), written_.size());
    written_ += frame;
    // A floor raised for a large frame or batch that was then refused is that much too high for this one.
    const uint64_t always_kept = ring_->capacity_bytes() * 6 / 8 - floor_raised_for_bytes_;
    const uint64_t kept = ring_->committed() - ring_->floor();
    ASSERT_GE(kept, std::min<uint64_t>(written_.size(), always_kept));
  }

  void expect_a_reason(Room room, Position end) {
    const bool is_somebody_behind =
        readers_.slowest() + ring_->capacity_bytes() < end && readers_.slowest() != kNobodyBehind;
    if (room == Room::kReadersBusy) {
      ASSERT_TRUE(is_somebody_reading());
      ASSERT_LE(end, ring_->floor() + ring_->capacity_bytes());
    } else {
      ASSERT_TRUE(is_somebody_behind || is_somebody_reading());
      ASSERT_GT(end, ring_->floor() + ring_->capacity_bytes());
    }
  }

  [[nodiscard]] bool intact(Position from, Position to) const {
    return ring_->bytes(from, to) == std::string_view(written_).substr(from, to - from);
  }

  void compare() {
    ring_->check_invariants();
    ASSERT_EQ(ring_->committed(), written_.size());
    ASSERT_TRUE(intact(ring_->floor(), ring_->committed()));
    for (const std::optional<Batch>& batch : batches_) {
      if (batch) {
        ASSERT_TRUE(intact(batch->floor, batch->committed)) << "torn under a batch";
      }
    }
  }

  // Healthy subscribers that report before they are passed over are never lapped.
  void expect_room_for_all_when_nobody_is_left() {
    for (std::optional<Batch>& batch : batches_) batch.reset();
    for (size_t shard = 0; shard < kShards; ++shard) readers_.report(shard, kNobodyBehind);
    for (int frame = 0; frame < 100; ++frame) {
      ASSERT_EQ(ask_for(ring_->frame_bytes_max()), Room::kReady);
      ASSERT_NO_FATAL_FAILURE(append(ring_->frame_bytes_max()));
    }
    ASSERT_EQ(ask_for(ring_->batch_bytes_max()), Room::kReady);
  }

  Dice dice_{GetParam()};
  Epochs epochs_{kShards};
  ReaderProgress readers_{kShards};
  std::unique_ptr<Ring> ring_ =
      std::move(Ring::open(uint64_t{4096} << dice_.below(2), epochs_).value());
  std::array<std::optional<Batch>, kShards> batches_;
  std::string written_;
  uint64_t floor_raised_for_bytes_ = 0;  // what was asked for when it last rose
};

TEST_P(RingModel, BatchesNeverSeeTornBytesAndRefusalsHaveReasons) {
  for (int i = 0; i < 600; ++i) {
    ASSERT_NO_FATAL_FAILURE(step()) << "step " << i;
    ASSERT_NO_FATAL_FAILURE(compare()) << "step " << i;
  }
  ASSERT_NO_FATAL_FAILURE(expect_room_for_all_when_nobody_is_left());
  compare();
}

INSTANTIATE_TEST_SUITE_P(Seeds, RingModel, testing::ValuesIn(seeds(200)), seed_name);

}  // namespace
}  // namespace ringcast
