#include "net/admission.h"

namespace ringcast::net {

namespace {

// With every place of the table for a source of its own, twice as many as there can be connections: then all of
// those find one (see SourceTable).
constexpr size_t kPlacesPerConnection = 2;

constexpr size_t kV6NetworkBytes = 8;

}  // namespace

KeyedHash source_of(const Peer& peer) noexcept {
  if (peer.is_unix) return {};
  const auto* const bytes = reinterpret_cast<const char*>(peer.address.bytes.data());
  const size_t counted = peer.address.is_v4() ? peer.address.bytes.size() : kV6NetworkBytes;
  return keyed_hash("source address", std::string_view(bytes, counted));
}

KeyedHash publisher_of(const Bearer& bearer, const Peer& peer) noexcept {
  if (bearer.subject.empty()) return source_of(peer);
  const bool is_key = bearer.kind == Bearer::Kind::kKey;
  return keyed_hash(is_key ? "key" : "token subject", bearer.subject);
}

NodeLimits::NodeLimits(const LimitsConfig& limits, uint32_t connections_max)
    : limits_(limits),
      sources_(limits.limits_sources()
                   ? std::make_unique<SourceTable>(kPlacesPerConnection * connections_max)
                   : nullptr) {}

bool NodeLimits::try_take_stream() noexcept {
  if (limits_.streams_max == 0) return true;
  if (streams_.fetch_add(1, std::memory_order_relaxed) < limits_.streams_max) return true;
  streams_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void NodeLimits::give_back_stream() noexcept {
  if (limits_.streams_max > 0) streams_.fetch_sub(1, std::memory_order_relaxed);
}

bool NodeLimits::is_full() const noexcept {
  return limits_.streams_max > 0 && streams_.load(std::memory_order_relaxed) >= limits_.streams_max;
}

bool Admission::admit(uint32_t slot, const Peer& peer, MonotonicMs now) noexcept {
  const uint32_t most = node_.limits().source_connections_max;
  const KeyedHash source = source_of(peer);
  if (most == 0 || source.is_zero()) return true;
  const auto entered = node_.sources()->enter(source, Holding::kConnections, most, now);
  counted_[slot].connection = entered == SourceTable::Entered::kYes;
  return entered != SourceTable::Entered::kFull;
}

void Admission::depart(uint32_t slot, const Peer& peer) noexcept {
  if (node_.limits().source_connections_max == 0 || !counted_[slot].connection) return;
  counted_[slot].connection = false;
  node_.sources()->leave(source_of(peer), Holding::kConnections);
}

std::optional<Limit> Admission::enter(uint32_t slot, const Peer& peer, MonotonicMs now) noexcept {
  if (!node_.try_take_stream()) return Limit::kStreams;
  const KeyedHash source = source_of(peer);
  if (node_.sources() == nullptr || source.is_zero()) return std::nullopt;
  const LimitsConfig& limits = node_.limits();
  if (limits.source_streams_max > 0) {
    const auto entered =
        node_.sources()->enter(source, Holding::kStreams, limits.source_streams_max, now);
    if (entered == SourceTable::Entered::kFull) {
      node_.give_back_stream();
      return Limit::kSourceStreams;
    }
    counted_[slot].stream = entered == SourceTable::Entered::kYes;
  }
  const bool is_too_fast =
      limits.stream_rate.is_limited() &&
      node_.sources()->take(source, Taking::kStreams, limits.stream_rate, 1, now) > milliseconds{0};
  if (!is_too_fast) return std::nullopt;
  leave(slot, peer);
  return Limit::kStreamRate;
}

void Admission::leave(uint32_t slot, const Peer& peer) noexcept {
  node_.give_back_stream();
  if (node_.limits().source_streams_max == 0 || !counted_[slot].stream) return;
  counted_[slot].stream = false;
  node_.sources()->leave(source_of(peer), Holding::kStreams);
}

milliseconds Admission::wait(Taking what, const RateLimit& limit, const KeyedHash& source,
                             MonotonicMs now) noexcept {
  if (!limit.is_limited() || source.is_zero()) return milliseconds{0};
  return node_.sources()->wait(source, what, limit, now);
}

void Admission::charge(Taking what, const RateLimit& limit, uint32_t count, const KeyedHash& source,
                       MonotonicMs now) noexcept {
  if (!limit.is_limited() || source.is_zero()) return;
  node_.sources()->charge(source, what, limit, count, now);
}

milliseconds Admission::publish_wait(const KeyedHash& publisher, MonotonicMs now) noexcept {
  return wait(Taking::kPublishes, node_.limits().publish_rate, publisher, now);
}

void Admission::note_published(const KeyedHash& publisher, uint32_t events,
                               MonotonicMs now) noexcept {
  charge(Taking::kPublishes, node_.limits().publish_rate, events, publisher, now);
}

milliseconds Admission::refusal_wait(const Peer& peer, MonotonicMs now) noexcept {
  return wait(Taking::kRefusals, node_.limits().refused_rate, source_of(peer), now);
}

void Admission::note_refused(const Peer& peer, MonotonicMs now) noexcept {
  charge(Taking::kRefusals, node_.limits().refused_rate, 1, source_of(peer), now);
}

}  // namespace ringcast::net
