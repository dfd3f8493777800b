// ScriptedHub: a small server that keeps the load generator's contract to the letter, or breaks it in one known way.
//
// Plain and slow: it holds every event in a list, and sends a subscriber what follows its Last-Event-ID in all of its
// channels, in id order; of each channel the newest `kept` events count as kept, and of the others a gap event tells.
//
// Threads: made and destroyed in one; serves in one of its own. Failure: what a client gets wrong fails the test.
#pragma once

#include <netinet/in.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "bench/load/event_data.h"
#include "engine/base/unique_fd.h"

namespace ringcast::bench {

// What goes wrong at every fifth resume that has enough to replay.
enum class Fault {
  kNone,
  kLose,     // the first event is left out
  kRepeat,   // an event it has is sent again, below its last id
  kSwap,     // the first two change places
  kStray,    // an event of a channel it does not follow comes first
  kTear,     // a byte of the first event is another
  kNoGap,    // no gap event, though events are no longer kept
  kTwoGaps,  // the gap event twice
  kWideGap,  // the gap event names events it had
};

// How several channels of one stream are said to have gaps.
enum class GapForm {
  kEachChannel,  // an event each, just before the channel's oldest event that is kept
  kTogether,  // one event for all of them, before every event that has something missing between it and the one before
};

class ScriptedHub {
 public:
  explicit ScriptedHub(Fault fault, size_t kept = SIZE_MAX,
                       GapForm gap_form = GapForm::kEachChannel);
  ~ScriptedHub();
  ScriptedHub(const ScriptedHub&) = delete;
  ScriptedHub& operator=(const ScriptedHub&) = delete;

  sockaddr_in subscribe{};
  sockaddr_in publish{};

 private:
  struct Event {
    FrameId id;
    std::string channel;
    std::string data;
  };
  struct Peer {
    UniqueFd fd;
    std::string received;
    std::string unsent;
    std::vector<std::string> channels;  // once it streams
  };
  static UniqueFd listen(sockaddr_in& address);
  void serve();
  void accept_from(const UniqueFd& listener);
  bool receive(Peer& peer);  // false: it is gone
  void on_request(Peer& peer, const std::string& head, const std::string& body);
  void on_publish(Peer& peer, const std::string& path, const std::string& body);
  void on_subscribe(Peer& peer, const std::string& path, const std::string& head);
  const Event& commit(std::string channel, std::string data);
  void replay(Peer& peer, FrameId after);
  void add_gaps(const Peer& peer, FrameId after, bool at_fault,
                std::vector<std::pair<FrameId, std::string>>& frames) const;
  void add_gaps_together(const Peer& peer, FrameId last,
                         std::vector<std::pair<FrameId, std::string>>& frames) const;
  [[nodiscard]] bool kept(const Event& event) const;
  void break_promise(const Peer& peer, FrameId after,
                     std::vector<std::pair<FrameId, std::string>>& frames) const;

  Fault fault_;
  size_t kept_;
  GapForm gap_form_;
  UniqueFd subscribe_fd_;
  UniqueFd publish_fd_;
  std::vector<Peer> peers_;
  std::vector<Event> events_;
  uint64_t resumes_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace ringcast::bench
