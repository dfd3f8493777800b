#include "net/publish.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/channels.h"

namespace ringcast::net {
namespace {

// A log that says what it is told to, and notes what it was given.
class ScriptedLog final : public EventLog {
 public:
  void append(Channel&, const Event& event, const AppendDone& done) override {
    types.emplace_back(event.type);
    data.emplace_back(event.data);
    done(next);
  }
  void read(std::span<Channel* const>, EventId, size_t, const ReadDone&) override {}
  Result<WireRing*> open_ring(Channel&, WireFormat) override { return Error{"not here"}; }

  AppendOutcome next{AppendStatus::kCommitted, {1732271234567, 3}, 42};
  std::vector<std::string> types;
  std::vector<std::string> data;
};

class PublishTest : public testing::Test {
 protected:
  PublishTest() {
    request_.method = Method::kPost;
    request_.version = 11;
    request_.path = "/channels/news";
    request_.body = "hello";
  }

  // Whether it was answered; the answer is in answer_.
  bool attempt() {
    answer_.clear();
    return publish_.attempt(channels_->at(0), request_, {.keep_alive = true, .date = "now"},
                            answer_);
  }

  [[nodiscard]] int status() const {
    return answer_.starts_with("HTTP/1.1 ") ? std::stoi(answer_.substr(9, 3)) : 0;
  }

  static ChannelConfig config() {
    ChannelConfig config;
    config.name = "news";
    config.cors.origins = {"https://ours.example"};
    return config;
  }

  const Epochs epochs_{1};
  const std::unique_ptr<Channels> channels_ =
      std::move(Channels::create({config()}, epochs_).value());
  ScriptedLog log_;
  Counters counters_;
  Publish publish_{log_, counters_};
  Request request_;
  std::string answer_;
};

TEST_F(PublishTest, ACommittedEventIsAnsweredWithItsIdAndAudience) {
  ASSERT_TRUE(attempt());
  EXPECT_EQ(status(), 201);
  EXPECT_TRUE(answer_.ends_with("\r\n\r\n{\"id\":\"1732271234567-3\",\"subscribers\":42}\n"));
  EXPECT_NE(answer_.find("Content-Type: application/json\r\n"), std::string::npos);
  EXPECT_EQ(log_.data, std::vector<std::string>{"hello"});
  EXPECT_EQ(log_.types, std::vector<std::string>{""});
  EXPECT_EQ(counters_.published.get(), 1u);
}

TEST_F(PublishTest, TheTypeComesFromTheQuery) {
  request_.query = "event=price%20change";
  ASSERT_TRUE(attempt());
  request_.query = "event=message";  // what an event without a type is
  ASSERT_TRUE(attempt());
  request_.query = "ttl=5";
  ASSERT_TRUE(attempt());
  EXPECT_EQ(log_.types, (std::vector<std::string>{"price change", "", ""}));
}

TEST_F(PublishTest, WhatCannotBeAnEventIsRefusedAndNotCommitted) {
  request_.body = "\xff\xfe";
  ASSERT_TRUE(attempt());
  EXPECT_EQ(status(), 400);
  request_.body = "fine";
  for (const char* query : {"event=a%0Ab", "event=%ff", "event=error", "event=open"}) {
    request_.query = query;
    ASSERT_TRUE(attempt());
    EXPECT_EQ(status(), 400) << query;
    EXPECT_NE(answer_.find("{\"error\":\""), std::string::npos);
  }
  EXPECT_TRUE(log_.data.empty());
  EXPECT_EQ(counters_.publishes_refused.get(), 5u);
  EXPECT_EQ(counters_.published.get(), 0u);
}

TEST_F(PublishTest, AnEventThatIsTooLongIsRefused) {
  log_.next = {AppendStatus::kTooLong, {}, 0};
  ASSERT_TRUE(attempt());
  EXPECT_EQ(status(), 413);
  EXPECT_NE(answer_.find("max_event_bytes"), std::string::npos);
  EXPECT_EQ(counters_.publishes_refused.get(), 1u);
}

TEST_F(PublishTest, APacedEventIsNotAnsweredAndMayBeTriedAgain) {
  log_.next = {AppendStatus::kPaced, {}, 0};
  EXPECT_FALSE(attempt());
  EXPECT_EQ(answer_, "");
  log_.next = {AppendStatus::kCommitted, {2, 0}, 0};
  EXPECT_TRUE(attempt());
  EXPECT_EQ(status(), 201);
}

TEST_F(PublishTest, AfterTooLongAWaitItSaysWhenToTryAgain) {
  publish_.append_timed_out({.keep_alive = true, .date = "now"}, answer_);
  EXPECT_EQ(status(), 503);
  EXPECT_NE(answer_.find("\r\nRetry-After: 1\r\n"), std::string::npos);
  EXPECT_EQ(answer_.find("Connection: close"), std::string::npos);
  EXPECT_EQ(counters_.publishes_timed_out.get(), 1u);
}

TEST_F(PublishTest, AWebPageMayPublishOnlyWhereItsOriginIsListed) {
  request_.has_origin = true;
  request_.origin = "https://theirs.example";
  ASSERT_TRUE(attempt());
  EXPECT_EQ(status(), 403);
  EXPECT_TRUE(log_.data.empty());
  request_.origin = "https://ours.example";
  ASSERT_TRUE(attempt());
  EXPECT_EQ(status(), 201);
}

TEST_F(PublishTest, ACrossSiteRequestWithoutAnOriginIsRefused) {
  request_.sec_fetch_site = "cross-site";
  ASSERT_TRUE(attempt());
  EXPECT_EQ(status(), 403);
  EXPECT_TRUE(log_.data.empty());
}

}  // namespace
}  // namespace ringcast::net
