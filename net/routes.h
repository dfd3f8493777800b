// Routes: which answer a request gets: who serves its path, whether the method is served there, and what
// has to wait. The channels of a request are looked up here and nowhere else.
//
//   GET, HEAD, OPTIONS  /channels/<name>, /events?channel=…, a channel's own path    Subscribe
//   POST, OPTIONS       /channels/<name>, /events                                    Publish
//   what operators ask, where admin is served                                        Admin
//
// Threads: one shard.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/channels.h"
#include "net/admin.h"
#include "net/exchange.h"
#include "net/http/http_date.h"
#include "net/listener.h"
#include "net/publish.h"
#include "net/shard_state.h"
#include "net/subscribe.h"

namespace ringcast::net {

// The path whose POST takes batches and whose GET takes several channels.
inline constexpr std::string_view kEventsPath = "/events";

class Routes {
 public:
  Routes(ShardState& shard, const Channels& channels, uint32_t stream_channels_max,
         Publish& publish, Subscribe& subscribe, Admin& admin);

  enum class Handled {
    kAnswered,      // the answer was appended to the exchange's
    kBecameStream,  // the connection is a subscriber now
    kTurnedAway,    // answered, and to be closed: there was no room for a stream
    kHeld,  // to be handled again later: exchange.paced_until says whether for room in a ring, or for other shards
  };

  // Handles the request that `exchange` has read on the connection in `slot`.
  Handled handle(uint32_t slot, Exchange& exchange, const ListenerConfig& listener);

  // What every answer to `exchange`'s request has in common.
  [[nodiscard]] ResponseOptions options_for(const Exchange& exchange);

  // The lines for an answer that is about no channel, such as a refusal: who may read anything here may read it.
  [[nodiscard]] std::string reader_lines(const Request& request,
                                         const ListenerConfig& listener) const;

  // Between the two, held publishes are handled again, the longest waiting first.
  void begin_retrying() noexcept;
  void end_retrying() noexcept { is_retrying_ = false; }

  // From now on streams are turned away and answers end their connections.
  void begin_stopping() noexcept { stopping_ = true; }
  [[nodiscard]] bool is_stopping() const noexcept { return stopping_; }

 private:
  // The paced publishes of one channel.
  struct Queue {
    uint32_t waiting = 0;     // as of the last look, plus those who came since
    bool is_refused = false;  // in this round: there is no room for the first of them
  };

  // What is served at one place.
  struct Duties {
    bool subscribe;
    bool publish;
  };
  [[nodiscard]] static std::string_view methods_of(const Duties& duties) noexcept;

  // What is served under any name, or the listener's own, and not by Admin.
  Handled handle_public(uint32_t slot, Exchange& exchange, const ListenerConfig& listener);
  Handled handle_channel(uint32_t slot, Exchange& exchange, const Duties& duties,
                         const Channels::Address& address, std::string_view name);
  Handled handle_events(uint32_t slot, Exchange& exchange, const Duties& duties);
  // A request for a stream that is no GET; whether streams are served at all. `cors` says who may ask.
  Handled answer_without_stream(Exchange& exchange, const CorsConfig& cors,
                                std::string_view methods, bool is_served);
  Handled open_stream(uint32_t slot, Exchange& exchange, std::vector<Wanted> wanted,
                      const CorsConfig& cors);
  Handled publish(Exchange& exchange, const Channels::Address* address);
  [[nodiscard]] Publish::Attempt try_publish(const Publishing& publishing,
                                             const ResponseOptions& options, std::string& out);
  [[nodiscard]] bool may_try(const Publishing& publishing) const noexcept;
  void line_up(const Publishing& publishing) noexcept;
  Handled answer_error(Exchange& exchange, const CorsConfig& cors, int status,
                       std::string_view reason);
  // The channels that the query of `request` names; an error is for the sender.
  [[nodiscard]] std::vector<Wanted> channels_named(const Request& request, int& status,
                                                   std::string& error) const;

  ShardState& shard_;
  const Channels& channels_;
  const uint32_t stream_channels_max_;
  Publish& publish_;
  Subscribe& subscribe_;
  Admin& admin_;
  // Who may read what is said of no channel in particular: the readers, and the publishers, of any of them.
  CorsConfig any_reader_;
  CorsConfig any_publisher_;
  HttpDate date_;
  std::vector<Queue> queues_;  // by channel
  bool is_retrying_ = false;
  bool stopping_ = false;
};

}  // namespace ringcast::net
