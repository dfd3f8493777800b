// Goal: one misfortune at a time, and much of it: the kernel takes no requests, the completion ring
// is too small, completions come for those who have gone, cancellations come too late.
// Method: as the churn tests; each also says that the misfortune did happen.
#include "tests/sim/sim_fixture.h"

namespace ringcast::net {
namespace {

class PressureSim : public SimTest {
 protected:
  // Lives through `options` and lets everybody be served.
  void survive(SimWorld& world) {
    Crowd crowd(world, {});
    live(world, 200);
    settle(world, crowd);
    EXPECT_EQ(world.closed(CloseCause::kLapped), 0u);
    EXPECT_EQ(world.closed(CloseCause::kTorn), 0u);
    EXPECT_EQ(crowd.count(SimReader::Fate::kCut), 0u);
    world.come_to_an_end();
  }
};

TEST_P(PressureSim, FramesTheKernelWouldNotTakeAreTakenBackAndSentLater) {
  SimWorld::Options options = calm_options();
  options.hostility = {.refuses_enter = 3, .partial_enter = 2, .refusal_storm = 8};
  SimWorld world(options);
  survive(world);
  EXPECT_GT(seen(world, &FakeKernel::Seen::refused_enters), 0u);
  EXPECT_GT(seen(world, &FakeKernel::Seen::withdrawn), 0u);
}

TEST_P(PressureSim, FailuresThatWereSetAsideAreSeenBeforeTheNextBatch) {
  SimWorld::Options options = calm_options();
  options.kernel.sq_entries = 8;
  options.kernel.cq_entries = 8;
  options.hostility = {.short_send = 2, .full_socket = 3};
  SimWorld world(options);
  survive(world);
  EXPECT_GT(seen(world, &FakeKernel::Seen::overflows), 0u);
}

TEST_P(PressureSim, CompletionsForThoseWhoHaveGoneAreCountedAndLetGo) {
  SimWorld::Options options = calm_options();
  options.hostility = {.stale_completion = 1};
  SimWorld world(options);
  Crowd crowd(world, {.reader_goes_one_in = 20});
  live(world, 200);
  settle(world, crowd);
  // One more turn, for those that came last.
  live(world, 2);
  EXPECT_GT(seen(world, &FakeKernel::Seen::stale_completions), 0u);
  EXPECT_EQ(world.total(&Counters::stale_completions),
            seen(world, &FakeKernel::Seen::stale_completions));
  world.come_to_an_end();
}

TEST_P(PressureSim, CancellationsThatComeTooLateAreWaitedFor) {
  SimWorld::Options options = calm_options();
  options.hostility = {.late_completion = 2, .late_cancel = 1};
  SimWorld world(options);
  Crowd crowd(world, {.reader_comes_one_in = 1, .reader_goes_one_in = 8});
  live(world, 200);
  settle(world, crowd);
  world.come_to_an_end();
  EXPECT_GT(seen(world, &FakeKernel::Seen::late_cancels), 0u);
}

TEST_P(PressureSim, ReceivingWithoutBuffersOrByteByByteGoesOn) {
  SimWorld::Options options = calm_options();
  options.hostility = {.no_buffer = 2, .short_recv = 1};
  SimWorld world(options);
  survive(world);
}

TEST_P(PressureSim, ADoorbellThatEndsIsWatchedAgain) {
  SimWorld::Options options = calm_options();
  options.hostility = {.doorbell_ends = 1};
  SimWorld world(options);
  survive(world);
}

// Long naps, so that whoever is not woken is late.
TEST_P(PressureSim, WhatIsPublishedWhileAShardSleepsWakesIt) {
  SimWorld::Options options = calm_options();
  for (ChannelConfig& channel : options.channels) channel.heartbeat = milliseconds(1'000'000);
  SimWorld world(options);
  world.set_nap_max(milliseconds(10'000));
  std::vector<std::unique_ptr<SimReader>> readers;
  for (size_t i = 0; i < 10; ++i) {
    readers.push_back(std::make_unique<SimReader>(
        world, SimReader::Habits{.channel = i % 2, .shard = i % world.shard_count()}));
  }
  const auto all_are_up_to_date = [&] {
    return std::ranges::all_of(readers, [](const auto& r) { return r->is_up_to_date(); });
  };
  int due = 0;  // events on each channel
  int published = 0;
  world.on_step([&] {
    for (const auto& reader : readers) reader->act();
    if (published < due && world.publish(0, "awake?") && world.publish(1, "awake?")) ++published;
  });
  ASSERT_TRUE(world.turn_until(all_are_up_to_date, 50));
  while (due < 20) {
    ++due;
    ASSERT_TRUE(world.turn_until([&] { return published == due && all_are_up_to_date(); }, 6));
  }
  EXPECT_GT(seen(world, &FakeKernel::Seen::sleeps), 20u);
  world.come_to_an_end();
}

INSTANTIATE_TEST_SUITE_P(Seeds, PressureSim, testing::ValuesIn(sim_seeds(200)), seed_name);

}  // namespace
}  // namespace ringcast::net
