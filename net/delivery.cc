#include "net/delivery.h"

#include <poll.h>

#include <algorithm>

#include "net/http/sse_response.h"

namespace ringcast::net {

namespace {

constexpr unsigned kGoneEvents = POLLRDHUP | POLLERR | POLLHUP;

// A turn prepares few requests beside its frames, and they share a submission. More than this go
// first, because the epoch is odd while frames are submitted and publishers may be waiting for it.
constexpr unsigned kBesideFramesMax = 64;

CloseCause cause_of(Outcome outcome) noexcept {
  return outcome == Outcome::kPeerGone ? CloseCause::kPeerGone : CloseCause::kFailed;
}

}  // namespace

void Delivery::start_stream(uint32_t slot, Channel& channel, WireRing& wire, WireFormat format,
                            std::string_view head) {
  audiences_.join(slot, channel, wire, format);
  send_quietly(slot, Op::kHead, head);
  shard_.io.watch_hangup(slot, shard_.connections.tag(Op::kHangup, slot));
  shard_.connections[slot].armed |= kArmedHangup;
  arm_heartbeat_after(slot, shard_.now);
}

bool Delivery::is_up_to_date(uint32_t slot) const noexcept {
  const Connection& connection = shard_.connections[slot];
  // The failure of its last send may be among the completions that were set aside.
  return !shard_.io.has_overflow() && audiences_.of(connection).is_up_to_date(connection.member);
}

void Delivery::end_stream(uint32_t slot, CloseCause cause) noexcept {
  if (is_up_to_date(slot)) {
    const WireFormat format = audiences_.of(shard_.connections[slot]).format();
    shard_.send_quietly(slot, Op::kHead, end_of_stream_bytes(format));
  }
  lifecycle_.close(slot, cause);
}

void Delivery::send_quietly(uint32_t slot, Op op, std::string_view bytes) noexcept {
  shard_.send_quietly(slot, op, bytes);
  quiet_.push_back(shard_.connections.tag(op, slot));
  quiet_at_ = shard_.io.submissions();
}

void Delivery::settle_quiet() noexcept {
  if (shard_.io.submissions() == quiet_at_) return;  // the kernel has not taken them all
  for (const CompletionTag tag : quiet_) {
    const auto slot = static_cast<uint32_t>(tag.slot);
    const Connection& connection = shard_.connections[slot];
    if (!shard_.connections.is_current(tag) || connection.phase != Phase::kStream) continue;
    audiences_.of(connection).settle_quiet(connection.member);
    audiences_.activate(connection);
  }
  quiet_.clear();
}

// A failure of the last batch that has not been seen yet would be planned over, and the stream
// torn. All failures of a batch are in the completion ring when its submission returns, unless the
// ring was full: then this waits a turn.
void Delivery::send_batch() noexcept {
  if (shard_.io.has_overflow() || !audiences_.has_active()) {
    (void)shard_.io.submit();
    return;
  }
  if (shard_.io.prepared() > kBesideFramesMax) (void)shard_.io.submit();
  lapped_.clear();
  {
    const ReadingRings reading(epoch_);
    plan_batch();
    submit_batch();
  }
  for (const uint32_t slot : lapped_) lifecycle_.close(slot, CloseCause::kLapped);
}

void Delivery::plan_batch() noexcept {
  plan_.begin();
  audiences_.for_each_active([&](Audience& audience) {
    audience.report_progress(shard_.now);
    audience.plan(plan_, lapped_, shard_.now);
  });
}

void Delivery::submit_batch() noexcept {
  uint32_t entry = 0;
  for (const PlannedSend& send : plan_.sends()) {
    const uint32_t number = entry++;
    shard_.counters.bytes_planned.add(send.to - send.from);
    if (shard_.io.is_full() && shard_.io.submit() > 0) {
      take_back(send);
      continue;
    }
    const Ring& ring = audiences_.at(send.audience).ring();
    shard_.io.send_now(send.slot, ring.bytes(send.from, send.to),
                       make_tag(Op::kRingSend, number, plan_.batch()));
  }
  shard_.counters.sends.add(plan_.size());
  if (shard_.io.submit() == 0) return;
  // The kernel is short of memory. What it has not taken still points into the rings, and must not
  // outlive this batch.
  shard_.io.withdraw(Op::kRingSend, [&](CompletionTag tag) { take_back(plan_[tag.slot]); });
}

// The send never reached the kernel: it is planned again.
void Delivery::take_back(const PlannedSend& send) noexcept {
  const Connection& connection = shard_.connections[send.slot];
  audiences_.of(connection).take_back(connection.member, send.from);
  shard_.counters.bytes_unsent.add(send.to - send.from);
  audiences_.activate(connection);
}

// The kernel reports the failures of a batch before anything that is submitted later, so the slot
// still belongs to the member that was planned, or to nobody.
void Delivery::on_ring_send_failed(const Completion& completion) noexcept {
  RC_CHECK(completion.tag.generation == (plan_.batch() & kGenerationMask));
  const PlannedSend& send = plan_[completion.tag.slot];
  const Outcome outcome = completion.outcome();
  const uint64_t sent = outcome == Outcome::kDone ? completion.count() : 0;
  shard_.counters.bytes_unsent.add(send.to - send.from - sent);
  if (shard_.connections[send.slot].phase != Phase::kStream) return;
  // Short of memory is as good as full: the socket will have room when there is some.
  const bool is_full = outcome == Outcome::kFull || outcome == Outcome::kNoMemory;
  if (outcome == Outcome::kDone || is_full) {
    (is_full ? shard_.counters.sends_full : shard_.counters.sends_short).add();
    block(send.slot, send.from + sent);
  } else {
    lifecycle_.close(send.slot, cause_of(outcome));
  }
}

void Delivery::block(uint32_t slot, Position position) noexcept {
  Connection& connection = shard_.connections[slot];
  audiences_.of(connection).sent_only(connection.member, position, shard_.now);
  audiences_.activate(connection);
  shard_.io.watch_writable(slot, shard_.connections.tag(Op::kWritable, slot));
  connection.armed |= kArmedWritable;
}

// A socket too full for a heartbeat is not silent, and one the kernel has no memory for has another
// heartbeat coming. One that took a part of it, or of its head, would have a torn stream.
void Delivery::on_quiet_send_failed(const Completion& completion) noexcept {
  const auto slot = static_cast<uint32_t>(completion.tag.slot);
  if (shard_.connections[slot].phase != Phase::kStream) return;
  const Outcome outcome = completion.outcome();
  const bool took_nothing = outcome == Outcome::kFull || outcome == Outcome::kNoMemory;
  if (took_nothing && completion.tag.kind() == Op::kHeartbeat) return;
  const bool torn = outcome == Outcome::kDone || outcome == Outcome::kFull;
  lifecycle_.close(slot, torn ? CloseCause::kTorn : cause_of(outcome));
}

void Delivery::on_hangup(const Completion& completion) noexcept {
  const auto slot = static_cast<uint32_t>(completion.tag.slot);
  if (lifecycle_.disarm(slot, kArmedHangup)) lifecycle_.close(slot, CloseCause::kPeerGone);
}

void Delivery::on_writable(const Completion& completion) noexcept {
  const auto slot = static_cast<uint32_t>(completion.tag.slot);
  if (!lifecycle_.disarm(slot, kArmedWritable)) return;
  const Connection& connection = shard_.connections[slot];
  if (completion.outcome() != Outcome::kDone || (completion.count() & kGoneEvents) != 0) {
    lifecycle_.close(slot, CloseCause::kPeerGone);
    return;
  }
  audiences_.of(connection).room(connection.member, shard_.now);
  audiences_.activate(connection);
}

// No stream is silent for longer than the channel's heartbeat interval. After an event has gone to
// everybody at once, each stream's next heartbeat comes up to half an interval early, by lot,
// because otherwise they would all come at once as well; from then on they keep their distance.
void Delivery::on_heartbeat_due(uint32_t slot) noexcept {
  const Connection& connection = shard_.connections[slot];
  Audience& audience = audiences_.of(connection);
  const int64_t interval = audience.channel().config().heartbeat.count();
  const int64_t silent = audience.silent_for(connection.member, shard_.now);
  if (silent < interval / 2) {
    arm_heartbeat_after(slot, shard_.now - silent);
    return;
  }
  if (is_up_to_date(slot)) {
    audience.begin_quiet(connection.member, static_cast<uint32_t>(shard_.now));
    send_quietly(slot, Op::kHeartbeat, heartbeat_bytes(audience.format()));
    shard_.counters.heartbeats.add();
  }
  shard_.timers.arm(slot, shard_.now + interval);
}

void Delivery::arm_heartbeat_after(uint32_t slot, MonotonicMs last_sent) noexcept {
  const int64_t interval =
      audiences_.of(shard_.connections[slot]).channel().config().heartbeat.count();
  shard_.timers.arm(slot, last_sent + interval - shard_.draw(0, interval / 2));
}

}  // namespace ringcast::net
