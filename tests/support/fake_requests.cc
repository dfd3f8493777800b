// What each request does, and what is wrong with it.
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "tests/support/fake_kernel.h"

namespace ringcast::net {

namespace {

constexpr int kStreamSendFlags = MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL;
constexpr int kReplySendFlags = MSG_WAITALL | MSG_NOSIGNAL;

// A socket that was full for no reason has room again after at most so many looks; a shard looks a
// few times a turn.
constexpr unsigned kStallLooksMax = 12;

bool is_stream_send(Op op) noexcept {
  return op == Op::kRingSend || op == Op::kHead || op == Op::kHeartbeat || op == Op::kGap;
}

std::string_view bytes_of(const io_uring_sqe& sqe) noexcept {
  return {reinterpret_cast<const char*>(sqe.addr), sqe.len};
}

}  // namespace

void FakeKernel::execute(const io_uring_sqe& sqe) {
  const bool is_allowed = std::ranges::find(kRequestOpcodes, sqe.opcode) != kRequestOpcodes.end();
  if (!is_allowed || (sqe.flags & ~kRequestFlags) != 0) {
    complain(
        fmt::format("operation {} with flags {:#x}, which is not in the list of those that are "
                    "needed (kRequestOpcodes, kRequestFlags)",
                    sqe.opcode, sqe.flags));
    return post(sqe.user_data, -EACCES);
  }
  switch (sqe.opcode) {
    case IORING_OP_NOP:
      ++seen_.withdrawn;
      if ((sqe.flags & IOSQE_CQE_SKIP_SUCCESS) == 0) post(sqe.user_data, 0);
      return;
    case IORING_OP_ACCEPT:
      return accept(sqe);
    case IORING_OP_RECV:
      return recv(sqe);
    case IORING_OP_SEND:
      return send(sqe);
    case IORING_OP_POLL_ADD:
      return poll(sqe);
    case IORING_OP_ASYNC_CANCEL:
      return cancel(sqe);
    case IORING_OP_CLOSE:
      return close(sqe);
    case IORING_OP_SHUTDOWN:
      return finish_sending(sqe);
    default:
      complain(fmt::format("an operation it never needs: {}", sqe.opcode));
      post(sqe.user_data, -EINVAL);
  }
}

// The connection a request is for. Complains, and answers the request, when there is none.
FakeKernel::Slot* FakeKernel::slot_of(const io_uring_sqe& sqe) {
  const bool is_direct = setup_.descriptors == DescriptorKind::kDirect;
  const bool says_direct = (sqe.flags & IOSQE_FIXED_FILE) != 0;
  const auto slot = static_cast<uint32_t>(sqe.fd);
  if (is_direct != says_direct) complain("the wrong kind of descriptor");
  if (slot >= slots_.size() || slots_[slot].socket == nullptr) {
    complain(fmt::format("operation {} on slot {}, which is not open", sqe.opcode, slot));
    post(sqe.user_data, -EBADF);
    return nullptr;
  }
  // The tag of a ring send names a batch, not a connection.
  const bool is_frames = CompletionTag::unpack(sqe.user_data).kind() == Op::kRingSend;
  if (!is_frames) slots_[slot].tags.push_back(sqe.user_data);
  return &slots_[slot];
}

uint64_t FakeKernel::arm(Kind kind, const io_uring_sqe& sqe, std::shared_ptr<ModelSocket> socket) {
  for (const auto& [id, request] : armed_) {
    if (request.sqe.user_data == sqe.user_data) complain("two requests with one tag");
  }
  const uint64_t id = next_request_++;
  Request& request =
      armed_.emplace(id, Request{.kind = kind, .sqe = sqe, .socket = std::move(socket)})
          .first->second;
  if (is_ready(request) && !luck_runs_out(hostility_.late_completion)) {
    if (go_on(request)) armed_.erase(id);
  }
  return id;
}

bool FakeKernel::is_ready(const Request& request) const noexcept {
  if (request.is_cancelled) return true;
  switch (request.kind) {
    case Kind::kAccept: {
      const auto backlog = backlogs_.find(request.sqe.fd);
      return backlog != backlogs_.end() && !backlog->second.empty();
    }
    case Kind::kRecv:
      return (request.socket->ready() & (POLLIN | POLLERR)) != 0;
    case Kind::kSend:
      return (request.socket->ready() & (POLLOUT | POLLERR)) != 0;
    case Kind::kPoll:
      return (request.socket->ready() & (request.sqe.poll32_events | POLLERR | POLLHUP)) != 0;
    case Kind::kDoorbell:
      return doorbell_rang_;
  }
  return false;
}

bool FakeKernel::go_on(Request& request) {
  const uint64_t tag = request.sqe.user_data;
  if (request.is_cancelled) {
    post(tag, request.sent > 0 ? static_cast<int>(request.sent) : -ECANCELED);
    return true;
  }
  switch (request.kind) {
    case Kind::kAccept:
      return go_on_accepting(request);
    case Kind::kRecv:
      return go_on_receiving(request);
    case Kind::kSend:
      return go_on_sending(request);
    case Kind::kPoll: {
      const unsigned events =
          request.socket->ready() & (request.sqe.poll32_events | POLLERR | POLLHUP);
      post(tag, static_cast<int>(events != 0 ? events : POLLOUT));
      return true;
    }
    case Kind::kDoorbell: {
      doorbell_rang_ = false;
      const bool ends = cq_is_full() || luck_runs_out(hostility_.doorbell_ends);
      const int result = ends && dice_.one_in(2) ? -ENOMEM : POLLIN;
      post(tag, result, ends ? 0 : IORING_CQE_F_MORE);
      return ends;
    }
  }
  return true;
}

// Accepting
// ----------------------------------------------------------------

std::shared_ptr<ModelSocket> FakeKernel::connect(int listener_fd, size_t window_bytes) {
  return backlogs_[listener_fd].emplace_back(
      std::make_shared<ModelSocket>(window_bytes, ++last_port_));
}

void FakeKernel::accept(const io_uring_sqe& sqe) {
  ++seen_.accepts_armed;
  const bool is_direct = setup_.descriptors == DescriptorKind::kDirect;
  if ((sqe.ioprio & IORING_ACCEPT_MULTISHOT) != 0)
    complain("an accept that has no place for every name");
  if (is_direct != (sqe.file_index == IORING_FILE_INDEX_ALLOC)) {
    complain("an accept of the wrong kind of descriptor");
  }
  arm(Kind::kAccept, sqe, nullptr);
}

bool FakeKernel::go_on_accepting(const Request& request) {
  auto& backlog = backlogs_[request.sqe.fd];
  if (backlog.empty()) return false;  // another accept was faster
  if (luck_runs_out(hostility_.accept_fails)) {
    constexpr int kErrors[] = {ECONNABORTED, EMFILE, ENOMEM, ENOBUFS};
    post(request.sqe.user_data, -kErrors[dice_.below(std::size(kErrors))]);
    return true;
  }
  const bool is_direct = setup_.descriptors == DescriptorKind::kDirect;
  const bool is_out = free_slots_.empty();
  // An ordinary descriptor is found before somebody is taken from the backlog, a direct one after that.
  const std::shared_ptr<ModelSocket> socket = backlog.front();
  if (!is_out || is_direct) backlog.pop_front();
  if (is_out) {
    if (is_direct) socket->drop();
    post(request.sqe.user_data, is_direct ? -ENFILE : -EMFILE);
    return true;
  }
  const uint32_t number = pick_free_slot();
  Slot& slot = slots_[number];
  slot.socket = socket;
  slot.has_failed_send = false;
  ++seen_.connections;
  write_name(request.sqe, *socket);
  post(request.sqe.user_data, static_cast<int>(number));
  if (luck_runs_out(hostility_.stale_completion)) post_stale(slot);
  return true;
}

void FakeKernel::write_name(const io_uring_sqe& sqe, const ModelSocket& socket) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  name.sin_port = htons(socket.port());
  auto* const bytes = reinterpret_cast<socklen_t*>(sqe.addr2);
  if (bytes == nullptr || *bytes < sizeof name) return complain("no place for a peer's name");
  std::memcpy(reinterpret_cast<void*>(sqe.addr), &name, sizeof name);
  *bytes = sizeof name;
}

uint32_t FakeKernel::pick_free_slot() {
  const bool takes_last_closed = dice_.one_in(2);
  const size_t at = takes_last_closed ? free_slots_.size() - 1 : dice_.below(free_slots_.size());
  const uint32_t slot = free_slots_[at];
  free_slots_.erase(free_slots_.begin() + static_cast<ptrdiff_t>(at));
  return slot;
}

// Receiving
// ----------------------------------------------------------------

void FakeKernel::recv(const io_uring_sqe& sqe) {
  Slot* const slot = slot_of(sqe);
  if (slot == nullptr) return;
  if ((sqe.flags & IOSQE_BUFFER_SELECT) == 0 || sqe.buf_group != kRecvGroup) {
    complain("a receive without the shared buffers");
  }
  if (luck_runs_out(hostility_.no_buffer)) return post(sqe.user_data, -ENOBUFS);
  arm(Kind::kRecv, sqe, slot->socket);
}

bool FakeKernel::go_on_receiving(const Request& request) {
  if (buffers_out() == buffer_count_) {
    post(request.sqe.user_data, -ENOBUFS);
    return true;
  }
  const io_uring_buf& buffer = buffers_->bufs[buffer_head_ & (buffer_count_ - 1)];
  char* const bytes = reinterpret_cast<char*>(buffer.addr);
  std::memset(bytes, 'X', buffer.len);
  const size_t most =
      luck_runs_out(hostility_.short_recv) ? dice_.between(1, 30) : size_t{buffer.len};
  const int received = request.socket->recv(bytes, most);
  if (received == -EAGAIN) return false;
  if (received <= 0) {
    post(request.sqe.user_data, received);  // an unused buffer stays where it is
    return true;
  }
  ++buffer_head_;
  post(request.sqe.user_data, received,
       IORING_CQE_F_BUFFER | uint32_t{buffer.bid} << IORING_CQE_BUFFER_SHIFT);
  return true;
}

// Sending
// ----------------------------------------------------------------

void FakeKernel::send(const io_uring_sqe& sqe) {
  Slot* const slot = slot_of(sqe);
  if (slot == nullptr) return;
  const Op op = CompletionTag::unpack(sqe.user_data).kind();
  if (is_stream_send(op)) {
    check_stream_send(sqe, *slot);
  } else if (op != Op::kReply || sqe.msg_flags != kReplySendFlags ||
             (sqe.flags & IOSQE_CQE_SKIP_SUCCESS) != 0) {
    complain("an answer with the wrong flags");
  }
  if ((sqe.msg_flags & MSG_DONTWAIT) != 0) return send_now(sqe, *slot);
  const uint64_t id = next_request_;
  arm(Kind::kSend, sqe, slot->socket);
  const auto waiting = armed_.find(id);
  if (waiting != armed_.end()) waiting->second.bytes = bytes_of(sqe);
}

void FakeKernel::check_stream_send(const io_uring_sqe& sqe, Slot& slot) {
  const bool is_frames = CompletionTag::unpack(sqe.user_data).kind() == Op::kRingSend;
  if (sqe.msg_flags != kStreamSendFlags) complain("a stream send with the wrong flags");
  if ((sqe.flags & IOSQE_CQE_SKIP_SUCCESS) == 0) complain("a stream send that is not silent");
  if (sqe.len == 0 && is_frames) complain("a send of nothing");
  if (slot.last_send_enter == seen_.enters) complain("two stream sends to one peer in a batch");
  slot.last_send_enter = seen_.enters;
  if (slot.has_failed_send && static_cast<int>(cq_head_ - slot.failed_send_at) <= 0) {
    complain("a stream send while the failure of the last one has not been looked at");
  }
  if (around_.is_in_ring && around_.is_in_ring(bytes_of(sqe).data()) != is_frames) {
    complain(is_frames ? "frames that are in no ring" : "a quiet send from a ring");
  }
  if (!is_frames) return;
  ++seen_.ring_sends;
  if (may_sleep_) complain("frames in a call that may sleep");
  if (around_.is_reading_rings && !around_.is_reading_rings()) {
    complain("frames while the epoch is even");
  }
}

// Its bytes are read now or never.
void FakeKernel::send_now(const io_uring_sqe& sqe, Slot& slot) {
  const std::string_view bytes = bytes_of(sqe);
  const bool is_frames = CompletionTag::unpack(sqe.user_data).kind() == Op::kRingSend;
  const bool is_fair_game = is_frames || !hostility_.spares_quiet_sends;
  size_t most = bytes.size();
  if (is_fair_game && luck_runs_out(hostility_.no_memory)) {
    return fail_send(sqe, slot, dice_.one_in(2) ? -ENOMEM : -ENOBUFS);
  }
  if (is_fair_game && luck_runs_out(hostility_.full_socket)) {
    most = 0;
  } else if (is_fair_game && most > 1 && luck_runs_out(hostility_.short_send)) {
    most = dice_.between(1, most - 1);
  }
  const int taken = slot.socket->send(bytes, most);
  if (is_frames && taken > 0) seen_.ring_bytes_taken += static_cast<uint64_t>(taken);
  const bool is_whole = taken == static_cast<int>(bytes.size());
  const bool is_success = is_whole || (taken > 0 && (sqe.msg_flags & MSG_WAITALL) == 0);
  if (is_success) {
    if ((sqe.flags & IOSQE_CQE_SKIP_SUCCESS) == 0) post(sqe.user_data, taken);
    return;
  }
  if (taken >= 0) {
    ++(taken > 0 ? seen_.short_sends : seen_.full_sends);
    slot.socket->stall(static_cast<unsigned>(dice_.between(1, kStallLooksMax)));
  }
  fail_send(sqe, slot, taken == 0 ? -EAGAIN : taken);
}

void FakeKernel::fail_send(const io_uring_sqe& sqe, Slot& slot, int result) {
  slot.has_failed_send = true;
  slot.failed_send_at = cq_tail_ + static_cast<unsigned>(overflow_.size());
  post(sqe.user_data, result);
}

// A send that may wait reads its bytes when there is room, and not before.
bool FakeKernel::go_on_sending(Request& request) {
  const std::string_view bytes = bytes_of(request.sqe);
  if (!request.bytes.empty() && bytes != request.bytes) complain("an answer changed on its way");
  const std::string_view rest = bytes.substr(request.sent);
  const size_t most = rest.size() > 1 && luck_runs_out(hostility_.short_send)
                          ? dice_.between(1, rest.size() - 1)
                          : rest.size();
  const int taken = request.socket->send(rest, most);
  if (taken < 0) {
    post(request.sqe.user_data, request.sent > 0 ? static_cast<int>(request.sent) : taken);
    return true;
  }
  request.sent += static_cast<size_t>(taken);
  if (request.sent < bytes.size()) return false;
  post(request.sqe.user_data, static_cast<int>(request.sent));
  return true;
}

// Polling, cancelling, closing
// ----------------------------------------------------------------

void FakeKernel::poll(const io_uring_sqe& sqe) {
  if (sqe.len == IORING_POLL_ADD_MULTI) {
    doorbell_rang_ = doorbell_is_hot_;
    arm(Kind::kDoorbell, sqe, nullptr);
    return;
  }
  Slot* const slot = slot_of(sqe);
  if (slot != nullptr) arm(Kind::kPoll, sqe, slot->socket);
}

// What has happened already may be reported instead of the cancellation.
void FakeKernel::cancel(const io_uring_sqe& sqe) {
  const auto found = std::ranges::find_if(armed_, [&](const auto& entry) {
    return entry.second.sqe.user_data == sqe.addr && !entry.second.is_cancelled;
  });
  if (found == armed_.end()) return post(sqe.user_data, -ENOENT);
  if (is_ready(found->second) && luck_runs_out(hostility_.late_cancel)) {
    ++seen_.late_cancels;
    return post(sqe.user_data, dice_.one_in(2) ? -ENOENT : -EALREADY);
  }
  found->second.is_cancelled = true;
  if ((sqe.flags & IOSQE_CQE_SKIP_SUCCESS) == 0) post(sqe.user_data, 0);
}

void FakeKernel::finish_sending(const io_uring_sqe& sqe) {
  Slot* const slot = slot_of(sqe);
  if (slot == nullptr) return;
  if (sqe.len != SHUT_WR || (sqe.flags & IOSQE_CQE_SKIP_SUCCESS) != 0) {
    complain("ends more than its own side, or does not want to hear of it");
  }
  slot->socket->finish_sending();
  post(sqe.user_data, 0);
}

void FakeKernel::close(const io_uring_sqe& sqe) {
  const bool is_direct = setup_.descriptors == DescriptorKind::kDirect;
  const auto number = is_direct ? sqe.file_index - 1 : static_cast<uint32_t>(sqe.fd);
  if (number >= slots_.size() || slots_[number].socket == nullptr) {
    complain(fmt::format("closes slot {}, which is not open", number));
    return post(sqe.user_data, -EBADF);
  }
  Slot& slot = slots_[number];
  for (const auto& [id, request] : armed_) {
    if (request.socket == slot.socket) complain("closes a slot with a request armed on it");
  }
  slot.socket->close();
  slot.socket = nullptr;
  slot.tags.push_back(sqe.user_data);
  slot.past_tags = std::exchange(slot.tags, {});
  free_slots_.push_back(number);
  ++seen_.closes;
  post(sqe.user_data, 0);
}

}  // namespace ringcast::net
