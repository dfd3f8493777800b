// StreamChecker: did every subscriber get every event exactly once, in order, and unharmed?
//
// The usual path is one memcmp against the reference stream. A subscriber that differs from it by
// more than heartbeats is judged from then on by its event numbers alone, so that the verdict says
// what happened, not only that it did.
//
// Threads: one. Memory: 24 bytes a subscriber and the reference stream; more only for those who
// differ.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "bench/load/reference_stream.h"
#include "engine/base/histogram.h"

namespace ringcast::bench {

// What the publishers know at the end, lane by lane.
struct PublishRecord {
  std::vector<uint64_t> issued;          // how many numbers each lane has used
  std::unordered_set<uint64_t> refused;  // those of them the server answered with a refusal
  [[nodiscard]] uint64_t accepted() const noexcept;
};

// What went wrong, counted over all subscribers; all zero is the only good result.
struct Verdict {
  uint64_t lost = 0;       // accepted by the server, never received
  uint64_t repeated = 0;   // received again
  uint64_t reordered = 0;  // received after a later one of the same publisher, or under an id that
                           // is not above the last
  uint64_t damaged = 0;    // bytes that are no frame of ours; what follows them is not read
  uint64_t cut = 0;        // streams the server ended
  uint64_t unpublished = 0;  // refused by the server, yet delivered
  std::vector<std::string> examples;
  [[nodiscard]] bool good() const noexcept {
    return lost + repeated + reordered + damaged + cut + unpublished == 0;
  }
};

class StreamChecker {
 public:
  StreamChecker(uint32_t subscribers, uint32_t lanes, size_t data_bytes);

  // Bytes of subscriber `who`, following its opening. `now_ns`: when they were seen.
  void on_bytes(uint32_t who, std::string_view bytes, int64_t now_ns);
  // The server has ended the stream of `who`.
  void on_closed(uint32_t who);

  [[nodiscard]] uint64_t deliveries() const noexcept { return latency_.count(); }
  // Events that every subscriber has.
  [[nodiscard]] uint64_t events_complete() const noexcept { return last_reader_.count(); }
  [[nodiscard]] uint64_t heartbeats() const noexcept { return heartbeats_; }
  [[nodiscard]] uint64_t id_digest() const noexcept { return reference_.id_digest(); }

  // Intended publish time to whole frame seen: of every delivery, and of each event's last one.
  [[nodiscard]] const Histogram& latency() const noexcept { return latency_; }
  [[nodiscard]] const Histogram& last_reader() const noexcept { return last_reader_; }

  [[nodiscard]] Verdict judge(const PublishRecord& record) const;

 private:
  enum class State : uint8_t { kFollowing, kStray, kEnded };
  struct Subscriber {
    ReferenceCursor cursor;
    State state = State::kFollowing;
    bool has_tail = false;  // an incomplete chunk of it waits in tails_
  };
  // A subscriber that has left the reference.
  struct Stray {
    std::vector<uint64_t> lane_next;
    std::set<uint64_t> missing;
    FrameId last_id;
    uint64_t repeated = 0;
    uint64_t reordered = 0;
  };

  // Both return what is left to look at.
  std::string_view match_reference(Subscriber& subscriber, std::string_view bytes, int64_t now_ns);
  std::string_view parse_one(uint32_t who, std::string_view bytes, int64_t now_ns);

  void complete_frames(Subscriber& subscriber, int64_t now_ns);
  void on_frame(uint32_t who, const Chunk& chunk, int64_t now_ns);
  void leave_reference(uint32_t who);
  void count_stray_frame(uint32_t who, const Frame& frame, std::string_view bytes, int64_t now_ns);
  void end(uint32_t who, uint64_t& counter, const char* what);
  void note(uint32_t who, const std::string& what);

  size_t data_bytes_;
  ReferenceStream reference_;
  std::vector<Subscriber> subscribers_;
  std::unordered_map<uint32_t, std::string> tails_;
  std::unordered_map<uint32_t, Stray> strays_;
  Verdict seen_;  // what is known before the publishers' record
  uint64_t heartbeats_ = 0;
  Histogram latency_;
  Histogram last_reader_;
};

}  // namespace ringcast::bench
