// Goal: a stopping shard answers what it was asked, delivers what was committed, ends each stream
// between two frames, and is gone in time whatever peers do.
#include "tests/sim/sim_fixture.h"

namespace ringcast::net {
namespace {

class StopSim : public SimTest {
 protected:
  static constexpr MonotonicMs kStopMsMax = 5'000;

  // Ends `world` and says how long it took.
  static MonotonicMs stop(SimWorld& world) {
    const MonotonicMs begin = world.now();
    world.come_to_an_end();
    return world.now() - begin;
  }
};

// In the middle of everything, with kernels as they are.
TEST_P(StopSim, EveryStreamEndsBetweenTwoFramesAndWithAllThatWasCommitted) {
  SimWorld world(hostile_options());
  Crowd crowd(world, {});
  live(world, static_cast<int>(dice_.between(1, 200)));
  crowd.settle_down();
  EXPECT_LE(stop(world), kStopMsMax);
  for (const auto& reader : crowd.readers()) {
    reader->act();
    if (!reader->has_stream() || reader->fate() == SimReader::Fate::kLeft) continue;
    if (reader->fate() == SimReader::Fate::kTurnedAway) continue;
    EXPECT_EQ(reader->fate(), SimReader::Fate::kEnded);
    EXPECT_TRUE(reader->is_up_to_date());
  }
}

TEST_P(StopSim, NobodyHasToBeThere) {
  SimWorld world(calm_options());
  EXPECT_LE(stop(world), 100);
}

TEST_P(StopSim, QuietStreamsEndAtOnce) {
  SimWorld world(plain_options());
  std::vector<std::unique_ptr<SimReader>> readers;
  for (int i = 0; i < 40; ++i) {
    readers.push_back(std::make_unique<SimReader>(world, SimReader::Habits{}));
  }
  world.on_step([&] {
    for (const auto& reader : readers) reader->act();
  });
  EXPECT_TRUE(world.turn_until([&] { return world.counters().streaming.get() == 40; }));
  EXPECT_LE(stop(world), 100);
  EXPECT_EQ(world.closed(CloseCause::kServerStop), 40u);
}

TEST_P(StopSim, WhoDoesNotReadIsCutOffInTime) {
  SimWorld::Options options = plain_options();
  options.channels[0].slow_after = milliseconds(1'000'000);
  SimWorld world(options);
  SimReader healthy(world, {});
  SimReader stuck(world, {.window_bytes = 700});
  world.on_step([&] {
    healthy.act();
    stuck.act();
  });
  EXPECT_TRUE(world.turn_until([&] { return stuck.has_stream() && healthy.has_stream(); }));
  stuck.set_read_bytes_max(0);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(world.publish(0, std::string(100, 'x')));
  EXPECT_LE(stop(world), kStopMsMax);
  EXPECT_EQ(healthy.fate(), SimReader::Fate::kEnded);
  EXPECT_TRUE(healthy.is_up_to_date());
}

// Held by a reader who reads nothing: it gets its 503 and not a cut connection.
TEST_P(StopSim, AHeldPublisherIsAnswered) {
  SimWorld::Options options = plain_options();
  options.channels[0].slow_after = milliseconds(1'000'000);
  options.channels[0].publish_wait = milliseconds(static_cast<int64_t>(dice_.between(10, 1'000)));
  SimWorld world(options);
  SimReader stuck(world, {.window_bytes = 700});
  SimPublisher publisher(world, {.pipelined_max = 1, .asks_one_in = 1}, "held");
  world.on_step([&] {
    stuck.act();
    if (stuck.has_stream()) {
      stuck.set_read_bytes_max(0);
      publisher.act();
    }
  });
  ASSERT_TRUE(world.turn_until([&] { return world.counters().paced.get() > 0; }));
  publisher.retire();
  const uint64_t timed_out = publisher.timed_out();
  EXPECT_LE(stop(world), kStopMsMax);
  EXPECT_EQ(publisher.timed_out(), timed_out + 1);
}

INSTANTIATE_TEST_SUITE_P(Seeds, StopSim, testing::ValuesIn(sim_seeds(200)), seed_name);

}  // namespace
}  // namespace ringcast::net
