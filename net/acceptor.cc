#include "net/acceptor.h"

#include <algorithm>

#include "engine/access/access.h"

namespace ringcast::net {

namespace {

constexpr uint32_t kHysteresis = 64;

// The process ran out of ordinary descriptors, which other shards may free, or the kernel out of
// memory, and nobody will say when that is over.
constexpr MonotonicMs kRetryMs = 100;

CompletionTag tag_of(size_t listener, size_t accept) noexcept {
  return make_tag(Op::kAccept, static_cast<uint32_t>(listener), static_cast<uint32_t>(accept));
}

}  // namespace

Acceptor::Acceptor(ShardState& shard, const std::vector<Listener>& listeners)
    : shard_(shard), listeners_(listeners), doors_(listeners.size()) {}

Acceptor::Arrival Acceptor::arrival(const Completion& completion) const noexcept {
  const Accept& accept = doors_[completion.tag.slot].accepts[completion.tag.generation];
  return {static_cast<uint8_t>(completion.tag.slot), peer_from(accept.name)};
}

bool Acceptor::is_armed() const noexcept {
  return std::ranges::any_of(doors_, [](const Door& door) { return door.under_way > 0; });
}

void Acceptor::on_accepted(const Completion& completion) noexcept {
  Door& door = doors_[completion.tag.slot];
  Accept& accept = door.accepts[completion.tag.generation];
  RC_CHECK(accept.state != State::kIdle);
  accept.state = State::kIdle;
  --door.under_way;
  const Outcome outcome = completion.outcome();
  if (outcome == Outcome::kDone || outcome == Outcome::kCancelled ||
      outcome == Outcome::kPeerGone) {
    return;
  }
  if (shard_.now >= retry_at_) shard_.counters.accepts_paused.add();
  retry_at_ = shard_.now + kRetryMs;
}

// Without a pause a full shard would accept people only to drop them: they wait in the backlog instead.
void Acceptor::manage(bool is_stopping) noexcept {
  update_pauses();
  const bool refuses = refuses_streams();
  for (size_t i = 0; i < listeners_.size(); ++i) {
    const ListenerConfig& listener = listeners_[i].config;
    const bool is_paused =
        is_paused_[index_of(tier_of(listener))] || (refuses && listener.serve_subscribe);
    if (is_stopping || is_paused) {
      end(i);
    } else if (shard_.now >= retry_at_) {
      arm(i);
    }
  }
}

Acceptor::Tier Acceptor::tier_of(const ListenerConfig& listener) noexcept {
  if (listener.serve_subscribe) return Tier::kSubscribers;
  const bool is_for_operators =
      listener.serve_admin && (is_local(listener) || !listener.serve_publish);
  return is_for_operators ? Tier::kOperators : Tier::kPublishers;
}

// Each tier against its own share, so that nobody who fills one keeps others out: a full node can be published to and
// asked how it is, and strangers who say nothing where publishers connect cost subscribers nothing.
//
// The accepts that are under way must find slots, too. Where a table is smaller than planned, as in tests, the shares
// shrink with it.
void Acceptor::update_pauses() noexcept {
  const Capacity& capacity = shard_.capacity;
  const auto under_way = static_cast<uint32_t>(kAcceptsPerListener * listeners_.size());
  const uint32_t slots = capacity.slots_per_shard - std::min(capacity.slots_per_shard, under_way);
  const uint32_t wanted = capacity.connections_per_shard_max + kExtraConnections;
  const bool is_as_planned = slots >= wanted + kPublisherShare + kOperatorShare;
  const uint32_t most = is_as_planned ? slots : slots / 8;
  const uint32_t operators = std::min(kOperatorShare, most);
  const uint32_t publishers = std::min(kPublisherShare, most);
  const uint32_t subscribers = std::min(wanted, slots - operators - publishers);
  const std::array<uint32_t, kTiers> shares{subscribers, publishers, operators};
  std::array<uint64_t, kTiers> open{};
  for (size_t i = 0; i < listeners_.size(); ++i) {
    open[index_of(tier_of(listeners_[i].config))] += shard_.counters.open_by_listener[i].get();
  }
  for (size_t tier = 0; tier < kTiers; ++tier) {
    const bool was_paused = is_paused_[tier];
    const bool is_full = open[tier] >= shares[tier];
    const uint32_t hysteresis = std::min(kHysteresis, shares[tier] / 2);
    if (is_full || open[tier] + hysteresis < shares[tier]) is_paused_[tier] = is_full;
    if (is_paused_[tier] && !was_paused) shard_.counters.accepts_paused.add();
  }
}

// With overload: refuse, a node that has no room for streams accepts nobody who might want one.
bool Acceptor::refuses_streams() noexcept {
  if (shard_.limits.overload != Overload::kRefuse) return false;
  const bool was_full = is_full_;
  const bool is_node_full = shard_.admission.is_node_full();
  is_full_ =
      is_node_full || shard_.counters.streaming.get() >= shard_.capacity.connections_per_shard_max;
  if (is_full_ && !was_full) shard_.counters.accepts_paused.add();
  if (is_node_full) look_at_ = shard_.now + kRetryMs;
  return is_full_;
}

MonotonicMs Acceptor::again_at() const noexcept {
  if (retry_at_ <= shard_.now) return look_at_;
  return look_at_ <= shard_.now ? retry_at_ : std::min(retry_at_, look_at_);
}

void Acceptor::arm(size_t listener) noexcept {
  Door& door = doors_[listener];
  for (size_t i = 0; door.under_way < kAcceptsPerListener && i < kAcceptsPerListener; ++i) {
    Accept& accept = door.accepts[i];
    if (accept.state != State::kIdle) continue;
    accept = {.name = {}, .state = State::kArmed};
    ++door.under_way;
    shard_.io.accept(listeners_[listener].fd.get(), accept.name, tag_of(listener, i));
  }
}

// A cancellation that comes as an accept wakes for somebody, whom another one then gets, may miss it: it is sent again.
void Acceptor::end(size_t listener) noexcept {
  Door& door = doors_[listener];
  const bool is_again = shard_.now >= door.end_again_at;
  if (is_again) door.end_again_at = shard_.now + kRetryMs;
  for (size_t i = 0; door.under_way > 0 && i < kAcceptsPerListener; ++i) {
    Accept& accept = door.accepts[i];
    if (accept.state == State::kIdle || (accept.state == State::kEnding && !is_again)) continue;
    accept.state = State::kEnding;
    shard_.io.cancel(tag_of(listener, i));
  }
}

}  // namespace ringcast::net
