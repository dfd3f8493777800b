// Goal: publishers wait for healthy subscribers and for nobody else; who is lapped is told by being
// cut, and harms nobody.
// Method: one reader stops reading, its socket fills, and the publishers run on into the ring's
// end. The clock says how long they were held.
#include "tests/sim/sim_fixture.h"

namespace ringcast::net {
namespace {

class PacingSim : public SimTest {
 protected:
  // A healthy reader, one that is to be stuck, and a publisher in a hurry.
  struct Scene {
    explicit Scene(const SimWorld::Options& options)
        : world(options),
          healthy(world, {}),
          stuck(world, {.window_bytes = 1000}),
          publisher(world, {.pipelined_max = 6, .asks_one_in = 1}, "busy") {
      world.set_nap_max(milliseconds(5));
      world.on_step([this] {
        healthy.act();
        stuck.act();
        if (healthy.has_stream() && stuck.has_stream()) publisher.act();
      });
    }

    // Until the publisher is held, which the stuck reader has brought about.
    void wait_until_held() {
      ASSERT_TRUE(world.turn_until([this] { return stuck.has_stream(); }));
      stuck.set_read_bytes_max(0);
      ASSERT_TRUE(world.turn_until([this] { return world.counters().paced.get() > 0; }));
    }

    void free_the_stuck() { stuck.set_read_bytes_max(1 << 20); }

    // Everybody is served, and the shard stops.
    void end() {
      publisher.retire();
      EXPECT_TRUE(world.turn_until([this] {
        return healthy.is_up_to_date() && !publisher.is_waiting() &&
               (stuck.fate() != SimReader::Fate::kReading || stuck.is_up_to_date());
      }));
      world.come_to_an_end();
    }

    SimWorld world;
    SimReader healthy;
    SimReader stuck;
    SimPublisher publisher;
  };

  SimWorld::Options scene_options(int64_t slow_after_ms, int64_t publish_wait_ms) {
    SimWorld::Options options = plain_options();
    options.channels[0].slow_after = milliseconds(slow_after_ms);
    options.channels[0].publish_wait = milliseconds(publish_wait_ms);
    options.channels[0].heartbeat = milliseconds(dice_.between(500, 20'000));
    options.hostility = {.refuses_enter = 20, .late_completion = 5, .spurious_room = 20};
    return options;
  }

  static constexpr int64_t kLong = 1'000'000;
};

TEST_P(PacingSim, APublisherIsHeldUntilTheReaderReadsAndThenServed) {
  Scene scene(scene_options(kLong, kLong));
  scene.wait_until_held();
  const size_t committed = scene.world.history(0).size();
  live(scene.world, 100);
  EXPECT_EQ(scene.world.history(0).size(), committed) << "something was overwritten";
  EXPECT_TRUE(scene.publisher.is_waiting());
  scene.free_the_stuck();
  EXPECT_TRUE(scene.world.turn_until([&] { return scene.publisher.accepted() > 200; }));
  scene.end();
  EXPECT_EQ(scene.world.closed(CloseCause::kLapped), 0u);
  EXPECT_EQ(scene.publisher.timed_out(), 0u);
}

TEST_P(PacingSim, AHeldPublisherIsToldToTryAgainAfterPublishWait) {
  const auto publish_wait = static_cast<int64_t>(dice_.between(20, 300));
  Scene scene(scene_options(kLong, publish_wait));
  scene.wait_until_held();
  const MonotonicMs held_at = scene.world.now();
  EXPECT_TRUE(scene.world.turn_until([&] { return scene.publisher.timed_out() > 0; }));
  const MonotonicMs waited = scene.world.now() - held_at;
  EXPECT_GE(waited, publish_wait - 12);
  EXPECT_LE(waited, publish_wait + 100);
  // The next in line waits as long: it was not forgotten.
  const uint64_t timed_out = scene.publisher.timed_out();
  EXPECT_TRUE(scene.world.turn_until([&] { return scene.publisher.timed_out() > timed_out; }));
  scene.free_the_stuck();
  scene.end();
  EXPECT_EQ(scene.world.closed(CloseCause::kLapped), 0u);
}

TEST_P(PacingSim, AReaderStuckForSlowAfterHoldsNobodyAnyMore) {
  const auto slow_after = static_cast<int64_t>(dice_.between(50, 600));
  Scene scene(scene_options(slow_after, kLong));
  scene.wait_until_held();
  const MonotonicMs held_at = scene.world.now();
  const size_t committed = scene.world.history(0).size();
  EXPECT_TRUE(
      scene.world.turn_until([&] { return scene.world.history(0).size() > committed + 100; }));
  // It had been blocked for a while when the publisher first noticed.
  EXPECT_LE(scene.world.now() - held_at, slow_after + 1'000);
  EXPECT_EQ(scene.healthy.fate(), SimReader::Fate::kReading);
  scene.free_the_stuck();
  EXPECT_TRUE(scene.world.turn_until([&] { return scene.stuck.fate() == SimReader::Fate::kCut; }));
  scene.end();
  EXPECT_EQ(scene.world.closed(CloseCause::kLapped), 1u);
  EXPECT_EQ(scene.publisher.timed_out(), 0u);
}

// Until slow_after has passed nothing that it has not read is overwritten.
TEST_P(PacingSim, NobodyIsLappedBeforeSlowAfter) {
  const auto slow_after = static_cast<int64_t>(dice_.between(200, 1'000));
  Scene scene(scene_options(slow_after, kLong));
  scene.wait_until_held();
  const MonotonicMs held_at = scene.world.now();
  // The publisher was in a hurry, so the reader was blocked only a moment before.
  while (scene.world.now() - held_at < slow_after / 2) scene.world.turn();
  scene.free_the_stuck();
  EXPECT_TRUE(scene.world.turn_until([&] { return scene.publisher.accepted() > 300; }));
  scene.end();
  EXPECT_EQ(scene.world.closed(CloseCause::kLapped), 0u);
}

// Readers with small windows who read steadily are healthy, however far ahead the publishers run.
TEST_P(PacingSim, ABurstLapsNobodyWhoReads) {
  SimWorld::Options options = scene_options(1'000, kLong);
  options.shards = dice_.between(1, 2);
  options.hostility.short_send = dice_.between(2, 10);
  SimWorld world(options);
  std::vector<std::unique_ptr<SimReader>> readers;
  std::vector<std::unique_ptr<SimPublisher>> publishers;
  for (size_t i = 0; i < 12; ++i) {
    readers.push_back(std::make_unique<SimReader>(
        world, SimReader::Habits{.format = i % 3 == 0 ? WireFormat::kRaw : WireFormat::kChunked,
                                 .shard = i % options.shards,
                                 .window_bytes = dice_.between(600, 3000),
                                 .read_bytes_max = dice_.between(300, 1500)}));
  }
  for (size_t i = 0; i < 2; ++i) {
    publishers.push_back(std::make_unique<SimPublisher>(
        world,
        SimPublisher::Habits{.shard = i % options.shards, .pipelined_max = 8, .asks_one_in = 1},
        "burst" + std::to_string(i)));
  }
  world.on_step([&] {
    for (const auto& reader : readers) reader->act();
    const bool all_listen = std::ranges::all_of(readers, [](auto& r) { return r->has_stream(); });
    if (!all_listen) return;
    for (const auto& publisher : publishers) publisher->act();
  });
  const auto is_over = [&] {
    return std::ranges::all_of(publishers, [](auto& p) { return p->accepted() > 150; });
  };
  EXPECT_TRUE(world.turn_until(is_over, 10'000));
  for (const auto& publisher : publishers) publisher->retire();
  EXPECT_TRUE(world.turn_until(
      [&] { return std::ranges::all_of(readers, [](auto& r) { return r->is_up_to_date(); }); }));
  EXPECT_EQ(world.closed(CloseCause::kLapped), 0u);
  EXPECT_GT(world.total(&Counters::paced), 0u);
  world.come_to_an_end();
}

INSTANTIATE_TEST_SUITE_P(Seeds, PacingSim, testing::ValuesIn(sim_seeds(200)), seed_name);

}  // namespace
}  // namespace ringcast::net
