#include "bench/load/floor_sockets.h"

#include <fmt/format.h>
#include <liburing.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>

namespace ringcast::bench {
namespace {

constexpr int kSendFlags = MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL;

// The rare rest of a frame that did not fit: wait for room, then send what is left.
void send_rest(int fd, std::string_view rest) {
  while (!rest.empty()) {
    pollfd writable{.fd = fd, .events = POLLOUT, .revents = 0};
    ::poll(&writable, 1, -1);
    const ssize_t sent = ::send(fd, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) rest.remove_prefix(static_cast<size_t>(sent));
    if (sent < 0 && errno != EAGAIN && errno != EINTR) floor_failed("sending", errno);
  }
}

class PlainSockets final : public FloorSockets {
 public:
  void add(int fd) override { fds_.push_back(fd); }
  void send_to_all(std::string_view frame) override {
    for (const int fd : fds_) {
      const ssize_t sent = ::send(fd, frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent == static_cast<ssize_t>(frame.size())) [[likely]]
        continue;
      if (sent < 0 && errno != EAGAIN) floor_failed("sending", errno);
      send_rest(fd, frame.substr(sent < 0 ? 0 : static_cast<size_t>(sent)));
    }
  }

 private:
  std::vector<int> fds_;
};

// One io_uring and its table of sockets.
class DirectTable {
 public:
  explicit DirectTable(uint32_t slots) {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                   IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL |
                   IORING_SETUP_CQSIZE;
    params.cq_entries = 8192;
    if (const int error = io_uring_queue_init_params(kBatch, &ring_, &params); error < 0) {
      floor_failed("io_uring_setup", -error);
    }
    if (const int error = io_uring_register_files_sparse(&ring_, slots); error < 0) {
      floor_failed("registering direct descriptors", -error);
    }
    io_uring_register_ring_fd(&ring_);
  }
  DirectTable(const DirectTable&) = delete;
  DirectTable& operator=(const DirectTable&) = delete;

  void install(const int* fds, unsigned count) {
    const int installed = io_uring_register_files_update(&ring_, used_, fds, count);
    if (installed != static_cast<int>(count))
      floor_failed("installing direct descriptors", -installed);
    used_ += count;
  }

  void send_to_all(std::string_view frame) {
    for (uint32_t slot = 0; slot < used_; ++slot) {
      io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
      io_uring_prep_send(sqe, static_cast<int>(slot), frame.data(), frame.size(), kSendFlags);
      sqe->flags |= IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS;
      sqe->user_data = slot;
      if (io_uring_sq_space_left(&ring_) == 0 || slot + 1 == used_) submit_and_repair(frame);
    }
  }

 private:
  static constexpr unsigned kBatch = 256;

  // Only failures complete: sockets that were full. The rest of their frame is then sent waiting,
  // one after the other.
  void submit_and_repair(std::string_view frame) {
    while (io_uring_sq_ready(&ring_) > 0) io_uring_submit(&ring_);
    if (io_uring_cq_ready(&ring_) == 0) [[likely]]
      return;
    std::vector<std::pair<uint32_t, size_t>> unfinished;
    io_uring_cqe* cqe = nullptr;
    while (io_uring_peek_cqe(&ring_, &cqe) == 0) {
      if (cqe->res < 0 && cqe->res != -EAGAIN) floor_failed("sending", -cqe->res);
      unfinished.emplace_back(static_cast<uint32_t>(cqe->user_data),
                              static_cast<size_t>(std::max(cqe->res, 0)));
      io_uring_cqe_seen(&ring_, cqe);
    }
    for (const auto& [slot, done] : unfinished) send_waiting(slot, frame.substr(done));
  }

  void send_waiting(uint32_t slot, std::string_view rest) {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    io_uring_prep_send(sqe, static_cast<int>(slot), rest.data(), rest.size(),
                       MSG_WAITALL | MSG_NOSIGNAL);
    sqe->flags |= IOSQE_FIXED_FILE;
    io_uring_submit(&ring_);
    io_uring_cqe* cqe = nullptr;
    while (io_uring_wait_cqe(&ring_, &cqe) != 0) {
    }
    if (cqe->res != static_cast<int>(rest.size()))
      floor_failed("sending", cqe->res < 0 ? -cqe->res : EPIPE);
    io_uring_cqe_seen(&ring_, cqe);
  }

  io_uring ring_{};
  uint32_t used_ = 0;
};

// As many tables as the sockets need; each may have RLIMIT_NOFILE slots.
class DirectSockets final : public FloorSockets {
 public:
  explicit DirectSockets(uint32_t sockets) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    const auto slots_max = static_cast<uint32_t>(std::min<rlim_t>(limit.rlim_cur, 1'000'000));
    const uint32_t tables = (sockets + slots_max - 1) / slots_max;
    per_table_ = (sockets + tables - 1) / tables;
    for (uint32_t i = 0; i < tables; ++i)
      tables_.push_back(std::make_unique<DirectTable>(per_table_));
  }

  void add(int fd) override {
    pending_[pending_count_++] = fd;
    if (pending_count_ == pending_.size() || (added_ + pending_count_) % per_table_ == 0) install();
  }
  void finish_adding() override { install(); }
  void send_to_all(std::string_view frame) override {
    for (const auto& table : tables_) table->send_to_all(frame);
  }

 private:
  void install() {
    if (pending_count_ == 0) return;
    tables_[added_ / per_table_]->install(pending_.data(), pending_count_);
    for (unsigned i = 0; i < pending_count_; ++i) ::close(pending_[i]);
    added_ += pending_count_;
    pending_count_ = 0;
  }

  std::vector<std::unique_ptr<DirectTable>> tables_;
  uint32_t per_table_ = 0;
  uint32_t added_ = 0;
  std::array<int, 64> pending_{};
  unsigned pending_count_ = 0;
};

}  // namespace

std::unique_ptr<FloorSockets> FloorSockets::make(FloorMethod method, uint32_t sockets) {
  if (method == FloorMethod::kSend) return std::make_unique<PlainSockets>();
  return std::make_unique<DirectSockets>(sockets);
}

void floor_failed(const char* what, int error) {
  fmt::print(stderr, "floor server: {} failed: {}\n", what, std::strerror(error));
  ::_exit(1);
}

}  // namespace ringcast::bench
