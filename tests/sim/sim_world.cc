#include "tests/sim/sim_world.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <numeric>

#include "engine/books.h"

namespace ringcast::net {

namespace {

// What time it is for every shard and log of the test. A shard asks through a plain function.
MonotonicMs sim_now = 1'000'000;
int64_t sim_wall_step = 0;  // by how much the wall clock has been set

MonotonicMs sim_clock() noexcept {
  return sim_now;
}

uint64_t sim_wall_clock() noexcept {
  return static_cast<uint64_t>(1'732'000'000'000 + sim_now + sim_wall_step);
}

// The first thing that a world does: what follows looks at the clocks.
Dice start_of_time(uint64_t seed) {
  Dice dice(seed * 2 + 1);
  sim_now = 1'000'000 + static_cast<MonotonicMs>(dice.below(100'000));
  sim_wall_step = 0;
  return dice;
}

constexpr int kTurnsToStopMax = 20'000;

// How often the rest of the world moves between two requests.
constexpr uint64_t kMeanwhileOneIn = 8;

}  // namespace

ChannelConfig small_channel(const std::string& name) {
  ChannelConfig config;
  config.name = name;
  config.history = {.events = 256, .bytes = 4096, .age = milliseconds(600'000)};
  config.event_bytes_max = 480;
  return config;
}

SimWorld::SimWorld(const Options& options)
    : dice_(start_of_time(options.seed)),
      limits_(options.limits),
      node_limits_(limits_, options.connections_per_shard_max),
      epochs_(options.shards),
      counters_(options.shards),
      channels_(std::move(*Channels::create(options.channels, epochs_))),
      doorbells_(std::move(*Doorbells::create(options.shards, channels_->size()))),
      log_(std::make_unique<MemoryLog>(*channels_, *this, sim_wall_clock)),
      access_(Access::create(Config{}).value(), options.shards),  // its channels are for everybody
      admin_(std::make_unique<Admin>(counters_, *channels_, *log_, *doorbells_, no_listeners_,
                                     key_changes_, node_limits_.sources())),
      histories_(channels_->size()),
      committing_(options.shards) {
  for (size_t number = 0; number < options.shards; ++number) open_shard(options, number);
  for (const auto& shard : shards_) shard->start();
}

SimWorld::~SimWorld() = default;

void SimWorld::open_shard(const Options& options, size_t number) {
  kernels_.push_back(std::make_unique<FakeKernel>(options.kernel, options.hostility,
                                                  options.seed * 1'000 + number));
  std::vector<Listener> listeners;
  listener_fds_.emplace_back();
  for (size_t i = 0; i < options.listeners; ++i) {
    // Any descriptor will do: it is only a name.
    UniqueFd fd{::eventfd(0, EFD_CLOEXEC)};
    listener_fds_.back().push_back(fd.get());
    ListenerConfig config;
    config.host = "127.0.0.1";
    config.serve_subscribe = config.serve_publish = config.serve_admin = true;
    if (i < options.serve.size()) config = options.serve[i];
    listeners.push_back({std::move(fd), config});
  }
  const Capacity capacity{.descriptors = options.kernel.descriptors,
                          .shards = static_cast<uint32_t>(options.shards),
                          .connections_per_shard_max = options.connections_per_shard_max,
                          .slots_per_shard = options.kernel.slots};
  const ShardParts parts{*channels_,        *log_,   epochs_[number],   doorbells_->of(number),
                         counters_[number], *admin_, idempotency_keys_, server_config_,
                         node_limits_,      access_, &committing_};
  shards_.push_back(std::make_unique<Shard>(number, capacity, *kernels_[number],
                                            std::move(listeners), parts, sim_clock));
  surround(number);
}

void SimWorld::surround(size_t shard) {
  kernels_[shard]->surround_with(
      {.is_in_ring = [this](const char* bytes) { return is_in_ring(bytes); },
       .is_reading_rings = [this, shard] { return epochs_[shard].load() % 2 == 1; },
       .meanwhile =
           [this] {
             if (meanwhile_ && dice_.one_in(kMeanwhileOneIn)) meanwhile_();
           },
       .asleep = [this](milliseconds most) { nap(most); }});
}

bool SimWorld::is_in_ring(const char* bytes) const {
  for (ChannelNumber i = 0; i < channels_->size(); ++i) {
    for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
      const WireRing* const wire = channels_->at(i).ring(format);
      if (wire == nullptr) continue;
      const char* const begin = wire->ring().bytes(0, 0).data();
      if (bytes >= begin && bytes < begin + 2 * wire->ring().capacity_bytes()) return true;
    }
  }
  return false;
}

// Turning
// ----------------------------------------------------------------

MonotonicMs SimWorld::now() const {
  return sim_now;
}

void SimWorld::turn(milliseconds pause) {
  sim_now += pause.count();
  if (step_) step_();
  for (size_t i = 0; i < shards_.size(); ++i) {
    if (shards_[i]->is_done()) continue;
    kernels_[i]->look_around();
    shards_[i]->turn();
  }
  check_shards();
}

bool SimWorld::turn_until(const std::function<bool()>& condition, int turns) {
  for (; turns > 0; --turns) {
    if (condition()) return true;
    turn();
  }
  return condition();
}

void SimWorld::nap(milliseconds most) {
  sim_now += std::min(most, nap_max_).count();
  if (step_) step_();
}

void SimWorld::check_shards() {
  std::vector<uint64_t> owed(channels_->size(), 0);
  for (const auto& shard : shards_) {
    shard->check_invariants();
    const auto guard = log_->hold();
    shard->add_owed(owed);
  }
  for (ChannelNumber i = 0; i < channels_->size(); ++i) {
    EXPECT_TRUE(read_books(channels_->at(i)).balance(owed[i])) << "events lost from the books";
  }
  for (ChannelNumber i = 0; i < channels_->size(); ++i) {
    for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
      if (const WireRing* const wire = channels_->at(i).ring(format)) {
        wire->ring().check_invariants();
      }
    }
  }
}

// What was planned and not taken is counted, so the sockets have got exactly the rest.
void SimWorld::check_byte_counts() {
  for (size_t i = 0; i < shards_.size(); ++i) {
    EXPECT_EQ(counters_[i].bytes_planned.get() - counters_[i].bytes_unsent.get(),
              kernels_[i]->seen().ring_bytes_taken);
  }
}

void SimWorld::come_to_an_end() {
  is_stopping_ = true;
  for (const auto& shard : shards_) shard->request_stop();
  const bool stopped = [&] {
    return turn_until(
        [&] { return std::ranges::all_of(shards_, [](const auto& s) { return s->is_done(); }); },
        kTurnsToStopMax);
  }();
  EXPECT_TRUE(stopped) << "the shards do not stop";
  check_byte_counts();
  for (size_t i = 0; i < shards_.size(); ++i) {
    EXPECT_EQ(counters_[i].open.get(), 0u) << "connections that do not end";
    EXPECT_EQ(counters_[i].streaming.get(), 0u);
    // A connection may have come when nobody looked any more.
    const size_t too_late = kernels_[i]->unseen_connections();
    EXPECT_EQ(kernels_[i]->seen().connections - too_late, counters_[i].accepted.get());
    EXPECT_EQ(kernels_[i]->seen().closes, counters_[i].accepted.get());
    EXPECT_EQ(kernels_[i]->open_sockets(), too_late);
    EXPECT_EQ(kernels_[i]->armed(),
              kernels_[i]->armed(Op::kDoorbell) + kernels_[i]->armed(Op::kAccept))
        << "requests that were never ended";
    EXPECT_EQ(kernels_[i]->buffers_out(), kernels_[i]->unseen_buffers())
        << "receive buffers that were not given back";
    for (const std::string& complaint : kernels_[i]->complaints()) ADD_FAILURE() << complaint;
  }
}

// Events
// ----------------------------------------------------------------

std::optional<EventId> SimWorld::publish(size_t number, std::string_view data) {
  std::optional<EventId> id;
  log_->append(channel(number), {.type = {}, .data = data}, [&](const AppendOutcome& outcome) {
    if (outcome.status == AppendStatus::kCommitted) id = outcome.id;
  });
  return id;
}

AppendOutcome SimWorld::publish(std::span<const Publication> batch) {
  AppendOutcome outcome;
  log_->append(batch, [&](const AppendOutcome& appended) { outcome = appended; });
  return outcome;
}

void SimWorld::on_commit(const Channel& channel) noexcept {
  const WireRing& chunked = *channel.ring(WireFormat::kChunked);
  History& history = histories_[channel.number()];
  while (history.size() < chunked.end()) {
    const std::string_view chunk = chunked.frame(history.size());
    history.push_back(SseParser::parse(frame_from_chunk(chunk).raw).at(0));
  }
  if (also_told_ != nullptr) also_told_->on_commit(channel);
  doorbells_->on_commit(channel);
}

void SimWorld::on_paced(const Channel& channel) noexcept {
  if (also_told_ != nullptr) also_told_->on_paced(channel);
  doorbells_->on_paced(channel);
}

void SimWorld::step_wall_clock(milliseconds step) noexcept {
  sim_wall_step += step.count();
}

uint64_t SimWorld::wall_now_ms() noexcept {
  return sim_wall_clock();
}

std::shared_ptr<ModelSocket> SimWorld::connect(size_t shard, size_t window_bytes, size_t listener) {
  return kernels_[shard]->connect(listener_fds_[shard][listener], window_bytes);
}

uint64_t SimWorld::closed(CloseCause cause) const {
  return std::transform_reduce(
      counters_.begin(), counters_.end(), uint64_t{0}, std::plus<>{},
      [&](const Counters& c) { return c.closed[static_cast<size_t>(cause)].get(); });
}

uint64_t SimWorld::total(Counter Counters::*counter) const {
  return std::transform_reduce(counters_.begin(), counters_.end(), uint64_t{0}, std::plus<>{},
                               [&](const Counters& c) { return (c.*counter).get(); });
}

}  // namespace ringcast::net
