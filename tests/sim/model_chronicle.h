// Chronicle: what every publisher of a world handed in and what became of it, kept by the simplest means there
// are and for ever. It takes nothing from the engine but when a commit was, its id, and how far back the rings reach;
// and it checks that they reach as far back as they promise.
//
// A moment lasts until the next commit or refusal. Whoever joins does so at some moment; what is history then
// decides what it is owed.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/sim_world.h"

namespace ringcast::net {

// Somebody to publish to: a plain channel, or one recipient of a pattern.
struct Addressee {
  size_t channel;
  std::string name;
};

struct ModelEvent {
  EventId id;
  size_t addressee;
  size_t channel;
  FrameNumber frame;  // among those of its channel
  std::string type;
  std::string data;
  uint64_t expires_ms;  // 0: never
};

class Chronicle final : public CommitListener {
 public:
  static constexpr size_t kChannelsMax = 8;

  // Requires: a world without events.
  Chronicle(SimWorld& world, std::vector<Addressee> addressees);
  ~Chronicle() override;
  Chronicle(const Chronicle&) = delete;
  Chronicle& operator=(const Chronicle&) = delete;

  // --- What publishers say

  // Somebody is going to publish `data`, which no other event has.
  void announce(size_t addressee, const std::string& data, const std::string& type,
                milliseconds ttl);
  // It was refused, and must never be seen.
  void withdraw(const std::string& data);
  // The id under which `data` was committed, or nothing.
  [[nodiscard]] std::optional<EventId> id_of(const std::string& data) const;

  // --- What happened

  // The clocks have moved.
  void on_time();

  struct Moment {
    size_t events;                 // so many had been committed
    uint64_t wall_low, wall_high;  // the wall clock, as far as it moved
    uint64_t wall_highest;         // ever until then
    struct Kept {
      FrameNumber end;                   // of its channel
      std::array<FrameNumber, 2> begin;  // by wire format; kNoFrame: there is no such ring yet
    };
    std::array<Kept, kChannelsMax> kept;
  };
  [[nodiscard]] size_t now() const noexcept { return moments_.size() - 1; }
  [[nodiscard]] const Moment& moment(size_t i) const noexcept { return moments_[i]; }

  // Where the history of `channel` begins at `moment`: no earlier than `low` and no later than `high`. They
  // differ only while the clock moves, or after it was set back.
  struct Beginning {
    FrameNumber low, high;
  };
  [[nodiscard]] Beginning history_begin(size_t channel, size_t moment) const;

  // In the order of their ids.
  [[nodiscard]] const std::vector<ModelEvent>& events() const noexcept { return events_; }
  [[nodiscard]] EventId origin() const noexcept { return origin_; }
  [[nodiscard]] EventId last_id(size_t moment) const;
  [[nodiscard]] const std::vector<Addressee>& addressees() const noexcept { return addressees_; }
  [[nodiscard]] const ChannelConfig& config_of(size_t addressee) const;
  [[nodiscard]] bool is_recipient(size_t addressee) const;

  // What a log tells it.
  void on_commit(const Channel& channel) noexcept override;
  void on_paced(const Channel& channel) noexcept override;

 private:
  struct Announced {
    size_t addressee;
    std::string type;
    milliseconds ttl;
    std::optional<EventId> id{};
    bool is_withdrawn = false;
  };
  struct Sizes {
    std::vector<EventId> ids;    // by frame
    std::vector<uint64_t> ends;  // the bytes of all frames up to there, chunked
  };

  void add(size_t channel, FrameNumber frame);
  void begin_moment();
  void check_what_is_kept(const Channel& channel) const;

  SimWorld& world_;
  const std::vector<Addressee> addressees_;
  const EventId origin_;
  std::map<std::string, Announced, std::less<>> announced_;
  std::vector<ModelEvent> events_;
  std::array<Sizes, kChannelsMax> frames_;
  std::vector<Moment> moments_;
};

}  // namespace ringcast::net
