// The two rings, and what is in between: taking requests, and giving completions back.
// fake_requests.cc has what each request does.
#include "tests/support/fake_kernel.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/base/check.h"

namespace ringcast::net {

namespace {

// Fewer than IoRing's patience: what is worse than this is a storm.
constexpr unsigned kRefusalsInRowMax = 8;
constexpr unsigned kStormMin = 16;
constexpr unsigned kStormMax = 60;

// How many deferred completions a call runs whatever it asks for, as of Linux 6.13.
constexpr unsigned kDeferredMin = 20;

constexpr size_t kComplaintsMax = 20;

}  // namespace

FakeKernel::FakeKernel(const Setup& setup, const Hostility& hostility, uint64_t seed)
    : setup_(setup), hostility_(hostility), dice_(seed), slots_(setup.slots) {
  RC_CHECK(std::has_single_bit(setup.sq_entries) && std::has_single_bit(setup.cq_entries));
  sqes_.resize(setup.sq_entries);
  cqes_.resize(setup.cq_entries);
  for (uint32_t slot = setup.slots; slot > 0; --slot) free_slots_.push_back(slot - 1);

  ring_.ring_fd = -1;
  ring_.sq.khead = &sq_head_;
  ring_.sq.ktail = &sq_tail_;
  ring_.sq.kflags = &sq_flags_;
  ring_.sq.sqes = sqes_.data();
  ring_.sq.ring_mask = setup.sq_entries - 1;
  ring_.sq.ring_entries = setup.sq_entries;
  ring_.cq.khead = &cq_head_;
  ring_.cq.ktail = &cq_tail_;
  ring_.cq.cqes = cqes_.data();
  ring_.cq.ring_mask = setup.cq_entries - 1;
  ring_.cq.ring_entries = setup.cq_entries;
}

int FakeKernel::offer_buffers(io_uring_buf_ring* buffers, unsigned count) noexcept {
  buffers_ = buffers;
  buffer_count_ = count;
  return 0;
}

// Entering
// ----------------------------------------------------------------

int FakeKernel::enter(unsigned to_submit, unsigned min_complete, unsigned flags,
                      __kernel_timespec* timeout) noexcept {
  ++seen_.enters;
  if (const int refused = refusal(to_submit)) {
    ++seen_.refused_enters;
    return refused;
  }
  const bool wants_events = (flags & IORING_ENTER_GETEVENTS) != 0;
  const bool is_at_once = timeout != nullptr && timeout->tv_sec == 0 && timeout->tv_nsec == 0;
  const bool may_sleep = wants_events && min_complete > 0 && !is_at_once;
  const unsigned asked = std::min(to_submit, sq_tail_ - sq_head_);
  const bool is_partial = asked > 0 && luck_runs_out(hostility_.partial_enter);
  const auto taken = is_partial ? static_cast<unsigned>(dice_.below(asked)) : asked;
  may_sleep_ = may_sleep;
  take_requests(taken);
  // A call that could not take everything returns at once.
  if (wants_events && taken == to_submit) {
    flush_overflow();
    look_around();
    run_deferred(std::max(min_complete, kDeferredMin));
    if (may_sleep && cq_tail_ == cq_head_) sleep(timeout);
  }
  look_around();
  return static_cast<int>(taken);
}

int FakeKernel::refusal(unsigned to_submit) noexcept {
  const bool is_full = sq_tail_ - sq_head_ == setup_.sq_entries;
  if (to_submit > 0 && !is_full) {
    if (storm_left_ == 0 && luck_runs_out(hostility_.refusal_storm)) {
      storm_left_ = static_cast<unsigned>(dice_.between(kStormMin, kStormMax));
    }
    if (storm_left_ > 0) {
      --storm_left_;
      return -EAGAIN;
    }
  }
  if (refusals_in_row_ >= kRefusalsInRowMax || !luck_runs_out(hostility_.refuses_enter)) {
    refusals_in_row_ = 0;
    return 0;
  }
  ++refusals_in_row_;
  constexpr int kErrors[] = {EINTR, EAGAIN, EBUSY};
  return -kErrors[dice_.below(std::size(kErrors))];
}

// A request is gone from the ring as soon as it has been taken: nobody may look at it again.
void FakeKernel::take_requests(unsigned count) {
  for (; count > 0; --count) {
    io_uring_sqe& place = sqes_[sq_head_ & (setup_.sq_entries - 1)];
    const io_uring_sqe sqe = place;
    std::memset(&place, 0xEE, sizeof place);
    ++sq_head_;
    execute(sqe);
    if (around_.meanwhile) around_.meanwhile();
  }
}

void FakeKernel::sleep(__kernel_timespec* timeout) {
  ++seen_.sleeps;
  if (around_.is_reading_rings && around_.is_reading_rings()) {
    complain("sleeps while its epoch is odd");
  }
  const int64_t ms = timeout == nullptr ? std::numeric_limits<int32_t>::max()
                                        : timeout->tv_sec * 1000 + timeout->tv_nsec / 1'000'000;
  if (around_.asleep) around_.asleep(milliseconds(ms));
  look_around();
  run_deferred(setup_.cq_entries);
}

// Completions
// ----------------------------------------------------------------

bool FakeKernel::cq_is_full() const noexcept {
  return !overflow_.empty() || cq_tail_ - cq_head_ == setup_.cq_entries;
}

void FakeKernel::post(uint64_t user_data, int result, uint32_t flags) {
  io_uring_cqe cqe{};
  cqe.user_data = user_data;
  cqe.res = result;
  cqe.flags = flags;
  if (cq_is_full()) {
    overflow_.push_back(cqe);
    sq_flags_ |= IORING_SQ_CQ_OVERFLOW;
    ++seen_.overflows;
    return;
  }
  cqes_[cq_tail_ & (setup_.cq_entries - 1)] = cqe;
  ++cq_tail_;
}

void FakeKernel::flush_overflow() noexcept {
  while (!overflow_.empty() && cq_tail_ - cq_head_ < setup_.cq_entries) {
    cqes_[cq_tail_ & (setup_.cq_entries - 1)] = overflow_.front();
    ++cq_tail_;
    overflow_.pop_front();
  }
  if (overflow_.empty()) sq_flags_ &= ~static_cast<unsigned>(IORING_SQ_CQ_OVERFLOW);
}

// A completion for somebody who has gone, while the slot has a new owner.
void FakeKernel::post_stale(Slot& slot) {
  if (slot.socket == nullptr || slot.past_tags.empty()) return;
  const uint64_t user_data = slot.past_tags[dice_.below(slot.past_tags.size())];
  const bool brings_bytes = CompletionTag::unpack(user_data).kind() == Op::kRecv &&
                            buffers_out() < buffer_count_ && dice_.one_in(2);
  ++seen_.stale_completions;
  if (!brings_bytes) {
    constexpr int kResults[] = {0, 1, POLLOUT, POLLRDHUP, -ECANCELED, -ECONNRESET, -ENOBUFS};
    return post(user_data, kResults[dice_.below(std::size(kResults))]);
  }
  const io_uring_buf& buffer = buffers_->bufs[buffer_head_ & (buffer_count_ - 1)];
  ++buffer_head_;
  std::memset(reinterpret_cast<void*>(buffer.addr), 'X', buffer.len);
  post(user_data, 40, IORING_CQE_F_BUFFER | uint32_t{buffer.bid} << IORING_CQE_BUFFER_SHIFT);
}

// Deferred work
// ----------------------------------------------------------------

void FakeKernel::look_around() noexcept {
  bool has_work = false;
  for (auto& [id, request] : armed_) {
    if (request.socket) request.socket->look();
    eventfd_t count = 0;
    if (request.kind == Kind::kDoorbell && ::eventfd_read(request.sqe.fd, &count) == 0) {
      doorbell_rang_ = doorbell_is_hot_ = true;
    }
    has_work = has_work || is_ready(request);
  }
  sq_flags_ = has_work ? sq_flags_ | IORING_SQ_TASKRUN
                       : sq_flags_ & ~static_cast<unsigned>(IORING_SQ_TASKRUN);
}

// In any order: what waits is woken by different parts of the kernel.
void FakeKernel::run_deferred(unsigned most) {
  std::vector<uint64_t> ready;
  for (const auto& [id, request] : armed_) {
    const bool has_spurious_room = request.kind == Kind::kPoll && !is_ready(request) &&
                                   (request.sqe.poll32_events & POLLOUT) != 0 &&
                                   luck_runs_out(hostility_.spurious_room);
    if (is_ready(request) || has_spurious_room) ready.push_back(id);
  }
  for (size_t i = ready.size(); i > 1; --i) std::swap(ready[i - 1], ready[dice_.below(i)]);
  for (size_t i = 0; i < ready.size() && i < most; ++i) {
    if (luck_runs_out(hostility_.late_completion)) continue;
    const auto found = armed_.find(ready[i]);
    if (go_on(found->second)) armed_.erase(found);
  }
  if (luck_runs_out(hostility_.stale_completion)) post_stale(slots_[dice_.below(slots_.size())]);
}

// What it has seen
// ----------------------------------------------------------------

size_t FakeKernel::armed(Op op) const noexcept {
  return static_cast<size_t>(std::ranges::count_if(armed_, [&](const auto& entry) {
    return CompletionTag::unpack(entry.second.sqe.user_data).kind() == op;
  }));
}

size_t FakeKernel::open_sockets() const noexcept {
  return slots_.size() - free_slots_.size();
}

size_t FakeKernel::backlog() const noexcept {
  size_t waiting = 0;
  for (const auto& [listener, sockets] : backlogs_) waiting += sockets.size();
  return waiting;
}

template <typename Count>
size_t FakeKernel::count_unseen(Count&& count) const noexcept {
  size_t unseen = 0;
  for (unsigned at = cq_head_; at != cq_tail_; ++at) {
    unseen += count(cqes_[at & (setup_.cq_entries - 1)]) ? 1 : 0;
  }
  return unseen + static_cast<size_t>(std::ranges::count_if(overflow_, count));
}

size_t FakeKernel::unseen_connections() const noexcept {
  return count_unseen([](const io_uring_cqe& cqe) {
    return CompletionTag::unpack(cqe.user_data).kind() == Op::kAccept && cqe.res >= 0;
  });
}

size_t FakeKernel::unseen_buffers() const noexcept {
  return count_unseen(
      [](const io_uring_cqe& cqe) { return (cqe.flags & IORING_CQE_F_BUFFER) != 0; });
}

unsigned FakeKernel::buffers_out() const noexcept {
  return buffer_count_ - static_cast<uint16_t>(buffers_->tail - buffer_head_);
}

void FakeKernel::complain(const std::string& what) {
  if (complaints_.size() < kComplaintsMax) complaints_.push_back(what);
}

}  // namespace ringcast::net
