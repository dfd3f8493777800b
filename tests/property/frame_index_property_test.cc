// FrameIndex, and the RecipientFrames in it, against a list that keeps every frame ever pushed.
//
// Goal: whatever is pushed and forgotten, (1) what is known of frames, ids and ttls is exact, (2) history
// begins where the limits say and never goes back, (3) each recipient's frames are linked in order and nobody
// else's are among them, and (4) the mark of what a recipient has lost is never too low, nor above anything
// that is known.
//
// Method: one thread, random steps, everything compared after each of them. Recipients crowd into few cells of
// the table and share marks, which real hashes hardly ever do.
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "engine/event.h"
#include "engine/frame_index.h"
#include "tests/support/seeds.h"

namespace ringcast {
namespace {

class FrameIndexModel : public testing::TestWithParam<uint64_t> {
 protected:
  struct Frame {
    EventId id;
    KeyedHash recipient;
    milliseconds ttl;
    FrameNumber previous;  // of the same recipient, as far as known when this one came
  };

  FrameIndexModel() {
    if (dice_.one_in(4)) return;
    origin_ = id_ = {dice_.between(1, 1000), 0};
    index_.set_origin(origin_);
  }

  [[nodiscard]] bool is_pattern() const { return kind_ == ChannelKind::kPattern; }

  // Searches for some of them begin at the same cell, near the end of the table or at its beginning.
  [[nodiscard]] KeyedHash recipient(uint64_t i) const {
    if (!is_pattern()) return {};
    return {.a = (i % 3 == 0 ? ~uint64_t{0} : i % 3) ^ (i + 1) << 40, .b = i % 5 + 1};
  }

  void step() {
    if (dice_.one_in(6)) {
      forget_before(begin_ + dice_.below(frames_.size() - begin_ + 3));
    } else {
      push();
    }
  }

  void push() {
    if (frames_.size() - begin_ == frames_max_) forget_before(begin_ + 1);
    id_ = next_id();
    const KeyedHash whose = recipient(dice_.below(recipients_));
    const milliseconds ttl{dice_.one_in(3) ? dice_.between(1, 50) : 0};
    frames_.push_back({id_, whose, ttl, newest_of(whose)});
    index_.push(id_, whose, ttl);
  }

  // Sometimes so far on within one millisecond that a mark cannot hold it.
  [[nodiscard]] EventId next_id() {
    if (dice_.one_in(2)) return {id_.ms + dice_.between(1, 20), 0};
    if (dice_.one_in(8) && id_.seq < kEventIdSeqMax / 2)
      return {id_.ms, id_.seq + kEventIdSeqMax / 2};
    return {id_.ms, id_.seq + 1};
  }

  void forget_before(FrameNumber n) {
    index_.forget_before(n);
    begin_ = std::min<FrameNumber>(std::max(begin_, n), frames_.size());
  }

  [[nodiscard]] FrameNumber newest_of(const KeyedHash& whose) const {
    for (FrameNumber n = frames_.size(); n-- > begin_;) {
      if (frames_[n].recipient == whose) return n;
    }
    return kNoFrame;
  }

  [[nodiscard]] FrameNumber next_of(FrameNumber frame) const {
    for (FrameNumber n = frame + 1; n < frames_.size(); ++n) {
      if (frames_[n].recipient == frames_[frame].recipient) return n;
    }
    return kNoFrame;
  }

  [[nodiscard]] EventId id_before(FrameNumber n) const {
    return n == 0 ? origin_ : frames_[n - 1].id;
  }

  [[nodiscard]] EventId some_id() {
    if (frames_.empty() || dice_.one_in(4)) return {dice_.below(id_.ms + 3), dice_.below(4)};
    return frames_[dice_.below(frames_.size())].id;
  }

  void compare_frames() {
    ASSERT_EQ(index_.begin(), begin_);
    ASSERT_EQ(index_.end(), frames_.size());
    ASSERT_EQ(index_.size(), frames_.size() - begin_);
    const uint64_t now = id_.ms + dice_.below(60);
    bool is_any_expired = false;
    for (FrameNumber n = frames_.size(); n-- > begin_;) {
      const Frame& frame = frames_[n];
      const auto ttl_ms = static_cast<uint64_t>(frame.ttl.count());
      const bool is_expired = ttl_ms != 0 && now >= frame.id.ms + ttl_ms;
      is_any_expired = is_any_expired || is_expired;
      ASSERT_EQ(index_.id(n), frame.id);
      ASSERT_EQ(index_.id_before_frame(n), id_before(n));
      ASSERT_EQ(index_.is_expired(n, now), is_expired);
      ASSERT_EQ(index_.has_expired_from(n, now), is_any_expired);
    }
    ASSERT_EQ(index_.id_before_frame(frames_.size()), id_before(frames_.size()));
  }

  void compare_a_look_up() {
    const EventId id = some_id();
    FrameNumber first = begin_;
    while (first < frames_.size() && frames_[first].id <= id) ++first;
    ASSERT_EQ(index_.first_after(id), first) << to_string(id);
  }

  // The clock runs ahead of the ids and behind them.
  void compare_history() {
    if (!dice_.one_in(4)) return;
    const HistoryConfig limits{.events = static_cast<uint32_t>(dice_.below(2 * frames_max_)),
                               .bytes = 0,
                               .age = milliseconds{dice_.below(300)}};
    const uint64_t now = id_.ms + 100 - std::min<uint64_t>(id_.ms + 100, dice_.below(200));
    history_begin_ = std::max(history_begin_, begin_);
    while (history_begin_ < frames_.size() && !is_history(history_begin_, limits, now)) {
      ++history_begin_;
    }
    ASSERT_EQ(index_.history_begin(limits, now), history_begin_);
  }
  [[nodiscard]] bool is_history(FrameNumber n, const HistoryConfig& limits, uint64_t now) const {
    const uint64_t age = now > frames_[n].id.ms ? now - frames_[n].id.ms : 0;
    return frames_.size() - n <= limits.events && age <= static_cast<uint64_t>(limits.age.count());
  }

  void compare_recipients() {
    if (!is_pattern()) return;
    const RecipientFrames& recipients = index_.recipients();
    size_t with_frames = 0;
    for (uint64_t i = 0; i <= recipients_; ++i) {
      ASSERT_EQ(recipients.newest_of(recipient(i)), newest_of(recipient(i)));
      if (newest_of(recipient(i)) != kNoFrame) ++with_frames;
      ASSERT_NO_FATAL_FAILURE(compare_losses(recipient(i)));
    }
    ASSERT_EQ(recipients.size(), with_frames);
    for (FrameNumber n = begin_; n < frames_.size(); ++n) {
      ASSERT_EQ(recipients.recipient_of(n), frames_[n].recipient);
      ASSERT_EQ(recipients.previous(n), frames_[n].previous);
      ASSERT_EQ(recipients.next(n), next_of(n));
    }
  }

  void compare_losses(const KeyedHash& whose) {
    EventId lost = origin_;
    for (FrameNumber n = 0; n < begin_; ++n) {
      if (frames_[n].recipient == whose) lost = frames_[n].id;
    }
    ASSERT_GE(index_.lost_up_to(whose), lost);
    ASSERT_LE(index_.lost_up_to(whose), id_before(begin_));
  }

  Dice dice_{GetParam()};
  const ChannelKind kind_ = dice_.one_in(2) ? ChannelKind::kPlain : ChannelKind::kPattern;
  const uint64_t recipients_ = dice_.between(1, 12);
  const uint64_t frames_max_ = dice_.one_in(4) ? dice_.between(1, 2) : dice_.between(3, 40);
  FrameIndex index_{static_cast<uint32_t>(frames_max_), kind_};

  std::vector<Frame> frames_;  // all there ever were; those from begin_ on are known
  FrameNumber begin_ = 0;
  FrameNumber history_begin_ = 0;
  EventId origin_;
  EventId id_;
};

TEST_P(FrameIndexModel, AgreesWithAListOfEverythingAfterEveryStep) {
  for (int i = 0; i < 400; ++i) {
    step();
    ASSERT_NO_FATAL_FAILURE(compare_frames()) << "step " << i;
    ASSERT_NO_FATAL_FAILURE(compare_a_look_up()) << "step " << i;
    ASSERT_NO_FATAL_FAILURE(compare_history()) << "step " << i;
    ASSERT_NO_FATAL_FAILURE(compare_recipients()) << "step " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, FrameIndexModel, testing::ValuesIn(seeds(300)), seed_name);

}  // namespace
}  // namespace ringcast
