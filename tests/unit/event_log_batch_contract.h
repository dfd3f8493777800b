// What every EventLog must do with batches: all or nothing, in their order. See event_log_contract.h.
#pragma once

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/event_log_rig.h"

namespace ringcast {

template <typename MakeLog>
class EventLogBatchContract : public EventLogRig<MakeLog> {};

TYPED_TEST_SUITE_P(EventLogBatchContract);

TYPED_TEST_P(EventLogBatchContract, BatchIsCommittedInItsOrderOverItsChannels) {
  const EventId before = this->commit(this->channel(0));
  const AppendOutcome outcome = this->append_all({
      this->publication(this->channel(2), "one"),
      this->publication(this->channel(0), "two"),
      this->publication(this->channel(2), "three"),
      this->publication(this->channel(1), "four"),
  });
  ASSERT_EQ(outcome.status, AppendStatus::kCommitted);
  const auto events =
      this->read({&this->channel(0), &this->channel(1), &this->channel(2)}, before, this->kNoLimit);
  ASSERT_EQ(events.size(), 4U);
  const std::array<std::string, 4> data{"one", "two", "three", "four"};
  const std::array<ChannelNumber, 4> channels{2, 0, 2, 1};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(events[i].channel, channels[i]);
    EXPECT_EQ(events[i].frame, this->id_line(events[i].id) + "data: " + data[i] + "\n\n");
  }
  EXPECT_GT(outcome.id, before);
  EXPECT_EQ(outcome.id, events.front().id);
  EXPECT_EQ(outcome.last_id, events.back().id);
  EXPECT_EQ(this->last_id(), outcome.last_id);
  EXPECT_GT(this->commit(this->channel(0)), outcome.last_id);
}

TYPED_TEST_P(EventLogBatchContract, BatchOfOneIsASingleAppend) {
  this->channel(0).set_audience(0, 3);
  const AppendOutcome single = this->append(this->channel(0), "same");
  const AppendOutcome batch = this->append_all({this->publication(this->channel(0), "same")});
  for (const AppendOutcome& outcome : {single, batch}) {
    EXPECT_EQ(outcome.status, AppendStatus::kCommitted);
    EXPECT_EQ(outcome.id, outcome.last_id);
    EXPECT_EQ(outcome.subscribers, 3U);
  }
  EXPECT_GT(batch.id, single.id);
  const auto events = this->read({&this->channel(0)}, {}, this->kNoLimit);
  ASSERT_EQ(events.size(), 2U);
  for (const auto& event : events) {
    EXPECT_EQ(event.frame, this->id_line(event.id) + "data: same\n\n");
  }
  EXPECT_EQ(this->listener_.seen(this->channel(0)).commits, 2);
}

TYPED_TEST_P(EventLogBatchContract, BatchCountsTheSubscribersOfItsFirstEvent) {
  this->channel(0).set_audience(0, 7);
  this->channel(1).set_audience(1, 5);
  EXPECT_EQ(this->append_all({this->publication(this->channel(1), "x"),
                              this->publication(this->channel(0), "x")})
                .subscribers,
            5U);
  EXPECT_EQ(this->channel(0).committed_deliveries().get(), 7U);
  EXPECT_EQ(this->channel(1).committed_deliveries().get(), 5U);
}

TYPED_TEST_P(EventLogBatchContract, BatchTellsEachChannelsListenersOnceWhenAllIsVisible) {
  std::vector<Publication> batch;
  for (ChannelNumber n = 0; n < 30; ++n) {
    batch.push_back(this->publication(this->channel(n % 3), "data"));
  }
  ASSERT_EQ(this->append_all(batch).status, AppendStatus::kCommitted);
  for (ChannelNumber n = 0; n < 3; ++n) {
    const RecordingListener::Seen seen = this->listener_.seen(this->channel(n));
    EXPECT_EQ(seen.commits, 1);
    EXPECT_EQ(seen.committed, this->committed(this->channel(n)));
    EXPECT_EQ(this->channel(n).index().size(), 10U);
  }
  EXPECT_EQ(this->listener_.seen(this->small_channel()).commits, 0);
}

TYPED_TEST_P(EventLogBatchContract, BatchWithOneEventTooLongIsRefusedAsAWhole) {
  const EventId before = this->commit(this->channel(0));
  const std::string too_long(this->kEventBytesMax, 'x');
  for (size_t bad = 0; bad < 5; ++bad) {
    std::vector<Publication> batch;
    for (ChannelNumber n = 0; n < 5; ++n) {
      batch.push_back(
          this->publication(this->channel(n % 3), n == bad ? std::string_view(too_long) : "fine"));
    }
    const AppendOutcome outcome = this->append_all(batch);
    EXPECT_EQ(outcome.status, AppendStatus::kTooLong);
    EXPECT_EQ(outcome.refused, bad);
  }
  EXPECT_EQ(this->last_id(), before);
  EXPECT_EQ(this->channel(0).index().size(), 1U);
  for (ChannelNumber n = 1; n < 3; ++n) {
    EXPECT_EQ(this->committed(this->channel(n)), 0U);
    EXPECT_EQ(this->listener_.seen(this->channel(n)).commits, 0);
    EXPECT_EQ(this->listener_.seen(this->channel(n)).paced, 0);
  }
}

TYPED_TEST_P(EventLogBatchContract, BatchMayHoldTheLongestEvents) {
  const EventId before = this->commit(this->channel(0));
  const std::string around_data =
      this->id_line({before.ms, before.seq + 1}) + "c8\r\ndata: \n\n\r\n";
  const std::string fitting(this->kEventBytesMax - around_data.size(), 'x');
  const std::string too_long = fitting + "x";
  EXPECT_EQ(this->append_all({this->publication(this->channel(0), fitting),
                              this->publication(this->channel(0), too_long)})
                .status,
            AppendStatus::kTooLong);
  EXPECT_EQ(this->append_all({this->publication(this->channel(0), fitting),
                              this->publication(this->channel(0), fitting)})
                .status,
            AppendStatus::kCommitted);
}

// In events, where they are small, and in bytes, where they are not. Waiting would not help.
TYPED_TEST_P(EventLogBatchContract, BatchThatNoRingHoldsIsRefusedAsAWhole) {
  const std::string long_data(this->kEventBytesMax / 2, 'x');
  std::vector<Publication> batch;
  batch.push_back(this->publication(this->channel(0), "x"));
  for (int n = 0; n < 50; ++n) batch.push_back(this->publication(this->small_channel(), long_data));
  batch.push_back(this->publication(this->channel(1), "x"));
  EXPECT_EQ(this->append_all(batch).status, AppendStatus::kTooMany);
  for (const ChannelNumber n : {0U, 1U, 3U}) {
    EXPECT_EQ(this->committed(this->channel(n)), 0U);
    EXPECT_EQ(this->listener_.seen(this->channel(n)).commits, 0);
    EXPECT_EQ(this->listener_.seen(this->channel(n)).paced, 0) << "waiting would not help";
  }
  EXPECT_EQ(this->append_all({batch.begin(), batch.begin() + 10}).status, AppendStatus::kCommitted);
}

// A lead is an eighth of the ring: what is made room for in the ordinary course.
TYPED_TEST_P(EventLogBatchContract, BatchLargerThanALeadFitsWhileItIsWithinTheRingsLimit) {
  Channel& channel = this->small_channel();
  const uint64_t bytes_max = this->chunked(channel).ring().batch_bytes_max();
  const std::string data(this->kEventBytesMax / 2, 'x');
  for (int round = 0; round < 20; ++round) {
    const Position from = this->committed(channel);
    const auto frame_bytes = static_cast<uint64_t>(data.size() + 50);
    const std::vector<Publication> batch(bytes_max / frame_bytes, this->publication(channel, data));
    const AppendOutcome outcome = this->append_all(batch);
    ASSERT_EQ(outcome.status, AppendStatus::kCommitted);
    ASSERT_GT(this->committed(channel) - from, 4 * kKiB / kRingLeadFraction);
    const auto events = this->read({&channel}, id_before(outcome.id), this->kNoLimit);
    ASSERT_EQ(events.size(), batch.size()) << "all of it is there, the first one too";
  }
}

TYPED_TEST_P(EventLogBatchContract, BatchThatMustWaitForReadersChangesNothing) {
  this->fill(this->small_channel());
  const EventId last = this->last_id();
  const Position full = this->committed(this->small_channel());
  const RecordingListener::Seen seen = this->listener_.seen(this->small_channel());
  const AppendOutcome outcome = this->append_all({
      this->publication(this->channel(0), "x"),
      this->publication(this->small_channel(), "some data"),
      this->publication(this->channel(1), "x"),
  });
  EXPECT_EQ(outcome.status, AppendStatus::kPaced);
  EXPECT_EQ(this->last_id(), last);
  EXPECT_EQ(this->committed(this->channel(0)), 0U);
  EXPECT_EQ(this->committed(this->channel(1)), 0U);
  EXPECT_EQ(this->committed(this->small_channel()), full);
  EXPECT_EQ(this->listener_.seen(this->channel(0)).commits, 0);
  EXPECT_EQ(this->listener_.seen(this->small_channel()).commits, seen.commits);
  EXPECT_EQ(this->listener_.seen(this->small_channel()).paced, seen.paced + 1)
      << "its shards are asked to report";

  this->small_channel().ring(WireFormat::kChunked)->progress.report(0, full);
  EXPECT_EQ(this->append_all({this->publication(this->channel(0), "x"),
                              this->publication(this->small_channel(), "some data")})
                .status,
            AppendStatus::kCommitted);
}

// Channels whose next events would push out their oldest, in bytes or in number, keep them while the batch waits.
TYPED_TEST_P(EventLogBatchContract, BatchThatMustWaitForReadersTakesNothingOfAnyChannelsPast) {
  Channel& full = this->channel(1);
  for (int n = 0; n < 3000; ++n) this->commit(full);
  Channel& pinned = this->small_channel();
  this->fill(pinned);
  const FrameNumber begin = full.index().begin();
  const Position floor = this->chunked(full).ring().floor();
  const std::vector<EventId> ids = this->ids_read({&full}, {}, this->kNoLimit);
  ASSERT_GT(begin, 0U);

  const std::string data(this->kEventBytesMax / 2, 'x');
  std::vector<Publication> batch(100, this->publication(full, data));
  batch.push_back(this->publication(pinned, data));
  for (int attempt = 0; attempt < 10; ++attempt) {
    ASSERT_EQ(this->append_all(batch).status, AppendStatus::kPaced);
    ASSERT_EQ(full.index().begin(), begin);
    ASSERT_EQ(this->chunked(full).ring().floor(), floor);
  }
  EXPECT_EQ(this->ids_read({&full}, {}, this->kNoLimit), ids);
  pinned.ring(WireFormat::kChunked)->progress.report(0, this->committed(pinned));
  EXPECT_EQ(this->append_all(batch).status, AppendStatus::kCommitted);
  EXPECT_GT(full.index().begin(), begin);
}

// Every thread writes on its events whose they are. Read back in id order, no batch has anything in it that is
// not its own.
TYPED_TEST_P(EventLogBatchContract, NothingComesBetweenTheEventsOfABatch) {
  constexpr int kThreads = 4;
  constexpr int kBatches = 60;
  const auto publish = [&](int thread) {
    for (int number = 0; number < kBatches; ++number) {
      const auto size = static_cast<size_t>(1 + (thread + number) % 8);
      std::vector<std::string> data;
      for (size_t i = 0; i < size; ++i) {
        data.push_back(std::to_string(thread) + "." + std::to_string(number) + "." +
                       std::to_string(i) + "/" + std::to_string(size));
      }
      std::vector<Publication> batch;
      for (size_t i = 0; i < size; ++i) {
        batch.push_back(this->publication(
            this->channel(static_cast<ChannelNumber>((number + i) % 3)), data[i]));
      }
      EXPECT_EQ(this->append_all(batch).status, AppendStatus::kCommitted);
    }
  };
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) threads.emplace_back(publish, thread);
  for (std::thread& thread : threads) thread.join();

  const auto events =
      this->read({&this->channel(0), &this->channel(1), &this->channel(2)}, {}, this->kNoLimit);
  size_t at = 0;
  size_t batches = 0;
  while (at < events.size()) {
    const std::string& frame = events[at].frame;
    const size_t from = frame.find("data: ") + 6;
    const size_t dot = frame.rfind('.');
    const std::string batch = frame.substr(from, dot - from);
    const size_t size = std::stoul(frame.substr(frame.rfind('/') + 1));
    ASSERT_LE(at + size, events.size());
    for (size_t i = 0; i < size; ++i, ++at) {
      ASSERT_NE(events[at].frame.find("data: " + batch + "." + std::to_string(i) + "/"),
                std::string::npos)
          << "instead of event " << i << " of " << batch << ": " << events[at].frame;
    }
    ++batches;
  }
  EXPECT_EQ(batches, size_t{kThreads} * kBatches);
}

REGISTER_TYPED_TEST_SUITE_P(EventLogBatchContract, BatchIsCommittedInItsOrderOverItsChannels,
                            BatchOfOneIsASingleAppend, BatchCountsTheSubscribersOfItsFirstEvent,
                            BatchTellsEachChannelsListenersOnceWhenAllIsVisible,
                            BatchWithOneEventTooLongIsRefusedAsAWhole, BatchMayHoldTheLongestEvents,
                            BatchThatNoRingHoldsIsRefusedAsAWhole,
                            BatchLargerThanALeadFitsWhileItIsWithinTheRingsLimit,
                            BatchThatMustWaitForReadersChangesNothing,
                            BatchThatMustWaitForReadersTakesNothingOfAnyChannelsPast,
                            NothingComesBetweenTheEventsOfABatch);

}  // namespace ringcast
