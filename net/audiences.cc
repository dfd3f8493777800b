#include "net/audiences.h"

#include <algorithm>

namespace ringcast::net {

Audiences::Audiences(ShardState& shard, const Channels& channels)
    : shard_(shard), channels_(channels.size()) {
  // Two audiences a channel must be countable.
  RC_CHECK(channels.size() * kWireFormats < kNone);
}

Audience& Audiences::find_or_add(Channel& channel, WireRing& wire, WireFormat format) {
  AudienceNumber& number = channels_[channel.number()].audience[static_cast<size_t>(format)];
  if (number == kNone) {
    number = static_cast<AudienceNumber>(audiences_.size());
    audiences_.push_back(std::make_unique<Audience>(number, channel, wire, format, shard_.number));
    is_active_.push_back(false);
  }
  return *audiences_[number];
}

void Audiences::count(Channel& channel, int change) noexcept {
  uint32_t& subscribers = channels_[channel.number()].subscribers;
  subscribers += static_cast<uint32_t>(change);
  channel.set_audience(shard_.number, subscribers);
}

void Audiences::join(uint32_t slot, Channel& channel, WireRing& wire, WireFormat format) {
  Audience& audience = find_or_add(channel, wire, format);
  count(channel, +1);  // before the audience looks where the ring is
  Connection& connection = shard_.connections[slot];
  connection.phase = Phase::kStream;
  connection.audience = audience.number();
  connection.member = audience.join(slot, static_cast<uint32_t>(shard_.now));
  shard_.counters.streaming.add();
}

void Audiences::leave(uint32_t slot) noexcept {
  Connection& connection = shard_.connections[slot];
  RC_CHECK(connection.phase == Phase::kStream);
  Audience& audience = of(connection);
  if (const auto moved = audience.leave(connection.member)) {
    shard_.connections[*moved].member = connection.member;
  }
  count(audience.channel(), -1);
  shard_.counters.streaming.subtract();
  activate(connection);  // the slowest may have been this one
}

void Audiences::on_news(ChannelNumber channel) noexcept {
  for (const AudienceNumber number : channels_[channel].audience) {
    if (number == kNone) continue;
    audiences_[number]->mark_dirty();
    activate(number);
  }
}

void Audiences::activate(AudienceNumber number) noexcept {
  if (is_active_[number]) return;
  is_active_[number] = true;
  active_.push_back(number);
}

}  // namespace ringcast::net
