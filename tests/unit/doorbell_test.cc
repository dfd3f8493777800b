#include "net/doorbell.h"

#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <vector>

#include "engine/channels.h"

namespace ringcast::net {
namespace {

std::unique_ptr<Doorbells> make_doorbells(size_t shards, size_t channels) {
  return std::move(Doorbells::create(shards, channels).value());
}

std::vector<ChannelNumber> answer(Doorbell& doorbell) {
  std::vector<ChannelNumber> news;
  doorbell.answer([&](ChannelNumber channel) { news.push_back(channel); });
  return news;
}

// How often the shard would have been woken since the last call.
uint64_t wakeups(const Doorbell& doorbell) {
  eventfd_t count = 0;
  return ::eventfd_read(doorbell.fd(), &count) == 0 ? count : 0;
}

TEST(Doorbell, TellsWhichChannelsHaveNewsAndTellsItOnce) {
  const auto doorbells = make_doorbells(1, 200);
  Doorbell& doorbell = doorbells->of(0);
  for (const ChannelNumber channel : {0u, 63u, 64u, 199u, 63u}) doorbell.ring(channel);
  EXPECT_EQ(answer(doorbell), (std::vector<ChannelNumber>{0, 63, 64, 199}));
  EXPECT_TRUE(answer(doorbell).empty());
}

TEST(Doorbell, MakesNoSystemCallWhileTheShardIsAwake) {
  const auto doorbells = make_doorbells(1, 8);
  doorbells->of(0).ring(3);
  doorbells->of(0).wake();
  EXPECT_EQ(wakeups(doorbells->of(0)), 0u);
}

TEST(Doorbell, WakesASleeperOnce) {
  const auto doorbells = make_doorbells(1, 8);
  Doorbell& doorbell = doorbells->of(0);
  ASSERT_TRUE(doorbell.try_sleep());
  doorbell.ring(3);
  doorbell.ring(4);
  doorbell.wake();
  EXPECT_EQ(wakeups(doorbell), 1u);
  doorbell.woke();
  doorbell.ring(5);
  EXPECT_EQ(wakeups(doorbell), 0u);
  EXPECT_EQ(answer(doorbell), (std::vector<ChannelNumber>{3, 4, 5}));
}

TEST(Doorbell, AShardWithNewsMayNotSleep) {
  const auto doorbells = make_doorbells(1, 100);
  Doorbell& doorbell = doorbells->of(0);
  doorbell.ring(99);
  EXPECT_FALSE(doorbell.try_sleep());
  // It is awake again, so nobody needs to wake it.
  doorbell.ring(98);
  EXPECT_EQ(wakeups(doorbell), 0u);
  EXPECT_EQ(answer(doorbell).size(), 2u);
  EXPECT_TRUE(doorbell.try_sleep());
}

TEST(Doorbell, AWakeUpWithoutNewsWakesToo) {
  const auto doorbells = make_doorbells(1, 8);
  ASSERT_TRUE(doorbells->of(0).try_sleep());
  doorbells->of(0).wake();
  EXPECT_EQ(wakeups(doorbells->of(0)), 1u);
  EXPECT_TRUE(answer(doorbells->of(0)).empty());
}

TEST(Doorbells, RingsThoseShardsThatHaveAnAudience) {
  ChannelConfig config;
  config.name = "news";
  const Epochs epochs(3);
  const auto channels = std::move(Channels::create({config}, epochs).value());
  const auto doorbells = make_doorbells(3, channels->size());
  channels->at(0).set_audience(1, 5);
  doorbells->on_commit(channels->at(0));
  EXPECT_TRUE(answer(doorbells->of(0)).empty());
  EXPECT_EQ(answer(doorbells->of(1)), std::vector<ChannelNumber>{0});
  EXPECT_TRUE(answer(doorbells->of(2)).empty());
  doorbells->on_paced(channels->at(0));
  EXPECT_EQ(answer(doorbells->of(1)), std::vector<ChannelNumber>{0});
  channels->at(0).set_audience(1, 0);
  doorbells->on_commit(channels->at(0));
  EXPECT_TRUE(answer(doorbells->of(1)).empty());
}

}  // namespace
}  // namespace ringcast::net
