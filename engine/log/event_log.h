// EventLog: the one place where events are ordered. An event gets its id at commit and nowhere
// else, and becomes visible to shards only after commit; nothing that could still be lost is ever
// delivered.
//
// Implementations differ in what a commit is (memory, a disk, several nodes) and in which thread
// `done` runs on; the contract below, and the test suite that checks it, is the same for all.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/channel.h"
#include "engine/event.h"
#include "engine/event_id.h"

namespace ringcast {

enum class AppendStatus {
  kCommitted,
  kPaced,    // healthy subscribers have not had what would be overwritten: try again in a moment;
             // nothing was changed
  kTooLong,  // the frame would exceed the channel's event_bytes_max; nothing was changed
};

struct AppendOutcome {
  AppendStatus status;
  EventId id;            // kCommitted only
  uint32_t subscribers;  // of the channel, over all shards, at commit; kCommitted only
};

// One committed event, as read back: its frame without HTTP framing. The view is valid during the
// call it is passed to.
struct LoggedEvent {
  EventId id;
  ChannelNumber channel;
  std::string_view frame;
};

class EventLog {
 public:
  using AppendDone = std::function<void(const AppendOutcome&)>;
  using ReadDone = std::function<void(std::span<const LoggedEvent>)>;

  virtual ~EventLog() = default;

  // Commits `event` to `channel` and then calls `done`, once, possibly before returning and
  // possibly from another thread. Ids are strictly increasing in commit order over all channels.
  // Requires: find_fault(event) == kNone.
  virtual void append(Channel& channel, const Event& event, const AppendDone& done) = 0;

  // Calls `done` once with at most `limit` committed events of `channels` after `after_id`, merged
  // in id order. What is no longer kept is left out. `done` must not call the log: it may be
  // holding its lock. Requires: distinct channels.
  virtual void read(std::span<Channel* const> channels, EventId after_id, size_t limit,
                    const ReadDone& done) = 0;

  // The ring of `format`, made and filled when this is its first use; see Channel::open_ring.
  [[nodiscard]] virtual Result<WireRing*> open_ring(Channel& channel, WireFormat format) = 0;
};

// Told about every commit, after the frame is visible and outside the log's lock. Threads: the
// committing one.
class CommitListener {
 public:
  virtual ~CommitListener() = default;
  virtual void on_commit(const Channel& channel) noexcept = 0;

  // An append to `channel` was refused because subscribers are behind: the shards are to say anew
  // how far they have got.
  virtual void on_paced(const Channel& channel) noexcept = 0;
};

}  // namespace ringcast
