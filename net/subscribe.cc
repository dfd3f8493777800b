#include "net/subscribe.h"

#include "net/http/cors.h"
#include "net/http/sse_response.h"

namespace ringcast::net {

namespace {

WireFormat format_for(const Request& request) noexcept {
  return request.version >= 11 ? WireFormat::kChunked : WireFormat::kRaw;
}

}  // namespace

Subscribe::Opened Subscribe::open(uint32_t slot, Channel& channel, const Request& request,
                                  ResponseOptions options, bool may_open, std::string& out) {
  const WireFormat format = format_for(request);
  std::string cors_lines;
  append_cors_lines(cors_lines, channel.config().cors, request);
  options.extra_lines = cors_lines;
  options.keep_alive = false;
  const uint32_t retry_ms = draw_retry_ms(channel.config());

  const bool has_room = shard_.counters.streaming.get() < shard_.capacity.connections_per_shard_max;
  if (may_open && has_room) {
    if (const Result<WireRing*> wire = log_.open_ring(channel, format)) {
      std::string head;
      append_stream_head(head, format, options);
      append_prelude(head, format, retry_ms);
      delivery_.start_stream(slot, channel, *wire.value(), format, head);
      return Opened::kStream;
    }
  }
  // Any status but 200 would be final for a browser.
  append_soft_reject(out, format, retry_ms, options);
  shard_.counters.turned_away.add();
  return Opened::kTurnedAway;
}

void Subscribe::append_head_only(Channel& channel, const Request& request, ResponseOptions options,
                                 std::string& out) {
  std::string cors_lines;
  append_cors_lines(cors_lines, channel.config().cors, request);
  options.extra_lines = cors_lines;
  options.head_only = true;
  append_stream_head(out, format_for(request), options);
}

uint32_t Subscribe::draw_retry_ms(const ChannelConfig& config) {
  return static_cast<uint32_t>(shard_.draw(config.retry.min.count(), config.retry.max.count()));
}

}  // namespace ringcast::net
