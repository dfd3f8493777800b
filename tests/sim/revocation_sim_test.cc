// Goal: an order to end streams ends those there are, on every shard, whatever the kernels and the peers do meanwhile;
// who is not meant gets everything, and the books balance.
// Method: a crowd on two channels; orders about one of them come again and again, some at the same moment.
#include "tests/sim/sim_fixture.h"

namespace ringcast::net {
namespace {

class RevocationSim : public SimTest {
 protected:
  // Gives an order about all streams of `channel` and waits until it has been carried out; how many it ended.
  static uint64_t revoke(SimWorld& world, size_t channel) {
    const auto ticket = world.revocations().order(OfChannel{&world.channel(channel), {}});
    EXPECT_TRUE(ticket.has_value());
    EXPECT_TRUE(
        world.turn_until([&] { return world.revocations().ended_by(*ticket).has_value(); }));
    return world.revocations().ended_by(*ticket).value_or(0);
  }
};

TEST_P(RevocationSim, EndsTheStreamsItMeansAndTheOthersGetEverything) {
  SimWorld world(hostile_options());
  Crowd crowd(world, {});
  uint64_t ended = 0;
  for (int orders = 0; orders < 5; ++orders) {
    live(world, 50);
    ended += revoke(world, 0);
  }
  settle(world, crowd);
  const uint64_t last = revoke(world, 0);
  EXPECT_TRUE(world.turn_until([&] { return world.channel(0).subscribers() == 0; }));
  EXPECT_EQ(world.total(&Counters::streaming), world.channel(1).subscribers());
  EXPECT_GT(ended + last, 0U);
  EXPECT_TRUE(crowd.is_served());
  world.come_to_an_end();
  EXPECT_EQ(world.closed(CloseCause::kRevoked), ended + last);
  // In the middle of a frame there is no other way to end a stream than to cut it.
  EXPECT_LE(crowd.count(SimReader::Fate::kCut), ended + last);
}

TEST_P(RevocationSim, TakesOnlySoManyOrdersAtATimeAndForgetsTheOldest) {
  SimWorld world(plain_options());
  std::vector<Revocations::Ticket> tickets;
  while (const auto ticket = world.revocations().order(OfChannel{&world.channel(0), {}})) {
    tickets.push_back(*ticket);
    ASSERT_LE(tickets.size(), 1000U);
  }
  EXPECT_EQ(tickets.size(), 64U);
  EXPECT_TRUE(
      world.turn_until([&] { return world.revocations().ended_by(tickets.back()).has_value(); }));
  for (const Revocations::Ticket ticket : tickets) {
    EXPECT_EQ(world.revocations().ended_by(ticket), 0U);
  }
  EXPECT_EQ(revoke(world, 0), 0U);
  EXPECT_FALSE(world.revocations().ended_by(tickets.front()).has_value()) << "its place was taken";
  world.come_to_an_end();
}

INSTANTIATE_TEST_SUITE_P(Seeds, RevocationSim, testing::ValuesIn(sim_seeds(60)), seed_name);

}  // namespace
}  // namespace ringcast::net
