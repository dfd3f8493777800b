// find_place() against a list that keeps every event ever committed.
//
// Goal: whoever comes, with whatever it says of where it has been, (1) is given exactly the frames that are
// history, its own, and wanted, (2) is told of a gap whenever one of its events since is missing, and
// otherwise only where marks are inexact, (3) can resume from the gap's id without missing anything that
// is kept and without being told again, and (4) finds nothing that was said to be gone back.
//
// Method: one thread. A channel, plain or a pattern, with one or two rings, is published to, forgets by bytes,
// count and age, and is asked for places after every step. Readers of one ring or the other hold it up, and
// the clock steps back now and then.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/event.h"
#include "engine/place.h"
#include "tests/support/seeds.h"

namespace ringcast {
namespace {

class PlaceModel : public testing::TestWithParam<uint64_t> {
 protected:
  struct Committed {
    EventId id;
    KeyedHash recipient;
    milliseconds ttl;
  };

  PlaceModel() {
    channel_->index().set_origin(origin_);
    id_ = origin_;
  }

  ChannelConfig config() {
    ChannelConfig config;
    config.name = is_pattern_ ? "inbox/{recipient}" : "news";
    config.event_bytes_max = 200;
    config.history = {.events = static_cast<uint32_t>(dice_.between(0, 60)),
                      .bytes = dice_.one_in(2) ? 4 * kKiB : 1 * kKiB,
                      .age = milliseconds{dice_.between(50, 2000)}};
    using From = FirstConnect::From;
    constexpr std::array kFroms{From::kLive, From::kOldest, From::kLast};
    config.on_first_connect = {.from = kFroms[dice_.below(3)],
                               .last_events = static_cast<uint32_t>(dice_.below(12))};
    return config;
  }

  [[nodiscard]] KeyedHash recipient(uint64_t i) const {
    if (!is_pattern_) return {};
    return {.a = scattered_ * (i + 1), .b = shares_marks_ ? i % 3 : i + 1};
  }
  // Otherwise somebody may be told of a gap that was another's, or of one up to a somewhat later id.
  [[nodiscard]] bool are_marks_exact() const { return !is_pattern_ || !shares_marks_; }

  // --- What happens to the channel

  void step() {
    switch (dice_.below(12)) {
      case 0:
        if (dice_.one_in(4)) {
          ASSERT_TRUE(channel_->open_ring(WireFormat::kRaw));
        }
        return;
      case 1:
        return hold_up_or_let_go();
      case 2:
        now_ms_ += dice_.below(300);
        return;
      case 3:
        now_ms_ -= std::min(now_ms_, dice_.below(300));
        return;
      default:
        return publish();
    }
  }

  void hold_up_or_let_go() {
    for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
      WireRing* const wire = channel_->ring(format);
      if (wire == nullptr || dice_.one_in(2)) continue;
      wire->progress.report(dice_.below(4),
                            dice_.one_in(2) ? wire->ring().committed() : kNobodyBehind);
    }
  }

  void publish() {
    const EventId id = next_id();
    const std::string data(dice_.below(100), 'x');
    const Frame frame = encoder_.encode(id, {.type = "", .data = data});
    Channel::Load load;
    load.add(frame);
    if (channel_->make_room(load) != Room::kReady) return;
    const KeyedHash whose = recipient(dice_.below(recipients_));
    id_ = id;
    const milliseconds ttl{dice_.one_in(4) ? 10 : 0};
    channel_->append(id_, whose, frame, ttl);
    committed_.push_back({id_, whose, ttl});
  }

  // As the log does it: never below the last one, whatever the clock says.
  [[nodiscard]] EventId next_id() {
    if (now_ms_ > id_.ms) return {now_ms_, 0};
    const bool is_busy = has_busy_milliseconds_ && dice_.one_in(4) && id_.seq < kEventIdSeqMax / 2;
    return {id_.ms, id_.seq + (is_busy ? kEventIdSeqMax / 2 : dice_.between(1, 3))};
  }

  // --- Who comes, and what must then be

  [[nodiscard]] Start some_start() {
    const auto kind = dice_.below(8);
    if (kind == 0) return start_from("", id_);
    if (kind == 1) return start_from("no id at all", id_);
    if (kind == 2) return start_from(to_string({id_.ms + 1 + dice_.below(9), 0}), id_);
    if (kind == 3) return start_from(to_string({dice_.below(id_.ms + 1), dice_.below(3)}), id_);
    if (committed_.empty()) return start_from(to_string(origin_), id_);
    const Committed& had =
        committed_[committed_.size() - 1 - dice_.below(std::min<size_t>(committed_.size(), 80))];
    return start_from(to_string(had.id), id_);
  }

  // The first frame that is history: in every ring, young enough, among the last and in the last bytes.
  FrameNumber oldest() {
    const HistoryConfig& limits = channel_->config().history;
    const auto is_history = [&](FrameNumber n) {
      const EventId id = committed_[n].id;
      const uint64_t age = now_ms_ > id.ms ? now_ms_ - id.ms : 0;
      return committed_.size() - n <= limits.events &&
             age <= static_cast<uint64_t>(limits.age.count());
    };
    while (history_begin_ < committed_.size() && !is_history(history_begin_)) ++history_begin_;
    FrameNumber first = history_begin_;
    for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
      const WireRing* const wire = channel_->ring(format);
      if (wire == nullptr) continue;
      first = std::max(first, wire->begin());
      const Position end = wire->ring().committed();
      while (first < committed_.size() && end - wire->at(first) > limits.bytes) ++first;
    }
    return first;
  }

  void ask() {
    const WireRing* wire =
        channel_->ring(dice_.one_in(2) ? WireFormat::kRaw : WireFormat::kChunked);
    if (wire == nullptr) wire = channel_->ring(WireFormat::kChunked);
    // One in a while is a stranger.
    const KeyedHash whose = recipient(dice_.below(recipients_ + 1));
    const Start start = some_start();
    const FrameNumber begin = oldest();
    const Place place = find_place(*channel_, whose, start, now_ms_);
    ASSERT_EQ(frames_of(place, *wire), wanted(start, whose, begin));
    ASSERT_NO_FATAL_FAILURE(check_gap(place, start, whose, begin));
    if (!place.gap_up_to) return;
    ASSERT_NO_FATAL_FAILURE(resume_from_gap(place, *wire, whose));
  }

  [[nodiscard]] std::vector<FrameNumber> frames_of(const Place& place, const WireRing& wire) const {
    std::vector<FrameNumber> frames;
    FrameNumber n = place.frame;
    for (uint64_t i = 0; i < place.frames; ++i) {
      if (n < wire.begin() || n >= wire.end()) return {kNoFrame};
      frames.push_back(n);
      n = is_pattern_ ? channel_->index().recipients().next(n) : n + 1;
    }
    return frames;
  }

  [[nodiscard]] std::vector<FrameNumber> wanted(const Start& start, const KeyedHash& whose,
                                                FrameNumber begin) const {
    std::vector<FrameNumber> frames;
    for (FrameNumber n = begin; n < committed_.size(); ++n) {
      const bool is_known_to_it =
          start.kind == Start::Kind::kAfter && committed_[n].id <= *start.after;
      if (committed_[n].recipient == whose && !is_known_to_it) frames.push_back(n);
    }
    const FirstConnect& first = channel_->config().on_first_connect;
    if (start.kind != Start::Kind::kFirst || first.from == FirstConnect::From::kOldest)
      return frames;
    // Those that have expired are passed over, and do not count.
    size_t few = first.from == FirstConnect::From::kLive ? 0 : first.last_events;
    size_t from = frames.size();
    while (from > 0 && few > 0) few -= is_expired(frames[--from]) ? 0 : 1;
    frames.erase(frames.begin(), frames.begin() + static_cast<std::ptrdiff_t>(from));
    return frames;
  }

  [[nodiscard]] bool is_expired(FrameNumber n) const {
    const auto ttl = static_cast<uint64_t>(committed_[n].ttl.count());
    return ttl != 0 && now_ms_ >= committed_[n].id.ms + ttl;
  }

  void check_gap(const Place& place, const Start& start, const KeyedHash& whose,
                 FrameNumber begin) {
    EventId lost = origin_;
    for (FrameNumber n = 0; n < begin; ++n) {
      if (committed_[n].recipient == whose) lost = committed_[n].id;
    }
    const bool must_be_told = start.kind == Start::Kind::kUnknown ||
                              (start.kind == Start::Kind::kAfter && *start.after < lost);
    if (must_be_told) {
      ASSERT_TRUE(place.gap_up_to.has_value()) << "lost up to " << to_string(lost);
    } else if (are_marks_exact() || start.kind == Start::Kind::kFirst) {
      ASSERT_FALSE(place.gap_up_to.has_value()) << to_string(*place.gap_up_to);
    }
    if (!place.gap_up_to) return;
    ASSERT_GE(*place.gap_up_to, lost);
    ASSERT_LE(*place.gap_up_to, id_) << "an id that was issued";
    if (are_marks_exact()) {
      ASSERT_EQ(*place.gap_up_to, lost);
    }
  }

  void resume_from_gap(const Place& place, const WireRing& wire, const KeyedHash& whose) {
    const Start start = start_from(to_string(*place.gap_up_to), id_);
    ASSERT_EQ(start.kind, Start::Kind::kAfter);
    const Place again = find_place(*channel_, whose, start, now_ms_);
    ASSERT_EQ(again.frames, place.frames) << "something that is kept would be missed";
    ASSERT_EQ(frames_of(again, wire), frames_of(place, wire));
    ASSERT_FALSE(again.gap_up_to.has_value()) << "told twice";
  }

  Dice dice_{GetParam()};
  const bool is_pattern_ = dice_.one_in(2);
  const bool shares_marks_ = dice_.one_in(3);
  const bool has_busy_milliseconds_ = dice_.one_in(3);
  const uint64_t recipients_ = is_pattern_ ? dice_.between(1, 12) : 1;
  const uint64_t scattered_ = dice_.one_in(2) ? 1 : 0x9E3779B97F4A7C15;
  Epochs epochs_{2};
  std::unique_ptr<Channel> channel_ = std::move(Channel::create(0, config(), epochs_).value());
  FrameEncoder encoder_;

  std::vector<Committed> committed_;
  FrameNumber history_begin_ = 0;
  uint64_t now_ms_ = dice_.between(1, 5000);
  const EventId origin_{now_ms_, 0};
  EventId id_;  // the last that was issued
};

TEST_P(PlaceModel, AgreesWithAListOfEverythingAfterEveryStep) {
  for (int i = 0; i < 400; ++i) {
    ASSERT_NO_FATAL_FAILURE(step()) << "step " << i;
    ASSERT_NO_FATAL_FAILURE(ask()) << "step " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PlaceModel, testing::ValuesIn(seeds(2000)), seed_name);

}  // namespace
}  // namespace ringcast
