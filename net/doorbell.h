// Doorbell: how a publisher tells a shard that a channel has news. Setting the channel's bit is
// nearly free; the system call is made only when the shard sleeps.
//
// The handshake is Dekker's, so both sides are sequentially consistent: the publisher sets the bit,
// then looks whether the shard sleeps; the shard says that it is going to sleep, then looks for
// bits.
//
// Threads: ring() and wake() from any; the rest from the shard's own. Memory: a bit per channel and
// one eventfd.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <vector>

#include "engine/base/memory.h"
#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/channels.h"
#include "engine/log/event_log.h"

namespace ringcast::net {

class Doorbell {
 public:
  Doorbell(size_t channels, UniqueFd event_fd)
      : news_((channels + 63) / 64), fd_(std::move(event_fd)) {}

  // `channel` has new frames, or its publishers wait for this shard.
  void ring(ChannelNumber channel) noexcept;

  // The shard is to look around, whatever for.
  void wake() noexcept;

  // Says that the shard is about to sleep; false when there is news already and it must not.
  [[nodiscard]] bool try_sleep() noexcept;
  void woke() noexcept { sleeping_.store(false, std::memory_order_relaxed); }

  // Calls `on_news(channel)` for each channel whose bit is set, and clears it.
  template <typename OnNews>
  void answer(OnNews&& on_news) noexcept {
    for (size_t word = 0; word < news_.size(); ++word) {
      if (news_[word].load(std::memory_order_relaxed) == 0) continue;
      for (uint64_t bits = news_[word].exchange(0, std::memory_order_seq_cst); bits != 0;
           bits &= bits - 1) {
        on_news(
            static_cast<ChannelNumber>(word * 64 + static_cast<size_t>(std::countr_zero(bits))));
      }
    }
  }

  // What the shard's ring watches.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  // Set by publishers, taken by the shard.
  std::vector<std::atomic<uint64_t>> news_;
  // Set by the shard, cleared by whoever wakes it.
  alignas(kCacheLineBytes) std::atomic<bool> sleeping_{false};
  const UniqueFd fd_;
};

// One doorbell per shard; rings those with an audience when a channel has news.
class Doorbells final : public CommitListener {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Doorbells>> create(size_t shards, size_t channels);

  [[nodiscard]] Doorbell& of(size_t shard) noexcept { return *doorbells_[shard]; }

  void on_commit(const Channel& channel) noexcept override { ring_audiences(channel); }
  void on_paced(const Channel& channel) noexcept override { ring_audiences(channel); }

 private:
  void ring_audiences(const Channel& channel) noexcept;

  std::vector<std::unique_ptr<Doorbell>> doorbells_;
};

}  // namespace ringcast::net
