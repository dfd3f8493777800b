// VisitCrowd: many short connections, so many at a time: each reads what it came for and is reset.
//
// Threads: one. Memory: a descriptor and some 100 bytes for each that is under way. Failure: failure() says why no
// further one can begin; a visit that got the wrong thing is counted.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/load/follow/stream_reader.h"
#include "bench/load/peers/stream_sockets.h"
#include "bench/load/recipients/recipients_plan.h"

namespace ringcast::bench {

// One visit: what to ask for, and the target whose event ends it (nothing: the opening does).
struct VisitOrder {
  std::string request;
  std::optional<uint32_t> target;
};

class VisitCrowd final : public StreamSockets::Handler {
 public:
  static Result<std::unique_ptr<VisitCrowd>> open(const sockaddr_in& server, uint32_t in_flight,
                                                  size_t data_bytes);

  // Makes `count` visits, each as `order` says, and returns when all are done.
  Result<> run(uint64_t count, const std::function<VisitOrder()>& order, int64_t stall_ns);

  [[nodiscard]] uint64_t wrong() const noexcept { return wrong_; }
  [[nodiscard]] const std::vector<std::string>& examples() const noexcept { return examples_; }
  // Events received, and their bytes on the wire.
  [[nodiscard]] uint64_t events() const noexcept { return events_; }
  [[nodiscard]] uint64_t event_bytes() const noexcept { return event_bytes_; }

 private:
  struct Visitor {
    StreamReader reader;
    std::optional<uint32_t> target;
  };
  VisitCrowd(uint32_t in_flight, size_t data_bytes);
  void begin(uint32_t who);
  void on_bytes(uint32_t who, std::string_view bytes) override;
  void on_closed(uint32_t who) override;
  void on_item(uint32_t who, const StreamItem& item);
  void finish(uint32_t who, const std::string& wrong);

  std::unique_ptr<StreamSockets> sockets_;
  std::vector<Visitor> visitors_;
  const std::function<VisitOrder()>* order_ = nullptr;
  uint64_t to_begin_ = 0;
  uint64_t done_ = 0;
  uint64_t events_ = 0;
  uint64_t event_bytes_ = 0;
  uint64_t wrong_ = 0;
  std::vector<std::string> examples_;
};

}  // namespace ringcast::bench
