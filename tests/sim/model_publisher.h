// ModelPublisher: publishes to every addressee, one event or a batch at a time, mostly within the process and
// now and then over HTTP. Whatever it is told of its events must be so in the chronicle.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/model_chronicle.h"

namespace ringcast::net {

class ModelPublisher {
 public:
  struct Totals {
    uint64_t committed = 0;
    uint64_t batches = 0;
    uint64_t paced = 0;
    uint64_t too_much = 0;
    uint64_t over_http = 0;
    uint64_t timed_out = 0;
  };

  ModelPublisher(SimWorld& world, Chronicle& chronicle, size_t data_bytes_max, Totals& totals)
      : world_(world),
        chronicle_(chronicle),
        data_bytes_max_(data_bytes_max),
        totals_(totals),
        socket_(world.connect(0, 64 * 1024)) {}

  // Publishes within the process: an event or a batch.
  void publish();
  // The same to `addressee`; the number of subscribers it was for, or nothing when it was refused.
  std::optional<uint32_t> publish_to(size_t addressee);

  // Goes on with what it does over HTTP, where one request is under way at a time.
  void act();
  void retire() noexcept { is_retired_ = true; }
  [[nodiscard]] bool is_waiting() const noexcept { return !asked_.empty(); }

 private:
  struct Item {
    size_t addressee;
    std::string type;
    std::string data;
    milliseconds ttl;
  };
  [[nodiscard]] Item draw_item(size_t addressee);
  [[nodiscard]] std::vector<Item> draw_items();
  AppendOutcome append(const std::vector<Item>& items);
  // They were committed in this order, or none of them was.
  void check_order(const std::vector<Item>& items, EventId first, EventId last) const;
  void withdraw(const std::vector<Item>& items);
  void ask();
  void take_answer(int status, const std::string& body);

  SimWorld& world_;
  Chronicle& chronicle_;
  const size_t data_bytes_max_;
  Totals& totals_;
  std::shared_ptr<ModelSocket> socket_;
  std::vector<Item> asked_;  // over HTTP
  std::string unread_;
  uint64_t count_ = 0;
  bool is_retired_ = false;
};

}  // namespace ringcast::net
