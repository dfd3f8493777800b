// Acceptor: takes connections from the shard's listeners, and learns who has connected.
//
// Each listener has kAcceptsPerListener accepts under way, each with a place for the name of one peer, and
// each that completes is armed again. One multishot accept would bring connections for 0.4 us less (of 2.3 us, Linux
// 6.18), but no names, and a direct descriptor cannot be asked for its peer before Linux 6.19: making an
// ordinary descriptor of it for that costs 1.1 us. This way a turn also takes in so many and no more,
// whatever the backlog, and a full table is never asked to take one more, who would be dropped.
//
// Threads: one shard. Memory: a name for each accept under way.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "net/listener.h"
#include "net/peer.h"
#include "net/shard_state.h"

namespace ringcast::net {

class Acceptor {
 public:
  Acceptor(ShardState& shard, const std::vector<Listener>& listeners);

  // Who has come, and through which listener. Requires: `completion` is an accept's and kDone.
  struct Arrival {
    uint8_t listener;
    Peer peer;
  };
  [[nodiscard]] Arrival arrival(const Completion& completion) const noexcept;

  // An accept has ended, with a connection or without.
  void on_accepted(const Completion& completion) noexcept;

  // Arms accepts, or ends them: where the shard is short of slots for whom a listener serves, and everywhere while it
  // is stopping. Once a turn.
  void manage(bool is_stopping) noexcept;

  // Whether any accept is under way, and its name may still be written.
  [[nodiscard]] bool is_armed() const noexcept;

  // When to manage() again although nothing happens; in the past: never.
  [[nodiscard]] MonotonicMs again_at() const noexcept;

 private:
  // Whose share of the slots a connection counts for.
  enum class Tier : uint8_t { kSubscribers, kPublishers, kOperators };
  static constexpr size_t kTiers = 3;
  [[nodiscard]] static Tier tier_of(const ListenerConfig& listener) noexcept;
  [[nodiscard]] static constexpr size_t index_of(Tier tier) noexcept {
    return static_cast<size_t>(tier);
  }

  enum class State : uint8_t { kIdle, kArmed, kEnding };
  struct Accept {
    PeerName name;
    State state = State::kIdle;
  };
  struct Door {
    std::array<Accept, kAcceptsPerListener> accepts;
    uint32_t under_way = 0;        // of those, armed or ending
    MonotonicMs end_again_at = 0;  // for those that are ending still
  };

  void arm(size_t listener) noexcept;
  void end(size_t listener) noexcept;
  void update_pauses() noexcept;
  [[nodiscard]] bool refuses_streams() noexcept;

  ShardState& shard_;
  const std::vector<Listener>& listeners_;
  std::vector<Door> doors_;               // by listener
  MonotonicMs retry_at_ = 0;              // after the descriptors ran out
  MonotonicMs look_at_ = 0;               // whether there is room for streams again
  std::array<bool, kTiers> is_paused_{};  // for want of slots
  bool is_full_ = false;                  // for subscribers, for want of room for streams
};

}  // namespace ringcast::net
