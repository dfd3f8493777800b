// EventLog: the one place where events are ordered. An event gets its id at commit and nowhere
// else, and becomes visible to shards only after commit; nothing that could still be lost is ever
// delivered.
//
// Implementations differ in what a commit is (memory, a disk, several nodes) and in which thread
// `done` runs on; the contract below, and the test suite that checks it, is the same for all.
#pragma once

#include <array>
#include <functional>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "engine/channel.h"
#include "engine/event.h"
#include "engine/event_id.h"
#include "engine/frame_encoder.h"

namespace ringcast {

// An event and where it goes. It is measured when it is made, and not at each attempt to append it: whoever
// changes the event makes another.
struct Publication {
  Channel* channel = nullptr;
  KeyedHash recipient{};  // exactly in a pattern channel
  Event event{};
  size_t beside_id = bytes_beside_id(event);  // of its frame
};

enum class AppendStatus {
  kCommitted,
  kPaced,  // healthy subscribers have not had what would be overwritten, or batches are under way that
           // may be sending it: try again in a moment; nothing was changed (but see README.md)
  kTooLong,  // a frame would exceed its channel's event_bytes_max; nothing was changed
  kTooMany,  // the events for one channel, with the widest of ids, are more than its ring holds at once;
             // nothing was changed
};

struct AppendOutcome {
  AppendStatus status = AppendStatus::kCommitted;
  EventId id{};              // kCommitted: of the first event
  EventId last_id{};         // kCommitted: of the last
  uint32_t subscribers = 0;  // kCommitted: how many the first event is for, at commit
  size_t refused = 0;        // kTooLong: which event
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

  // Commits all of `batch`, in this order and with nothing in between, or nothing of it; then calls
  // `done`, once, possibly before returning and possibly from another thread. Ids are strictly
  // increasing in commit order over all channels. Requires: a batch that is not empty,
  // find_fault(event) == kNone for each.
  virtual void append(std::span<const Publication> batch, const AppendDone& done) = 0;

  void append(Channel& channel, const Event& event, const AppendDone& done) {
    append(std::array{Publication{.channel = &channel, .event = event}}, done);
  }

  // Calls `done` once with at most `limit` committed events of `channels` after `after_id`, merged
  // in id order. What is no longer history is left out. `done` must not call the log: it may be
  // holding its lock. Requires: distinct channels.
  virtual void read(std::span<Channel* const> channels, EventId after_id, size_t limit,
                    const ReadDone& done) = 0;

  // The log's lock. While it is held nothing is committed, nobody's index forgets anything, and what
  // the channels say of their frames may be read. To be held for a moment, never over a system call;
  // its holder never waits for a shard, so a shard may take it within a batch.
  [[nodiscard]] std::unique_lock<std::mutex> hold() { return std::unique_lock(lock_); }

  // The wall clock by which events get their ids.
  [[nodiscard]] virtual uint64_t now_ms() const noexcept = 0;

  // The last id that was issued. Requires: hold().
  [[nodiscard]] virtual EventId last_id() const noexcept = 0;

 protected:
  std::mutex lock_;
};

// Told about every commit, after the frame is visible and outside the log's lock. Threads: the
// committing one.
class CommitListener {
 public:
  virtual ~CommitListener() = default;
  // Once for each channel that got new events.
  virtual void on_commit(const Channel& channel) noexcept = 0;

  // An append to `channel` was refused because subscribers are behind: the shards are to say anew
  // how far they have got.
  virtual void on_paced(const Channel& channel) noexcept = 0;
};

}  // namespace ringcast
