#include "net/delivery.h"

#include <poll.h>

#include <algorithm>
#include <limits>

#include "net/http/sse_response.h"

namespace ringcast::net {

namespace {

constexpr unsigned kGoneEvents = POLLRDHUP | POLLERR | POLLHUP;

// What a subscriber may say in the life of its stream: a request or two that it sent along. Each piece counts
// as this much at least, because it costs two completions. Guesses.
constexpr size_t kChatterBytesMax = 4 * kKiB;
constexpr size_t kChatterPieceBytes = 64;
static_assert(kChatterBytesMax + kRecvBufferBytes <= std::numeric_limits<uint16_t>::max());

// A turn prepares few requests beside its frames, and they share a submission. More than this go
// first, because the epoch is odd while frames are submitted and publishers may be waiting for it.
constexpr unsigned kBesideFramesMax = 64;

int64_t wall_ms() noexcept {
  return static_cast<int64_t>(wall_now_ms());
}

CloseCause cause_of(Outcome outcome) noexcept {
  return outcome == Outcome::kPeerGone ? CloseCause::kPeerGone : CloseCause::kFailed;
}

}  // namespace

void Delivery::start_stream(uint32_t slot, std::string_view head) {
  send_quietly(slot, Op::kHead, head);
  if (chatter_[slot] != 0) chatter_[slot] = 0;  // somebody else's
  watch_peer(slot);
  arm_heartbeat_after(slot, shard_.now);
}

bool Delivery::is_up_to_date(uint32_t slot) const noexcept {
  const Connection& connection = shard_.connections[slot];
  // The failure of its last send may be among the completions that were set aside.
  return !shard_.io.has_overflow() && audiences_.of(connection).is_up_to_date(connection.member);
}

bool Delivery::can_take_quiet(uint32_t slot) const noexcept {
  const Connection& connection = shard_.connections[slot];
  return !shard_.io.has_overflow() && audiences_.of(connection).can_take_quiet(connection.member);
}

void Delivery::end_stream(uint32_t slot, CloseCause cause) noexcept {
  const Connection& connection = shard_.connections[slot];
  // The failure of its last send may be among the completions that were set aside.
  if (!shard_.io.has_overflow() && audiences_.stands_between_frames(connection)) {
    const WireFormat format = audiences_.of(connection).format();
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
  batch_.begin();
  {
    const ReadingRings reading(epoch_);
    audiences_.for_each_active([&](Audience& audience) { audience.plan(batch_, shard_.now); });
    submit_batch();
  }
  for (const uint32_t slot : batch_.lapped) lifecycle_.close(slot, CloseCause::kLapped);
  for (const BatchPlan::GapNotice& notice : batch_.gaps) {
    send_quietly(notice.slot, Op::kGap, notice.frames());
    shard_.counters.gaps.add(notice.gaps.size());
  }
}

void Delivery::submit_batch() noexcept {
  uint32_t entry = 0;
  for (const PlannedSend& send : batch_.sends.sends()) {
    const uint32_t number = entry++;
    shard_.counters.bytes_planned.add(send.to - send.from);
    if (shard_.io.is_full() && shard_.io.submit() > 0) {
      take_back(send);
      continue;
    }
    shard_.io.send_now(send.slot, send.wire->ring().bytes(send.from, send.to),
                       make_tag(Op::kRingSend, number, batch_.sends.batch()));
  }
  shard_.counters.sends.add(batch_.sends.size());
  if (shard_.io.submit() == 0) return;
  // The kernel is short of memory. What it has not taken still points into the rings, and must not
  // outlive this batch.
  shard_.io.withdraw(Op::kRingSend, [&](CompletionTag tag) { take_back(batch_.sends[tag.slot]); });
}

// The send never reached the kernel: it is planned again.
void Delivery::take_back(const PlannedSend& send) noexcept {
  const Connection& connection = shard_.connections[send.slot];
  audiences_.of(connection).take_back(send, connection.member);
  shard_.counters.bytes_unsent.add(send.to - send.from);
  audiences_.activate(connection);
}

// The kernel reports the failures of a batch before anything that is submitted later, so the slot
// still belongs to the member that was planned, or to nobody.
void Delivery::on_ring_send_failed(const Completion& completion) noexcept {
  RC_CHECK(completion.tag.generation == (batch_.sends.batch() & kGenerationMask));
  const PlannedSend& send = batch_.sends[completion.tag.slot];
  const Outcome outcome = completion.outcome();
  const uint64_t sent = outcome == Outcome::kDone ? completion.count() : 0;
  shard_.counters.bytes_unsent.add(send.to - send.from - sent);
  if (shard_.connections[send.slot].phase != Phase::kStream) {
    // It has left since, with its books squared as if all of it had been taken.
    send.tally->unsent.add(send.frames);
    send.tally->closed_owing.add(send.frames);
    return;
  }
  // Short of memory is as good as full: the socket will have room when there is some.
  const bool is_full = outcome == Outcome::kFull || outcome == Outcome::kNoMemory;
  if (outcome == Outcome::kDone || is_full) {
    (is_full ? shard_.counters.sends_full : shard_.counters.sends_short).add();
    block(send, send.from + sent);
  } else {
    lifecycle_.close(send.slot, cause_of(outcome));
  }
}

void Delivery::block(const PlannedSend& send, Position position) noexcept {
  const Connection& connection = shard_.connections[send.slot];
  if (!audiences_.of(connection).sent_only(send, connection.member, position, shard_.now)) {
    lifecycle_.close(send.slot, CloseCause::kLapped);
    return;
  }
  audiences_.activate(connection);
  watch_writable(send.slot);
}

void Delivery::watch_writable(uint32_t slot) noexcept {
  shard_.io.watch_writable(slot, shard_.connections.tag(Op::kWritable, slot));
  shard_.connections[slot].armed |= kArmedWritable;
}

// A socket too full for a heartbeat is not silent, and one the kernel has no memory for has another
// heartbeat coming; a gap event waits for room. One that took a part of any, or of its head, would have a torn
// stream.
void Delivery::on_quiet_send_failed(const Completion& completion) noexcept {
  const auto slot = static_cast<uint32_t>(completion.tag.slot);
  if (shard_.connections[slot].phase != Phase::kStream) return;
  const Outcome outcome = completion.outcome();
  const bool took_nothing = outcome == Outcome::kFull || outcome == Outcome::kNoMemory;
  if (took_nothing && completion.tag.kind() == Op::kHeartbeat) return;
  if (took_nothing && completion.tag.kind() == Op::kGap) {
    const Connection& connection = shard_.connections[slot];
    audiences_.of(connection).gaps_refused(connection.member, shard_.now);
    watch_writable(slot);
    return;
  }
  const bool torn = outcome == Outcome::kDone || outcome == Outcome::kFull;
  lifecycle_.close(slot, torn ? CloseCause::kTorn : cause_of(outcome));
}

void Delivery::on_hangup(const Completion& completion) noexcept {
  const auto slot = static_cast<uint32_t>(completion.tag.slot);
  if (!lifecycle_.disarm(slot, kArmedHangup)) return;
  const bool has_gone =
      completion.outcome() != Outcome::kDone || (completion.count() & kGoneEvents) != 0;
  if (has_gone) return lifecycle_.close(slot, CloseCause::kPeerGone);
  read_chatter(slot);
}

// A subscriber has nothing to say. A request that was sent along is thrown away; who goes on is cut off, or
// its bytes would fill the kernel's memory, its FIN never come through, and a trickle of them keep the shard busy.
void Delivery::on_chatter(const Completion& completion) noexcept {
  const auto slot = static_cast<uint32_t>(completion.tag.slot);
  const bool goes_on = lifecycle_.disarm(slot, kArmedRecv);
  const size_t bytes = IoRing::has_bytes(completion) ? completion.count() : 0;
  if (IoRing::has_bytes(completion)) shard_.io.give_back(completion);
  if (!goes_on) return;
  if (bytes > 0) {
    chatter_[slot] = static_cast<uint16_t>(chatter_[slot] + std::max(bytes, kChatterPieceBytes));
    if (chatter_[slot] > kChatterBytesMax) {
      lifecycle_.close(slot, CloseCause::kRefused);
    } else {
      watch_peer(slot);
    }
  } else if (completion.outcome() == Outcome::kNoMemory) {
    read_chatter(slot);
  } else {
    lifecycle_.close(slot, CloseCause::kPeerGone);
  }
}

void Delivery::watch_peer(uint32_t slot) noexcept {
  shard_.io.watch_peer(slot, shard_.connections.tag(Op::kHangup, slot));
  shard_.connections[slot].armed |= kArmedHangup;
}

void Delivery::read_chatter(uint32_t slot) noexcept {
  shard_.io.recv(slot, shard_.connections.tag(Op::kRecv, slot));
  shard_.connections[slot].armed |= kArmedRecv;
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

void Delivery::on_timer(uint32_t slot) noexcept {
  if (shard_.connections[slot].has_grant && shard_.grants[slot].is_expired(wall_ms())) {
    end_stream(slot, CloseCause::kExpired);
  } else {
    on_heartbeat_due(slot);
  }
}

// No stream is silent for longer than the channel's heartbeat interval. After an event has gone to
// everybody at once, each stream's next heartbeat comes up to half an interval early, by lot,
// because otherwise they would all come at once as well; from then on they keep their distance.
void Delivery::on_heartbeat_due(uint32_t slot) noexcept {
  const Connection& connection = shard_.connections[slot];
  Audience& audience = audiences_.of(connection);
  const int64_t interval = audience.heartbeat_of(connection.member).count();
  const int64_t silent = audience.silent_for(connection.member, shard_.now);
  if (silent < interval / 2) {
    arm_heartbeat_after(slot, shard_.now - silent);
    return;
  }
  if (can_take_quiet(slot)) {
    audience.begin_quiet(connection.member, static_cast<uint32_t>(shard_.now));
    send_quietly(slot, Op::kHeartbeat, heartbeat_bytes(audience.format()));
    shard_.counters.heartbeats.add();
  }
  arm(slot, shard_.now + interval);
}

// A stream with a token is looked at when that ends, at the latest.
void Delivery::arm(uint32_t slot, MonotonicMs deadline) noexcept {
  if (shard_.connections[slot].has_grant) {
    deadline = shard_.grants[slot].cut(deadline, shard_.now, wall_ms());
  }
  shard_.timers.arm(slot, deadline);
}

void Delivery::arm_heartbeat_after(uint32_t slot, MonotonicMs last_sent) noexcept {
  const Connection& connection = shard_.connections[slot];
  const int64_t interval = audiences_.of(connection).heartbeat_of(connection.member).count();
  arm(slot, last_sent + interval - shard_.draw(0, interval / 2));
}

}  // namespace ringcast::net
