// Goal: whoever can be served is; the others are told to come back or wait in the backlog; and
// nothing makes a shard accept in circles.
#include "tests/sim/sim_fixture.h"

namespace ringcast::net {
namespace {

using Readers = std::vector<std::unique_ptr<SimReader>>;

class AcceptSim : public SimTest {
 protected:
  static void add_readers(SimWorld& world, Readers& readers, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      readers.push_back(std::make_unique<SimReader>(world, SimReader::Habits{}));
    }
    world.on_step([&] {
      for (const auto& reader : readers) reader->act();
    });
  }

  static size_t count(const Readers& readers, SimReader::Fate fate) {
    return static_cast<size_t>(
        std::ranges::count_if(readers, [&](const auto& r) { return r->fate() == fate; }));
  }

  static size_t streams(const Readers& readers) {
    return static_cast<size_t>(std::ranges::count_if(readers, [](const auto& r) {
      return r->fate() == SimReader::Fate::kReading && r->has_stream();
    }));
  }
};

// And none is armed for nothing.
TEST_P(AcceptSim, AnAcceptThatHasBroughtAConnectionIsArmedAgain) {
  SimWorld::Options options = plain_options();
  options.hostility = {.late_completion = dice_.between(2, 4)};
  SimWorld world(options);
  Readers readers;
  add_readers(world, readers, 60);
  EXPECT_TRUE(world.turn_until([&] { return streams(readers) == 60; }));
  EXPECT_EQ(world.kernel().seen().accepts_armed, 60 + kAcceptsPerListener);
  EXPECT_EQ(world.kernel().armed(Op::kAccept), kAcceptsPerListener);
  world.come_to_an_end();
}

// Completions that find no room are set aside.
TEST_P(AcceptSim, AFullCompletionRingLosesNoConnection) {
  SimWorld::Options options = plain_options();
  options.kernel.sq_entries = options.kernel.cq_entries = 8;
  SimWorld world(options);
  Readers readers;
  add_readers(world, readers, 90);
  EXPECT_TRUE(world.turn_until([&] { return streams(readers) == 90; }));
  EXPECT_GT(world.kernel().seen().overflows, 0u);
  world.come_to_an_end();
}

TEST_P(AcceptSim, BeyondCapacityEveryoneIsAskedToComeBack) {
  SimWorld::Options options = plain_options();
  options.connections_per_shard_max = static_cast<uint32_t>(dice_.between(1, 30));
  options.hostility = {.late_completion = 3, .short_recv = 2};
  SimWorld world(options);
  Readers readers;
  add_readers(world, readers, 80);
  const size_t served = options.connections_per_shard_max;
  EXPECT_TRUE(world.turn_until([&] {
    return count(readers, SimReader::Fate::kTurnedAway) == 80 - served &&
           streams(readers) == served;
  }));
  EXPECT_EQ(world.counters().turned_away.get(), 80 - served);
  // Whoever goes makes room for one more.
  std::ranges::find_if(readers,
                       [](const auto& r) { return r->fate() == SimReader::Fate::kReading; })
      ->get()
      ->reset();
  EXPECT_TRUE(world.turn_until([&] { return world.counters().open.get() == served - 1; }));
  Readers late;
  add_readers(world, late, 1);
  EXPECT_TRUE(world.turn_until([&] { return streams(late) == 1; }));
  world.come_to_an_end();
  EXPECT_EQ(world.closed(CloseCause::kTurnedAway), 80 - served);
}

// People who say nothing take the slots that are to spare; then the backlog is where to wait.
TEST_P(AcceptSim, AShardOutOfSlotsLeavesPeopleInTheBacklogUntilOthersGo) {
  SimWorld::Options options = plain_options();
  options.kernel.slots = 300;
  options.kernel.descriptors = DescriptorKind::kDirect;
  options.connections_per_shard_max = 20;
  SimWorld world(options);
  std::vector<std::shared_ptr<ModelSocket>> silent;
  const auto add_silent = [&] { silent.push_back(world.connect(0, 4096)); };
  for (int i = 0; i < 10; ++i) add_silent();
  EXPECT_TRUE(world.turn_until([&] {
    if (world.kernel().backlog() > 0) return world.kernel().seen().connections > 100;
    add_silent();
    return false;
  }));
  const uint64_t accepts = world.kernel().seen().accepts_armed;
  const uint64_t turns = world.counters().turns.get();
  Readers readers;
  add_readers(world, readers, 5);
  live(world, 100);
  EXPECT_EQ(world.kernel().seen().accepts_armed, accepts);
  EXPECT_LE(world.counters().turns.get() - turns, 100u);
  EXPECT_EQ(streams(readers), 0u);

  for (const auto& socket : silent) socket->leave();
  EXPECT_TRUE(world.turn_until([&] { return streams(readers) == 5; }));
  EXPECT_EQ(world.kernel().armed(Op::kAccept), kAcceptsPerListener);
  world.come_to_an_end();
}

// The worst case: more people at once than the table has room for.
TEST_P(AcceptSim, ATableThatFillsUpDropsNobodyAndRecovers) {
  SimWorld::Options options = plain_options();
  options.kernel.slots = 150;
  options.kernel.descriptors = DescriptorKind::kDirect;
  SimWorld world(options);
  Readers crowd;
  add_readers(world, crowd, 200);
  EXPECT_TRUE(world.turn_until([&] { return streams(crowd) >= 80; }));
  live(world, 200);
  EXPECT_EQ(count(crowd, SimReader::Fate::kCut), 0u);
  EXPECT_EQ(streams(crowd) + world.kernel().backlog(), 200u);
  EXPECT_LE(world.kernel().seen().accepts_armed, 150u);
  for (const auto& reader : crowd) reader->reset();
  Readers late;
  add_readers(world, late, 20);
  EXPECT_TRUE(world.turn_until([&] { return streams(late) == 20; }));
  world.come_to_an_end();
}

// Anybody may connect to a listener that others reach, and say nothing. Whoever fills one keeps nobody from another.
TEST_P(AcceptSim, ConnectionsThatFillOneListenerLeaveRoomOnTheOthersAndAreNotDropped) {
  SimWorld::Options options = plain_options();
  options.kernel.slots = 300;
  options.kernel.descriptors = DescriptorKind::kDirect;
  options.connections_per_shard_max = 20;
  options.listeners = 3;
  options.serve = {{.host = "0.0.0.0", .serve_subscribe = true},
                   {.host = "0.0.0.0", .serve_publish = true},
                   {.host = "127.0.0.1", .serve_publish = true, .serve_admin = true}};
  constexpr std::array<std::string_view, 3> kRequests{
      "GET /channels/one HTTP/1.1\r\nHost: localhost\r\n\r\n",
      "POST /channels/one HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx",
      "GET /healthz/live HTTP/1.1\r\nHost: localhost\r\n\r\n"};
  constexpr std::array<std::string_view, 3> kAnswers{"HTTP/1.1 200", "HTTP/1.1 401",
                                                     "HTTP/1.1 200"};
  for (size_t full = 0; full < 3; ++full) {
    SimWorld world(options);
    std::vector<std::shared_ptr<ModelSocket>> strangers;
    for (int i = 0; i < 400; ++i) strangers.push_back(world.connect(0, 4096, full));
    live(world, 50);
    EXPECT_GT(world.kernel().backlog(), 0u);
    EXPECT_LT(world.counters().open.get(), 300u);

    for (size_t other = 0; other < 3; ++other) {
      if (other == full) continue;
      const std::shared_ptr<ModelSocket> somebody = world.connect(0, 4096, other);
      somebody->write(std::string(kRequests[other]));
      std::string answer;
      EXPECT_TRUE(world.turn_until([&] {
        answer += somebody->read(4096);
        return answer.starts_with(kAnswers[other]);
      })) << full
          << " keeps " << other << " out, who got " << answer;
    }
    for (const auto& stranger : strangers) EXPECT_FALSE(stranger->is_at_end());
    for (const auto& stranger : strangers) stranger->leave();
    EXPECT_TRUE(world.turn_until([&] { return world.kernel().backlog() == 0; }));
    world.come_to_an_end();
  }
}

// Out of descriptors or memory, and nobody says when that is over.
TEST_P(AcceptSim, AcceptsThatKeepFailingAreTriedNowAndThen) {
  SimWorld::Options options = plain_options();
  options.hostility = {.accept_fails = 1};
  SimWorld world(options);
  Readers readers;
  add_readers(world, readers, 10);
  const MonotonicMs begin = world.now();
  world.turn_until([&] { return world.now() - begin >= 3'000; }, 10'000);
  ASSERT_GE(world.now() - begin, 3'000);
  // Three in four are paused after; the others were aborted by their peers, who may be many.
  EXPECT_LE(world.kernel().seen().accepts_armed, (30u * 2 + 30) * kAcceptsPerListener);
  world.kernel().calm_down();
  EXPECT_TRUE(world.turn_until([&] { return streams(readers) == 10; }));
  world.come_to_an_end();
}

INSTANTIATE_TEST_SUITE_P(Seeds, AcceptSim, testing::ValuesIn(sim_seeds(200)), seed_name);

}  // namespace
}  // namespace ringcast::net
