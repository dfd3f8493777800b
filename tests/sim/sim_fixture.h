// SimTest: one seed, and the worlds and crowds that follow from it.
#pragma once

#include "tests/sim/crowd.h"

namespace ringcast::net {

class SimTest : public testing::TestWithParam<uint64_t> {
 protected:
  // One or two shards of any shape, two channels, a kernel with nothing against us.
  SimWorld::Options calm_options() {
    SimWorld::Options options;
    options.seed = GetParam();
    options.kernel.sq_entries = 1u << dice_.between(3, 9);
    options.kernel.cq_entries = options.kernel.sq_entries << dice_.between(0, 4);
    options.kernel.slots = 200;
    options.kernel.descriptors = dice_.one_in(3) ? DescriptorKind::kPlain : DescriptorKind::kDirect;
    options.shards = dice_.between(1, 2);
    options.channels = {small_channel("one"), small_channel("two")};
    for (ChannelConfig& channel : options.channels) {
      channel.heartbeat = milliseconds(dice_.between(20, 2000));
      channel.slow_after = milliseconds(100'000);  // nobody is left behind
    }
    return options;
  }

  SimWorld::Options hostile_options() {
    SimWorld::Options options = calm_options();
    options.hostility = Hostility::any(dice_);
    return options;
  }

  // One shard with one channel and a big kernel, for tests that look at one thing.
  SimWorld::Options plain_options() {
    SimWorld::Options options;
    options.seed = GetParam();
    options.channels = {small_channel("one")};
    return options;
  }

  // Lets everything happen for a while.
  static void live(SimWorld& world, int turns) {
    for (; turns > 0; --turns) world.turn(milliseconds(world.dice().below(6)));
  }

  // The kernels behave from now on, nobody comes or goes, and who is there must be served.
  static void settle(SimWorld& world, Crowd& crowd) {
    crowd.settle_down();
    for (size_t i = 0; i < world.shard_count(); ++i) world.kernel(i).calm_down();
    EXPECT_TRUE(world.turn_until([&] { return crowd.is_served(); })) << "somebody is not served";
  }

  // One of the kernel's observations, over all shards.
  static uint64_t seen(SimWorld& world, uint64_t FakeKernel::Seen::*what) {
    uint64_t total = 0;
    for (size_t i = 0; i < world.shard_count(); ++i) total += world.kernel(i).seen().*what;
    return total;
  }

  Dice dice_{GetParam()};
};

}  // namespace ringcast::net
