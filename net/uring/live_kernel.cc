#include <array>
#include <cerrno>
#include <vector>

#include "engine/base/check.h"
#include "net/uring/io_ring.h"
#include "net/uring/kernel.h"
#include "net/uring/kernel_compat.h"
#include "net/uring/kernel_probe.h"

namespace ringcast::net {

namespace {

// One thread submits; completion work runs only when that thread asks for it, and a flag in shared
// memory says that there is some; one bad request does not hold back those behind it. The ring
// begins disabled, so that the thread that starts up may prepare it for the thread that will own
// it.
constexpr unsigned kSetupFlags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                 IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
                                 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE |
                                 IORING_SETUP_CLAMP | IORING_SETUP_R_DISABLED;

// A filter may let the first of the three calls pass and not the others, which would show only when
// the first connection comes. They are made here for what they do to a disabled ring: nothing.
Result<> check_other_calls(int ring_fd) {
  const auto fd = static_cast<unsigned>(ring_fd);
  const auto is_forbidden = [](int error) { return error == EPERM || error == ENOSYS; };
  const int entered = io_uring_enter(fd, 0, 0, 0, nullptr);
  if (is_forbidden(-entered)) return explain_ring_failure(-entered, "io_uring_enter");
  io_uring_probe probe{};
  const int registered = io_uring_register(fd, IORING_REGISTER_PROBE, &probe, 0);
  if (is_forbidden(-registered)) return explain_ring_failure(-registered, "io_uring_register");
  return {};
}

// What may still be registered once the ring is enabled: adopt_by_this_thread() and liburing's way out.
constexpr std::array<uint8_t, 2> kRegistrations{IORING_REGISTER_RING_FDS,
                                                IORING_UNREGISTER_RING_FDS};

io_uring_restriction allow(uint16_t kind, uint8_t what) {
  io_uring_restriction allowed{};
  allowed.opcode = kind;
  allowed.sqe_op = what;  // one byte, whatever the kind calls it
  return allowed;
}

// Takes force when the ring is enabled, and for good. Whoever could make this process write into the ring's memory
// would otherwise hold every system call that io_uring knows, past any seccomp filter.
int restrict_requests(int ring_fd) {
  std::vector<io_uring_restriction> allowed;
  for (const uint8_t op : kRegistrations) {
    allowed.push_back(allow(IORING_RESTRICTION_REGISTER_OP, op));
  }
  for (const uint8_t op : kRequestOpcodes) {
    allowed.push_back(allow(IORING_RESTRICTION_SQE_OP, op));
  }
  allowed.push_back(allow(IORING_RESTRICTION_SQE_FLAGS_ALLOWED, kRequestFlags));
  return io_uring_register(static_cast<unsigned>(ring_fd), IORING_REGISTER_RESTRICTIONS,
                           allowed.data(), static_cast<unsigned>(allowed.size()));
}

}  // namespace

Result<std::unique_ptr<LiveKernel>> LiveKernel::open(const KernelSetup& setup) {
  std::unique_ptr<LiveKernel> kernel(new LiveKernel);
  io_uring_params params{};
  params.flags = kSetupFlags;
  params.cq_entries = setup.cq_entries;
  const int made = io_uring_queue_init_params(setup.sq_entries, &kernel->ring_, &params);
  if (made < 0) {
    kernel->ring_.ring_fd = -1;
    return explain_ring_failure(-made);
  }
  if (Result<> others = check_other_calls(kernel->ring_.ring_fd); !others) return others.error();
  if (const int restricted = restrict_requests(kernel->ring_.ring_fd); restricted < 0) {
    return explain_ring_failure(-restricted, "io_uring_register");
  }
  if (setup.direct_slots > 0) {
    const int registered = io_uring_register_files_sparse(&kernel->ring_, setup.direct_slots);
    if (registered < 0) return explain_table_failure(-registered, setup.direct_slots);
  }
  return kernel;
}

LiveKernel::~LiveKernel() {
  if (ring_.ring_fd >= 0) io_uring_queue_exit(&ring_);
}

void LiveKernel::adopt_by_this_thread() noexcept {
  // liburing 2.3 declares io_uring_enable_rings() but does not export it.
  RC_CHECK(io_uring_register(static_cast<unsigned>(ring_.ring_fd), IORING_REGISTER_ENABLE_RINGS,
                             nullptr, 0) == 0);
  // A registered ring descriptor saves a table look-up in every enter; without one everything works
  // the same.
  if (io_uring_register_ring_fd(&ring_) == 1) enter_flags_ = IORING_ENTER_REGISTERED_RING;
}

int LiveKernel::enter(unsigned to_submit, unsigned min_complete, unsigned flags,
                      __kernel_timespec* timeout) noexcept {
  io_uring_getevents_arg arg{};
  arg.ts = reinterpret_cast<uintptr_t>(timeout);
  return io_uring_enter2(static_cast<unsigned>(ring_.enter_ring_fd), to_submit, min_complete,
                         flags | enter_flags_ | IORING_ENTER_EXT_ARG,
                         reinterpret_cast<sigset_t*>(&arg), sizeof arg);
}

int LiveKernel::offer_buffers(io_uring_buf_ring* buffers, unsigned count) noexcept {
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uintptr_t>(buffers);
  registration.ring_entries = count;
  registration.bgid = kRecvGroup;
  return io_uring_register_buf_ring(&ring_, &registration, 0);
}

}  // namespace ringcast::net
