#include "bench/load/io_ring.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <cstring>

#include "engine/base/check.h"
#include "engine/base/memory.h"

namespace ringcast::bench {
namespace {

constexpr unsigned kSubmissions = 1024;
// More than one submit can complete inline, plus a batch of arrivals.
constexpr unsigned kCompletions = 8192;
constexpr int kBufferGroup = 0;

Error failed(const char* what, int error) {
  const char* remedy = "see dmesg";
  if (error == EPERM || error == ENOSYS) {
    remedy = "allow io_uring (sysctl kernel.io_uring_disabled=0, and no seccomp filter on it)";
  } else if (error == EINVAL) {
    remedy = "it needs Linux 6.1 or newer";
  } else if (error == EMFILE || error == ENFILE) {
    remedy = "raise RLIMIT_NOFILE (ulimit -n) or fs.file-max";
  } else if (error == ENOMEM) {
    remedy = "free memory, or raise RLIMIT_MEMLOCK";
  }
  return {fmt::format("{} failed ({}); {}", what, std::strerror(error), remedy)};
}

}  // namespace

Result<std::unique_ptr<IoRing>> IoRing::open(const Sizes& sizes) {
  std::unique_ptr<IoRing> ring(new IoRing(sizes));
  if (auto ready = ring->set_up(); !ready) return ready.error();
  return ring;
}

Result<> IoRing::set_up() {
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL |
                 IORING_SETUP_CQSIZE;
  params.cq_entries = kCompletions;
  if (const int error = io_uring_queue_init_params(kSubmissions, &ring_, &params); error < 0) {
    return failed("io_uring_setup", -error);
  }
  open_ = true;
  if (const int error = io_uring_register_files_sparse(&ring_, sizes_.slots); error < 0) {
    return failed("registering a table of direct descriptors", -error);
  }
  io_uring_register_ring_fd(&ring_);  // saves a look-up a call; works without
  return sizes_.buffers == 0 ? Result<>{} : set_up_buffers();
}

Result<> IoRing::set_up_buffers() {
  // An odd number of cache lines apart, so that the first lines of the buffers do not share one set
  // of the cache.
  buffer_stride_ = sizes_.buffer_bytes + kCacheLineBytes;
  const size_t ring_bytes = (sizes_.buffers * sizeof(io_uring_buf) + 4095) & ~size_t{4095};
  mapped_bytes_ = ring_bytes + sizes_.buffers * buffer_stride_;
  void* memory =
      ::mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return failed("mapping receive buffers", errno);
  buffer_ring_ = static_cast<io_uring_buf_ring*>(memory);
  buffers_ = static_cast<char*>(memory) + ring_bytes;

  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uint64_t>(memory);
  registration.ring_entries = sizes_.buffers;
  registration.bgid = kBufferGroup;
  if (const int error = io_uring_register_buf_ring(&ring_, &registration, 0); error < 0) {
    return failed("registering receive buffers", -error);
  }
  io_uring_buf_ring_init(buffer_ring_);
  for (uint32_t i = 0; i < sizes_.buffers; ++i) give_back(static_cast<uint16_t>(i));
  publish_consumed(0);
  return {};
}

IoRing::~IoRing() {
  if (open_) io_uring_queue_exit(&ring_);
  if (buffer_ring_ != nullptr) ::munmap(buffer_ring_, mapped_bytes_);
}

Result<> IoRing::install(uint32_t first_slot, std::span<const int> fds) {
  const int installed = io_uring_register_files_update(&ring_, first_slot, fds.data(),
                                                       static_cast<unsigned>(fds.size()));
  if (installed < 0) return failed("installing direct descriptors", -installed);
  RC_CHECK(static_cast<size_t>(installed) == fds.size());
  return {};
}

void IoRing::plan_stream(uint32_t slot, uint32_t index, const sockaddr_in& server,
                         std::string_view request) {
  // A chain must not be split between two submits.
  if (io_uring_sq_space_left(&ring_) < 3) submit();
  const auto fd = static_cast<int>(slot);

  io_uring_sqe* connect = next_sqe();
  io_uring_prep_connect(connect, fd, reinterpret_cast<const sockaddr*>(&server), sizeof(server));
  connect->flags |= IOSQE_FIXED_FILE | IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
  connect->user_data = user_data({.op = Tag::Op::kConnect, .index = index});

  io_uring_sqe* send = next_sqe();
  io_uring_prep_send(send, fd, request.data(), request.size(), MSG_WAITALL | MSG_NOSIGNAL);
  send->flags |= IOSQE_FIXED_FILE | IOSQE_IO_LINK | IOSQE_CQE_SKIP_SUCCESS;
  send->user_data = user_data({.op = Tag::Op::kSend, .index = index});

  plan_receive(slot, {.op = Tag::Op::kReceive, .index = index});
}

void IoRing::plan_receive(uint32_t slot, Tag tag) {
  io_uring_sqe* sqe = next_sqe();
  const auto fd = static_cast<int>(slot);
  // Asking anew for every arrival measured the same, within the spread.
  io_uring_prep_recv_multishot(sqe, fd, nullptr, 0, 0);
  sqe->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
  sqe->ioprio |=
      IORING_RECVSEND_POLL_FIRST;  // nothing has arrived yet: skip the attempt that would say so
  sqe->buf_group = kBufferGroup;
  sqe->user_data = user_data(tag);
}

io_uring_sqe* IoRing::next_sqe() noexcept {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  if (sqe == nullptr) {
    submit();
    sqe = io_uring_get_sqe(&ring_);
  }
  RC_CHECK(sqe != nullptr);
  return sqe;
}

void IoRing::submit() noexcept {
  // Bounded: a submit that takes nothing is retried a few times for want of kernel memory, then it
  // is our bug.
  for (int attempt = 0; attempt < 1000 && io_uring_sq_ready(&ring_) > 0; ++attempt)
    io_uring_submit(&ring_);
  RC_CHECK(io_uring_sq_ready(&ring_) == 0);
}

bool IoRing::quiet() const noexcept {
  const unsigned flags = IO_URING_READ_ONCE(*ring_.sq.kflags);
  return (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) == 0 &&
         io_uring_cq_ready(&ring_) == 0 && io_uring_sq_ready(&ring_) == 0;
}

void IoRing::gather() noexcept {
  if (io_uring_sq_ready(&ring_) > 0) submit();
  // The kernel runs at most 20 deferred completions a call (from Linux 6.13 on). Asking for more by
  // min_complete with a timeout of zero measured four times dearer here: whenever fewer are waiting
  // it arms a timer.
  io_uring_get_events(&ring_);
}

void IoRing::give_back(uint16_t buffer) noexcept {
  io_uring_buf_ring_add(buffer_ring_, buffer_at(buffer), sizes_.buffer_bytes, buffer,
                        io_uring_buf_ring_mask(sizes_.buffers), returned_++);
}

void IoRing::publish_consumed(uint32_t count) noexcept {
  io_uring_cq_advance(&ring_, count);
  if (returned_ > 0) io_uring_buf_ring_advance(buffer_ring_, returned_);
  returned_ = 0;
}

}  // namespace ringcast::bench
