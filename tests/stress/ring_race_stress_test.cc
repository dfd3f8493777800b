// Two moments that last nanoseconds, which ordinary load never hits: a batch begins while the floor
// rises, and a batch begins while a frame is being committed.
//
// Goal: in the first, either the writer sees the batch and waits for it, or the batch sees the
// raised floor. In the second, all bytes below `committed` are in place.
//
// Method: one writer at full speed and one reader that begins batches as fast as it can, looks
// whether it is in the moment, and only then at the bytes. What stands at a position follows from
// the position alone, so that the reader needs no frames. Each test ends when it has seen the
// moment often enough to have found the mistake it is about.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "engine/ring.h"

namespace ringcast {
namespace {

constexpr size_t kShards = 64;  // noting so many epochs takes a while, which widens the moment
constexpr uint64_t kMomentsEnough = 5'000;
constexpr uint64_t kTotalBytesMax = 1024 * kMiB;  // on a machine too busy for that

uint64_t word_at(Position position) noexcept {
  return (position + 1) * 0x9E3779B97F4A7C15;
}

bool is_intact(std::string_view bytes, Position at) noexcept {
  // Backwards, as the last bytes are the last to be written.
  for (size_t i = bytes.size(); i > 0; i -= sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i - sizeof word, sizeof word);
    if (word != word_at(at + i - sizeof word)) return false;
  }
  return true;
}

class RingRaceStress : public testing::Test {
 protected:
  void open(uint64_t capacity_bytes) {
    ring_ = std::move(Ring::open(capacity_bytes, epochs_).value());
  }

  // Writes frames of `bytes` until the reader has seen enough.
  void write(uint64_t bytes) {
    std::string frame(bytes, '\0');
    while (moments_ < kMomentsEnough && ring_->committed() < kTotalBytesMax && !is_torn_) {
      if (ring_->make_room(bytes, readers_) != Room::kReady) {
        ++refused_;
        std::this_thread::yield();
        continue;
      }
      for (size_t i = 0; i < bytes; i += sizeof(uint64_t)) {
        const uint64_t word = word_at(ring_->committed() + i);
        std::memcpy(frame.data() + i, &word, sizeof word);
      }
      ring_->append(frame);
    }
    is_finished_ = true;
  }

  // A batch in which the floor moves after it was loaded stays until the writer wants the space or,
  // if nothing kept it off, has gone once around.
  void read_while_the_floor_rises() {
    while (!is_finished_) {
      const ReadingRings reading(epochs_[0]);
      const Position floor = ring_->floor();
      const Position committed = ring_->committed();
      if (!is_rising_from(floor)) continue;
      ++moments_;
      wait_until_the_space_is_wanted(committed);
      expect_intact(floor, committed);
    }
  }

  // Looks at the newest bytes as soon as there are some.
  void read_what_has_just_come() {
    Position seen = 0;
    while (!is_finished_) {
      const ReadingRings reading(epochs_[0]);
      const Position floor = ring_->floor();
      const Position committed = ring_->committed();
      if (committed == seen) continue;
      ++moments_;
      expect_intact(std::max(seen, floor), committed);
      seen = committed;
    }
  }

  void run(uint64_t frame_bytes, const std::function<void()>& reader_body) {
    std::thread reader(reader_body);
    write(frame_bytes);
    reader.join();
    EXPECT_FALSE(is_torn_);
    EXPECT_GT(moments_, 0U) << "the moment never came";
    ring_->check_invariants();
  }

 private:
  [[nodiscard]] bool is_rising_from(Position floor) const {
    for (int look = 0; look < 8; ++look) {
      if (ring_->floor() != floor) return true;
    }
    return false;
  }

  void wait_until_the_space_is_wanted(Position committed) const {
    const uint64_t refused = refused_;
    while (refused_ == refused && ring_->committed() <= committed + ring_->capacity_bytes() &&
           !is_finished_) {
      std::this_thread::yield();
    }
  }

  void expect_intact(Position from, Position to) {
    if (!is_intact(ring_->bytes(from, to), from)) is_torn_ = true;
  }

  Epochs epochs_{kShards};
  ReaderProgress readers_{0};
  std::unique_ptr<Ring> ring_;
  std::atomic<uint64_t> refused_{0};
  std::atomic<uint64_t> moments_{0};
  std::atomic<bool> is_finished_{false};
  std::atomic<bool> is_torn_{false};
};

// A tiny ring, so that the floor rises all the time.
TEST_F(RingRaceStress, BatchIsEitherSeenByTheWriterOrSeesTheRaisedFloor) {
  open(4 * kKiB);
  run(128, [this] { read_while_the_floor_rises(); });
}

// Long frames, since copying them takes longer.
TEST_F(RingRaceStress, BytesAreInPlaceBeforeTheyAreCommitted) {
  open(256 * kKiB);
  run(16 * kKiB, [this] { read_what_has_just_come(); });
}

}  // namespace
}  // namespace ringcast
