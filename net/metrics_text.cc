#include "net/metrics_text.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>
#include <vector>

#include "engine/books.h"

namespace ringcast::net {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

struct Series {
  const char* name;
  const char* help;
  MetricType type;
  Counter Counters::*counter;
};

constexpr Series kSeries[] = {
    {"ringcast_connections_accepted_total", "Connections accepted", MetricType::Counter,
     &Counters::accepted},
    {"ringcast_connections_open", "Connections open now", MetricType::Gauge, &Counters::open},
    {"ringcast_subscribers", "Connections that are streams now", MetricType::Gauge,
     &Counters::streaming},
    {"ringcast_published_total", "Publishes answered 201", MetricType::Counter,
     &Counters::published},
    {"ringcast_publishes_refused_total",
     "Publishes refused: answered 4xx, or 503 for want of room for an Idempotency-Key",
     MetricType::Counter, &Counters::publishes_refused},
    {"ringcast_publishes_paced_total",
     "Publishes that had to wait, for subscribers or for an earlier attempt under their key",
     MetricType::Counter, &Counters::paced},
    {"ringcast_publishes_timed_out_total",
     "Publishes answered 503 because they had waited too long", MetricType::Counter,
     &Counters::publishes_timed_out},
    {"ringcast_requests_refused_total", "Requests refused as HTTP", MetricType::Counter,
     &Counters::requests_refused},
    {"ringcast_requests_unauthorized_total",
     "Requests answered 400 or 401 for want of a good token or key", MetricType::Counter,
     &Counters::requests_unauthorized},
    {"ringcast_requests_forbidden_total", "Requests whose token or key is not for what they asked",
     MetricType::Counter, &Counters::requests_forbidden},
    {"ringcast_proxies_refused_total",
     "Connections closed for want of a PROXY header that can be believed", MetricType::Counter,
     &Counters::proxies_refused},
    {"ringcast_streams_turned_away_total", "Streams beyond capacity, asked to come back",
     MetricType::Counter, &Counters::turned_away},
    {"ringcast_sends_total", "Sends of frames planned", MetricType::Counter, &Counters::sends},
    {"ringcast_sends_short_total", "Sends of which the socket took a part", MetricType::Counter,
     &Counters::sends_short},
    {"ringcast_sends_full_total", "Sends of which the socket took nothing", MetricType::Counter,
     &Counters::sends_full},
    {"ringcast_bytes_planned_total", "Bytes of frames planned to be sent", MetricType::Counter,
     &Counters::bytes_planned},
    {"ringcast_bytes_unsent_total", "Of those, bytes that sockets did not take at once",
     MetricType::Counter, &Counters::bytes_unsent},
    {"ringcast_gaps_total", "Gap events sent, those counted twice for which a socket had no room",
     MetricType::Counter, &Counters::gaps},
    {"ringcast_heartbeats_total", "Heartbeats sent", MetricType::Counter, &Counters::heartbeats},
    {"ringcast_access_log_lines_total", "Lines of the access log", MetricType::Counter,
     &Counters::log_lines},
    {"ringcast_access_log_dropped_total", "Lines that were not written because too many waited",
     MetricType::Counter, &Counters::log_lines_dropped},
    {"ringcast_accepts_paused_total", "Times a shard stopped accepting for want of slots",
     MetricType::Counter, &Counters::accepts_paused},
    {"ringcast_stale_completions_total", "Completions for connections that have gone",
     MetricType::Counter, &Counters::stale_completions},
    {"ringcast_turns_total", "Turns of the shards' loops", MetricType::Counter, &Counters::turns},
};

struct ChannelSeries {
  const char* name;
  const char* help;
  uint64_t Books::*count;
};

// due + replayed = sent - unsent + skipped + closed_owing + what is still owed.
constexpr ChannelSeries kChannelSeries[] = {
    {"ringcast_events_committed_total", "Events committed", &Books::events},
    {"ringcast_events_due_total", "Events committed, each once per subscriber it was for",
     &Books::due},
    {"ringcast_events_replayed_total", "Older events that subscribers asked for when they came",
     &Books::replayed},
    {"ringcast_events_sent_total", "Events handed to sockets", &Books::sent},
    {"ringcast_events_unsent_total", "Of those, events that sockets did not take at once",
     &Books::unsent},
    {"ringcast_events_skipped_total",
     "Events that had expired, or were overwritten before a slow subscriber got them",
     &Books::skipped},
    {"ringcast_events_closed_owing_total", "Events still owed to subscribers when they went",
     &Books::closed_owing},
};

ClientMetric metric(MetricType type, uint64_t value, std::vector<ClientMetric::Label> labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  (type == MetricType::Gauge ? metric.gauge.value : metric.counter.value) =
      static_cast<double>(value);
  return metric;
}

MetricFamily per_shard(const Series& series, std::span<const Counters> shards) {
  MetricFamily family{series.name, series.help, series.type, {}};
  for (size_t shard = 0; shard < shards.size(); ++shard) {
    family.metric.push_back(metric(series.type, (shards[shard].*series.counter).get(),
                                   {{"shard", std::to_string(shard)}}));
  }
  return family;
}

MetricFamily closed_by_cause(std::span<const Counters> shards) {
  MetricFamily family{"ringcast_connections_closed_total",
                      "Connections that have ended, by cause",
                      MetricType::Counter,
                      {}};
  for (size_t cause = 0; cause < kCloseCauses; ++cause) {
    uint64_t closed = 0;
    for (const Counters& shard : shards) closed += shard.closed[cause].get();
    family.metric.push_back(metric(
        family.type, closed, {{"cause", std::string(name_of(static_cast<CloseCause>(cause)))}}));
  }
  return family;
}

MetricFamily limited(std::span<const Counters> shards) {
  MetricFamily family{
      "ringcast_limited_total",
      "Streams, publishes and connections refused or put off, by the limit they met",
      MetricType::Counter,
      {}};
  for (size_t limit = 0; limit < kLimits; ++limit) {
    uint64_t times = 0;
    for (const Counters& shard : shards) times += shard.limited[limit].get();
    family.metric.push_back(
        metric(family.type, times, {{"limit", std::string(name_of(static_cast<Limit>(limit)))}}));
  }
  return family;
}

MetricFamily untracked(const SourceTable* sources) {
  const uint64_t count = sources == nullptr ? 0 : sources->untracked();
  return {"ringcast_sources_untracked_total",
          "Source addresses and publishers that limits had no room to follow, or forgot early",
          MetricType::Counter,
          {metric(MetricType::Counter, count, {})}};
}

MetricFamily key_reloads(const KeyChanges& changes) {
  return {"ringcast_key_reloads_total",
          "Orders to read the keys again, by what came of them",
          MetricType::Counter,
          {metric(MetricType::Counter, changes.taken.get(), {{"outcome", "taken"}}),
           metric(MetricType::Counter, changes.refused.get(), {{"outcome", "refused"}})}};
}

MetricFamily keys_read(const KeyChanges& changes) {
  const uint64_t seconds = changes.read_s.load(std::memory_order_relaxed);
  return {"ringcast_keys_read_timestamp_seconds",
          "When the keys that count were read, in seconds since 1970",
          MetricType::Gauge,
          {metric(MetricType::Gauge, seconds, {})}};
}

std::vector<MetricFamily> by_channel(const Channels& channels) {
  std::vector<MetricFamily> families;
  for (const ChannelSeries& series : kChannelSeries) {
    families.push_back({series.name, series.help, MetricType::Counter, {}});
  }
  MetricFamily subscribers{
      "ringcast_channel_subscribers", "Subscribers of the channel now", MetricType::Gauge, {}};
  for (ChannelNumber i = 0; i < channels.size(); ++i) {
    const Channel& channel = channels.at(i);
    const std::vector<ClientMetric::Label> labels{{"channel", channel.config().name}};
    const Books books = read_books(channel);
    for (size_t k = 0; k < families.size(); ++k) {
      families[k].metric.push_back(
          metric(MetricType::Counter, books.*kChannelSeries[k].count, labels));
    }
    subscribers.metric.push_back(metric(MetricType::Gauge, channel.subscribers(), labels));
  }
  families.push_back(std::move(subscribers));
  return families;
}

}  // namespace

std::string metrics_text(std::span<const Counters> shards, const Channels& channels,
                         const KeyChanges& key_changes, const SourceTable* sources) {
  std::vector<MetricFamily> families;
  for (const Series& series : kSeries) families.push_back(per_shard(series, shards));
  families.push_back(closed_by_cause(shards));
  families.push_back(limited(shards));
  families.push_back(untracked(sources));
  families.push_back(key_reloads(key_changes));
  families.push_back(keys_read(key_changes));
  for (MetricFamily& family : by_channel(channels)) families.push_back(std::move(family));
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return text.str();
}

}  // namespace ringcast::net
