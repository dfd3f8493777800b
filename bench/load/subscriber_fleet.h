// SubscriberFleet: the subscribers of one run. Opens N streams to one URL, and hands what they
// receive to the checker.
//
// One thread drives all of them, over as many io_urings as RLIMIT_NOFILE asks for. It never sleeps
// in the kernel: while something is expected its caller polls, which costs the server no wake-up
// and gives times without a scheduler in them.
//
// Threads: the one that opened it. Memory: about 40 bytes a subscriber, and what IoRing needs.
// Failure: open() and failure() say why in one sentence; a stream that ends after it began is the
// checker's business.
#pragma once

#include <netinet/in.h>

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/load/io_ring.h"
#include "bench/load/publisher.h"
#include "bench/load/stream_checker.h"
#include "engine/base/result.h"

namespace ringcast::bench {

struct FleetPlan {
  sockaddr_in server{};
  std::string path;
  uint32_t subscribers = 0;
  uint32_t publishers = 0;  // slots kept for them
  uint32_t in_flight_max =
      256;  // streams asked for and not begun; a listener's backlog must hold them
};

class SubscriberFleet {
 public:
  static Result<std::unique_ptr<SubscriberFleet>> open(const FleetPlan& plan,
                                                       StreamChecker& checker);

  // Asks for more streams, as far as in_flight_max allows.
  void connect_more();
  // Collects what has arrived, one bounded batch a ring, and returns how many completions that
  // were.
  uint32_t collect();
  // Receives the answers to `publisher` from now on. Requires: publisher is connected and outlives
  // the fleet.
  Result<> receive_answers_for(Publisher& publisher);

  [[nodiscard]] uint32_t streaming() const noexcept { return streaming_; }
  [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }
  [[nodiscard]] size_t rings() const noexcept { return rings_.size(); }

 private:
  SubscriberFleet(const FleetPlan& plan, StreamChecker& checker);

  [[nodiscard]] uint32_t ring_of(uint32_t who) const noexcept { return who / per_ring_; }
  [[nodiscard]] uint32_t slot_of(uint32_t who) const noexcept { return who % per_ring_; }
  [[nodiscard]] int make_socket(uint32_t who);
  void on_completion(IoRing& ring, Tag tag, int result, std::string_view bytes, bool ended,
                     int64_t now_ns);
  void on_received(IoRing& ring, uint32_t who, int result, std::string_view bytes, bool ended,
                   int64_t now_ns);
  void on_opening(uint32_t who, std::string_view bytes, int64_t now_ns);
  void fail(std::string what);

  FleetPlan plan_;
  StreamChecker& checker_;
  Publisher* publisher_ = nullptr;
  std::string request_;
  bool on_loopback_;
  uint32_t per_ring_ = 0;
  std::vector<std::unique_ptr<IoRing>> rings_;
  std::vector<bool> begun_;  // the opening of this subscriber has been read
  std::unordered_map<uint32_t, std::string> openings_;  // those that came in pieces
  uint32_t asked_ = 0;
  uint32_t streaming_ = 0;
  std::optional<Error> failure_;
};

}  // namespace ringcast::bench
