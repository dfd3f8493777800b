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
  void append(std::span<const Publication> batch, const AppendDone& done) override {
    for (const Publication& one : batch) {
      types.emplace_back(one.event.type);
      data.emplace_back(one.event.data);
      ttls.push_back(one.event.ttl);
    }
    done(next);
  }
  void read(std::span<Channel* const>, EventId, size_t, const ReadDone&) override {}
  uint64_t now_ms() const noexcept override { return 0; }
  EventId last_id() const noexcept override { return {}; }

  AppendOutcome next{.id = {1732271234567, 3}, .last_id = {1732271234567, 3}, .subscribers = 42};
  std::vector<milliseconds> ttls;
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

  // What is to be published; nullptr, and the answer is in answer_, when it was refused.
  std::unique_ptr<Publishing> read() {
    answer_.clear();
    return publish_.read_one({.channel = &channels_->at(0)}, request_, kOptions, answer_);
  }

  // Whether it was answered; the answer is in answer_.
  bool attempt() {
    const auto publishing = read();
    return publishing == nullptr || attempt(*publishing) == Publish::Attempt::kAnswered;
  }
  Publish::Attempt attempt(const Publishing& publishing) {
    return publish_.attempt(publishing, kOptions, 0, answer_);
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

  static constexpr ResponseOptions kOptions{.keep_alive = true, .date = "now"};

  const Epochs epochs_{1};
  const std::unique_ptr<Channels> channels_ =
      std::move(Channels::create({config()}, epochs_).value());
  ScriptedLog log_;
  Counters counters_;
  IdempotencyKeys keys_{4};
  Publish publish_{log_, *channels_, keys_, counters_};
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
  request_.query = "other=5";
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
  log_.next = {.status = AppendStatus::kTooLong};
  ASSERT_TRUE(attempt());
  EXPECT_EQ(status(), 413);
  EXPECT_NE(answer_.find("max_event_bytes"), std::string::npos);
  EXPECT_EQ(counters_.publishes_refused.get(), 1u);
}

TEST_F(PublishTest, APacedEventIsNotAnsweredAndMayBeTriedAgain) {
  log_.next = {.status = AppendStatus::kPaced};
  EXPECT_FALSE(attempt());
  EXPECT_EQ(answer_, "");
  log_.next = {.id = {2, 0}};
  EXPECT_TRUE(attempt());
  EXPECT_EQ(status(), 201);
}

TEST_F(PublishTest, AfterTooLongAWaitItSaysWhenToTryAgain) {
  publish_.append_timed_out(Publish::Attempt::kPaced, kOptions, answer_);
  EXPECT_EQ(status(), 503);
  EXPECT_NE(answer_.find("subscribers have not kept up"), std::string::npos);
  EXPECT_NE(answer_.find("\r\nRetry-After: 1\r\n"), std::string::npos);
  EXPECT_EQ(answer_.find("Connection: close"), std::string::npos);
  EXPECT_EQ(counters_.publishes_timed_out.get(), 1u);
}

// --- Idempotency-Key

TEST_F(PublishTest, ABadKeyIsRefusedWhenTheRequestIsRead) {
  request_.idempotency_key = "two words";
  EXPECT_EQ(read(), nullptr);
  EXPECT_EQ(status(), 400);
  const auto nobody_is_denied = [](const Channel*, std::string_view) { return Denial::kNone; };
  EXPECT_EQ(publish_.read_batch(request_, kOptions, nobody_is_denied, answer_), nullptr);
  EXPECT_EQ(counters_.publishes_refused.get(), 2u);
}

// The request's bytes are not needed again, however often it is tried.
TEST_F(PublishTest, KeyAndRequestAreHashedWhenTheyAreRead) {
  std::string key = "a key";
  key[1] = '-';
  request_.idempotency_key = key;
  const auto held = read();
  ASSERT_NE(held, nullptr);
  log_.next = {.status = AppendStatus::kPaced};
  EXPECT_EQ(attempt(*held), Publish::Attempt::kPaced);
  key = "?????";
  log_.next = {.id = {7, 0}, .last_id = {7, 0}};
  EXPECT_EQ(attempt(*held), Publish::Attempt::kAnswered);
  key = "a-key";
  ASSERT_TRUE(attempt());
  EXPECT_EQ(log_.data.size(), 2u) << "the last one was a repeat";
  EXPECT_NE(answer_.find("\"id\":\"7-0\""), std::string::npos);
}

TEST_F(PublishTest, WhatIsKnownIsAnsweredWithoutTheLog) {
  request_.idempotency_key = "key";
  const auto first = read();
  EXPECT_FALSE(publish_.try_answer_known(*first, kOptions, 0, answer_)) << "nothing is known yet";
  ASSERT_TRUE(attempt());
  log_.next = {.status = AppendStatus::kPaced};
  const auto repeat = read();
  EXPECT_TRUE(publish_.try_answer_known(*repeat, kOptions, 0, answer_));
  EXPECT_EQ(status(), 201);
  request_.body = "something else";
  const auto other = read();
  EXPECT_TRUE(publish_.try_answer_known(*other, kOptions, 0, answer_));
  EXPECT_EQ(status(), 422);
  request_.idempotency_key = {};
  const auto keyless = read();
  EXPECT_FALSE(publish_.try_answer_known(*keyless, kOptions, 0, answer_));
  EXPECT_EQ(log_.data.size(), 1u);
}

TEST_F(PublishTest, WhoWaitsForAnEarlierAttemptIsToldSo) {
  request_.idempotency_key = "key";
  const auto second = read();
  ASSERT_EQ(keys_.claim(second->key, second->fingerprint, 0).kind, ClaimKind::kFirst);
  EXPECT_EQ(attempt(*second), Publish::Attempt::kUnderWay);
  EXPECT_FALSE(publish_.try_answer_known(*second, kOptions, 0, answer_));
  EXPECT_EQ(answer_, "");
  EXPECT_TRUE(log_.data.empty());
  publish_.append_timed_out(Publish::Attempt::kUnderWay, kOptions, answer_);
  EXPECT_EQ(status(), 503);
  EXPECT_NE(answer_.find("earlier attempt with this Idempotency-Key"), std::string::npos);
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
