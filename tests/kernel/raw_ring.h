// RawRing: an io_uring as a shard sets it up, used through plain liburing, so that the kernel
// contract tests judge the kernel and not our wrapper of it.
//
// Threads: the creating one only (SINGLE_ISSUER). Failures to set up throw, which GoogleTest
// reports with their text.
#pragma once

#include <liburing.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace ringcast::kernel_test {

// How long a test waits for what must happen: only a failing test ever takes it.
inline constexpr int kPatienceSeconds = 5;

struct Completion {
  uint64_t tag = 0;
  int result = 0;
  uint32_t flags = 0;

  // Whether a multishot request stays armed, or a second completion follows.
  [[nodiscard]] bool more() const noexcept { return (flags & IORING_CQE_F_MORE) != 0; }
};

inline int check_sys(int result, const char* what) {
  if (result < 0) throw std::system_error(-result, std::generic_category(), what);
  return result;
}

// Whether the running kernel is at least this version.
inline bool kernel_at_least(int major, int minor) {
  utsname name{};
  ::uname(&name);
  std::pair<int, int> running{0, 0};
  std::sscanf(name.release, "%d.%d", &running.first, &running.second);
  return running >= std::pair{major, minor};
}

class RawRing {
 public:
  // `slots` is the size of the direct descriptor table, 0 for none; `more_flags` go with those a shard always sets.
  explicit RawRing(unsigned slots = 0, unsigned sq_entries = 512, unsigned cq_entries = 2048,
                   unsigned more_flags = 0) {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                   IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL |
                   IORING_SETUP_CQSIZE | more_flags;
    params.cq_entries = cq_entries;
    check_sys(io_uring_queue_init_params(sq_entries, &ring_, &params), "io_uring_setup");
    if (slots > 0) check_sys(register_table(slots), "register a direct descriptor table");
  }
  ~RawRing() { io_uring_queue_exit(&ring_); }
  RawRing(const RawRing&) = delete;
  RawRing& operator=(const RawRing&) = delete;

  // Registers an empty table and returns 0 or -errno. Not liburing's helper: that one raises
  // RLIMIT_NOFILE when refused.
  int register_table(unsigned slots) noexcept {
    io_uring_rsrc_register table{};
    table.nr = slots;
    table.flags = IORING_RSRC_REGISTER_SPARSE;
    return io_uring_register(static_cast<unsigned>(ring_.ring_fd), IORING_REGISTER_FILES2, &table,
                             sizeof table);
  }

  // io_uring_register(2): 0 or more, or -errno.
  int call_register(unsigned operation, const void* argument, unsigned count) noexcept {
    return io_uring_register(static_cast<unsigned>(ring_.ring_fd), operation, argument, count);
  }

  // Puts `fd` into the table as well; the caller keeps its own.
  void install(unsigned slot, int fd) {
    check_sys(io_uring_register_files_update(&ring_, slot, &fd, 1), "install a direct descriptor");
  }

  // The next submission entry, tagged; preparing it leaves the tag alone.
  io_uring_sqe& next(uint64_t tag) {
    io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
    if (sqe == nullptr) throw std::system_error(EBUSY, std::generic_category(), "submission queue");
    io_uring_sqe_set_data64(sqe, tag);
    return *sqe;
  }

  // Submits what was prepared and runs deferred work, without waiting; then takes what has
  // completed.
  std::vector<Completion> submit() {
    check_sys(io_uring_submit_and_get_events(&ring_), "io_uring_enter");
    return take();
  }

  // One enter that submits nothing, with the given min_complete and no time to wait for it.
  std::vector<Completion> reap(unsigned min_complete) {
    __kernel_timespec no_time{};
    io_uring_getevents_arg argument{};
    argument.ts = reinterpret_cast<uintptr_t>(&no_time);
    const int entered = io_uring_enter2(static_cast<unsigned>(ring_.ring_fd), 0, min_complete,
                                        IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG,
                                        reinterpret_cast<sigset_t*>(&argument), sizeof argument);
    if (entered != -ETIME) check_sys(entered, "io_uring_enter");
    return take();
  }

  // Submits, then waits for `count` completions; fewer come back if they do not arrive in time.
  std::vector<Completion> submit_and_wait(unsigned count) {
    std::vector<Completion> all = submit();
    while (all.size() < count) {
      __kernel_timespec patience{kPatienceSeconds, 0};
      io_uring_cqe* first = nullptr;
      if (io_uring_wait_cqe_timeout(&ring_, &first, &patience) < 0) break;
      std::ranges::copy(take(), std::back_inserter(all));
    }
    return all;
  }

  // Submits what must lead to exactly one completion, and waits for that.
  Completion submit_and_wait_one() {
    const std::vector<Completion> all = submit_and_wait(1);
    if (all.size() != 1)
      throw std::runtime_error(std::to_string(all.size()) + " completions instead of one");
    return all.front();
  }

  [[nodiscard]] io_uring* get() noexcept { return &ring_; }

 private:
  std::vector<Completion> take() {
    std::vector<Completion> taken;
    unsigned head = 0;
    unsigned count = 0;
    io_uring_cqe* cqe = nullptr;
    io_uring_for_each_cqe(&ring_, head, cqe) {
      taken.push_back({cqe->user_data, cqe->res, cqe->flags});
      ++count;
    }
    io_uring_cq_advance(&ring_, count);
    return taken;
  }

  io_uring ring_{};
};

}  // namespace ringcast::kernel_test
