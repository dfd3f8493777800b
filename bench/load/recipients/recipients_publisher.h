// RecipientsPublisher: one event to each of many recipients by NDJSON batches, and the ids to resume them from.
//
// Target 0 of the events is the plain channel c0, target 1 + r recipient r; lane and number are 0.
//
// Threads: one. Memory: one batch, and 40 bytes for each that was published. Failure: publish_all() says what the
// server answered.
#pragma once

#include <netinet/in.h>

#include <string>
#include <vector>

#include "bench/load/event_data.h"
#include "bench/load/peers/request_pipe.h"
#include "bench/load/recipients/recipients_plan.h"
#include "engine/base/result.h"

namespace ringcast::bench {

class RecipientsPublisher {
 public:
  static Result<RecipientsPublisher> connect(const RecipientsPlan& plan, const sockaddr_in& server);

  // Two events of c0. Call first.
  Result<> publish_channel();
  // One event of each recipient.
  Result<> publish_recipients();

  // An id to resume `recipient` from, with its event as the only one of it that follows: that of the event before,
  // where a batch's ids show what they are; otherwise the last before the batch.
  [[nodiscard]] FrameId id_before(uint32_t recipient) const;
  // The same for the last event of c0.
  [[nodiscard]] FrameId id_before_channel() const noexcept { return channel_ids_[0]; }
  [[nodiscard]] uint64_t refused() const noexcept { return refused_; }

 private:
  struct Batch {
    FrameId before;  // the last id before it
    FrameId first;
    bool consecutive = false;  // its ids are first, first + 1, …
  };
  RecipientsPublisher(const RecipientsPlan& plan, RequestPipe pipe)
      : plan_(plan), pipe_(std::move(pipe)) {}
  // Sends again what is refused with 503.
  Result<RequestPipe::Answered> post(const std::string& request);
  Result<> publish_batch(uint32_t first, uint32_t count);

  RecipientsPlan plan_;
  RequestPipe pipe_;
  std::vector<Batch> batches_;
  FrameId channel_ids_[2];
  FrameId last_id_;
  uint64_t refused_ = 0;
};

// The body of one batch: a line for each of `count` recipients from `first` on.
[[nodiscard]] std::string batch_body(const RecipientsPlan& plan, uint32_t first, uint32_t count);

}  // namespace ringcast::bench
