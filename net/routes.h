// Routes: which answer a request gets: who serves its path, whether the method is served there, and what
// has to wait. The channels of a request are looked up here and nowhere else.
//
//   GET, HEAD, OPTIONS  /channels/<name>, /events?channel=…, a channel's own path    Subscribe
//   POST, OPTIONS       /channels/<name>, /events                                    Publish
//   what operators ask, where admin is served                                        Admin
//
// Threads: one shard.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/channels.h"
#include "net/admin.h"
#include "net/exchange.h"
#include "net/gate.h"
#include "net/http/cors.h"
#include "net/http/http_date.h"
#include "net/listener.h"
#include "net/publish.h"
#include "net/shard_state.h"
#include "net/subscribe.h"

namespace ringcast::net {

// The path whose POST takes batches and whose GET takes several channels.
inline constexpr std::string_view kEventsPath = "/events";

// What the names of channels and recipients follow.
inline constexpr std::string_view kChannelsPrefix = "/channels/";

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

  // Looks at the head of a request whose body is still to come. True: it was answered, because its sender may not publish,
  // or offers a body that nobody wants. Requires: exchange.closes_after_answers, which is what the answers say.
  [[nodiscard]] bool answer_before_body(uint32_t slot, Exchange& exchange,
                                        const ListenerConfig& listener);

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
  [[nodiscard]] Gate gate() const noexcept { return Gate{*shard_.access}; }

  // The paced publishes of one channel.
  struct Queue {
    uint32_t waiting = 0;     // as of the last look, plus those who came since
    bool is_refused = false;  // in this round: there is no room for the first of them
  };

  // What is served at one place, and whether other machines reach it.
  struct Duties {
    bool subscribe;
    bool publish;
    bool is_local;
  };
  [[nodiscard]] static Duties duties_of(const ListenerConfig& listener) noexcept;
  [[nodiscard]] static std::string_view methods_of(const Duties& duties) noexcept;

  // What is served under any name, or the listener's own, and not by Admin.
  Handled handle_public(uint32_t slot, Exchange& exchange, const ListenerConfig& listener);
  // What a POST is for: a name with what it stands for, perhaps nothing; or many of them, named in the body.
  struct PublishTarget {
    bool is_batch;
    Channels::Address address;
    std::string_view name;
  };

  // What `request` would publish to; nothing: it is something else, or under a name that nothing is served under.
  [[nodiscard]] std::optional<PublishTarget> publish_target(const Request& request,
                                                            const ListenerConfig& listener) const;
  bool deny_before_body(Exchange& exchange, const ListenerConfig& listener,
                        const PublishTarget& target);
  bool refuse_awaited(Exchange& exchange, const PublishTarget& target);

  // `address` may be of no channel.
  Handled handle_channel(uint32_t slot, Exchange& exchange, const Duties& duties,
                         const Channels::Address& address, std::string_view name);
  Handled handle_events(uint32_t slot, Exchange& exchange, const Duties& duties);
  // A request for a stream that is neither GET nor HEAD. `cors` says who may ask.
  Handled answer_without_stream(Exchange& exchange, const CorsConfig& cors,
                                std::string_view methods);
  Handled stream(uint32_t slot, Exchange& exchange, std::vector<Wanted> wanted);
  Handled deny_stream(Exchange& exchange, Denial denial, const Visitor& visitor);

  Handled publish(uint32_t slot, Exchange& exchange, const Duties& duties,
                  const PublishTarget& target);
  // Whose rate a publish counts against (admission.h).
  [[nodiscard]] KeyedHash publisher_in(uint32_t slot, Exchange& exchange, const Duties& duties,
                                       const PublishTarget& target) const;
  // The answer to a publisher that publishes too much.
  Handled slow_down(Exchange& exchange, ResponseOptions options, milliseconds wait);
  [[nodiscard]] std::unique_ptr<Publishing> read_publishing(Exchange& exchange,
                                                            const Duties& duties,
                                                            const PublishTarget& target,
                                                            const ResponseOptions& options);
  // What can be said of a publish before its body has been read.
  [[nodiscard]] Denial check_publish(Exchange& exchange, bool is_local,
                                     const PublishTarget& target) const;
  // The same at any later moment.
  [[nodiscard]] Denial check_publish_now(Exchange& exchange, bool is_local,
                                         const PublishTarget& target) const;
  [[nodiscard]] const Visitor& visitor_of(Exchange& exchange) const;

  // Whether strangers must not learn from what is served here that `channel` exists, or that there is none.
  [[nodiscard]] bool is_hidden(const Duties& duties, const Channel* channel) const noexcept;
  [[nodiscard]] bool could_be_hidden_path(const Request& request) const noexcept;
  // Who may ask about what is hidden: the same, whatever it is.
  [[nodiscard]] const CorsConfig& hidden_cors(const Request& request,
                                              const Duties& duties) const noexcept;

  [[nodiscard]] Publish::Attempt try_publish(const Publishing& publishing,
                                             const ResponseOptions& options, std::string& out);
  [[nodiscard]] bool may_try(const Publishing& publishing) const noexcept;
  void line_up(const Publishing& publishing) noexcept;
  Handled answer_error(Exchange& exchange, const CorsConfig& cors, int status,
                       std::string_view reason);
  // The channels that the query of `request` names; an error is for the sender. Where something is hidden, a name nobody has
  // is among them, without a channel.
  [[nodiscard]] std::vector<Wanted> channels_named(const Request& request, int& status,
                                                   std::string& error) const;

  ShardState& shard_;
  const Channels& channels_;
  const uint32_t stream_channels_max_;
  Publish& publish_;
  Subscribe& subscribe_;
  Admin& admin_;
  // Who may read what is said of no channel in particular: the readers, and the publishers, of any of them.
  AnyCors any_reader_;
  AnyCors any_publisher_;
  AnyCors hidden_reader_;  // the readers of any channel that is not public
  HttpDate date_;
  std::vector<Queue> queues_;  // by channel
  bool is_retrying_ = false;
  bool stopping_ = false;
};

}  // namespace ringcast::net
