#include "engine/log/memory_log.h"

#include <gtest/gtest.h>

#include "tests/unit/event_log_contract.h"

namespace ringcast {
namespace {

struct MakeMemoryLog {
  std::unique_ptr<EventLog> operator()(CommitListener& listener, WallClock clock) const {
    return std::make_unique<MemoryLog>(listener, clock);
  }
};

}  // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(MemoryLog, EventLogContract, MakeMemoryLog);

namespace {

class MemoryLogTest : public EventLogContract<MakeMemoryLog> {};

TEST_F(MemoryLogTest, CommitsBeforeAppendReturnsInTheCallingThread) {
  std::thread::id where;
  log_->append(channel(0), {.type = "", .data = "x"},
               [&](const AppendOutcome&) { where = std::this_thread::get_id(); });
  EXPECT_EQ(where, std::this_thread::get_id());
}

TEST_F(MemoryLogTest, ListenerHasBeenToldWhenDoneIsCalled) {
  int told = 0;
  log_->append(channel(0), {.type = "", .data = "x"},
               [&](const AppendOutcome&) { told = listener_.seen(channel(0)).commits; });
  EXPECT_EQ(told, 1);
}

TEST_F(MemoryLogTest, RefusedEventsUseUpNoId) {
  EXPECT_EQ(commit(channel(0)), (EventId{1'000'000, 0}));
  EXPECT_EQ(append(channel(0), std::string(1000, 'x')).status, AppendStatus::kTooLong);
  EXPECT_EQ(commit(channel(0)), (EventId{1'000'000, 1}));
  const auto events = static_cast<uint64_t>(fill(small_channel()));
  EXPECT_EQ(commit(channel(0)), (EventId{1'000'000, 2 + events}));
}

// A shard that is submitting delays the publisher for a moment, as a slow subscriber does, but is
// never overwritten.
TEST_F(MemoryLogTest, BatchUnderWayPacesThePublisher) {
  AppendStatus status = AppendStatus::kCommitted;
  {
    const ReadingRings batch(epochs_[1]);
    for (int events = 0; events < 1000 && status == AppendStatus::kCommitted; ++events) {
      status = append(small_channel(), "some data").status;
    }
    EXPECT_EQ(status, AppendStatus::kPaced);
  }
  EXPECT_EQ(append(small_channel(), "some data").status, AppendStatus::kCommitted);
}

TEST_F(MemoryLogTest, WhatTheRingForgotIsLeftOutOfARead) {
  for (int events = 0; events < 500; ++events) commit(small_channel());
  const std::vector<EventId> ids = ids_read({&small_channel()}, {}, kNoLimit);
  EXPECT_LT(ids.size(), 500U);
  EXPECT_GT(ids.size(), 50U);
  EXPECT_EQ(ids.back(), (EventId{1'000'000, 499}));
}

// Deadlock otherwise: `done` of an append may publish the next event.
TEST_F(MemoryLogTest, DoneOfAnAppendMayAppendAgain) {
  EventId second;
  log_->append(channel(0), {.type = "", .data = "x"},
               [&](const AppendOutcome&) { second = commit(channel(0), "y"); });
  EXPECT_EQ(second, (EventId{1'000'000, 1}));
}

TEST(MemoryLog, UsesTheWallClockByDefault) {
  const Epochs epochs(1);
  ChannelConfig config;
  config.name = "news";
  const std::unique_ptr<Channel> channel = std::move(Channel::create(0, config, epochs).value());
  RecordingListener listener;
  MemoryLog log(listener);
  const uint64_t before = wall_now_ms();
  EventId id;
  log.append(*channel, {.type = "", .data = "x"},
             [&](const AppendOutcome& outcome) { id = outcome.id; });
  EXPECT_GE(id.ms, before);
  EXPECT_LE(id.ms, wall_now_ms());
}

}  // namespace
}  // namespace ringcast
