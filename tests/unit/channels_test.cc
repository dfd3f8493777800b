#include "engine/channels.h"

#include <gtest/gtest.h>

namespace ringcast {
namespace {

ChannelConfig channel(std::string name, std::string path = "") {
  ChannelConfig config;
  config.name = std::move(name);
  config.path = std::move(path);
  config.history.bytes = 4 * kKiB;
  config.event_bytes_max = 200;
  return config;
}

class ChannelsTest : public testing::Test {
 protected:
  Epochs epochs_{2};
  std::unique_ptr<Channels> channels_ = std::move(
      Channels::create({channel("ticker", "/stream"), channel("news"), channel("inbox/alice")},
                       epochs_)
          .value());
};

TEST_F(ChannelsTest, AreNumberedInTheOrderOfTheConfig) {
  ASSERT_EQ(channels_->size(), 3U);
  EXPECT_EQ(channels_->at(0).config().name, "ticker");
  EXPECT_EQ(channels_->at(1).config().name, "news");
  for (ChannelNumber number = 0; number < 3; ++number) {
    EXPECT_EQ(channels_->at(number).number(), number);
  }
}

TEST_F(ChannelsTest, AreFoundByName) {
  EXPECT_EQ(channels_->by_name("news"), &channels_->at(1));
  EXPECT_EQ(channels_->by_name("inbox/alice"), &channels_->at(2));
}

TEST_F(ChannelsTest, AreFoundByPath) {
  EXPECT_EQ(channels_->by_path("/stream"), &channels_->at(0));
}

// Names are taken literally: no patterns, no folding of case, no normalisation.
TEST_F(ChannelsTest, WhatIsNotDeclaredIsNotFound) {
  for (const std::string_view name : {"", "New", "NEWS", "news ", "news/", "/news", "ne", "newss",
                                      "*", "inbox", "inbox/{recipient}", "inbox/../news"}) {
    EXPECT_EQ(channels_->by_name(name), nullptr) << name;
  }
  for (const std::string_view path : {"", "/", "stream", "/stream/", "/Stream", "/news"}) {
    EXPECT_EQ(channels_->by_path(path), nullptr) << path;
  }
}

TEST_F(ChannelsTest, NameMayBeASliceOfALargerText) {
  const std::string_view target = "/channels/news?x=1";
  EXPECT_EQ(channels_->by_name(target.substr(10, 4)), &channels_->at(1));
}

TEST_F(ChannelsTest, NoneIsFine) {
  const Result<std::unique_ptr<Channels>> none = Channels::create({}, epochs_);
  ASSERT_TRUE(none);
  EXPECT_EQ(none.value()->size(), 0U);
  EXPECT_EQ(none.value()->by_name("news"), nullptr);
}

TEST_F(ChannelsTest, FailureNamesTheChannel) {
  ChannelConfig huge = channel("archive");
  huge.history.bytes = 1ULL << 60;
  const Result<std::unique_ptr<Channels>> channels =
      Channels::create({channel("news"), huge}, epochs_);
  ASSERT_FALSE(channels);
  EXPECT_TRUE(channels.error().message.starts_with("channel archive: "))
      << channels.error().message;
}

}  // namespace
}  // namespace ringcast
