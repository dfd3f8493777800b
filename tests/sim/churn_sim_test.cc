// Goal: whatever the kernel and the peers do, whoever is still there has had every event once, in
// order and unharmed; and afterwards nothing is left over.
// Method: a crowd comes and goes on shards whose kernels misbehave in a way drawn from the seed;
// then the kernels behave, everybody who is left must be served, and the shards stop.
#include "tests/sim/sim_fixture.h"

namespace ringcast::net {
namespace {

constexpr int kTurns = 250;

class ChurnSim : public SimTest {};

TEST_P(ChurnSim, EverybodyWhoStaysGetsEverything) {
  SimWorld world(hostile_options());
  Crowd crowd(world, {});
  live(world, kTurns);
  settle(world, crowd);
  EXPECT_EQ(world.closed(CloseCause::kLapped), 0u);
  EXPECT_EQ(world.closed(CloseCause::kTorn), 0u);
  EXPECT_EQ(crowd.count(SimReader::Fate::kCut), 0u);
  world.come_to_an_end();
}

// A head that did not fit, or a part of a heartbeat, costs its stream; nothing else does.
TEST_P(ChurnSim, ShortSendsOfEverythingTearNoFrame) {
  SimWorld::Options options = calm_options();
  options.hostility = {.short_send = dice_.between(2, 6),
                       .full_socket = dice_.between(2, 6),
                       .no_memory = dice_.between(5, 50),
                       .spares_quiet_sends = false};
  SimWorld world(options);
  Crowd crowd(world, {});
  live(world, kTurns);
  settle(world, crowd);
  EXPECT_GT(seen(world, &FakeKernel::Seen::short_sends), 0u);
  EXPECT_GT(seen(world, &FakeKernel::Seen::full_sends), 0u);
  EXPECT_EQ(world.closed(CloseCause::kLapped), 0u);
  const size_t cut = crowd.count(SimReader::Fate::kCut);
  world.come_to_an_end();
  EXPECT_LE(cut, world.closed(CloseCause::kTorn) + world.closed(CloseCause::kFailed));
}

// The slow are left behind here, so publishers never wait for long, and floors rise while sends are
// under way.
TEST_P(ChurnSim, WhoIsLeftBehindTakesNothingFromTheOthers) {
  SimWorld::Options options = hostile_options();
  for (ChannelConfig& channel : options.channels) channel.slow_after = milliseconds(10);
  SimWorld world(options);
  Crowd crowd(world, {.event_one_in = 1});
  live(world, kTurns);
  settle(world, crowd);
  EXPECT_EQ(world.closed(CloseCause::kTorn), 0u);
  const size_t cut = crowd.count(SimReader::Fate::kCut);
  world.come_to_an_end();
  EXPECT_LE(cut, world.closed(CloseCause::kLapped));
}

INSTANTIATE_TEST_SUITE_P(Seeds, ChurnSim, testing::ValuesIn(sim_seeds(200)), seed_name);

}  // namespace
}  // namespace ringcast::net
