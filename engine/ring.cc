#include "engine/ring.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "engine/base/unique_fd.h"

namespace ringcast {

namespace {

constexpr uint64_t kCapacityBytesMin = 4 * kKiB;  // one page on the machines we know

Error map_failed(uint64_t capacity_bytes) {
  return {fmt::format(
      "cannot map a ring of {} bytes: {}; lower history.bytes, or raise vm.max_map_count "
      "or the memory limit",
      capacity_bytes, std::strerror(errno))};
}

// The same memory twice, back to back, or nullptr with errno set.
char* map_mirrored(int fd, uint64_t capacity_bytes) noexcept {
  void* const reserved = ::mmap(nullptr, 2 * capacity_bytes, PROT_NONE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return nullptr;
  char* const first = static_cast<char*>(reserved);
  for (char* half : {first, first + capacity_bytes}) {
    void* const mapped =
        ::mmap(half, capacity_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0);
    if (mapped == MAP_FAILED) {
      ::munmap(reserved, 2 * capacity_bytes);
      return nullptr;
    }
  }
  return first;
}

}  // namespace

uint64_t Ring::capacity_for(uint64_t history_bytes, uint64_t frame_bytes_max) noexcept {
  const uint64_t for_frames = 2 * kRingLeadFraction * frame_bytes_max;
  return std::bit_ceil(std::max({history_bytes, for_frames, kCapacityBytesMin}));
}

Result<std::unique_ptr<Ring>> Ring::open(uint64_t capacity_bytes, const Epochs& epochs) {
  RC_CHECK(std::has_single_bit(capacity_bytes) && capacity_bytes >= kCapacityBytesMin);
  const UniqueFd fd{::memfd_create("ringcast-ring", MFD_CLOEXEC)};
  if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(capacity_bytes)) != 0) {
    return map_failed(capacity_bytes);
  }
  char* const memory = map_mirrored(fd.get(), capacity_bytes);
  if (memory == nullptr) return map_failed(capacity_bytes);
  return std::unique_ptr<Ring>(new Ring(memory, capacity_bytes, epochs));
}

Ring::~Ring() {
  ::munmap(memory_, 2 * capacity_bytes_);
}

bool Ring::could_make_room(uint64_t bytes, const ReaderProgress& readers) const noexcept {
  RC_CHECK(bytes <= batch_bytes_max());
  const Position end = committed() + bytes;
  if (end <= floor() + capacity_bytes_) return true;
  return end <= std::min(committed(), readers.slowest()) + capacity_bytes_;
}

Room Ring::make_room(uint64_t bytes, const ReaderProgress& readers) noexcept {
  RC_CHECK(bytes <= batch_bytes_max());
  const Position end = committed() + bytes;
  reclaim();
  if (end + lead_bytes() > floor() + capacity_bytes_) {
    raise_floor(end, readers);
    reclaim();
  }
  if (end <= reclaimed_ + capacity_bytes_) return Room::kReady;
  return end <= floor() + capacity_bytes_ ? Room::kReadersBusy : Room::kReadersBehind;
}

// One step makes room for the frame and two leads, so that steps are a lead apart and the space
// they free has a whole lead of appends to become quiet. While an earlier step is still waiting for
// its batches there is nothing to gain by another.
void Ring::raise_floor(Position end, const ReaderProgress& readers) noexcept {
  if (reclaimed_ < floor()) return;
  const Position wanted = end + 2 * lead_bytes();
  if (wanted <= capacity_bytes_) return;
  const Position target = std::min({wanted - capacity_bytes_, committed(), readers.slowest()});
  if (target <= floor()) return;
  floor_.store(target, std::memory_order_seq_cst);
  batches_.note();
}

void Ring::reclaim() noexcept {
  if (reclaimed_ < floor() && batches_.passed()) reclaimed_ = floor();
}

Position Ring::append(std::string_view frame) noexcept {
  const Position at = committed_.load(std::memory_order_relaxed);
  RC_CHECK(at + frame.size() <= reclaimed_ + capacity_bytes_);
  std::memcpy(memory_ + (at & (capacity_bytes_ - 1)), frame.data(), frame.size());
  committed_.store(at + frame.size(), std::memory_order_seq_cst);
  return at;
}

void Ring::check_invariants() const noexcept {
  RC_CHECK(reclaimed_ <= floor());
  RC_CHECK(floor() <= committed());
  RC_CHECK(committed() - reclaimed_ <= capacity_bytes_);
}

}  // namespace ringcast
