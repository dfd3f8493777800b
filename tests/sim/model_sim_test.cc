// Goal: what was committed and is still kept is delivered once and in order to whoever resumes, over any number
// of connections; and what is no longer kept is said in-band, by exactly one gap event.
// Method: whole shards on hostile kernels, with small rings of every kind, against a model that keeps everything
// for ever. Subscribers come, stall, are cut anywhere and resume; publishers publish; clocks are set. In the end
// all is calm: everybody must have everything, and every count must be what the model says.
#include <algorithm>

#include "engine/books.h"
#include "tests/sim/model_client.h"
#include "tests/sim/model_publisher.h"
#include "tests/sim/sim_fixture.h"

namespace ringcast::net {
namespace {

constexpr uint64_t kSeeds = 10'000;

// What was seen over all seeds: a test of rare things that never happen shows nothing.
struct Seen {
  ModelClient::Totals clients;
  ModelPublisher::Totals publishers;
  uint64_t seeds = 0;
  uint64_t lapped = 0;
  uint64_t exact_worlds = 0;
};

Seen& all_seeds() {
  static Seen all;
  return all;
}

// How the people of a world behave.
enum class Temper {
  kAnything,  // they go without a word
  kPolite,    // they say when they go, and read to the end
  kFaithful,  // they never go
};

class ModelSim : public SimTest {
 protected:
  // Channels
  // ----------------------------------------------------------------

  ChannelConfig draw_channel(const std::string& name) {
    ChannelConfig config;
    config.name = name;
    config.event_bytes_max = 250;  // a ring of 4 KiB and an index of 32
    config.history = {.events = static_cast<uint32_t>(dice_.one_in(2) ? 256 : dice_.between(3, 40)),
                      .bytes = 4096,  // all of the ring
                      .age = milliseconds(dice_.one_in(3) ? dice_.between(20, 400) : 100'000)};
    config.heartbeat = milliseconds(dice_.between(20, 2000));
    const bool waits_for_ever = waits_for_everybody_ || dice_.one_in(4);
    config.slow_after = milliseconds(waits_for_ever ? 100'000 : dice_.between(1, 40));
    config.publish_wait = milliseconds(dice_.between(1, 50));
    if (dice_.one_in(3)) config.on_first_connect.from = FirstConnect::From::kOldest;
    if (dice_.one_in(4)) {
      config.on_first_connect = {.from = FirstConnect::From::kLast,
                                 .last_events = static_cast<uint32_t>(dice_.between(1, 6))};
    }
    if (dice_.one_in(4)) config.on_gap = GapPolicy::kSilent;
    if (dice_.one_in(2)) config.slow_subscriber = SlowSubscriberPolicy::kSkip;
    return config;
  }

  // Some channels and patterns, and whom one can publish to there.
  std::vector<Addressee> draw_channels(SimWorld::Options& options) {
    std::vector<Addressee> addressees;
    waits_for_everybody_ = dice_.one_in(4);
    const size_t plain = dice_.between(0, 3);
    const size_t patterns = plain == 0 ? dice_.between(1, 2) : dice_.below(3);
    for (size_t i = 0; i < plain; ++i) {
      const std::string name = "plain" + std::to_string(i);
      addressees.push_back({.channel = options.channels.size(), .name = name});
      options.channels.push_back(draw_channel(name));
    }
    for (size_t i = 0; i < patterns; ++i) {
      const std::string prefix = "box" + std::to_string(i) + '/';
      // Any names, so that some recipients share a mark of what was forgotten.
      for (size_t who = dice_.between(1, 3); who > 0; --who) {
        const uint64_t name = dice_.below(1'000) * 10 + who;
        addressees.push_back(
            {.channel = options.channels.size(), .name = prefix + std::to_string(name)});
      }
      options.channels.push_back(draw_channel(prefix + "{who}"));
    }
    return addressees;
  }

  SimWorld::Options draw_world() {
    SimWorld::Options options;
    options.seed = GetParam();
    options.kernel = {.sq_entries = 1u << dice_.between(3, 6),
                      .cq_entries = 0,
                      .slots = 64,
                      .descriptors = DescriptorKind::kDirect};
    options.kernel.cq_entries = options.kernel.sq_entries << dice_.between(0, 3);
    options.connections_per_shard_max = 40;
    options.shards = dice_.between(1, 2);
    if (!dice_.one_in(3)) options.hostility = Hostility::any(dice_);
    options.hostility.spares_quiet_sends = !dice_.one_in(4);
    return options;
  }

  // People
  // ----------------------------------------------------------------

  struct People {
    std::unique_ptr<Chronicle> chronicle;
    std::unique_ptr<ModelPublisher> publisher;
    std::vector<std::unique_ptr<ModelClient>> clients;
    ModelClient::Totals totals;
  };

  void invite(SimWorld& world, const std::vector<Addressee>& addressees) {
    temper_ = static_cast<Temper>(dice_.below(3));
    people_.chronicle = std::make_unique<Chronicle>(world, addressees);
    people_.publisher = std::make_unique<ModelPublisher>(
        world, *people_.chronicle, dice_.one_in(2) ? 20 : 150, all_seeds().publishers);
    const ModelClient::Manners manners{
        .goes_one_in = temper_ == Temper::kFaithful ? 0 : dice_.between(10, 60),
        .goes_rudely = temper_ == Temper::kAnything,
        .stalls_one_in = dice_.between(4, 40),
        .stall_steps_max = dice_.between(2, 60)};
    for (size_t i = dice_.between(2, 7); i > 0; --i) {
      people_.clients.push_back(
          std::make_unique<ModelClient>(world, *people_.chronicle, manners, people_.totals));
    }
    publishes_one_in_ = dice_.between(1, 3);
    world.set_nap_max(milliseconds(dice_.between(1, 20)));
    world.on_step([&] { act(world); });
    world.on_meanwhile([this] {
      if (!is_settled_ && dice_.one_in(4)) people_.publisher->publish();
    });
  }

  void act(SimWorld& world) {
    if (!is_settled_ && dice_.one_in(60)) {
      SimWorld::step_wall_clock(milliseconds(static_cast<int64_t>(dice_.below(600)) - 300));
    }
    people_.chronicle->on_time();
    for (const auto& client : people_.clients) client->act();
    if (world.is_stopping()) return;
    people_.publisher->act();
    if (!is_settled_ && dice_.one_in(publishes_one_in_)) people_.publisher->publish();
  }

  // The end
  // ----------------------------------------------------------------

  // Nothing is owed any more, as the books have it, and nothing is missing, as the judges have it.
  [[nodiscard]] bool all_complete(SimWorld& world) const {
    for (size_t i = 0; i < channels_; ++i) {
      if (!read_books(world.channel(i)).balance(0)) return false;
    }
    return !people_.publisher->is_waiting() &&
           std::ranges::all_of(people_.clients, [](const auto& c) { return c->is_complete(); });
  }

  void settle(SimWorld& world) {
    is_settled_ = true;
    people_.publisher->retire();
    for (const auto& client : people_.clients) client->settle_down();
    for (size_t i = 0; i < world.shard_count(); ++i) world.kernel(i).calm_down();
    EXPECT_TRUE(world.turn_until([&] { return all_complete(world); }, 600))
        << "somebody is not served";
    const auto only_they_are_there = [&] {
      return world.total(&Counters::streaming) == people_.clients.size();
    };
    EXPECT_TRUE(world.turn_until(only_they_are_there, 600)) << "somebody is still there";
  }

  // Nobody comes or goes now, so it is known who an event is for.
  void check_subscriber_counts(SimWorld& world) {
    for (size_t addressee = 0; addressee < people_.chronicle->addressees().size(); ++addressee) {
      const auto listening = std::ranges::count_if(
          people_.clients, [&](const auto& client) { return client->listens_to(addressee); });
      EXPECT_EQ(publish_in_time(world, addressee), static_cast<uint32_t>(listening));
    }
    EXPECT_TRUE(world.turn_until([&] { return all_complete(world); }, 600))
        << "the last event is owed";
  }

  // Everybody reads what comes, so publishers are held for a moment at most, however much they publish.
  void check_nobody_holds_publishers(SimWorld& world) {
    // Who came for the past is waited for from the turn on that finds that it has got it.
    for (int i = 0; i < 3; ++i) world.turn();
    const size_t addressee = dice_.below(people_.chronicle->addressees().size());
    for (int i = 0; i < 80; ++i) ASSERT_TRUE(publish_in_time(world, addressee)) << i;
  }

  std::optional<uint32_t> publish_in_time(SimWorld& world, size_t addressee) {
    std::optional<uint32_t> told = people_.publisher->publish_to(addressee);
    for (int tries = 0; !told && tries < 10; ++tries) {
      world.turn();
      told = people_.publisher->publish_to(addressee);
    }
    return told;
  }

  // What the books say, and what came of it. Of somebody who was closed in the middle of a send the books may
  // not know all that was taken; of somebody who went without a word nobody knows.
  void check_books(SimWorld& world) {
    // Those who come for the past set no pace before they have caught up.
    bool has_replayed = false;
    for (size_t i = 0; i < channels_; ++i) {
      has_replayed = has_replayed || read_books(world.channel(i)).replayed > 0;
    }
    if (waits_for_everybody_ && !has_replayed) {
      EXPECT_EQ(world.closed(CloseCause::kLapped), 0u) << "nobody was slow";
      EXPECT_EQ(people_.totals.surely_lost, 0u);
    }
    all_seeds().lapped += world.closed(CloseCause::kLapped);
    const bool nobody_left = people_.totals.ended_sessions == people_.clients.size();
    if (nobody_left) ++all_seeds().exact_worlds;
    for (size_t i = 0; i < channels_; ++i) {
      const Books books = read_books(world.channel(i));
      const uint64_t sent = books.sent - books.unsent;
      if (people_.totals.rude_ends == 0) {
        EXPECT_LE(sent, people_.totals.received[i]);
      }
      if (nobody_left) {
        EXPECT_EQ(sent, people_.totals.received[i]);
      }
      if (nobody_left && !people_.totals.seen.is_unsure) {
        EXPECT_EQ(books.skipped, people_.totals.seen.skipped[i]);
      }
    }
  }

  void add_up();

  Temper temper_ = Temper::kAnything;
  bool waits_for_everybody_ = false;  // nobody is ever slow
  size_t channels_ = 0;
  uint64_t publishes_one_in_ = 1;
  bool is_settled_ = false;
  People people_;
};

void ModelSim::add_up() {
  ModelClient::Totals& all = all_seeds().clients;
  const ModelClient::Totals& here = people_.totals;
  ++all_seeds().seeds;
  all.sessions += here.sessions;
  all.rude_ends += here.rude_ends;
  all.resumed += here.resumed;
  all.made_up_ids += here.made_up_ids;
  all.several_moments += here.several_moments;
  for (const uint64_t received : here.received) all.received[0] += received;
  all.seen.expired += here.seen.expired;
  all.seen.lost += here.seen.lost;
  all.seen.lost_silently += here.seen.lost_silently;
  all.seen.gaps += here.seen.gaps;
  all.seen.gaps_on_the_way += here.seen.gaps_on_the_way;
  all.seen.recipient_gaps += here.seen.recipient_gaps;
  all.seen.needless_gaps += here.seen.needless_gaps;
  all.seen.tied_gaps += here.seen.tied_gaps;
}

TEST_P(ModelSim, NothingIsLostRepeatedOrOutOfOrderUnlessAGapEventSaysSo) {
  SimWorld::Options options = draw_world();
  const std::vector<Addressee> addressees = draw_channels(options);
  channels_ = options.channels.size();
  SimWorld world(options);
  invite(world, addressees);
  live(world, static_cast<int>(dice_.between(20, 80)));
  settle(world);
  if (dice_.one_in(6)) check_nobody_holds_publishers(world);
  check_subscriber_counts(world);
  for (const auto& client : people_.clients) client->finish();
  check_books(world);
  add_up();
  world.on_step({});
  world.on_meanwhile({});
  world.come_to_an_end();
  people_.chronicle.reset();
}

// A test of what is rare shows nothing when it never happens; and gap events for nothing must stay rare.
class WhatWasSeen : public testing::Environment {
 public:
  void TearDown() override {
    const Seen& all = all_seeds();
    if (all.seeds < kSeeds / kSimSeedsDivisor) return;  // a replay, or a part of the seeds
    const Judge::Seen& judged = all.clients.seen;
    for (const auto& [what, times] : std::initializer_list<std::pair<const char*, uint64_t>>{
             {"events received", all.clients.received[0] / 100},
             {"resumes", all.clients.resumed},
             {"made-up ids", all.clients.made_up_ids},
             {"joins at an uncertain moment", all.clients.several_moments},
             {"gap events", judged.gaps},
             {"gap events on the way", judged.gaps_on_the_way},
             {"gap events of recipients", judged.recipient_gaps},
             {"gap events with the same id", judged.tied_gaps},
             {"expired events", judged.expired},
             {"skipped events", judged.lost},
             {"events skipped silently", judged.lost_silently},
             {"lapped subscribers", all.lapped},
             {"batches", all.publishers.batches},
             {"publishes over HTTP", all.publishers.over_http},
             {"paced publishes", all.publishers.paced},
             {"publishes timed out", all.publishers.timed_out},
             {"worlds that nobody left", all.exact_worlds}}) {
      EXPECT_GE(times, all.seeds / 100) << what << " are too rare";
    }
    EXPECT_LE(judged.needless_gaps * 20, judged.recipient_gaps) << "recipients are told of nothing";
  }
};

const testing::Environment* const what_was_seen =
    testing::AddGlobalTestEnvironment(new WhatWasSeen);

INSTANTIATE_TEST_SUITE_P(Seeds, ModelSim, testing::ValuesIn(sim_seeds(kSeeds)), seed_name);

}  // namespace
}  // namespace ringcast::net
