#include "net/uring/kernel_probe.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <string>
#include <thread>

namespace ringcast::net {

namespace {

constexpr KernelVersion kOldestKernel{6, 1};  // IORING_SETUP_DEFER_TASKRUN
constexpr KernelVersion kDirectKernel{
    6, 13};  // a long-lived request no longer keeps later closed files open

constexpr uint32_t kShardsMax =
    64;  // a guess: beyond it a publish spends its time looking at shards

// Ordinary descriptors the process needs besides connections: listeners, rings, doorbells, standard
// streams.
constexpr uint32_t kPlainReserve = 128;

// SO_REUSEPORT spreads connections by hash: evenly, but only on average. A full shard would turn
// people away while its neighbours have room, so each gets this much more than its share.
constexpr double kUnevenness = 1.05;

std::string read_first_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Whether a seccomp filter is in force for this process.
bool is_filtered() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("Seccomp:")) return line.ends_with("2");
  }
  return false;
}

constexpr std::string_view kSeccompRemedy =
    "a seccomp filter forbids it (Docker's and containerd's default profiles do); allow "
    "io_uring_setup, io_uring_enter and "
    "io_uring_register in the profile";

uint32_t share_of(uint32_t connections, uint32_t shards) {
  if (shards == 1) return connections;
  return static_cast<uint32_t>(std::ceil(connections * kUnevenness / shards));
}

Error limit_too_low(uint64_t nofile, uint32_t connections, std::string_view remedy) {
  return {fmt::format("RLIMIT_NOFILE is {}, too low for server.max_connections: {}; {}", nofile,
                      connections, remedy)};
}

// A table that is full drops whom it accepts, so besides everybody who is served there is room for
// whoever the accepts under way bring in.
Result<Capacity> plan_direct(const ServerConfig& server, const Machine& machine, size_t listeners) {
  const uint32_t spare_slots = kExtraConnections + kPublisherShare + kOperatorShare +
                               kAcceptsPerListener * static_cast<uint32_t>(listeners);
  const uint64_t slots = std::min<uint64_t>(machine.nofile, 1u << 20);
  constexpr std::string_view kRemedy =
      "raise it (ulimit -n 20000, or LimitNOFILE= in the systemd unit), add shards, or lower "
      "server.max_connections";
  if (slots <= spare_slots) return limit_too_low(machine.nofile, server.connections_max, kRemedy);
  const auto per_shard_max = static_cast<uint32_t>(slots) - spare_slots;
  uint32_t shards = server.shards != 0 ? server.shards : std::max(machine.cores, 1u);
  while (server.shards == 0 && shards < kShardsMax &&
         share_of(server.connections_max, shards) > per_shard_max) {
    ++shards;
  }
  const uint32_t share = share_of(server.connections_max, shards);
  if (share > per_shard_max) return limit_too_low(machine.nofile, server.connections_max, kRemedy);
  return Capacity{DescriptorKind::kDirect, shards, share, share + spare_slots};
}

// Ordinary descriptors are the process's: all shards share one limit, and a slot may be any number
// below it.
Result<Capacity> plan_plain(const ServerConfig& server, const Machine& machine) {
  const uint32_t shards = server.shards != 0 ? server.shards : std::max(machine.cores, 1u);
  const uint32_t share = share_of(server.connections_max, shards);
  const uint64_t needed =
      uint64_t{shards} * (share + kExtraConnections + kPublisherShare + kOperatorShare) +
      kPlainReserve;
  if (machine.nofile < needed) {
    return limit_too_low(
        machine.nofile, server.connections_max,
        fmt::format("with plain descriptors raise it to {}, or lower server.max_connections",
                    needed));
  }
  return Capacity{DescriptorKind::kPlain, shards, share,
                  static_cast<uint32_t>(std::min<uint64_t>(machine.nofile, 1u << 24))};
}

}  // namespace

KernelVersion parse_kernel_version(std::string_view release) noexcept {
  KernelVersion version;
  const char* const end = release.data() + release.size();
  const auto major = std::from_chars(release.data(), end, version.major);
  if (major.ec != std::errc{} || major.ptr == end || *major.ptr != '.') return {};
  if (std::from_chars(major.ptr + 1, end, version.minor).ec != std::errc{}) return {};
  return version;
}

Machine Machine::this_one() {
  utsname name{};
  ::uname(&name);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  ::getrlimit(RLIMIT_NOFILE, &files);
  return {parse_kernel_version(name.release), std::thread::hardware_concurrency(), files.rlim_cur};
}

Result<Capacity> plan_capacity(const ServerConfig& server, const Machine& machine,
                               size_t listeners) {
  if (machine.kernel < kOldestKernel) {
    return Error{
        fmt::format("Linux {}.{} is too old: ringcast needs io_uring as of 6.1; run a newer kernel",
                    machine.kernel.major, machine.kernel.minor)};
  }
  const bool direct_is_safe = machine.kernel >= kDirectKernel;
  if (server.descriptors == DescriptorMode::kDirect && !direct_is_safe) {
    return Error{fmt::format(
        "Linux {}.{} keeps closed direct descriptors open; set server.descriptors: plain, or run "
        "6.13 or newer",
        machine.kernel.major, machine.kernel.minor)};
  }
  const bool direct = direct_is_safe && server.descriptors != DescriptorMode::kPlain;
  return direct ? plan_direct(server, machine, listeners) : plan_plain(server, machine);
}

Error explain_ring_failure(int error, std::string_view call) {
  switch (error) {
    case EPERM:
    case EACCES: {
      const std::string disabled = read_first_line("/proc/sys/kernel/io_uring_disabled");
      if (disabled == "1" || disabled == "2") {
        return {fmt::format(
            "io_uring is switched off on this machine (kernel.io_uring_disabled = {}); run sysctl "
            "kernel.io_uring_disabled=0",
            disabled)};
      }
      return {fmt::format("{}: operation not permitted; {}", call, kSeccompRemedy)};
    }
    case ENOSYS:
      if (is_filtered()) return {fmt::format("{}: not available; {}", call, kSeccompRemedy)};
      return {
          "this kernel was built without io_uring; run one with CONFIG_IO_URING=y, 6.1 or newer"};
    case ENOMEM:
      return {
          "no memory for an io_uring; raise the limit of locked memory (256 KiB a shard: ulimit "
          "-l, "
          "or LimitMEMLOCK= in the systemd unit), or that of all memory"};
    case EINVAL:
      return {
          "this kernel's io_uring lacks what ringcast needs (single issuer, deferred task work); "
          "run 6.1 or newer"};
    default:
      return {fmt::format("{}: {}; `dmesg` may say more", call, std::strerror(error))};
  }
}

Error explain_table_failure(int error, unsigned slots) {
  if (error == EMFILE) {
    return {fmt::format(
        "a table of {} direct descriptors exceeds RLIMIT_NOFILE; raise it (ulimit -n {}), or lower "
        "server.max_connections",
        slots, slots)};
  }
  return {fmt::format("cannot register {} direct descriptors: {}; set server.descriptors: plain",
                      slots, std::strerror(error))};
}

}  // namespace ringcast::net
