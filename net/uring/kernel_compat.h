// What io_uring offers beyond the installed headers (liburing 2.3 describes Linux 6.1), under names
// of our own, so that a newer liburing does not clash with them. The numbers are the kernel's
// user-space interface and never change; whether the running kernel knows them is for the caller to
// find out: an old one answers -EINVAL or -EOPNOTSUPP.
//
// Threads: constants and pure functions. Memory: none.
#pragma once

#include <liburing.h>

#include <array>
#include <bit>
#include <cstdint>

namespace ringcast::net {

// Opcodes.
inline constexpr uint8_t kOpFixedFdInstall =
    54;  // Linux 6.8: a direct descriptor becomes an ordinary one as well
inline constexpr uint8_t kOpBind = 56;    // Linux 6.11
inline constexpr uint8_t kOpListen = 57;  // Linux 6.11

// What IORING_OP_URING_CMD can do to a socket.
enum class SocketCommand : uint32_t {
  kGetOption = 2,  // Linux 6.7; SOL_SOCKET only
  kSetOption = 3,  // Linux 6.7; any level
  kGetName = 5,    // Linux 6.19
};

// SEND_ZC: ask that the final notification says whether the kernel copied after all. Linux 6.2.
inline constexpr uint16_t kSendZcReportUsage = 1U << 3;
// Set in that notification's result when it did.
inline constexpr uint32_t kNotifyZcCopied = 1U << 31;

// Binds `socket` to a local address. The address must stay in place until the completion.
inline void prep_bind(io_uring_sqe& sqe, int socket, const sockaddr* address,
                      socklen_t address_bytes) noexcept {
  io_uring_prep_rw(kOpBind, &sqe, socket, address, 0, address_bytes);
}

// The completion's result is an ordinary, close-on-exec descriptor for what `slot` holds.
inline void prep_fd_install(io_uring_sqe& sqe, int slot) noexcept {
  io_uring_prep_rw(kOpFixedFdInstall, &sqe, slot, nullptr, 0, 0);
  sqe.flags |= IOSQE_FIXED_FILE;
}

// getsockopt or setsockopt on `socket`; the completion's result is 0, or for kGetOption the bytes
// written to `value`. `value` must stay in place until the completion.
inline void prep_socket_option(io_uring_sqe& sqe, SocketCommand command, int socket, int level,
                               int name, void* value, uint32_t value_bytes) noexcept {
  io_uring_prep_rw(IORING_OP_URING_CMD, &sqe, socket, nullptr, 0, 0);
  sqe.cmd_op = static_cast<uint32_t>(command);
  // Level and name share the address field, value and length two others: the installed header has
  // no names for them.
  sqe.addr = std::bit_cast<uint64_t>(std::array{level, name});
  sqe.addr3 = reinterpret_cast<uintptr_t>(value);
  sqe.file_index = value_bytes;
}

// getpeername on `socket`: the result is 0. Both pointers must stay in place until the completion.
inline void prep_peer_name(io_uring_sqe& sqe, int socket, sockaddr* address,
                           int* address_bytes) noexcept {
  io_uring_prep_rw(IORING_OP_URING_CMD, &sqe, socket, address, 0, 0);
  sqe.cmd_op = static_cast<uint32_t>(SocketCommand::kGetName);
  sqe.addr3 = reinterpret_cast<uintptr_t>(address_bytes);
  sqe.file_index = 1;  // the peer's name rather than our own
}

}  // namespace ringcast::net
