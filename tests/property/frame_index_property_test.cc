// FrameIndex against a deque that does the same the slow way.
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "engine/frame_index.h"
#include "tests/support/seeds.h"

namespace ringcast {
namespace {

class SlowFrameIndex {
 public:
  explicit SlowFrameIndex(size_t frames_max) : frames_max_(frames_max) {}

  void push(const FrameIndex::Entry& entry) {
    frames_.push_back(entry);
    if (frames_.size() > frames_max_) frames_.pop_front();
  }
  void forget_before(Position floor, uint64_t oldest_ms) {
    while (!frames_.empty() && (frames_[0].at < floor || frames_[0].id.ms < oldest_ms)) {
      frames_.pop_front();
    }
  }
  [[nodiscard]] size_t first_after(EventId id) const {
    return static_cast<size_t>(
        std::ranges::count_if(frames_, [&](const auto& frame) { return frame.id <= id; }));
  }
  [[nodiscard]] const std::deque<FrameIndex::Entry>& frames() const { return frames_; }

 private:
  size_t frames_max_;
  std::deque<FrameIndex::Entry> frames_;
};

class FrameIndexModel : public testing::TestWithParam<uint64_t> {
 protected:
  void push() {
    id_ =
        dice_.one_in(2) ? EventId{id_.ms + dice_.between(1, 20), 0} : EventId{id_.ms, id_.seq + 1};
    const FrameIndex::Entry entry{
        .id = id_, .at = end_, .bytes = static_cast<uint32_t>(dice_.between(1, 300))};
    end_ += entry.bytes;
    index_.push(entry);
    model_.push(entry);
  }

  // Around what is kept, at its edges and beyond them.
  void forget() {
    const Position floor = end_ - std::min(end_, dice_.below(300 * frames_max_ + 1));
    const uint64_t oldest_ms = id_.ms - std::min(id_.ms, dice_.below(20 * frames_max_ + 1));
    const Position nowhere = 0;
    const bool by_floor = dice_.one_in(2);
    const bool by_age = dice_.one_in(2);
    index_.forget_before(by_floor ? floor : nowhere, by_age ? oldest_ms : 0);
    model_.forget_before(by_floor ? floor : nowhere, by_age ? oldest_ms : 0);
  }

  [[nodiscard]] EventId some_id() {
    if (index_.empty() || dice_.one_in(4)) return {dice_.below(id_.ms + 3), dice_.below(4)};
    return index_.at(dice_.below(index_.size())).id;
  }

  void compare() {
    ASSERT_EQ(index_.size(), model_.frames().size());
    ASSERT_EQ(index_.empty(), model_.frames().empty());
    for (size_t i = 0; i < index_.size(); ++i) {
      ASSERT_EQ(index_.at(i).id, model_.frames()[i].id);
      ASSERT_EQ(index_.at(i).at, model_.frames()[i].at);
      ASSERT_EQ(index_.at(i).bytes, model_.frames()[i].bytes);
    }
    const EventId id = some_id();
    ASSERT_EQ(index_.first_after(id), model_.first_after(id)) << id.ms << '-' << id.seq;
  }

  Dice dice_{GetParam()};
  const uint64_t frames_max_ = dice_.one_in(4) ? 1 : dice_.between(2, 40);
  FrameIndex index_{static_cast<uint32_t>(frames_max_)};
  SlowFrameIndex model_{frames_max_};
  EventId id_;
  Position end_ = 0;
};

TEST_P(FrameIndexModel, AgreesWithADequeAfterEveryStep) {
  for (int step = 0; step < 1000; ++step) {
    if (dice_.one_in(10)) {
      forget();
    } else {
      push();
    }
    ASSERT_NO_FATAL_FAILURE(compare()) << "step " << step;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FrameIndexModel, testing::ValuesIn(seeds(100)), seed_name);

}  // namespace
}  // namespace ringcast
