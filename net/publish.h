// Publish: `POST /channels/<name>` and `POST /events`, from a request to the log's answer.
//
// Threads: one shard. Memory: a batch is read once and kept by its exchange while it waits.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/channels.h"
#include "engine/idempotency_keys.h"
#include "engine/log/event_log.h"
#include "net/batch_reader.h"
#include "net/counters.h"
#include "net/gate.h"
#include "net/http/request.h"
#include "net/http/response.h"

namespace ringcast::net {

// What a publish request comes to: events, each with the channel it is for.
struct Publishing {
  Batch batch;       // owns the text of a batch's events
  std::string type;  // of a single event: it was decoded from the query
  std::vector<Publication> publications;
  bool is_batch = false;
  KeyedHash key;          // of its Idempotency-Key; zero: it has none
  KeyedHash fingerprint;  // with a key: of all that makes the request this one and no other

  // A key is its sender's own: nobody learns of another's, or comes between it and its answer.
  void belongs_to(const Bearer& bearer);
};

class Publish {
 public:
  Publish(EventLog& log, const Channels& channels, IdempotencyKeys& keys, Counters& counters)
      : log_(log), channels_(channels), keys_(keys), counters_(counters) {}

  // What `request` wants published: its body as one event to `address`, or a batch. nullptr: it may not be,
  // and the answer was appended to `out`. Views `request`.
  [[nodiscard]] std::unique_ptr<Publishing> read_one(const Channels::Address& address,
                                                     const Request& request,
                                                     const ResponseOptions& options,
                                                     std::string& out);
  // `check` says of each line's channel, nullptr for a name nobody has, whether it may be published to.
  using LineCheck = std::function<Denial(const Channel* channel, std::string_view name)>;
  [[nodiscard]] std::unique_ptr<Publishing> read_batch(const Request& request,
                                                       const ResponseOptions& options,
                                                       const LineCheck& check, std::string& out);

  enum class Attempt {
    kAnswered,  // the answer was appended: 201, or why not
    kPaced,     // it waits for subscribers: try again
    kUnderWay,  // it waits for an earlier attempt under its Idempotency-Key: try again
  };
  // Tries to commit it.
  [[nodiscard]] Attempt attempt(const Publishing& publishing, const ResponseOptions& options,
                                MonotonicMs now, std::string& out);

  // Answers it if its Idempotency-Key says how, so that nothing is to be committed: a repeat, or another request
  // under the same key. False, and nothing is appended, otherwise.
  [[nodiscard]] bool try_answer_known(const Publishing& publishing, const ResponseOptions& options,
                                      MonotonicMs now, std::string& out);

  // The answer to whoever may not publish.
  void deny(Denial denial, const ResponseOptions& options, std::string& out);

  // The answer to a publisher that has waited for too long; `last` is what its last attempt came to.
  void append_timed_out(Attempt last, ResponseOptions options, std::string& out);

 private:
  enum class Committed { kYes, kPaced, kRefused };
  // Notes the request's key. False: it is none, which was answered.
  [[nodiscard]] bool read_key(const Request& request, const ResponseOptions& options,
                              Publishing& publishing, std::string& out);
  [[nodiscard]] bool answer_claim(const Claim& claim, const ResponseOptions& options,
                                  std::string& out);
  Committed commit(const Publishing& publishing, const ResponseOptions& options,
                   PublishAnswer& answer, std::string& out);
  void answer_201(const PublishAnswer& answer, const ResponseOptions& options, std::string& out);
  void refuse(int status, std::string_view reason, const ResponseOptions& options,
              std::string& out);

  EventLog& log_;
  const Channels& channels_;
  IdempotencyKeys& keys_;
  Counters& counters_;
};

}  // namespace ringcast::net
