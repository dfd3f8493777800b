#include "engine/log/memory_log.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/event_log_batch_contract.h"
#include "tests/unit/event_log_contract.h"
#include "tests/unit/event_log_history_contract.h"

namespace ringcast {
namespace {

struct MakeMemoryLog {
  std::unique_ptr<EventLog> operator()(const Channels& channels, CommitListener& listener,
                                       WallClock clock) const {
    return std::make_unique<MemoryLog>(channels, listener, clock);
  }
};

}  // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(MemoryLog, EventLogContract, MakeMemoryLog);
INSTANTIATE_TYPED_TEST_SUITE_P(MemoryLog, EventLogBatchContract, MakeMemoryLog);
INSTANTIATE_TYPED_TEST_SUITE_P(MemoryLog, EventLogHistoryContract, MakeMemoryLog);

namespace {

class MemoryLogTest : public EventLogRig<MakeMemoryLog> {};

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

// The moment it began is an id of its own: whoever resumes from it has missed nothing.
TEST_F(MemoryLogTest, IdsBeginAfterTheMomentItBegan) {
  EXPECT_EQ(last_id(), (EventId{1'000'000, 0}));
  EXPECT_EQ(commit(channel(0)), (EventId{1'000'000, 1}));
}

TEST_F(MemoryLogTest, RefusedEventsUseUpNoId) {
  EXPECT_EQ(commit(channel(0)), (EventId{1'000'000, 1}));
  EXPECT_EQ(append(channel(0), std::string(1000, 'x')).status, AppendStatus::kTooLong);
  EXPECT_EQ(commit(channel(0)), (EventId{1'000'000, 2}));
  const auto events = static_cast<uint64_t>(fill(small_channel()));
  EXPECT_EQ(commit(channel(0)), (EventId{1'000'000, 3 + events}));
  const std::string too_long(1000, 'x');
  EXPECT_EQ(append_all({publication(channel(0), "x"), publication(channel(0), too_long)}).status,
            AppendStatus::kTooLong);
  EXPECT_EQ(
      append_all({publication(channel(0), "x"), publication(small_channel(), "some data")}).status,
      AppendStatus::kPaced);
  EXPECT_EQ(commit(channel(0)), (EventId{1'000'000, 4 + events}));
}

TEST_F(MemoryLogTest, IdsOfABatchAreConsecutive) {
  const AppendOutcome outcome = append_all(
      {publication(channel(0), "x"), publication(channel(1), "x"), publication(channel(0), "x")});
  EXPECT_EQ(outcome.id, (EventId{1'000'000, 1}));
  EXPECT_EQ(outcome.last_id, (EventId{1'000'000, 3}));
  SettableClock::set(1'000'007);
  EXPECT_EQ(append_all({publication(channel(0), "x"), publication(channel(1), "x")}).last_id,
            (EventId{1'000'007, 1}));
}

// Forward and back, by milliseconds and by days, at every second event.
TEST_F(MemoryLogTest, NoIdIsEverBelowOneThatWasIssuedWhateverTheClockDoes) {
  constexpr int64_t kDay = 24 * 60 * 60 * 1000;
  constexpr int64_t kStart = 20'000 * kDay;
  EventId last = last_id();
  int64_t highest = 0;
  for (const int64_t step : {0L, 1L, -1L, 5L, -5L, kDay, -kDay, 3 * kDay, -7 * kDay, 7 * kDay,
                             30 * kDay, -60 * kDay, -1L, 400 * kDay, -400 * kDay, -kStart}) {
    SettableClock::set(static_cast<uint64_t>(kStart + step));
    highest = std::max(highest, kStart + step);
    for (ChannelNumber n = 0; n < 3; ++n) {
      const EventId id = commit(channel(n));
      EXPECT_GT(id, last) << "after a step by " << step;
      EXPECT_EQ(id.ms, static_cast<uint64_t>(highest))
          << "it leads the clock by no more than needed";
      last = id;
    }
    const AppendOutcome batch =
        append_all({publication(channel(0), "x"), publication(channel(1), "x")});
    EXPECT_GT(batch.id, last);
    EXPECT_GT(batch.last_id, batch.id);
    last = batch.last_id;
  }
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
  EXPECT_EQ(ids.back(), (EventId{1'000'000, 500}));
}

// Deadlock otherwise: `done` of an append may publish the next event.
TEST_F(MemoryLogTest, DoneOfAnAppendMayAppendAgain) {
  EventId second;
  log_->append(channel(0), {.type = "", .data = "x"},
               [&](const AppendOutcome&) { second = commit(channel(0), "y"); });
  EXPECT_EQ(second, (EventId{1'000'000, 2}));
}

TEST_F(MemoryLogTest, DoneOfABatchMayAppendAgain) {
  EventId next;
  const std::vector batch{publication(channel(0), "x"), publication(channel(1), "x")};
  log_->append(batch, [&](const AppendOutcome&) {
    next = append_all({publication(channel(2), "y"), publication(channel(0), "y")}).id;
  });
  EXPECT_EQ(next, (EventId{1'000'000, 3}));
}

TEST(MemoryLog, UsesTheWallClockByDefault) {
  const Epochs epochs(1);
  ChannelConfig config;
  config.name = "news";
  const std::unique_ptr<Channels> channels = std::move(Channels::create({config}, epochs).value());
  RecordingListener listener;
  const uint64_t before = wall_now_ms();
  MemoryLog log(*channels, listener);
  EventId id;
  log.append(channels->at(0), {.type = "", .data = "x"},
             [&](const AppendOutcome& outcome) { id = outcome.id; });
  EXPECT_GE(id.ms, before);
  EXPECT_LE(id.ms, wall_now_ms());
}

// Held publishes come back all the time, and everybody waits for the lock meanwhile: they are not encoded
// before there is room. Whoever reads this text is ended by the system.
TEST_F(MemoryLogTest, PacedEventsAreNotLookedAt) {
  const size_t bytes = 100;
  void* const page = ::mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  const Publication unreadable{
      .channel = &small_channel(),
      .event = {.type = "", .data = {static_cast<const char*>(page), bytes}},
      .beside_id = bytes_beside_id({.type = "", .data = std::string(bytes, 'x')}),
  };
  fill(small_channel());
  EXPECT_EQ(append_all({unreadable}).status, AppendStatus::kPaced);
  EXPECT_EQ(append_all({publication(channel(0), "x"), unreadable, unreadable}).status,
            AppendStatus::kPaced);
  EXPECT_EQ(append_all(std::vector<Publication>(1000, unreadable)).status, AppendStatus::kTooMany);
  ::munmap(page, bytes);
}

// Whether an event fits may be a matter of its id's last digits: the tenth of this millisecond has one more.
TEST_F(MemoryLogTest, LongestEventIsJudgedByTheIdItGets) {
  const std::string around_data = id_line({1'000'000, 9}) + "c8\r\ndata: \n\n\r\n";
  const std::string fitting(kEventBytesMax - around_data.size(), 'x');
  for (int n = 1; n <= 7; ++n) commit(channel(0));
  const std::vector longest(3, publication(channel(1), fitting));
  const AppendOutcome refused = append_all(longest);
  EXPECT_EQ(refused.status, AppendStatus::kTooLong);
  EXPECT_EQ(refused.refused, 2U);
  EXPECT_EQ(committed(channel(1)), 0U);
  EXPECT_EQ(append_all({longest.begin(), longest.begin() + 2}).last_id, (EventId{1'000'000, 9}));
  EXPECT_EQ(append_all({longest.front()}).status, AppendStatus::kTooLong);
  SettableClock::set(1'000'001);
  EXPECT_EQ(append_all(longest).status, AppendStatus::kCommitted);
}

using MemoryLogDeathTest = MemoryLogTest;

TEST_F(MemoryLogDeathTest, EmptyBatchIsCaught) {
  EXPECT_DEATH(log_->append(std::span<const Publication>{}, [](const AppendOutcome&) {}),
               "violated");
}

TEST_F(MemoryLogDeathTest, ChannelsThatHaveEventsAreCaught) {
  commit(channel(0));
  EXPECT_DEATH((void)MemoryLog(*channels_, listener_), "violated");
}

}  // namespace
}  // namespace ringcast
