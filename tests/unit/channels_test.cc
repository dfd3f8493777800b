#include "engine/channels.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

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

// --- Addresses: a name as requests give it

class AddressesTest : public testing::Test {
 protected:
  void open(const std::vector<ChannelConfig>& configs) {
    channels_ = std::move(Channels::create(configs, epochs_).value());
  }

  void expect(std::string_view name, ChannelNumber number, std::string_view recipient) const {
    const Channels::Address address = channels_->find(name);
    ASSERT_NE(address.channel, nullptr) << name;
    EXPECT_EQ(address.channel->number(), number) << name;
    EXPECT_EQ(address.recipient, recipient.empty() ? KeyedHash{} : keyed_hash(recipient)) << name;
  }
  void expect_none(std::string_view name) const {
    const Channels::Address address = channels_->find(name);
    EXPECT_EQ(address.channel, nullptr) << testing::PrintToString(name);
    EXPECT_TRUE(address.recipient.is_zero()) << testing::PrintToString(name);
  }

  Epochs epochs_{2};
  std::unique_ptr<Channels> channels_;
};

TEST_F(AddressesTest, PlainChannelHasNoRecipients) {
  open({channel("news"), channel("prices/eur")});
  expect("news", 0, "");
  expect("prices/eur", 1, "");
  expect_none("prices/usd");
  expect_none("prices");
  expect_none("");
}

TEST_F(AddressesTest, PatternHasARecipientForEachName) {
  open({channel("inbox/{recipient}"), channel("users/{id}/alerts")});
  expect("inbox/alice", 0, "alice");
  expect("inbox/bob", 0, "bob");
  expect("users/7/alerts", 1, "7");
  EXPECT_NE(channels_->find("inbox/alice").recipient, channels_->find("inbox/Alice").recipient);
}

// Which channel it is and who in it are two things.
TEST_F(AddressesTest, OneRecipientOfTwoPatternsIsOnePersonInTwoChannels) {
  open({channel("inbox/{recipient}"), channel("alerts/{recipient}")});
  expect("inbox/alice", 0, "alice");
  expect("alerts/alice", 1, "alice");
}

TEST_F(AddressesTest, ExactNameComesBeforeAnyPattern) {
  open({channel("inbox/{recipient}"), channel("inbox/all")});
  expect("inbox/all", 1, "");
  expect("inbox/al", 0, "al");
  expect("inbox/all2", 0, "all2");
}

// Configuration refuses such pairs; whoever declares them otherwise gets the first.
TEST_F(AddressesTest, PatternsAreTriedInTheOrderOfTheirDeclaration) {
  const ChannelConfig by_user = channel("users/{id}/inbox");
  const ChannelConfig by_box = channel("users/x/{box}");
  open({by_user, by_box});
  expect("users/x/inbox", 0, "x");
  expect("users/x/outbox", 1, "outbox");
  open({by_box, by_user});
  expect("users/x/inbox", 0, "inbox");
  expect("users/y/inbox", 1, "y");
}

TEST_F(AddressesTest, RecipientsAreAnyUtf8) {
  open({channel("inbox/{recipient}")});
  for (const std::string_view recipient :
       {"жук", "虫", "\xF0\x9F\x98\x80", "a b", "a\"b\\c", "50%", "a+b@example.org", "...", "-",
        "\xE2\x80\xA8", "e\xCC\x81"}) {
    expect("inbox/" + std::string(recipient), 0, recipient);
  }
  EXPECT_NE(channels_->find("inbox/e\xCC\x81").recipient,
            channels_->find("inbox/\xC3\xA9").recipient)
      << "no normalisation";
  expect("inbox/" + std::string(kRecipientBytesMax, 'x'), 0, std::string(kRecipientBytesMax, 'x'));
}

TEST_F(AddressesTest, TextThatCannotBeARecipientAddressesNobody) {
  open({channel("inbox/{recipient}"), channel("users/{id}/alerts")});
  for (const std::string_view name : {"inbox/",
                                      "inbox",
                                      "inbox//",
                                      "inbox/a/b",
                                      "inbox/.",
                                      "inbox/..",
                                      "inbox/{recipient}",
                                      "inbox/{x",
                                      "inbox/a\nb",
                                      "inbox/a\x7f",
                                      "inbox/\xC2\x80",
                                      "inbox/\xFF",
                                      "inbox/\xC3",
                                      "inbox/\xED\xA0\x80",
                                      "/inbox/a",
                                      "Inbox/a",
                                      "users//alerts",
                                      "users/7/alerts/",
                                      "users/7",
                                      "users/7/8/alerts",
                                      "users/../alerts"}) {
    expect_none(name);
  }
  expect_none(std::string_view("inbox/a\0b", 9));
  expect_none("inbox/" + std::string(kRecipientBytesMax + 1, 'x'));
}

// What is declared can be told from what it stands for.
TEST_F(AddressesTest, PatternItselfIsFoundByItsNameAlone) {
  open({channel("inbox/{recipient}")});
  EXPECT_EQ(channels_->by_name("inbox/{recipient}"), &channels_->at(0));
  EXPECT_EQ(channels_->by_name("inbox/alice"), nullptr);
  expect_none("inbox/{recipient}");
}

// --- How many there are

TEST_F(ChannelsTest, NoneIsFine) {
  const Result<std::unique_ptr<Channels>> none = Channels::create({}, epochs_);
  ASSERT_TRUE(none);
  EXPECT_EQ(none.value()->size(), 0U);
  EXPECT_EQ(none.value()->by_name("news"), nullptr);
  EXPECT_EQ(none.value()->find("news").channel, nullptr);
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
