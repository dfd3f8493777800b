// Goal: a peer that goes away, in any manner and at any moment, frees its slot, harms nobody and
// leaves nothing behind.
// Method: one peer with a small window goes after so many steps, the seed says how many and how;
// another reader must not notice.
#include "tests/sim/sim_fixture.h"

namespace ringcast::net {
namespace {

class DepartureSim : public SimTest {
 protected:
  enum class Manner { kReset, kLeave, kFinish, kVanish };

  template <typename Peer>
  void go(Peer& peer) {
    switch (static_cast<Manner>(GetParam() % 4)) {
      case Manner::kReset:
        return peer.reset();
      case Manner::kLeave:
        return peer.leave();
      case Manner::kFinish:
        return peer.finish();
      case Manner::kVanish:
        return peer.vanish();
    }
  }

  // A few turns of 1 ms each: nobody waits for a timeout of ours.
  static constexpr int kTurnsToFreeMax = 20;
  const int steps_before_it_goes_ = static_cast<int>(GetParam() / 4);
};

TEST_P(DepartureSim, AReaderMayGoAtAnyMoment) {
  SimWorld::Options options = plain_options();
  options.hostility = {.short_send = 3, .late_completion = 3, .late_cancel = 2, .short_recv = 2};
  SimWorld world(options);
  SimReader witness(world, {});
  SimReader leaver(world, {.window_bytes = 900, .read_bytes_max = 60, .write_bytes_max = 3});
  int step = 0;
  world.on_step([&] {
    witness.act();
    if (step++ == steps_before_it_goes_) go(leaver);
    leaver.act();
    if (step % 2 == 0) (void)world.publish(0, "event " + std::string(100, 'x'));
  });
  world.turn_until([&] { return step > steps_before_it_goes_; });
  world.kernel().calm_down();
  EXPECT_TRUE(world.turn_until(
      [&] { return world.counters().open.get() == 1 && world.kernel().open_sockets() == 1; },
      kTurnsToFreeMax));
  world.on_step([&] { witness.act(); });
  EXPECT_TRUE(world.turn_until([&] { return witness.is_up_to_date(); }));
  EXPECT_EQ(witness.fate(), SimReader::Fate::kReading);
  world.come_to_an_end();
}

// Held by a reader who reads nothing, as likely as not, when it goes.
TEST_P(DepartureSim, APublisherMayGoAtAnyMoment) {
  SimWorld::Options options = plain_options();
  options.channels[0].slow_after = milliseconds(100'000);
  options.channels[0].publish_wait = milliseconds(50);
  options.hostility = {.short_send = 3, .late_completion = 3, .late_cancel = 2, .short_recv = 2};
  SimWorld world(options);
  SimReader stuck(world, {.window_bytes = 600});
  SimPublisher publisher(world, {.pipelined_max = 8}, "leaver");
  int step = 0;
  bool is_stuck = true;
  world.on_step([&] {
    if (step++ == 2 * steps_before_it_goes_ + 10) publisher.reset();
    stuck.act();
    stuck.set_read_bytes_max(is_stuck && stuck.has_stream() ? 0 : 1 << 20);
    publisher.act();
  });
  EXPECT_TRUE(world.turn_until([&] { return publisher.is_gone(); }));
  // A publish that is held is answered, in vain, when its time has come.
  EXPECT_TRUE(world.turn_until([&] { return world.counters().open.get() <= 1; }, 200));
  is_stuck = false;
  EXPECT_TRUE(world.turn_until([&] { return stuck.is_up_to_date(); }));
  world.come_to_an_end();
}

INSTANTIATE_TEST_SUITE_P(Seeds, DepartureSim, testing::ValuesIn(sim_seeds(240)), seed_name);

}  // namespace
}  // namespace ringcast::net
