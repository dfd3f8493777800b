// A wire ring's head under real threads: where the ring ends, as a position and as a number of frames.
//
// Goal: however many frames are appended while a shard looks, the position and the number it is given belong
// together, never go back, and the bytes up to there are in place.
//
// Method: all frames are of one size and begin with their number, so that either half of a head gives the
// other, and the bytes before it say which frame they are. One writer at full speed, readers that look as fast
// as they can; the test ends when each of them has seen the head move often enough.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/wire_ring.h"

namespace ringcast {
namespace {

constexpr size_t kReaders = 2;
constexpr uint64_t kFrameBytes = 40;
constexpr uint64_t kCapacity = 64 * kKiB;
constexpr FrameNumber kFirst = 1'000'000'007;

// The thread sanitizer makes every access some ten times as dear.
#ifdef __SANITIZE_THREAD__
constexpr uint64_t kMovesEnough = 10'000;
#else
constexpr uint64_t kMovesEnough = 100'000;
#endif
constexpr uint64_t kFramesMax = 100'000'000;  // on a machine too busy for that

class WireHeadStress : public testing::Test {
 protected:
  void write() {
    std::string frame(kFrameBytes, '.');
    while (readers_left_ != 0 && wire_.end() < kFirst + kFramesMax && !is_wrong_) {
      const FrameNumber n = wire_.end();
      std::memcpy(frame.data(), &n, sizeof n);
      const Room room = wire_.make_room(kFrameBytes);
      wire_.forget_overwritten();
      if (room == Room::kReady) {
        wire_.append(frame);
      } else {
        std::this_thread::yield();  // a reader is in the way for a moment
      }
    }
    is_finished_ = true;
  }

  // Reading bytes holds the writer up, so most looks are at the head alone.
  void look(size_t reader) {
    WireRing::Head last = wire_.head();
    uint64_t moves = 0;
    for (uint64_t n = 0; !is_finished_; ++n) {
      const WireRing::Head head = wire_.head();
      if (!is_a_pair(head) || head.frames < last.frames) is_wrong_ = true;
      if (n % 1024 == 0 && !are_bytes_in_place(reader)) is_wrong_ = true;
      if (head.frames != last.frames && ++moves == kMovesEnough) --readers_left_;
      last = head;
    }
    moves_[reader] = moves;
  }

  [[nodiscard]] bool is_a_pair(const WireRing::Head& head) const {
    return head.position == (head.frames - kFirst) * kFrameBytes &&
           head.position <= wire_.ring().committed();
  }

  [[nodiscard]] bool are_bytes_in_place(size_t reader) {
    const ReadingRings reading(epochs_[reader]);
    const Position floor = wire_.ring().floor();
    const WireRing::Head head = wire_.head();
    if (head.position < floor + kFrameBytes) return head.frames == kFirst;
    FrameNumber n = 0;
    const Position from = head.position - kFrameBytes;
    std::memcpy(&n, wire_.ring().bytes(from, head.position).data(), sizeof n);
    return n == head.frames - 1;
  }

  Epochs epochs_{kReaders};
  WireRing wire_{std::move(Ring::open(kCapacity, epochs_).value()),
                 static_cast<uint32_t>(kCapacity / kFrameBytes + 1), kReaders, kFirst};
  std::array<uint64_t, kReaders> moves_{};
  std::atomic<size_t> readers_left_{kReaders};
  std::atomic<bool> is_finished_{false};
  std::atomic<bool> is_wrong_{false};
};

TEST_F(WireHeadStress, PositionAndNumberBelongTogetherWhateverTheWriterDoes) {
  std::vector<std::thread> readers;
  for (size_t i = 0; i < kReaders; ++i) readers.emplace_back([this, i] { look(i); });
  write();
  for (std::thread& reader : readers) reader.join();
  EXPECT_FALSE(is_wrong_);
  for (const uint64_t moves : moves_) EXPECT_GT(moves, 0U) << "somebody never saw it move";
  EXPECT_GT(wire_.ring().committed(), 10 * kCapacity);
  wire_.ring().check_invariants();
}

}  // namespace
}  // namespace ringcast
