// Subscribe: `GET` on a channel or on several, from a request to a stream.
//
// Threads: one shard.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/log/event_log.h"
#include "net/delivery.h"
#include "net/http/request.h"
#include "net/http/response.h"
#include "net/shard_state.h"

namespace ringcast::net {

class Subscribe {
 public:
  Subscribe(ShardState& shard, EventLog& log, Audiences& audiences, Delivery& delivery)
      : shard_(shard), log_(log), audiences_(audiences), delivery_(delivery) {}

  enum class Opened {
    kStream,  // the connection is a subscriber now
    kTurnedAway,  // no room: the answer that LimitsConfig::overload wants was appended to `out`, which may
                  // be none, and the connection must close
  };

  // Opens a stream, to which `grant` applies if there is one, of `wanted` (at least one, distinct) on the connection in `slot`, from where the request's
  // Last-Event-ID says. `options` says the date and has the CORS lines; `may_open` is false while the server
  // is stopping.
  Opened open(uint32_t slot, std::vector<Wanted> wanted, const Request& request,
              ResponseOptions options, const Grant* grant, bool may_open, std::string& out);

  // Answers HEAD: what GET would say, without opening anything.
  static void append_head_only(const Request& request, ResponseOptions options, std::string& out);

 private:
  struct Joined {
    bool ok = false;
    bool is_full = false;     // a channel has all the subscribers it may have
    std::string gap{};        // a gap event to go out with the head
    std::string gap_lines{};  // what the head says of it
  };
  // Finds the places and joins an audience, in one moment as the log sees it.
  [[nodiscard]] Joined join(uint32_t slot, std::vector<Wanted>& wanted, const Request& request,
                            WireFormat format);
  [[nodiscard]] std::optional<Limit> take_place(uint32_t slot) noexcept;
  void turn_away(const std::optional<Limit>& limit, Overload overload, WireFormat format,
                 uint32_t retry_ms, const ResponseOptions& options, std::string& out);
  [[nodiscard]] bool can_be_swept(const std::vector<Wanted>& wanted) const;
  [[nodiscard]] uint32_t draw_retry_ms(const std::vector<Wanted>& wanted);

  ShardState& shard_;
  EventLog& log_;
  Audiences& audiences_;
  Delivery& delivery_;
};

}  // namespace ringcast::net
