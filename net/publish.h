// Publish: `POST /channels/<name>`, from a request to the log's answer.
//
// Threads: one shard.
#pragma once

#include <string>

#include "engine/log/event_log.h"
#include "net/counters.h"
#include "net/http/request.h"
#include "net/http/response.h"

namespace ringcast::net {

class Publish {
 public:
  Publish(EventLog& log, Counters& counters) : log_(log), counters_(counters) {}

  // Tries to commit the request's body as one event and appends the answer to `out`: 201 with the
  // event's id and the number of subscribers, or why not. False, and nothing is appended, when the
  // publisher is to be paced: try again.
  [[nodiscard]] bool attempt(Channel& channel, const Request& request,
                             const ResponseOptions& options, std::string& out);

  // The answer to a publisher that has been paced for too long.
  void append_timed_out(ResponseOptions options, std::string& out);

 private:
  void refuse(int status, std::string_view reason, const ResponseOptions& options,
              std::string& out);

  EventLog& log_;
  Counters& counters_;
};

}  // namespace ringcast::net
