#include "net/senders.h"

#include "net/exchange.h"
#include "net/http/forwarded.h"

namespace ringcast::net {

bool Senders::is_trusted(const ListenerConfig& listener, const Peer& peer) const noexcept {
  if (listener.trusted_proxies.empty()) return false;
  // Who may connect to a unix socket is for its permissions to say.
  return peer.is_unix || any_contains(listener.trusted_proxies, peer.address);
}

// --- Of a connection

void Senders::on_admitted(uint32_t slot) {
  const ListenerConfig& listener = listener_of(slot);
  const Peer& peer = shard_.peers[slot];
  if (!listener.trusted_proxies.empty()) connection_peers_[slot] = peer;
  if (!listener.proxy_protocol) {
    if (!is_trusted(listener, peer)) settle_source(slot);  // a proxy speaks for many
    return;
  }
  if (!listener.trusted_proxies.empty() && !is_trusted(listener, peer)) {
    shard_.counters.proxies_refused.add();
    return lifecycle_.close(slot, CloseCause::kRefused);
  }
  shard_.connections[slot].phase = Phase::kProxyHeader;
}

void Senders::read_header(uint32_t slot, std::string_view& bytes) {
  Connection& connection = shard_.connections[slot];
  std::unique_ptr<ProxyHeader>& header = connection.exchange->proxy_header;
  if (header == nullptr) header = std::make_unique<ProxyHeader>();
  const ProxyHeader::Outcome outcome = header->feed(bytes);
  if (outcome == ProxyHeader::Outcome::kNeedMore) return;
  if (outcome == ProxyHeader::Outcome::kRefused) {
    shard_.counters.proxies_refused.add();
    return lifecycle_.close(slot, CloseCause::kRefused);
  }
  const std::optional<ProxyHeader::Source> source = header->source();
  const bool has_source = source.has_value();
  if (source) {
    shard_.peers[slot] = {.address = source->address, .port = source->port};
    if (!listener_of(slot).trusted_proxies.empty()) connection_peers_[slot] = shard_.peers[slot];
  }
  header.reset();
  connection.phase = Phase::kRequest;
  if (has_source && !is_trusted(listener_of(slot), shard_.peers[slot])) settle_source(slot);
}

void Senders::settle_source(uint32_t slot) {
  const Peer& peer = shard_.peers[slot];
  const auto turn_away = [&](Limit limit) {
    shard_.counters.limited[static_cast<size_t>(limit)].add();
    lifecycle_.close(slot, CloseCause::kRefused);
  };
  if (!shard_.admission.admit(slot, peer, shard_.now)) {
    turn_away(Limit::kSourceConnections);
  } else if (shard_.admission.refusal_wait(peer, shard_.now) > milliseconds{0}) {
    turn_away(Limit::kRefusedRate);
  }
}

milliseconds Senders::refusal_wait(uint32_t slot) noexcept {
  if (is_trusted(listener_of(slot), connection_peers_[slot])) return milliseconds{0};
  return shard_.admission.refusal_wait(shard_.peers[slot], shard_.now);
}

// --- Of a request

// Again for each request: a proxy sends those of many clients over one connection. Whom a PROXY header announced
// must itself be trusted to be believed about others, because it may be a client that wrote the fields.
void Senders::find_client(uint32_t slot, const Request& request) {
  const ListenerConfig& listener = listener_of(slot);
  if (listener.trusted_proxies.empty()) return;
  const Peer& sender = connection_peers_[slot];
  Peer& peer = shard_.peers[slot];
  peer = sender;
  if (!is_trusted(listener, sender)) return;
  const std::optional<IpAddress> client =
      listener.forwarded == ForwardedField::kForwarded
          ? client_of_forwarded(request.forwarded.values(), listener.trusted_proxies)
          : client_of_x_forwarded_for(request.x_forwarded_for.values(), listener.trusted_proxies);
  if (client) peer = {.address = *client};
}

milliseconds Senders::client_refusal_wait(uint32_t slot) noexcept {
  const ListenerConfig& listener = listener_of(slot);
  const Peer& client = shard_.peers[slot];
  const bool is_named =
      is_trusted(listener, connection_peers_[slot]) && !is_trusted(listener, client);
  return is_named ? shard_.admission.refusal_wait(client, shard_.now) : milliseconds{0};
}

// What a proxy brings without saying whose it is counts against nobody: its own address may be that of this machine.
void Senders::note_refused(uint32_t slot) noexcept {
  const Peer& peer = shard_.peers[slot];
  if (!is_trusted(listener_of(slot), peer)) shard_.admission.note_refused(peer, shard_.now);
}

}  // namespace ringcast::net
