// The people at the other end: readers who check every byte, and publishers who check every answer.
// Each acts a little in every step of its world.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/wire_format.h"
#include "tests/sim/sim_world.h"
#include "tests/support/stream_reader.h"

namespace ringcast::net {

// A subscriber. Whatever happens to it, what it has read must be the events of its channel from the
// moment of its subscription on: all of them, once, in order, byte by byte.
class SimReader {
 public:
  struct Habits {
    size_t channel = 0;
    WireFormat format = WireFormat::kChunked;
    size_t shard = 0;
    size_t window_bytes = 64 * 1024;
    size_t read_bytes_max = 1 << 20;  // a step
    size_t write_bytes_max = 4096;    // a step, of its request
  };

  enum class Fate {
    kReading,     // or about to
    kTurnedAway,  // by a soft reject
    kEnded,       // by the server, in order
    kCut,         // by the server, anywhere
    kLeft,        // of its own will
  };

  SimReader(SimWorld& world, const Habits& habits);

  void act();

  // Of its own will; nothing is read or checked any more.
  void reset();
  void leave();
  void finish();  // sends FIN and reads on, for which a subscriber is closed
  void vanish();

  void set_read_bytes_max(size_t bytes) noexcept { habits_.read_bytes_max = bytes; }

  [[nodiscard]] Fate fate() const noexcept { return fate_; }
  [[nodiscard]] bool has_stream() const noexcept { return reader_.has_prelude(); }
  // Whether it has had everything there is.
  [[nodiscard]] bool is_up_to_date() const;
  [[nodiscard]] bool has_asked() const noexcept { return request_.empty(); }
  [[nodiscard]] uint64_t events() const noexcept { return events_; }
  [[nodiscard]] size_t heartbeats() const noexcept { return reader_.heartbeats(); }
  [[nodiscard]] size_t bytes_read() const noexcept { return bytes_read_; }
  [[nodiscard]] MonotonicMs longest_silence() const noexcept { return longest_silence_; }
  [[nodiscard]] const std::vector<MonotonicMs>& heartbeat_times() const noexcept {
    return heartbeat_times_;
  }
  [[nodiscard]] const ModelSocket& socket() const noexcept { return *socket_; }

 private:
  void feed(std::string_view bytes);
  void take_head();
  void take_body(std::string_view bytes);
  void take_event(const StreamEvent& event);
  void take_end();
  [[nodiscard]] const History& history() const { return world_.history(habits_.channel); }

  SimWorld& world_;
  Habits habits_;
  std::shared_ptr<ModelSocket> socket_;
  std::string request_;  // not sent yet
  std::string head_;     // read so far
  std::string prelude_;  // the first bytes after the head, to tell a stream from a soft reject
  bool has_head_ = false;
  bool has_finished_ = false;
  StreamReader reader_;
  Fate fate_ = Fate::kReading;

  // Its first event is one of [first_earliest_, first_latest_]; then it is next_'s turn.
  size_t first_earliest_ = 0;
  size_t first_latest_ = 0;
  std::optional<size_t> next_;
  uint64_t events_ = 0;

  size_t bytes_read_ = 0;
  MonotonicMs last_bytes_at_ = 0;
  MonotonicMs longest_silence_ = 0;
  std::vector<MonotonicMs> heartbeat_times_;
};

// A publisher on one kept connection. Each answer must be right: an event that was answered 201 is
// in the history under that id with that data, in the order of the requests; any other is not.
class SimPublisher {
 public:
  struct Habits {
    size_t channel = 0;
    size_t shard = 0;
    size_t pipelined_max = 3;
    uint64_t asks_one_in = 3;  // of the times it could
    size_t write_bytes_max = 4096;
    size_t data_bytes_max = 300;
  };

  // `name` makes its events its own.
  SimPublisher(SimWorld& world, const Habits& habits, std::string name);

  void act();

  void reset();
  // No more requests; the answers under way are still awaited.
  void retire() noexcept { is_retired_ = true; }

  [[nodiscard]] bool is_waiting() const noexcept { return !asked_.empty(); }
  [[nodiscard]] bool is_gone() const noexcept { return is_gone_; }
  [[nodiscard]] uint64_t accepted() const noexcept { return accepted_; }
  [[nodiscard]] uint64_t timed_out() const noexcept { return timed_out_; }
  // From request to 201 or 503, the longest.
  [[nodiscard]] MonotonicMs longest_wait() const noexcept { return longest_wait_; }

 private:
  struct Asked {
    std::string data;
    MonotonicMs at;
  };
  void ask();
  bool take_answer();
  void check_accepted(const std::string& data, std::string_view body);

  SimWorld& world_;
  const Habits habits_;
  const std::string name_;
  std::shared_ptr<ModelSocket> socket_;
  std::string unsent_;
  std::string unread_;
  std::vector<Asked> asked_;  // the oldest first
  size_t looked_at_ = 0;      // of the history
  uint64_t asked_count_ = 0;
  uint64_t accepted_ = 0;
  uint64_t timed_out_ = 0;
  MonotonicMs longest_wait_ = 0;
  bool is_retired_ = false;
  bool is_gone_ = false;
};

}  // namespace ringcast::net
