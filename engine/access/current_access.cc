#include "engine/access/current_access.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace ringcast {

namespace {

// A shard's turn takes less. A guess; nobody but an operator waits.
constexpr std::chrono::microseconds kBetweenTwoLooks{200};

}  // namespace

CurrentAccess::CurrentAccess(std::unique_ptr<const Access> first, size_t shards)
    : owned_(std::move(first)), current_(owned_.get()), seats_(shards) {
  for (Seat& seat : seats_) seat.taken.store(owned_.get(), std::memory_order_relaxed);
}

void CurrentAccess::exchange(std::unique_ptr<const Access> next,
                             const std::function<void()>& wake_all) {
  current_.store(next.get(), std::memory_order_seq_cst);
  wake_all();
  while (!is_taken_by_all()) std::this_thread::sleep_for(kBetweenTwoLooks);
  owned_ = std::move(next);
}

bool CurrentAccess::is_taken_by_all() const noexcept {
  const Access* const now = current_.load(std::memory_order_relaxed);
  return std::ranges::all_of(seats_, [now](const Seat& seat) {
    return seat.taken.load(std::memory_order_acquire) == now;
  });
}

}  // namespace ringcast
