#include "net/audiences.h"

#include <algorithm>

namespace ringcast::net {

Audiences::Audiences(ShardState& shard, EventLog& log, const Channels& channels)
    : shard_(shard), log_(log), channels_(channels.size()) {
  // Two audiences a channel must be countable, and two more.
  RC_CHECK((channels.size() + 1) * kWireFormats < kNone);
}

AudienceNumber Audiences::add(std::unique_ptr<Audience> audience, Channel* channel) {
  const AudienceNumber number = audience->number();
  audiences_.push_back({std::move(audience), channel});
  is_active_.push_back(false);
  return number;
}

ChannelAudience& Audiences::find_or_add(const Wanted& wanted, WireFormat format) {
  Channel& channel = *wanted.channel;
  AudienceNumber& number = channels_[channel.number()].audience[static_cast<size_t>(format)];
  if (number == kNone) {
    const auto next = static_cast<AudienceNumber>(audiences_.size());
    number =
        add(std::make_unique<ChannelAudience>(next, channel, *wanted.wire, format, shard_.number),
            &channel);
  }
  return static_cast<ChannelAudience&>(at(number));
}

MergedAudience& Audiences::find_or_add_merged(WireFormat format) {
  AudienceNumber& number = merged_[static_cast<size_t>(format)];
  if (number == kNone) {
    const auto next = static_cast<AudienceNumber>(audiences_.size());
    number = add(std::make_unique<MergedAudience>(next, log_, format, shard_.number), nullptr);
  }
  return static_cast<MergedAudience&>(at(number));
}

void Audiences::count(Channel& channel, int change) noexcept {
  uint32_t& subscribers = channels_[channel.number()].subscribers;
  subscribers += static_cast<uint32_t>(change);
  channel.set_audience(shard_.number, subscribers);
}

void Audiences::enter(uint32_t slot, AudienceNumber number, MemberIndex member) noexcept {
  Connection& connection = shard_.connections[slot];
  connection.phase = Phase::kStream;
  connection.audience = number;
  connection.member = member;
  shard_.counters.streaming.add();
}

void Audiences::join(uint32_t slot, const Wanted& wanted, WireFormat format) {
  ChannelAudience& audience = find_or_add(wanted, format);
  count(*wanted.channel, +1);
  enter(slot, audience.number(), audience.join(slot, wanted.place.frame, shard_.now));
}

void Audiences::join_merged(uint32_t slot, const std::vector<Wanted>& wanted, const Start& start,
                            WireFormat format) {
  MergedAudience& audience = find_or_add_merged(format);
  for (const Wanted& one : wanted) {
    count(*one.channel, +1);
    ++channels_[one.channel->number()].merged;
    if (one.channel->is_pattern()) one.channel->add_recipient(one.recipient);
  }
  enter(slot, audience.number(), audience.join(slot, wanted, start, shard_.now));
}

// Under the lock, so that what the writer counts at each commit is exactly who owes or is owed it.
bool Audiences::stands_between_frames(const Connection& connection) noexcept {
  const auto guard = log_.hold();
  return of(connection).stands_between_frames(connection.member);
}

void Audiences::leave(uint32_t slot) noexcept {
  Connection& connection = shard_.connections[slot];
  RC_CHECK(connection.phase == Phase::kStream);
  const auto guard = log_.hold();
  const Entry& entry = audiences_[connection.audience];
  for_each_source(connection, [&](Channel& channel, const KeyedHash& recipient) {
    count(channel, -1);
    if (entry.channel != nullptr) return;
    --channels_[channel.number()].merged;
    if (channel.is_pattern()) channel.remove_recipient(recipient);
  });
  if (const auto moved = entry.audience->leave(connection.member)) {
    shard_.connections[*moved].member = connection.member;
  }
  shard_.counters.streaming.subtract();
  activate(connection);  // the slowest may have been this one
}

void Audiences::on_news(ChannelNumber channel) noexcept {
  for (const AudienceNumber number : channels_[channel].audience) on_news_for(number);
  if (channels_[channel].merged == 0) return;
  for (const AudienceNumber number : merged_) on_news_for(number);
}

void Audiences::on_news_for(AudienceNumber number) noexcept {
  if (number == kNone) return;
  at(number).mark_dirty();
  activate(number);
}

void Audiences::activate(AudienceNumber number) noexcept {
  if (is_active_[number]) return;
  is_active_[number] = true;
  active_.push_back(number);
}

void Audiences::add_owed(std::vector<uint64_t>& owed) {
  for (const Entry& entry : audiences_) {
    if (entry.channel != nullptr) {
      owed[entry.channel->number()] += static_cast<ChannelAudience&>(*entry.audience).owed();
    } else {
      static_cast<MergedAudience&>(*entry.audience)
          .for_each_owed(
              [&](const Channel& channel, uint32_t frames) { owed[channel.number()] += frames; });
    }
  }
}

}  // namespace ringcast::net
