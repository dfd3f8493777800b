// Subscribe: `GET` on a channel, from a request to a stream.
//
// Threads: one shard.
#pragma once

#include <string>

#include "engine/log/event_log.h"
#include "net/delivery.h"
#include "net/http/request.h"
#include "net/http/response.h"
#include "net/shard_state.h"

namespace ringcast::net {

class Subscribe {
 public:
  Subscribe(ShardState& shard, EventLog& log, Delivery& delivery)
      : shard_(shard), log_(log), delivery_(delivery) {}

  enum class Opened {
    kStream,      // the connection is a subscriber now
    kTurnedAway,  // no room: an answer was appended to `out` that makes a browser come back, and
                  // the connection must close
  };

  // Opens a stream on the connection in `slot`. `options` says the date; `may_open` is false while
  // the server is stopping.
  Opened open(uint32_t slot, Channel& channel, const Request& request, ResponseOptions options,
              bool may_open, std::string& out);

  // Answers HEAD: what GET would say, without opening anything.
  void append_head_only(Channel& channel, const Request& request, ResponseOptions options,
                        std::string& out);

 private:
  [[nodiscard]] uint32_t draw_retry_ms(const ChannelConfig& config);

  ShardState& shard_;
  EventLog& log_;
  Delivery& delivery_;
};

}  // namespace ringcast::net
