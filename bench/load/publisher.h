// Publisher: posts events over HTTP keep-alive connections, on a schedule or as fast as they are
// accepted.
//
// On a schedule, event k is meant for start + k * interval whatever happened to those before it; a
// late publish keeps its intended time, and so does one that was refused and is sent again. Latency
// measured from that time hides no stall (no coordinated omission). As fast as accepted, there is
// no schedule: the intended time is when it was sent.
//
// Threads: one. Memory: a few hundred bytes for every publish that is unanswered. Failure:
// failure() says what the server did; a 503 is no failure, it is counted and the event sent again
// under a new number.
#pragma once

#include <netinet/in.h>

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/http_answer.h"
#include "bench/load/stream_checker.h"
#include "engine/base/histogram.h"
#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace ringcast::bench {

struct PublishPlan {
  sockaddr_in server{};
  std::string path;  // of the POST
  uint32_t connections = 1;
  uint32_t pipeline = 1;     // unanswered publishes a connection may have
  uint32_t subscribers = 0;  // what every answer must report
  size_t data_bytes = 200;
  int64_t interval_ns = 0;  // 0: as fast as accepted
  uint64_t events_max = 0;  // stop after so many; 0: no such limit
  int64_t duration_ns = 0;  // stop after so long; 0: no such limit
};

// The bytes of one publish; all publishes of a plan have the same size.
[[nodiscard]] std::string publish_request(const PublishPlan& plan, const EventStamp& stamp);

class Publisher {
 public:
  explicit Publisher(PublishPlan plan);
  Result<> connect();
  [[nodiscard]] const std::vector<UniqueFd>& sockets() const noexcept { return sockets_; }

  void start(int64_t at_ns) noexcept { start_ns_ = at_ns; }
  // Sends what is due. Never waits.
  void pump(int64_t now_ns);
  // Bytes of an answer; empty: the server has closed the connection.
  void on_answer(uint32_t connection, std::string_view bytes, int64_t now_ns);

  // When pump() has something to send next; INT64_MAX when that is not up to time.
  [[nodiscard]] int64_t next_due_ns(int64_t now_ns) const noexcept;
  // Everything is sent and answered.
  [[nodiscard]] bool done(int64_t now_ns) const noexcept;
  [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }

  [[nodiscard]] uint64_t issued() const noexcept { return issued_; }
  [[nodiscard]] uint64_t accepted() const noexcept { return accepted_; }
  [[nodiscard]] uint64_t unanswered() const noexcept { return unanswered_; }
  [[nodiscard]] uint64_t refused() const noexcept { return record_.refused.size(); }
  // Answers whose subscriber count was not the plan's.
  [[nodiscard]] uint64_t miscounted() const noexcept { return miscounted_; }
  [[nodiscard]] uint64_t id_digest() const noexcept { return id_digest_; }
  [[nodiscard]] const PublishRecord& record() const noexcept { return record_; }
  // Sent to answered, and intended to sent.
  [[nodiscard]] const Histogram& wait() const noexcept { return wait_; }
  [[nodiscard]] const Histogram& lateness() const noexcept { return lateness_; }

 private:
  struct Unanswered {
    uint64_t number = 0;
    int64_t intended_ns = 0;
    int64_t sent_ns = 0;
  };
  struct Connection {
    std::deque<Unanswered> unanswered;
    std::string unsent;
    std::string answer;  // its bytes so far
  };
  struct Retry {
    int64_t intended_ns = 0;
    int64_t due_ns = 0;
  };

  void issue(uint32_t connection, int64_t intended_ns, int64_t now_ns);
  void flush(uint32_t connection);
  [[nodiscard]] bool schedule_over(int64_t now_ns) const noexcept;
  [[nodiscard]] int64_t intended_ns(uint64_t event) const noexcept;
  Connection* with_room() noexcept;
  void on_whole_answer(Connection& connection, const HttpAnswer& answer, int64_t now_ns);
  void fail(std::string what);

  PublishPlan plan_;
  std::vector<UniqueFd> sockets_;
  std::vector<Connection> connections_;
  uint32_t turn_ = 0;  // the connection whose turn it is
  int64_t start_ns_ = 0;
  uint64_t scheduled_ = 0;  // events of the schedule that were sent, retries not counted
  std::deque<Retry> retries_;
  PublishRecord record_;
  uint64_t issued_ = 0;
  uint64_t accepted_ = 0;
  uint64_t unanswered_ = 0;
  uint64_t miscounted_ = 0;
  uint64_t id_digest_ = 0;
  Histogram wait_;
  Histogram lateness_;
  std::optional<Error> failure_;
};

}  // namespace ringcast::bench
