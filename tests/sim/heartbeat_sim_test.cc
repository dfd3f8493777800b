// Goal: no stream is silent for longer than the heartbeat interval, none gets a heartbeat it does
// not need, and they do not all come at once.
// Method: readers note when bytes and heartbeats come; the clock moves in steps of a few
// milliseconds, which is what the tests allow beyond the interval and a tick.
#include "tests/sim/sim_fixture.h"

namespace ringcast::net {
namespace {

constexpr MonotonicMs kTickMs = 16;
constexpr MonotonicMs kStepMs = 4;
constexpr MonotonicMs kLatenessMax = kTickMs + 2 * kStepMs;

class HeartbeatSim : public SimTest {
 protected:
  void open(int64_t interval_ms, size_t readers) {
    interval_ = interval_ms;
    SimWorld::Options options = plain_options();
    options.channels[0].heartbeat = milliseconds(interval_ms);
    options.kernel.slots = 600;
    options.connections_per_shard_max = 500;
    world_ = std::make_unique<SimWorld>(options);
    world_->set_nap_max(milliseconds(kStepMs));
    add_readers(readers);
    world_->on_step([this] {
      for (const auto& reader : readers_) reader->act();
      if (next_event_at_ != 0 && world_->now() >= next_event_at_) {
        ASSERT_TRUE(world_->publish(0, "event"));
        next_event_at_ = world_->now() + static_cast<int64_t>(dice_.below(event_gap_max_));
      }
    });
  }

  void add_readers(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const WireFormat format = i % 3 == 0 ? WireFormat::kRaw : WireFormat::kChunked;
      readers_.push_back(std::make_unique<SimReader>(*world_, SimReader::Habits{.format = format}));
    }
  }

  // Events at random moments, at most so far apart.
  void publish_every(int64_t gap_max_ms) {
    event_gap_max_ = static_cast<uint64_t>(gap_max_ms);
    next_event_at_ = world_->now() + 1;
  }

  void wait(int64_t ms) {
    const MonotonicMs end = world_->now() + ms;
    while (world_->now() < end) world_->turn();
  }

  void wait_for_streams() {
    ASSERT_TRUE(world_->turn_until([this] {
      return std::ranges::all_of(readers_, [](const auto& r) { return r->has_stream(); });
    }));
  }

  // When each reader had its first heartbeat after `since`, sorted.
  std::vector<MonotonicMs> first_heartbeats_after(MonotonicMs since) {
    std::vector<MonotonicMs> times;
    for (const auto& reader : readers_) {
      const auto& all = reader->heartbeat_times();
      const auto first = std::ranges::upper_bound(all, since);
      if (first != all.end()) times.push_back(*first);
    }
    std::ranges::sort(times);
    return times;
  }

  // From half an interval to a whole one after `since`, all over that time.
  void expect_spread_after(MonotonicMs since) {
    // One that was on its way already does not count.
    const std::vector<MonotonicMs> times = first_heartbeats_after(since + 2 * kStepMs);
    ASSERT_EQ(times.size(), readers_.size());
    EXPECT_GE(times.front() - since, interval_ / 2);
    EXPECT_LE(times.back() - since, interval_ + kLatenessMax);
    EXPECT_GE(times.back() - times.front(), interval_ / 2 * 9 / 10);
    // Nowhere a crowd: ten times the average.
    const size_t crowd = readers_.size() / 8;
    for (size_t i = 0; i + crowd < times.size(); ++i) {
      EXPECT_GT(times[i + crowd] - times[i], interval_ / 2 / 80);
    }
  }

  std::unique_ptr<SimWorld> world_;
  std::vector<std::unique_ptr<SimReader>> readers_;
  int64_t interval_ = 0;
  MonotonicMs next_event_at_ = 0;  // 0: none
  uint64_t event_gap_max_ = 1;
};

TEST_P(HeartbeatSim, NoStreamIsSilentForLongerThanTheInterval) {
  open(static_cast<int64_t>(dice_.between(80, 1'000)), 10);
  publish_every(3 * interval_);
  wait(3 * interval_);
  add_readers(10);
  wait(5 * interval_);
  for (const auto& reader : readers_) {
    EXPECT_LE(reader->longest_silence(), interval_ + kLatenessMax);
    EXPECT_GT(reader->heartbeats(), 0u);
  }
  world_->come_to_an_end();
}

TEST_P(HeartbeatSim, NoHeartbeatIsSentWhileBytesFlow) {
  open(static_cast<int64_t>(dice_.between(200, 1'000)), 10);
  publish_every(interval_ / 2 - 2 * kStepMs);
  wait(6 * interval_);
  for (const auto& reader : readers_) EXPECT_EQ(reader->heartbeats(), 0u);
  EXPECT_EQ(world_->counters().heartbeats.get(), 0u);
  world_->come_to_an_end();
}

TEST_P(HeartbeatSim, ThoseWhoJoinAtOnceHaveTheirHeartbeatsSpread) {
  open(2'000, 200);
  wait_for_streams();
  const MonotonicMs joined_at = world_->now();
  wait(interval_ + interval_ / 2);
  // They did not join in one and the same turn.
  expect_spread_after(joined_at - 5);
  world_->come_to_an_end();
}

TEST_P(HeartbeatSim, AfterAnEventToAllTheNextHeartbeatsAreSpread) {
  open(2'000, 200);
  wait_for_streams();
  wait(static_cast<int64_t>(dice_.below(6'000)));
  const MonotonicMs event_at = world_->now();
  ASSERT_TRUE(world_->publish(0, "to all"));
  wait(interval_ + interval_ / 2);
  expect_spread_after(event_at);
  world_->come_to_an_end();
}

// An interval longer than a turn of the timer wheel must not keep the shard awake.
TEST_P(HeartbeatSim, AnIdleShardSleeps) {
  open(30'000, 50);
  wait_for_streams();
  world_->set_nap_max(milliseconds(1'000'000));
  const MonotonicMs end = world_->now() + 600'000;
  constexpr int kTurnsMax = 8'000;  // each heartbeat, and each time the wheel passes a deadline
  int turns = 0;
  for (; world_->now() < end && turns < kTurnsMax; ++turns) world_->turn(milliseconds(0));
  EXPECT_LT(turns, kTurnsMax);
  for (const auto& reader : readers_) EXPECT_GE(reader->heartbeats(), 19u);
  world_->set_nap_max(milliseconds(kStepMs));
  world_->come_to_an_end();
}

INSTANTIATE_TEST_SUITE_P(Seeds, HeartbeatSim, testing::ValuesIn(sim_seeds(40)), seed_name);

}  // namespace
}  // namespace ringcast::net
