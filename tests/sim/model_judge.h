// Judge: what one subscriber's stream must say, if it joined at one certain moment. It goes through the
// chronicle beside the stream: each event for the subscriber has been received, or there is a reason why not.
//
// The server alone knows when exactly somebody joined. The test therefore asks one judge for each moment between
// the request and the answer, and drops those who object; one must remain.
#pragma once

#include <string>
#include <vector>

#include "engine/place.h"
#include "tests/sim/model_chronicle.h"
#include "tests/support/stream_reader.h"

namespace ringcast::net {

// What a subscriber asked for, and which times it has lived through since.
struct ModelSession {
  std::vector<size_t> addressees;
  WireFormat format = WireFormat::kChunked;
  std::string last_event_id;  // as it was sent; empty: none
  // Who has lost something and was cut before the gap event came to its turn: it is still to come.
  std::vector<size_t> untold{};
  uint64_t wall_low = 0;
  uint64_t wall_high = 0;
};

class Judge {
 public:
  // The session outlives it.
  Judge(const Chronicle& chronicle, const ModelSession& session, size_t moment);

  // The next event of the stream. False: it may not come here; fault() says why.
  [[nodiscard]] bool take(const StreamEvent& event);
  // The stream will bring nothing more, and everything that was committed must have been received.
  [[nodiscard]] bool finish();
  // Whether finish() would be content.
  [[nodiscard]] bool is_complete() const {
    Judge copy(*this);
    return copy.finish();
  }

  [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

  // Whose losses have not been told yet.
  [[nodiscard]] std::vector<size_t> untold() const;

  // What it saw, apart from events that came.
  struct Seen {
    std::array<uint64_t, Chronicle::kChannelsMax> skipped{};  // owed, and left out for a reason
    uint64_t expired = 0;                                     // of those
    uint64_t lost = 0;                                        // of those
    uint64_t lost_silently = 0;                               // of those: nobody had to be told
    uint64_t gaps = 0;
    uint64_t gaps_on_the_way = 0;
    uint64_t recipient_gaps = 0;
    uint64_t needless_gaps = 0;  // of those: nothing was missing
    uint64_t tied_gaps = 0;
    bool is_unsure = false;  // what was owed could not be told exactly
  };
  [[nodiscard]] const Seen& seen() const noexcept { return seen_; }

 private:
  enum class Due { kNotOwed, kNotHistory, kPerhaps, kOwed };
  struct Source {
    size_t addressee;
    Chronicle::Beginning begin;  // of the history it joined
    bool owes_gap;               // one has to come, whatever else is there
    bool was_cut = false;        // one was to come when the last connection ended
    bool has_gap = false;
    EventId from{}, up_to{};  // the last gap event
    EventId last{};           // the last event received
    uint64_t covered = 0;     // events that the last gap event named
    // Lost and not named yet: others' events with greater ids than these may come before the gap event, whose id
    // is that of the last one lost. No event of this source may.
    std::vector<EventId> untold{};
  };
  struct Notice {
    std::string channel;
    std::optional<EventId> requested;
    std::optional<EventId> oldest;
  };

  bool object(std::string why);
  [[nodiscard]] Source* source_of(size_t addressee);
  [[nodiscard]] bool is_notified(const Source& source) const;
  [[nodiscard]] Due due(size_t i, const Source& source) const;
  [[nodiscard]] size_t newer_ones(size_t i, uint64_t wall_ms) const;
  [[nodiscard]] bool may_have_expired(const ModelEvent& event) const;
  [[nodiscard]] bool is_lost_by_now(const ModelEvent& event) const;
  [[nodiscard]] bool walk_to(EventId end);
  [[nodiscard]] bool account_for(size_t i, Source& source);
  [[nodiscard]] bool take_event(const StreamEvent& event, EventId id);
  [[nodiscard]] bool take_gaps(EventId id);
  [[nodiscard]] bool enter_gap(const Notice& notice, EventId id);
  [[nodiscard]] bool check_gap(const Notice& notice, EventId id);
  [[nodiscard]] bool check_oldest(const Source& source, const Notice& notice, EventId id);
  [[nodiscard]] Source* named(const Notice& notice);
  [[nodiscard]] static std::optional<Notice> read_notice(const std::string& data);

  const Chronicle* chronicle_;
  const ModelSession* session_;
  size_t events_at_join_;
  Start start_;
  std::vector<Source> sources_;
  size_t next_ = 0;              // of the chronicle
  EventId last_;                 // received
  std::vector<Notice> pending_;  // gap events that share the id of one to come
  Seen seen_;
  std::string fault_;
};

}  // namespace ringcast::net
