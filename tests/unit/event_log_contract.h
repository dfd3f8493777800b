// What every EventLog must do with single events, its lock and its clock, as a suite: each implementation's test
// instantiates it, and those of batches (event_log_batch_contract.h) and of history (event_log_history_contract.h).
//
//   struct MakeMemoryLog {
//     std::unique_ptr<EventLog> operator()(const Channels& channels, CommitListener& listener,
//                                          WallClock clock) const;
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(MemoryLog, EventLogContract, MakeMemoryLog);
#pragma once

#include <algorithm>
#include <atomic>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/event_log_rig.h"

namespace ringcast {

template <typename MakeLog>
class EventLogContract : public EventLogRig<MakeLog> {};

TYPED_TEST_SUITE_P(EventLogContract);

TYPED_TEST_P(EventLogContract, CommitMakesTheFrameVisibleInItsChannelAlone) {
  const EventId id = this->commit(this->channel(1), "hello");
  ASSERT_EQ(this->channel(1).index().size(), 1U);
  EXPECT_EQ(this->channel(1).index().id(0), id);
  const std::string_view chunk = this->chunked(this->channel(1)).frame(0);
  EXPECT_NE(chunk.find("\ndata: hello\n\n"), std::string_view::npos);
  EXPECT_EQ(this->committed(this->channel(0)), 0U);
}

TYPED_TEST_P(EventLogContract, IdsIncreaseOverAllChannels) {
  EventId last{};
  for (ChannelNumber n = 0; n < 50; ++n) {
    const EventId id = this->commit(this->channel(n % 3));
    EXPECT_GT(id, last);
    last = id;
  }
}

TYPED_TEST_P(EventLogContract, IdsIncreaseWhenTheClockStepsBack) {
  const EventId first = this->commit(this->channel(0));
  SettableClock::set(5);
  const EventId second = this->commit(this->channel(1));
  EXPECT_GT(second, first);
  SettableClock::set(2'000'000);
  const EventId third = this->commit(this->channel(0));
  EXPECT_GT(third, second);
  EXPECT_EQ(third.ms, 2'000'000U);
  SettableClock::set(1'999'999);
  EXPECT_GT(this->commit(this->channel(0)), third);
}

// Each thread notes the highest id that anybody has been told before it appends: its own must be
// higher, since commit order is what ids are about.
TYPED_TEST_P(EventLogContract, IdsIncreaseOverSeveralThreads) {
  constexpr int kThreads = 4;
  constexpr int kAppends = 300;
  std::mutex lock;
  EventId highest{};
  std::vector<EventId> all;
  const auto publish = [&](ChannelNumber number) {
    for (int i = 0; i < kAppends; ++i) {
      EventId before;
      {
        const std::lock_guard guard(lock);
        before = highest;
      }
      const EventId id = this->commit(this->channel(number % 3));
      const std::lock_guard guard(lock);
      EXPECT_GT(id, before);
      highest = std::max(highest, id);
      all.push_back(id);
    }
  };
  std::vector<std::thread> threads;
  for (ChannelNumber n = 0; n < kThreads; ++n) threads.emplace_back(publish, n);
  for (std::thread& thread : threads) thread.join();

  std::ranges::sort(all);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end()) << "an id was given twice";
  const std::vector<EventId> read =
      this->ids_read({&this->channel(0), &this->channel(1), &this->channel(2)}, {}, this->kNoLimit);
  EXPECT_EQ(read, all);
}

TYPED_TEST_P(EventLogContract, DoneIsCalledExactlyOnce) {
  std::atomic<int> calls{0};
  std::promise<void> done;
  this->log_->append(this->channel(0), {.type = "", .data = "x"}, [&](const AppendOutcome&) {
    if (++calls == 1) done.set_value();
  });
  done.get_future().wait();
  this->commit(this->channel(0));  // whatever the first append still had to do, it has done
  EXPECT_EQ(calls, 1);
}

TYPED_TEST_P(EventLogContract, SubscribersAreCountedOverAllShards) {
  EXPECT_EQ(this->append(this->channel(0), "x").subscribers, 0U);
  this->channel(0).set_audience(0, 10);
  this->channel(0).set_audience(2, 5);
  this->channel(1).set_audience(0, 1000);
  EXPECT_EQ(this->append(this->channel(0), "x").subscribers, 15U);
}

TYPED_TEST_P(EventLogContract, ListenerIsToldOncePerCommitWhenTheFrameIsVisible) {
  for (int commits = 1; commits <= 10; ++commits) {
    this->commit(this->channel(1));
    const RecordingListener::Seen seen = this->listener_.seen(this->channel(1));
    EXPECT_EQ(seen.commits, commits);
    EXPECT_EQ(seen.committed, this->committed(this->channel(1)));
  }
  EXPECT_EQ(this->listener_.seen(this->channel(0)).commits, 0);
  EXPECT_EQ(this->listener_.seen(this->channel(1)).paced, 0);
}

// Another thread gets at the log while the listener is being told. It is given 20 seconds, so that
// a log that holds its lock fails here instead of hanging.
TYPED_TEST_P(EventLogContract, ListenerIsToldOutsideTheLogsLock) {
  std::thread other;
  bool got_in = false;
  this->listener_.during_commit = [&] {
    std::promise<void> done;
    std::future<void> is_done = done.get_future();
    other = std::thread([&, done = std::move(done)]() mutable {
      (void)this->ids_read({&this->channel(0)}, {}, 1);
      done.set_value();
    });
    got_in = is_done.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  };
  this->commit(this->channel(0));
  other.join();
  EXPECT_TRUE(got_in);
}

TYPED_TEST_P(EventLogContract, PacedAppendChangesNothing) {
  Channel& channel = this->small_channel();
  const int events = this->fill(channel);
  const Position committed = this->committed(channel);
  const std::vector<EventId> ids = this->ids_read({&channel}, {}, this->kNoLimit);
  const RecordingListener::Seen seen = this->listener_.seen(channel);

  const AppendOutcome refused = this->append(channel, "some data");
  EXPECT_EQ(refused.status, AppendStatus::kPaced);
  EXPECT_EQ(this->committed(channel), committed);
  EXPECT_EQ(this->ids_read({&channel}, {}, this->kNoLimit), ids);
  EXPECT_EQ(ids.size(), static_cast<size_t>(events));
  EXPECT_EQ(this->listener_.seen(channel).commits, seen.commits);
  EXPECT_EQ(this->listener_.seen(channel).paced, seen.paced + 1) << "shards are asked to report";
}

TYPED_TEST_P(EventLogContract, PacedChannelDoesNotHoldUpOthers) {
  this->fill(this->small_channel());
  this->commit(this->channel(0));
}

TYPED_TEST_P(EventLogContract, PacedPublisherGoesOnWhenReadersHaveCaughtUp) {
  Channel& channel = this->small_channel();
  this->fill(channel);
  const EventId last = this->ids_read({&channel}, {}, this->kNoLimit).back();
  channel.ring(WireFormat::kChunked)->progress.report(0, this->committed(channel));
  EXPECT_GT(this->commit(channel), last);
}

// Field names, line ends and chunk framing count: it is what is sent that is bounded.
TYPED_TEST_P(EventLogContract, EventLongerThanAllowedChangesNothing) {
  Channel& channel = this->channel(0);
  const EventId before = this->commit(channel);
  const Position committed = this->committed(channel);
  const std::string around_data =
      this->id_line({before.ms, before.seq + 1}) + "c8\r\ndata: \n\n\r\n";
  const std::string fitting(this->kEventBytesMax - around_data.size(), 'x');

  EXPECT_EQ(this->append(channel, fitting + "x").status, AppendStatus::kTooLong);
  EXPECT_EQ(this->append(channel, std::string(100'000, 'x')).status, AppendStatus::kTooLong);
  EXPECT_EQ(this->append(channel, std::string(100, '\n')).status, AppendStatus::kTooLong);
  EXPECT_EQ(this->committed(channel), committed);
  EXPECT_EQ(this->listener_.seen(channel).commits, 1);
  EXPECT_EQ(this->listener_.seen(channel).paced, 0);

  const AppendOutcome longest = this->append(channel, fitting);
  EXPECT_EQ(longest.status, AppendStatus::kCommitted);
  EXPECT_GT(longest.id, before);
}

TYPED_TEST_P(EventLogContract, ReadMergesChannelsInIdOrder) {
  std::vector<EventId> ids;
  for (ChannelNumber n = 0; n < 12; ++n) ids.push_back(this->commit(this->channel(n % 3)));
  const auto events =
      this->read({&this->channel(2), &this->channel(0), &this->channel(1)}, {}, this->kNoLimit);
  ASSERT_EQ(events.size(), ids.size());
  for (ChannelNumber n = 0; n < 12; ++n) {
    EXPECT_EQ(events[n].id, ids[n]);
    EXPECT_EQ(events[n].channel, n % 3);
  }
}

TYPED_TEST_P(EventLogContract, ReadGivesFramesWithoutHttpFraming) {
  const EventId id = this->append(this->channel(0), "a\nb", "letters").id;
  const auto events = this->read({&this->channel(0)}, {}, 10);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].frame, this->id_line(id) + "event: letters\ndata: a\ndata: b\n\n");
}

TYPED_TEST_P(EventLogContract, ReadStartsAfterTheIdGiven) {
  std::vector<EventId> ids;
  for (ChannelNumber n = 0; n < 10; ++n) ids.push_back(this->commit(this->channel(n % 2)));
  for (size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(this->ids_read({&this->channel(0), &this->channel(1)}, ids[i], this->kNoLimit),
              std::vector<EventId>(ids.begin() + static_cast<std::ptrdiff_t>(i) + 1, ids.end()));
  }
  EXPECT_TRUE(this->ids_read({&this->channel(0)}, {~0ULL, ~0ULL}, this->kNoLimit).empty());
}

TYPED_TEST_P(EventLogContract, ReadGivesTheOldestUpToItsLimit) {
  std::vector<EventId> ids;
  for (ChannelNumber n = 0; n < 10; ++n) ids.push_back(this->commit(this->channel(n < 8 ? 0 : 1)));
  for (size_t limit = 0; limit <= 12; ++limit) {
    const auto end = ids.begin() + static_cast<std::ptrdiff_t>(std::min(limit, ids.size()));
    EXPECT_EQ(this->ids_read({&this->channel(1), &this->channel(0)}, {}, limit),
              std::vector<EventId>(ids.begin(), end));
  }
}

TYPED_TEST_P(EventLogContract, ReadOfNothingGivesNothing) {
  this->commit(this->channel(0));
  EXPECT_TRUE(this->ids_read({}, {}, 10).empty());
  EXPECT_TRUE(this->ids_read({&this->channel(1)}, {}, 10).empty());
}

TYPED_TEST_P(EventLogContract, RawRingIsFilledWithWhatWasCommitted) {
  const EventId first = this->commit(this->channel(0), "one");
  const Result<WireRing*> opened = [&] {
    const auto guard = this->log_->hold();
    return this->channel(0).open_ring(WireFormat::kRaw);
  }();
  ASSERT_TRUE(opened);
  const WireRing& raw = *opened.value();
  const EventId second = this->commit(this->channel(0), "two");
  ASSERT_EQ(raw.end() - raw.begin(), 2U);
  EXPECT_EQ(raw.frame(0), this->id_line(first) + "data: one\n\n");
  EXPECT_EQ(raw.frame(1), this->id_line(second) + "data: two\n\n");
}

// Rings are opened and read while others publish; nothing is lost or reordered in either format.
TYPED_TEST_P(EventLogContract, RingsMayBeOpenedAndReadWhileOthersPublish) {
  constexpr size_t kEvents = 400;
  Channel& channel = this->channel(0);
  std::atomic<bool> published{false};
  std::thread publisher([&] {
    for (size_t i = 0; i < kEvents; ++i) this->commit(channel);
    published = true;
  });
  const Result<WireRing*> raw = [&] {
    const auto guard = this->log_->hold();
    return channel.open_ring(WireFormat::kRaw);
  }();
  EventId last{};
  size_t events = 0;
  while (true) {
    const bool all_there = published;
    const std::vector<EventId> ids = this->ids_read({&channel}, last, 16);
    if ((all_there && ids.empty()) || events > kEvents) break;
    for (const EventId id : ids) {
      EXPECT_GT(id, last);
      last = id;
      ++events;
    }
  }
  publisher.join();
  EXPECT_EQ(events, kEvents);
  ASSERT_TRUE(raw);
  ASSERT_EQ(raw.value()->end(), kEvents);
  EXPECT_EQ(channel.index().id(kEvents - 1), last);
  EXPECT_TRUE(raw.value()->frame(kEvents - 1).starts_with(this->id_line(last)));
}

// --- The lock, the clock and the last id

TYPED_TEST_P(EventLogContract, LastIdIsTheLastThatWasIssued) {
  const EventId origin = this->last_id();
  const EventId first = this->commit(this->channel(0));
  EXPECT_GT(first, origin);
  EXPECT_EQ(this->last_id(), first);
  this->append(this->channel(0), std::string(1000, 'x'));
  EXPECT_EQ(this->last_id(), first) << "a refused event has none";
  const AppendOutcome batch = this->append_all(
      {this->publication(this->channel(0), "x"), this->publication(this->channel(1), "x")});
  EXPECT_EQ(this->last_id(), batch.last_id);
}

TYPED_TEST_P(EventLogContract, ChannelsKnowWhatWasIssuedBeforeThem) {
  const EventId origin = this->last_id();
  for (ChannelNumber n = 0; n < this->channels_->size(); ++n) {
    EXPECT_EQ(this->channel(n).index().id_before_frame(0), origin);
  }
}

TYPED_TEST_P(EventLogContract, TellsTheTimeByWhichIdsAreGiven) {
  SettableClock::set(3'000'000);
  EXPECT_EQ(this->log_->now_ms(), 3'000'000U);
  EXPECT_EQ(this->commit(this->channel(0)).ms, 3'000'000U);
}

// Looks often rather than long: a log that commits all the same is caught by one of many looks.
TYPED_TEST_P(EventLogContract, NothingIsCommittedWhileTheLockIsHeld) {
  std::thread publisher;
  {
    const auto guard = this->log_->hold();
    const EventId last = this->log_->last_id();
    std::atomic<bool> is_running{false};
    publisher = std::thread([&] {
      is_running = true;
      this->commit(this->channel(0));
    });
    while (!is_running) std::this_thread::yield();
    for (int look = 0; look < 2000; ++look) {
      EXPECT_EQ(this->channel(0).index().size(), 0U);
      EXPECT_EQ(this->log_->last_id(), last);
      std::this_thread::yield();
    }
  }
  publisher.join();
  EXPECT_EQ(this->channel(0).index().size(), 1U);
}

REGISTER_TYPED_TEST_SUITE_P(
    EventLogContract, CommitMakesTheFrameVisibleInItsChannelAlone, IdsIncreaseOverAllChannels,
    IdsIncreaseWhenTheClockStepsBack, IdsIncreaseOverSeveralThreads, DoneIsCalledExactlyOnce,
    SubscribersAreCountedOverAllShards, ListenerIsToldOncePerCommitWhenTheFrameIsVisible,
    ListenerIsToldOutsideTheLogsLock, PacedAppendChangesNothing, PacedChannelDoesNotHoldUpOthers,
    PacedPublisherGoesOnWhenReadersHaveCaughtUp, EventLongerThanAllowedChangesNothing,
    ReadMergesChannelsInIdOrder, ReadGivesFramesWithoutHttpFraming, ReadStartsAfterTheIdGiven,
    ReadGivesTheOldestUpToItsLimit, ReadOfNothingGivesNothing, RawRingIsFilledWithWhatWasCommitted,
    RingsMayBeOpenedAndReadWhileOthersPublish, LastIdIsTheLastThatWasIssued,
    ChannelsKnowWhatWasIssuedBeforeThem, TellsTheTimeByWhichIdsAreGiven,
    NothingIsCommittedWhileTheLockIsHeld);

}  // namespace ringcast
