#include "net/doorbell.h"

#include <fmt/format.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ringcast::net {

void Doorbell::ring(ChannelNumber channel) noexcept {
  news_[channel / 64].fetch_or(uint64_t{1} << (channel % 64), std::memory_order_seq_cst);
  if (sleeping_.load(std::memory_order_seq_cst)) wake();
}

void Doorbell::wake() noexcept {
  if (!sleeping_.exchange(false, std::memory_order_seq_cst)) return;
  // Never read, only watched: the count can overflow after 2^64 wake-ups.
  (void)::eventfd_write(fd_.get(), 1);
}

bool Doorbell::try_sleep() noexcept {
  sleeping_.store(true, std::memory_order_seq_cst);
  const bool quiet = std::ranges::all_of(
      news_, [](const auto& word) { return word.load(std::memory_order_seq_cst) == 0; });
  if (!quiet) woke();
  return quiet;
}

Result<std::unique_ptr<Doorbells>> Doorbells::create(size_t shards, size_t channels) {
  auto doorbells = std::make_unique<Doorbells>();
  for (size_t shard = 0; shard < shards; ++shard) {
    UniqueFd fd{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (!fd) {
      return Error{fmt::format("cannot make an eventfd for shard {}: {}; raise RLIMIT_NOFILE",
                               shard, std::strerror(errno))};
    }
    doorbells->doorbells_.push_back(std::make_unique<Doorbell>(channels, std::move(fd)));
  }
  return doorbells;
}

void Doorbells::ring_audiences(const Channel& channel) noexcept {
  for (size_t shard = 0; shard < doorbells_.size(); ++shard) {
    if (channel.has_audience(shard)) doorbells_[shard]->ring(channel.number());
  }
}

}  // namespace ringcast::net
