// OwedGaps: the gap events that sources owe their members, from the moment a loss was found until nobody has
// said that the event was not taken. Few members ever have one.
//
// Threads: one shard. Memory: a table entry for each gap that is owed.
#pragma once

#include <optional>
#include <unordered_map>
#include <utility>

#include "engine/event_id.h"
#include "net/sources.h"

namespace ringcast::net {

class OwedGaps {
 public:
  struct OwedGap {
    EventId up_to;                     // nothing that was lost has a greater id...
    std::optional<EventId> requested;  // ...and everything has a greater one than this
    bool is_planned = false;           // it was in the last batch
  };

  // What `source` owes, or nullptr.
  [[nodiscard]] const OwedGap* find(SourceIndex source) const noexcept {
    if (gaps_.empty()) return nullptr;
    const auto found = gaps_.find(source);
    return found == gaps_.end() ? nullptr : &found->second;
  }

  // More was lost, up to `up_to`. A gap that is owed already grows.
  void owe(SourceIndex source, EventId up_to, std::optional<EventId> requested) {
    gaps_.try_emplace(source, OwedGap{.up_to = {}, .requested = requested}).first->second.up_to =
        up_to;
  }

  // It goes out in this batch.
  void plan(SourceIndex source) { gaps_.at(source).is_planned = true; }

  // The socket did not take it. False: it was not planned.
  bool refuse(SourceIndex source) noexcept {
    const auto found = gaps_.find(source);
    return found != gaps_.end() && std::exchange(found->second.is_planned, false);
  }

  // Nobody said that it was not taken, if it was planned. Returns what it was up to.
  std::optional<EventId> confirm(SourceIndex source) noexcept {
    const OwedGap* const gap = find(source);
    if (gap == nullptr || !gap->is_planned) return std::nullopt;
    const EventId up_to = gap->up_to;
    gaps_.erase(source);
    return up_to;
  }

  void forget(SourceIndex source) noexcept { gaps_.erase(source); }

 private:
  std::unordered_map<SourceIndex, OwedGap> gaps_;
};

}  // namespace ringcast::net
