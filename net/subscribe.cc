#include "net/subscribe.h"

#include <algorithm>
#include <array>

#include "net/http/sse_response.h"
#include "net/http/target.h"

namespace ringcast::net {

namespace {

WireFormat format_for(const Request& request) noexcept {
  return request.version >= 11 ? WireFormat::kChunked : WireFormat::kRaw;
}

// The names under which clients without headers of their own send it; Yaffle's polyfill, the drafts of
// Mercure, and everybody who looked at the header.
constexpr auto kLastEventIdParameters = std::to_array<std::string_view>(
    {"lastEventId", "last_event_id", "lastEventID", "Last-Event-ID", "Last-Event-Id"});

// A header that says something goes first: a wrapper may have frozen an older id into the URL.
std::string last_event_id(const Request& request) {
  if (!request.last_event_id.empty()) return std::string(request.last_event_id);
  for (QueryPairs pairs{request.query}; pairs.next();) {
    const bool is_meant =
        std::ranges::find(kLastEventIdParameters, pairs.name()) != kLastEventIdParameters.end();
    if (is_meant && !pairs.value().empty()) return std::string(pairs.value());
  }
  return {};
}

Gap gap_before(const Wanted& wanted, EventId up_to, const Start& start) {
  Gap gap{.id = up_to, .requested = start.after, .oldest = std::nullopt};
  if (wanted.place.frames > 0) gap.oldest = wanted.channel->index().id(wanted.place.frame);
  return gap;
}

}  // namespace

Subscribe::Opened Subscribe::open(uint32_t slot, std::vector<Wanted> wanted, const Request& request,
                                  ResponseOptions options, const Grant* grant, bool may_open,
                                  std::string& out) {
  const WireFormat format = format_for(request);
  options.keep_alive = false;
  const uint32_t retry_ms = draw_retry_ms(wanted);
  std::optional<Limit> limit = may_open ? take_place(slot) : std::nullopt;
  if (may_open && !limit) {
    const Joined joined = join(slot, wanted, request, format);
    if (joined.ok) {
      const std::string lines = std::string(options.extra_lines) + joined.gap_lines;
      options.extra_lines = lines;
      std::string head;
      append_stream_head(head, format, options);
      append_prelude(head, format, retry_ms);
      head += joined.gap;
      if (!joined.gap.empty()) shard_.counters.gaps.add();
      if (grant != nullptr) {
        shard_.connections[slot].has_grant = true;
        shard_.grants[slot] = *grant;
      }
      delivery_.start_stream(slot, head);
      return Opened::kStream;
    }
    shard_.admission.leave(slot, shard_.peers[slot]);
    if (joined.is_full) limit = Limit::kSubscribers;
  }
  turn_away(limit, may_open ? shard_.limits.overload : Overload::kSoft, format, retry_ms, options,
            out);
  return Opened::kTurnedAway;
}

std::optional<Limit> Subscribe::take_place(uint32_t slot) noexcept {
  const bool has_room = shard_.counters.streaming.get() < shard_.capacity.connections_per_shard_max;
  if (!has_room) return Limit::kConnections;
  return shard_.admission.enter(slot, shard_.peers[slot], shard_.now);
}

// Any status but 200 would be final for a browser.
void Subscribe::turn_away(const std::optional<Limit>& limit, Overload overload, WireFormat format,
                          uint32_t retry_ms, const ResponseOptions& options, std::string& out) {
  shard_.counters.turned_away.add();
  if (limit) shard_.counters.limited[static_cast<size_t>(*limit)].add();
  if (overload == Overload::kSoft) {
    append_soft_reject(out, format, retry_ms, options);
  } else if (overload == Overload::kStatus) {
    const bool is_source = limit == Limit::kSourceStreams || limit == Limit::kStreamRate;
    ResponseOptions later = options;
    later.retry_after_s = (retry_ms + 999) / 1000;
    append_error(out, is_source ? 429 : 503,
                 is_source ? "too many streams from this address; come back later"
                           : "there is no room for another stream; come back later",
                 later);
  }
}

Subscribe::Joined Subscribe::join(uint32_t slot, std::vector<Wanted>& wanted,
                                  const Request& request, WireFormat format) {
  // Not under the lock: up to a whole URL is decoded.
  const std::string last_id = last_event_id(request);
  const auto guard = log_.hold();
  const uint64_t now_ms = log_.now_ms();
  const Start start = start_from(last_id, log_.last_id());
  std::optional<EventId> gap_up_to;
  for (Wanted& one : wanted) {
    const uint32_t subscribers_max = one.channel->config().subscribers_max;
    if (subscribers_max > 0 && one.channel->subscribers() >= subscribers_max) {
      return {.is_full = true};
    }
    const Result<WireRing*> wire = one.channel->open_ring(format);
    if (!wire) return {};
    one.wire = wire.value();
    one.place = find_place(*one.channel, one.recipient, start, now_ms);
    const bool is_told = one.channel->config().on_gap == GapPolicy::kNotify;
    if (is_told && one.place.gap_up_to) gap_up_to = std::max(gap_up_to, one.place.gap_up_to);
  }
  Joined joined{.ok = true};
  if (gap_up_to) {
    joined.gap_lines = "Ringcast-Gap: " + to_string(*gap_up_to) + "\r\n";
  }
  if (can_be_swept(wanted)) {
    if (gap_up_to) append_gap(joined.gap, format, gap_before(wanted.front(), *gap_up_to, start));
    audiences_.join(slot, wanted.front(), format);
  } else {
    audiences_.join_merged(slot, wanted, start, format);
  }
  return joined;
}

// All of one channel, as it lies in the ring. Whoever is to skip frames, now or when it has been slow, has to
// be looked at frame by frame.
bool Subscribe::can_be_swept(const std::vector<Wanted>& wanted) const {
  const Wanted& one = wanted.front();
  return wanted.size() == 1 && !one.channel->is_pattern() &&
         one.channel->config().slow_subscriber == SlowSubscriberPolicy::kDisconnect &&
         !one.channel->index().has_expired_from(one.place.frame, log_.now_ms());
}

void Subscribe::append_head_only(const Request& request, ResponseOptions options,
                                 std::string& out) {
  options.head_only = true;
  append_stream_head(out, format_for(request), options);
}

// From all that any of the channels allows.
uint32_t Subscribe::draw_retry_ms(const std::vector<Wanted>& wanted) {
  RetryRange range = wanted.front().channel->config().retry;
  for (const Wanted& one : wanted) {
    range.min = std::min(range.min, one.channel->config().retry.min);
    range.max = std::max(range.max, one.channel->config().retry.max);
  }
  return static_cast<uint32_t>(shard_.draw(range.min.count(), range.max.count()));
}

}  // namespace ringcast::net
