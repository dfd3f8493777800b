// SimWorld: whole shards, with real channels, log and doorbells, on fake kernels, in one thread and
// with a clock that moves when the test says so. Peers come in sim_peers.h.
//
// After every turn the books are checked, and at the end come_to_an_end() checks that nothing is
// left: no connection, no armed request, no complaint of a kernel.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/log/memory_log.h"
#include "net/doorbell.h"
#include "net/shard.h"
#include "tests/support/fake_kernel.h"
#include "tests/support/sse_parser.h"

namespace ringcast::net {

// Everything ever committed to a channel.
using History = std::vector<DispatchedEvent>;

class SimWorld final : public CommitListener {
 public:
  struct Options {
    uint64_t seed = 1;
    Hostility hostility{};
    FakeKernel::Setup kernel{};
    size_t shards = 1;
    uint32_t connections_per_shard_max = 300;
    std::vector<ChannelConfig> channels{};
    size_t listeners = 1;  // each serves everything, unless `serve` says otherwise
    std::vector<ListenerConfig> serve{};
    LimitsConfig limits{};
  };

  explicit SimWorld(const Options& options);
  ~SimWorld() override;

  // One turn of each shard, `pause` after the last.
  void turn(milliseconds pause = milliseconds(1));

  // Turns until `condition` holds; false when it does not within `turns`.
  bool turn_until(const std::function<bool()>& condition, int turns = 3000);

  // Called before each turn and whenever a shard sleeps.
  void on_step(std::function<void()> step) { step_ = std::move(step); }
  // Called now and then between two requests that a kernel takes.
  void on_meanwhile(std::function<void()> meanwhile) { meanwhile_ = std::move(meanwhile); }

  // How far the clock moves at most while a shard sleeps, whatever it asked for.
  void set_nap_max(milliseconds nap) noexcept { nap_max_ = nap; }

  // From now on `listener` is told of commits and refusals, when they are in the history.
  void tell_also(CommitListener* listener) noexcept { also_told_ = listener; }

  // The wall clock is set, `step` from what it says; the monotonic one is not.
  static void step_wall_clock(milliseconds step) noexcept;
  [[nodiscard]] static uint64_t wall_now_ms() noexcept;

  // Stops the shards, lets them finish and checks that nothing is left.
  void come_to_an_end();

  // Commits an event in this thread; nothing when the publisher is to be paced.
  std::optional<EventId> publish(size_t channel, std::string_view data);
  // Commits all of `batch` in this thread, or nothing.
  AppendOutcome publish(std::span<const Publication> batch);

  [[nodiscard]] const History& history(size_t channel) const { return histories_[channel]; }
  [[nodiscard]] Channel& channel(size_t number) {
    return channels_->at(static_cast<ChannelNumber>(number));
  }
  [[nodiscard]] Channels::Address find(std::string_view name) const {
    return channels_->find(name);
  }
  [[nodiscard]] EventLog& log() { return *log_; }
  [[nodiscard]] Revocations& revocations() { return admin_->revocations(); }
  [[nodiscard]] FakeKernel& kernel(size_t shard = 0) { return *kernels_[shard]; }
  [[nodiscard]] Shard& shard(size_t number = 0) { return *shards_[number]; }
  [[nodiscard]] const Counters& counters(size_t shard = 0) const { return counters_[shard]; }
  [[nodiscard]] size_t shard_count() const { return shards_.size(); }
  [[nodiscard]] Dice& dice() { return dice_; }
  [[nodiscard]] MonotonicMs now() const;
  [[nodiscard]] bool is_stopping() const { return is_stopping_; }

  // A connection to one of the shards, as the network brings it.
  std::shared_ptr<ModelSocket> connect(size_t shard, size_t window_bytes, size_t listener = 0);

  // Over all shards.
  [[nodiscard]] uint64_t closed(CloseCause cause) const;
  [[nodiscard]] uint64_t total(Counter Counters::*counter) const;

 private:
  void on_commit(const Channel& channel) noexcept override;
  void on_paced(const Channel& channel) noexcept override;

  void open_shard(const Options& options, size_t number);
  void surround(size_t shard);
  void nap(milliseconds most);
  void check_shards();
  void check_byte_counts();
  [[nodiscard]] bool is_in_ring(const char* bytes) const;

  Dice dice_;
  const LimitsConfig limits_;
  NodeLimits node_limits_;
  Epochs epochs_;
  std::vector<Counters> counters_;
  std::unique_ptr<Channels> channels_;
  std::unique_ptr<Doorbells> doorbells_;
  std::unique_ptr<MemoryLog> log_;
  const std::vector<ListenerConfig> no_listeners_;
  CurrentAccess access_;
  const KeyChanges key_changes_;
  std::unique_ptr<Admin> admin_;
  IdempotencyKeys idempotency_keys_{1'000};
  const ServerConfig server_config_;
  std::vector<History> histories_;
  std::vector<std::unique_ptr<FakeKernel>> kernels_;
  std::vector<std::vector<int>> listener_fds_;  // by shard
  std::vector<std::unique_ptr<Shard>> shards_;
  CommitListener* also_told_ = nullptr;
  std::function<void()> step_;
  std::function<void()> meanwhile_;
  milliseconds nap_max_{50};
  bool is_stopping_ = false;
  std::atomic<size_t> committing_;  // see ShardParts
};

// A channel that is quick to fill: a ring of 8 KiB.
[[nodiscard]] ChannelConfig small_channel(const std::string& name);

}  // namespace ringcast::net
