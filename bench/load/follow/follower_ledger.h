// FollowerLedger: what one subscriber got, over the concatenation of all its sessions.
//
// Every event carries its lane, target and number, so that an event that is passed over is known at the next one of the
// same lane and target, and one that comes late or again is known at once. Which of those passed over were lost is
// judged at the end: the publishers know what was accepted, and gap events name what is no longer kept.
//
// Threads: one. Memory: 4 bytes a lane and target; 12 bytes for each run of events passed over, 32 a gap event.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/load/follow/publish_ledger.h"

namespace ringcast::bench {

// Counted over all subscribers. What a perfect server shows is zero everywhere but in the first three.
struct FollowVerdict {
  uint64_t deliveries = 0;
  uint64_t gaps = 0;  // gap events received
  uint64_t covered =
      0;  // events not received that exactly one gap event names: allowed when the past is too short
  uint64_t idle_gaps = 0;  // gap events that name nothing that was missed: true, but needless

  uint64_t uncovered = 0;    // lost: accepted, never received, named by no gap event
  uint64_t overcovered = 0;  // not received, and named by two gap events or more
  uint64_t repeated = 0;     // received again
  uint64_t reordered = 0;  // received after a later one, or under an id that is not above the last
  uint64_t damaged = 0;    // bytes that are no item of an event stream, or data nobody published
  uint64_t misdelivered = 0;  // events and gaps of a target this subscriber had not asked for
  uint64_t contradicted = 0;  // gap events that name what had been delivered
  uint64_t unanswered = 0;    // publishes without an answer at the end
  uint64_t ids_differ = 0;    // events that came under another id than the publisher was told
  uint64_t refused_yet_delivered = 0;
  std::vector<std::string> examples;

  // With gaps allowed, what a gap event names is not missed.
  [[nodiscard]] bool good(bool gaps_allowed) const noexcept;
};

class FollowerLedger {
 public:
  // `who` is for the examples. `targets`: what it asked for. Requires: it listens before the first publish.
  FollowerLedger(uint32_t who, std::vector<uint32_t> targets, uint32_t lanes);

  // The id to resume from; {0, 0} before the first.
  [[nodiscard]] FrameId last_id() const noexcept { return last_id_; }
  [[nodiscard]] bool has_id() const noexcept { return last_id_ != FrameId{}; }
  [[nodiscard]] const std::vector<uint32_t>& targets() const noexcept { return targets_; }

  void on_event(const EventTag& tag, FrameId id, PublishLedger& published, FollowVerdict& verdict);
  // A gap event of `target`: what lies in (from, to] is no longer kept. On a stream of several targets it speaks instead
  // of whatever this subscriber has neither had nor been told of, up to `to`: it may have been cut off among events of
  // others that came before it, and have resumed from one of those.
  void on_gap(uint32_t target, FrameId from, FrameId to, FollowVerdict& verdict);
  void on_damage(const char* why, FollowVerdict& verdict) const;

  // Adds what is missing to `verdict`. Call once, when nothing more will come.
  void judge(const PublishLedger& published, FollowVerdict& verdict) const;

 private:
  struct Run {  // numbers [from, to) of a lane that were passed over
    uint32_t lane = 0;
    uint32_t from = 0;
    uint32_t to = 0;
  };
  struct Range {
    FrameId from;
    FrameId to;
  };
  struct Followed {
    std::vector<Run> passed_over;
    std::vector<Range> gaps;
    FrameId last_id;     // of its events
    FrameId told_up_to;  // by its gap events
  };

  [[nodiscard]] Followed* find(uint32_t target) noexcept;
  uint32_t& next_number(const Followed& followed, uint32_t lane) noexcept;
  static bool take_late(std::vector<Run>& passed_over, uint32_t lane, uint32_t number);
  void judge_target(size_t index, const PublishLedger& published, FollowVerdict& verdict) const;
  void note(FollowVerdict& verdict, const std::string& what) const;

  uint32_t who_;
  uint32_t lanes_;
  std::vector<uint32_t> targets_;  // ascending
  std::vector<Followed> followed_;
  std::vector<uint32_t> next_;  // lane by lane, target by target
  FrameId last_id_;             // of events and gaps
};

// Adds what the publishers know: publishes without an answer, ids that differ, refused events that came.
void judge_publications(const PublishLedger& published, FollowVerdict& verdict);

// How many of the ranges (from, to] hold `id`. `froms` and `tos` are their ends, each sorted on its own: those that
// begin below `id`, less those that also end below it.
[[nodiscard]] size_t ranges_holding(FrameId id, const std::vector<FrameId>& froms,
                                    const std::vector<FrameId>& tos) noexcept;

}  // namespace ringcast::bench
