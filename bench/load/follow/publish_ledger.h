// PublishLedger: what was published to which target, and under which ids.
//
// Told by the publisher what the server answered and by the subscribers what was delivered; the two must agree.
//
// Threads: one. Memory: 40 bytes an event.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/load/event_data.h"
#include "bench/load/follow/tagged_data.h"

namespace ringcast::bench {

struct Publication {
  enum class Answer : uint8_t { kNone, kAccepted, kRefused };
  Answer answer = Answer::kNone;
  bool delivered = false;  // to somebody
  FrameId id;              // kAccepted: as answered
  FrameId delivered_id;    // delivered: as first seen
};

class PublishLedger {
 public:
  PublishLedger(uint32_t targets, uint32_t lanes);

  // The number of the next event of `lane` to `target`, which is issued by this.
  uint32_t issue(uint32_t lane, uint32_t target);
  // Requires: the event was issued.
  void on_accepted(const EventTag& tag, FrameId id);
  void on_refused(const EventTag& tag);
  // False when no such event was issued.
  bool on_delivered(const EventTag& tag, FrameId id);

  [[nodiscard]] uint32_t lanes() const noexcept { return lanes_; }
  [[nodiscard]] uint32_t targets() const noexcept { return targets_; }
  [[nodiscard]] const std::vector<Publication>& of(uint32_t lane, uint32_t target) const {
    return publications_[index(lane, target)];
  }
  // The greatest id answered for `target`.
  [[nodiscard]] FrameId last_id(uint32_t target) const noexcept { return last_ids_[target]; }
  [[nodiscard]] uint64_t accepted() const noexcept { return accepted_; }
  [[nodiscard]] uint64_t refused() const noexcept { return refused_; }
  [[nodiscard]] uint64_t answered() const noexcept { return accepted_ + refused_; }
  [[nodiscard]] uint64_t unanswered() const noexcept { return issued_ - answered(); }

  // Events that two subscribers got under two ids, or under another id than was answered.
  [[nodiscard]] uint64_t ids_differ() const;
  // Events that were refused and yet delivered.
  [[nodiscard]] uint64_t refused_yet_delivered() const;

 private:
  [[nodiscard]] size_t index(uint32_t lane, uint32_t target) const noexcept {
    return size_t{target} * lanes_ + lane;
  }
  Publication& publication(const EventTag& tag);

  uint32_t targets_;
  uint32_t lanes_;
  std::vector<std::vector<Publication>> publications_;
  std::vector<FrameId> last_ids_;
  uint64_t issued_ = 0;
  uint64_t accepted_ = 0;
  uint64_t refused_ = 0;
  uint64_t redelivered_under_another_id_ = 0;
};

}  // namespace ringcast::bench
