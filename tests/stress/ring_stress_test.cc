// The ring, its epochs and its pacing under real threads.
//
// Goal: while writers overwrite a small ring thousands of times, no reader ever copies a torn byte,
// none misses a frame without having been told that it was lapped, no healthy one is lapped, and no
// writer is held up for good.
//
// Method: readers stand for shards. A batch copies [cursor, committed) inside ReadingRings, as the
// kernel does inside a submit, and checks the copy afterwards. Hard cases are brought about by
// waiting for them, never by sleeping: a batch that keeps the oldest bytes until a writer has been
// refused because of it, a reader that comes back only after it must have been lapped, a healthy
// one that stops until a writer has been paced.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/wire_ring.h"
#include "tests/support/numbered_frames.h"

namespace ringcast {
namespace {

constexpr uint64_t kCapacity = 64 * kKiB;
constexpr size_t kReaders = 4;
constexpr std::chrono::seconds kBlockedForGood{30};

// Races are met by chance, and the more bytes the likelier; that is for the plain build. The thread sanitizer needs less luck
// to see one, the address sanitizer looks for other things, and 640 times around the ring are enough for both.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr uint64_t kTotalBytes = 40 * kMiB;
#else
constexpr uint64_t kTotalBytes = 200 * kMiB;
#endif

// What readers and writers share: the ring, its frames' positions under a lock, and ways to wait for each
// other.
class Stage {
 public:
  // Writes frames until kTotalBytes are in, by all writers together.
  void write() {
    std::string frame;
    while (true) {
      std::unique_lock guard(lock_);
      if (finished_) return;
      if (try_write_next(frame) != Room::kReady) wait_for_a_batch_to_end(guard);
    }
  }

  // Ends the run early, when a reader has found a fault.
  void finish() {
    const std::lock_guard guard(lock_);
    end_run();
  }

  // Told by a reader after each batch. How far its healthy subscriber has got, if it has one.
  void on_batch_ended(size_t shard, Position swept) {
    wire_.progress.report(shard, swept);
    const std::lock_guard guard(lock_);
    ++batches_ended_;
    if (writers_waiting_ != 0) batch_ended_.notify_all();
  }

  // A healthy subscriber joins, and is told where. Under the lock, as who really joins: were more written between its report and its
  // place, it could stand at the end of a ring that is full because of what it has reported, and both would wait for each other.
  [[nodiscard]] Position join(size_t shard) {
    const std::lock_guard guard(lock_);
    const Position end = wire_.ring().committed();
    wire_.progress.report(shard, end);
    return end;
  }

  struct Place {
    Position at;
    uint64_t frame;
  };
  // Where the oldest frame still known starts, or the end.
  [[nodiscard]] Place oldest() {
    const std::lock_guard guard(lock_);
    return {wire_.at(wire_.begin()), wire_.begin()};
  }

  // Each of these returns when the writers have finished, too.
  void wait_until_committed(Position position) {
    std::unique_lock guard(lock_);
    changed_.wait(guard, [&] { return wire_.ring().committed() >= position || finished_; });
  }
  void wait_until_a_writer_waits_or_committed(Position position) {
    std::unique_lock guard(lock_);
    changed_.wait(guard, [&] {
      return writers_waiting_ != 0 || wire_.ring().committed() >= position || finished_;
    });
  }

  [[nodiscard]] bool finished() const { return finished_; }
  [[nodiscard]] const Ring& ring() const { return wire_.ring(); }
  [[nodiscard]] ReaderProgress& progress() { return wire_.progress; }
  [[nodiscard]] Epoch& epoch(size_t shard) { return epochs_[shard]; }

  // For when all threads have ended.
  [[nodiscard]] uint64_t frames() const { return next_; }
  [[nodiscard]] uint64_t refused_busy() const { return refused_busy_; }
  [[nodiscard]] uint64_t refused_behind() const { return refused_behind_; }

 private:
  Room try_write_next(std::string& frame) {
    write_numbered_frame(next_, wire_.ring().frame_bytes_max(), frame);
    const Room room = wire_.make_room(frame.size());
    if (room == Room::kReadersBusy) ++refused_busy_;
    if (room == Room::kReadersBehind) ++refused_behind_;
    wire_.forget_overwritten();
    if (room != Room::kReady) return room;
    wire_.append(frame);
    ++next_;
    announce_progress();
    if (wire_.ring().committed() >= kTotalBytes) end_run();
    return room;
  }

  // Nothing but the end of a batch makes a difference to a writer that was refused.
  void wait_for_a_batch_to_end(std::unique_lock<std::mutex>& guard) {
    ++writers_waiting_;
    changed_.notify_all();
    const uint64_t ended = batches_ended_;
    const bool has_ended = batch_ended_.wait_for(
        guard, kBlockedForGood, [&] { return batches_ended_ != ended || finished_; });
    --writers_waiting_;
    if (has_ended) return;
    ADD_FAILURE() << "a writer was held up for good";
    end_run();
  }

  void announce_progress() {
    if (wire_.ring().committed() < announced_ + kAnnouncedBytes) return;
    announced_ = wire_.ring().committed();
    changed_.notify_all();
  }

  void end_run() {
    finished_ = true;
    changed_.notify_all();
    batch_ended_.notify_all();
  }

  // Waking readers at every frame would make this a test of the scheduler.
  static constexpr uint64_t kAnnouncedBytes = 8 * kKiB;

  Epochs epochs_{kReaders};
  std::mutex lock_;  // stands for the log's: all below is its, but for what rings share by atomics
  std::condition_variable changed_;      // readers wait for writers
  std::condition_variable batch_ended_;  // writers wait for readers
  WireRing wire_{std::move(Ring::open(kCapacity, epochs_).value()), 4096, kReaders, 0};
  uint64_t next_ = 0;  // the frame to write
  Position announced_ = 0;
  int writers_waiting_ = 0;
  uint64_t batches_ended_ = 0;
  uint64_t refused_busy_ = 0;
  uint64_t refused_behind_ = 0;
  std::atomic<bool> finished_{false};
};

// A shard with one subscriber.
class Reader {
 public:
  Reader(Stage& stage, size_t shard) : stage_(stage), shard_(shard) {}

  // Reads whatever there is as soon as there is something.
  void read_eagerly() {
    while (!over()) {
      stage_.wait_until_committed(cursor_ + 1);
      batch();
      stage_.on_batch_ended(shard_, kNobodyBehind);
    }
  }

  // Comes back when it must have been lapped.
  void read_seldom() {
    while (!over()) {
      stage_.wait_until_committed(cursor_ + 2 * kCapacity);
      batch();
      stage_.on_batch_ended(shard_, kNobodyBehind);
    }
  }

  // Starts from the oldest frame each time; every eighth batch stays until a writer wants the space
  // or, if nothing kept it off, has already overwritten it.
  void read_history() {
    for (uint64_t n = 0; !over(); ++n) {
      jump_to_oldest();
      batch([&](Position end) {
        if (n % 8 == 0) stage_.wait_until_a_writer_waits_or_committed(end + kCapacity);
      });
      stage_.on_batch_ended(shard_, kNobodyBehind);
    }
  }

  // Says how far it has got, and every hundredth time rests until a writer has been paced.
  void read_faithfully() {
    for (uint64_t n = 0; !over(); ++n) {
      if (n % 100 == 0) {
        stage_.wait_until_a_writer_waits_or_committed(cursor_ + 2 * kCapacity);
      } else {
        stage_.wait_until_committed(cursor_ + 1);
      }
      batch();
      stage_.on_batch_ended(shard_, cursor_);
    }
  }

  // Joins at the end again and again. It counts as healthy from then on, and so can never be lapped.
  void join_again_and_again() {
    while (!over()) {
      cursor_ = stage_.join(shard_);
      frames_.expect_any();
      stage_.wait_until_committed(cursor_ + 1);
      batch();
      stage_.on_batch_ended(shard_, kNobodyBehind);
    }
  }

  [[nodiscard]] uint64_t laps() const { return laps_; }
  [[nodiscard]] uint64_t batches() const { return batches_; }
  [[nodiscard]] uint64_t frames() const { return frames_.frames(); }
  [[nodiscard]] uint64_t next() const { return frames_.next(); }
  [[nodiscard]] bool is_torn() const { return is_torn_; }

 private:
  // The writers have finished and this reader has had everything.
  [[nodiscard]] bool over() const {
    return is_torn_ || (stage_.finished() && cursor_ == stage_.ring().committed());
  }

  void batch(const std::function<void(Position end)>& before_copying = {}) {
    bool is_lapped = false;
    {
      const ReadingRings reading(stage_.epoch(shard_));
      const Position floor = stage_.ring().floor();
      const Position committed = stage_.ring().committed();
      is_lapped = cursor_ < floor;
      if (!is_lapped) {
        if (before_copying) before_copying(committed);
        copy_ = stage_.ring().bytes(cursor_, committed);
      }
    }
    ++batches_;
    if (is_lapped) {
      ++laps_;
      jump_to_oldest();
    } else {
      check_copy();
    }
  }

  void check_copy() {
    cursor_ += copy_.size();
    if (frames_.read(copy_)) return;
    is_torn_ = true;
    stage_.finish();
  }

  void jump_to_oldest() {
    const Stage::Place oldest = stage_.oldest();
    cursor_ = oldest.at;
    frames_.expect(oldest.frame);
  }

  Stage& stage_;
  const size_t shard_;
  NumberedFrameReader frames_{stage_.ring().frame_bytes_max()};
  std::string copy_;
  Position cursor_ = 0;
  uint64_t laps_ = 0;
  uint64_t batches_ = 0;
  bool is_torn_ = false;
};

class RingStress : public testing::Test {
 protected:
  RingStress() {
    for (size_t shard = 0; shard < kReaders; ++shard) {
      readers_.push_back(std::make_unique<Reader>(stage_, shard));
    }
  }

  void run(const std::vector<std::function<void()>>& bodies) {
    std::vector<std::thread> threads;
    for (const std::function<void()>& body : bodies) threads.emplace_back(body);
    for (std::thread& thread : threads) thread.join();
    EXPECT_GE(stage_.ring().committed(), kTotalBytes);
    stage_.ring().check_invariants();
    for (const std::unique_ptr<Reader>& reader : readers_) {
      EXPECT_FALSE(reader->is_torn()) << "torn or missing bytes near frame " << reader->next();
    }
  }

  Stage stage_;
  std::vector<std::unique_ptr<Reader>> readers_;
};

TEST_F(RingStress, ReadersThatHoldNobodyUpSeeWholeFramesOrAreToldThatTheyAreLapped) {
  Reader& eager = *readers_[0];
  Reader& seldom = *readers_[1];
  Reader& historian = *readers_[2];
  Reader& other_historian = *readers_[3];
  run({
      [&] { stage_.write(); },
      [&] { stage_.write(); },
      [&] { eager.read_eagerly(); },
      [&] { seldom.read_seldom(); },
      [&] { historian.read_history(); },
      [&] { other_historian.read_history(); },
  });
  EXPECT_EQ(seldom.laps() + 1, seldom.batches()) << "lapped each time but the last";
  EXPECT_GT(seldom.laps(), 1U);
  EXPECT_GT(eager.frames(), 0U);
  EXPECT_GT(historian.frames(), 0U);
  EXPECT_GT(other_historian.frames(), 0U);
  EXPECT_GT(stage_.refused_busy(), 0U) << "no batch was ever in a writer's way";
  EXPECT_EQ(stage_.refused_behind(), 0U) << "nobody asked to be waited for";
  for (const std::unique_ptr<Reader>& reader : readers_) {
    EXPECT_EQ(reader->next(), stage_.frames()) << "all of them had the last frame";
  }
}

TEST_F(RingStress, HealthyReadersHaveEveryFrameWhileLaggardsAreLapped) {
  stage_.progress().report(0, 0);
  stage_.progress().report(1, 0);
  Reader& seldom = *readers_[2];
  run({
      [&] { stage_.write(); },
      [&] { stage_.write(); },
      [&] { readers_[0]->read_faithfully(); },
      [&] { readers_[1]->read_faithfully(); },
      [&] { seldom.read_seldom(); },
      [&] { readers_[3]->read_history(); },
  });
  for (const size_t healthy : {0U, 1U}) {
    EXPECT_EQ(readers_[healthy]->laps(), 0U);
    EXPECT_EQ(readers_[healthy]->frames(), stage_.frames());
  }
  EXPECT_GT(seldom.laps(), 1U);
  EXPECT_GT(stage_.refused_behind(), 0U) << "no writer was ever paced";
}

TEST_F(RingStress, ReaderThatJoinsIsHealthyFromItsFirstByte) {
  run({
      [&] { stage_.write(); },
      [&] { stage_.write(); },
      [&] { readers_[0]->join_again_and_again(); },
      [&] { readers_[1]->join_again_and_again(); },
      [&] { readers_[2]->read_history(); },
  });
  for (const size_t joining : {0U, 1U}) {
    EXPECT_EQ(readers_[joining]->laps(), 0U);
    EXPECT_GT(readers_[joining]->batches(), 10U);
  }
}

}  // namespace
}  // namespace ringcast
