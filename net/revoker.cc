#include "net/revoker.h"

#include <algorithm>

namespace ringcast::net {

namespace {

// Looking at a slot costs a few nanoseconds, ending a stream some microseconds: with these a turn stays below a
// millisecond or two. Guesses.
constexpr uint32_t kSlotsPerTurnMax = 16'384;
constexpr uint32_t kEndsPerTurnMax = 256;

}  // namespace

void Revoker::work() noexcept {
  if (!has_work()) return;
  if (!has_begun_) {
    meant_ = revocations_.meant_by(finished_ + 1);
    has_begun_ = true;
    at_slot_ = 0;
    ended_ = 0;
  }
  const auto slots = static_cast<uint32_t>(shard_.connections.size());
  const uint32_t until = std::min(slots, at_slot_ + kSlotsPerTurnMax);
  for (uint32_t ended = 0; at_slot_ < until && ended < kEndsPerTurnMax; ++at_slot_) {
    if (!is_meant(at_slot_)) continue;
    delivery_.end_stream(at_slot_, CloseCause::kRevoked);
    ++ended;
    ++ended_;
  }
  if (at_slot_ < slots) return;
  ++finished_;
  has_begun_ = false;
  revocations_.finish(finished_, ended_);
}

bool Revoker::is_meant(uint32_t slot) noexcept {
  const Connection& connection = shard_.connections[slot];
  if (connection.phase != Phase::kStream) return false;
  if (const OfSource* const source = std::get_if<OfSource>(&meant_)) {
    const Peer& peer = shard_.peers[slot];
    return !peer.is_unix && source->network.contains(peer.address);
  }
  if (const OfSubject* const of = std::get_if<OfSubject>(&meant_)) {
    return connection.has_grant && shard_.grants[slot].subject == of->subject;
  }
  if (const OfToken* const of = std::get_if<OfToken>(&meant_)) {
    return connection.has_grant && shard_.grants[slot].token_id == of->id;
  }
  const OfChannel& wanted = std::get<OfChannel>(meant_);
  bool hears = false;
  audiences_.for_each_source(connection, [&](const Channel& channel, const KeyedHash& recipient) {
    const bool is_anybody = wanted.recipient.is_zero();
    hears |= &channel == wanted.channel && (is_anybody || recipient == wanted.recipient);
  });
  return hears;
}

}  // namespace ringcast::net
