// What every EventLog must do, as one suite: each implementation's test instantiates it.
//
//   struct MakeMemoryLog {
//     std::unique_ptr<EventLog> operator()(const Channels& channels, CommitListener& listener,
//                                          WallClock clock) const;
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(MemoryLog, EventLogContract, MakeMemoryLog);
//
// Nothing here assumes that `done` is called before append() returns, nor in which thread.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "engine/channels.h"
#include "engine/log/event_log.h"

namespace ringcast {

using WallClock = uint64_t (*)() noexcept;

// A wall clock that stands still until it is set. Each test has one, before its log, so that all begin alike.
class SettableClock {
 public:
  SettableClock() { set(1'000'000); }
  static void set(uint64_t ms) noexcept { now_ms_ = ms; }
  static uint64_t now() noexcept { return now_ms_; }

 private:
  static inline std::atomic<uint64_t> now_ms_{0};
};

// Counts what a log tells it, and looks at the channel at that moment.
class RecordingListener final : public CommitListener {
 public:
  void on_commit(const Channel& channel) noexcept override {
    const std::lock_guard guard(lock_);
    Seen& seen = seen_[channel.number()];
    ++seen.commits;
    seen.committed = channel.ring(WireFormat::kChunked)->ring().committed();
    if (during_commit) during_commit();
  }
  void on_paced(const Channel& channel) noexcept override {
    const std::lock_guard guard(lock_);
    ++seen_[channel.number()].paced;
  }

  struct Seen {
    int commits = 0;
    int paced = 0;
    Position committed = 0;  // of the chunked ring, inside the last on_commit()
  };
  [[nodiscard]] Seen seen(const Channel& channel) {
    const std::lock_guard guard(lock_);
    return seen_[channel.number()];
  }

  std::function<void()> during_commit;  // set before any append

 private:
  std::mutex lock_;
  std::map<ChannelNumber, Seen> seen_;
};

template <typename MakeLog>
class EventLogContract : public testing::Test {
 protected:
  static constexpr size_t kShards = 3;
  static constexpr uint32_t kEventBytesMax = 200;
  static constexpr size_t kNoLimit = ~size_t{0};

  static std::vector<ChannelConfig> configs() {
    std::vector<ChannelConfig> configs(5);
    for (size_t i = 0; i < configs.size(); ++i) {
      configs[i].name = "channel-" + std::to_string(i);
      configs[i].history = {.events = 10'000, .bytes = 64 * kKiB, .age = milliseconds{600'000}};
      configs[i].event_bytes_max = kEventBytesMax;
    }
    configs[3].history.bytes = 4 * kKiB;  // soon full
    configs[4].name = "inbox/{recipient}";
    return configs;
  }

  Channel& channel(ChannelNumber number) { return channels_->at(number); }
  Channel& small_channel() { return channels_->at(3); }
  Channel& inbox() { return channels_->at(4); }
  static const WireRing& chunked(const Channel& channel) {
    return *channel.ring(WireFormat::kChunked);
  }

  static Position committed(const Channel& channel) { return chunked(channel).ring().committed(); }

  // The id line of a frame.
  static std::string id_line(EventId id) { return "id: " + to_string(id) + "\n"; }

  // Appends and waits for the outcome.
  AppendOutcome append(Channel& channel, std::string_view data, std::string_view type = "") {
    std::promise<AppendOutcome> outcome;
    log_->append(channel, {.type = type, .data = data},
                 [&](const AppendOutcome& is) { outcome.set_value(is); });
    return outcome.get_future().get();
  }

  // All of a batch. What it says must live until then.
  AppendOutcome append_all(const std::vector<Publication>& batch) {
    std::promise<AppendOutcome> outcome;
    log_->append(batch, [&](const AppendOutcome& is) { outcome.set_value(is); });
    return outcome.get_future().get();
  }
  static Publication publication(Channel& channel, std::string_view data) {
    return {.channel = &channel, .event = {.type = "", .data = data}};
  }

  EventId last_id() {
    const auto guard = log_->hold();
    return log_->last_id();
  }

  EventId commit(Channel& channel, std::string_view data = "data") {
    const AppendOutcome outcome = append(channel, data);
    EXPECT_EQ(outcome.status, AppendStatus::kCommitted);
    return outcome.id;
  }

  // Nobody of shard 0 has had anything yet, and publishers went on until they were paced. How many
  // events that took.
  int fill(Channel& channel) {
    channel.ring(WireFormat::kChunked)->progress.report(0, 0);
    for (int events = 0; events < 1000; ++events) {
      const AppendStatus status = append(channel, "some data").status;
      if (status == AppendStatus::kPaced) return events;
      EXPECT_EQ(status, AppendStatus::kCommitted);
    }
    ADD_FAILURE() << "the publisher was never paced";
    return 0;
  }

  // A copy of what read() hands out.
  struct Read {
    EventId id;
    ChannelNumber channel;
    std::string frame;
  };
  std::vector<Read> read(std::vector<Channel*> channels, EventId after_id, size_t limit) {
    std::promise<std::vector<Read>> done;
    log_->read(channels, after_id, limit, [&](std::span<const LoggedEvent> events) {
      std::vector<Read> copies;
      for (const LoggedEvent& event : events) {
        copies.push_back({event.id, event.channel, std::string(event.frame)});
      }
      done.set_value(std::move(copies));
    });
    return done.get_future().get();
  }
  std::vector<EventId> ids_read(std::vector<Channel*> channels, EventId after_id, size_t limit) {
    std::vector<EventId> ids;
    for (const Read& event : read(std::move(channels), after_id, limit)) ids.push_back(event.id);
    return ids;
  }

  SettableClock clock_;
  Epochs epochs_{kShards};
  std::unique_ptr<Channels> channels_ = std::move(Channels::create(configs(), epochs_).value());
  RecordingListener listener_;
  std::unique_ptr<EventLog> log_ = MakeLog{}(*channels_, listener_, SettableClock::now);
};

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

// --- Batches

TYPED_TEST_P(EventLogContract, BatchIsCommittedInItsOrderOverItsChannels) {
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

TYPED_TEST_P(EventLogContract, BatchOfOneIsASingleAppend) {
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

TYPED_TEST_P(EventLogContract, BatchCountsTheSubscribersOfItsFirstEvent) {
  this->channel(0).set_audience(0, 7);
  this->channel(1).set_audience(1, 5);
  EXPECT_EQ(this->append_all({this->publication(this->channel(1), "x"),
                              this->publication(this->channel(0), "x")})
                .subscribers,
            5U);
  EXPECT_EQ(this->channel(0).committed_deliveries().get(), 7U);
  EXPECT_EQ(this->channel(1).committed_deliveries().get(), 5U);
}

TYPED_TEST_P(EventLogContract, BatchTellsEachChannelsListenersOnceWhenAllIsVisible) {
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

TYPED_TEST_P(EventLogContract, BatchWithOneEventTooLongIsRefusedAsAWhole) {
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

TYPED_TEST_P(EventLogContract, BatchMayHoldTheLongestEvents) {
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
TYPED_TEST_P(EventLogContract, BatchThatNoRingHoldsIsRefusedAsAWhole) {
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
TYPED_TEST_P(EventLogContract, BatchLargerThanALeadFitsWhileItIsWithinTheRingsLimit) {
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

TYPED_TEST_P(EventLogContract, BatchThatMustWaitForReadersChangesNothing) {
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
TYPED_TEST_P(EventLogContract, BatchThatMustWaitForReadersTakesNothingOfAnyChannelsPast) {
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
TYPED_TEST_P(EventLogContract, NothingComesBetweenTheEventsOfABatch) {
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

// --- Recipients

TYPED_TEST_P(EventLogContract, RecipientsEventsAreItsOwn) {
  const KeyedHash alice = keyed_hash("alice");
  const KeyedHash bob = keyed_hash("bob");
  this->inbox().add_recipient(alice);
  this->inbox().add_recipient(alice);
  const auto publish = [&](const KeyedHash& recipient) {
    return this->append_all(
        {{.channel = &this->inbox(), .recipient = recipient, .event = {.type = "", .data = "x"}}});
  };
  EXPECT_EQ(publish(alice).subscribers, 2U);
  EXPECT_EQ(publish(bob).subscribers, 0U);
  const EventId last = publish(alice).id;
  const RecipientFrames& frames = this->inbox().index().recipients();
  EXPECT_EQ(this->inbox().index().id(frames.newest_of(alice)), last);
  EXPECT_EQ(frames.previous(frames.newest_of(alice)), 0U);
  EXPECT_EQ(frames.newest_of(bob), 1U);
}

TYPED_TEST_P(EventLogContract, BatchGoesToManyRecipients) {
  std::vector<Publication> batch;
  for (int n = 0; n < 20; ++n) {
    batch.push_back({.channel = &this->inbox(),
                     .recipient = keyed_hash(std::to_string(n % 4)),
                     .event = {.type = "", .data = "x"}});
  }
  ASSERT_EQ(this->append_all(batch).status, AppendStatus::kCommitted);
  EXPECT_EQ(this->listener_.seen(this->inbox()).commits, 1);
  EXPECT_EQ(this->inbox().index().recipients().size(), 4U);
  EXPECT_EQ(this->inbox().index().recipients().newest_of(keyed_hash("3")), 19U);
}

// --- What is history

TYPED_TEST_P(EventLogContract, ReadLeavesOutWhatIsNoLongerHistory) {
  std::vector<EventId> ids;
  for (int n = 0; n < 10; ++n) {
    ids.push_back(this->commit(this->channel(0)));
    SettableClock::set(SettableClock::now() + 100'000);
  }
  EXPECT_EQ(this->ids_read({&this->channel(0)}, {}, this->kNoLimit),
            std::vector<EventId>(ids.begin() + 4, ids.end()))
      << "ten minutes are kept";
}

// A raw ring keeps more frames than a chunked one, so more is known than a read, which is from one ring, can give.
TYPED_TEST_P(EventLogContract, ReadGivesWholeFramesWhereTheRingsOfAChannelGoBackDifferently) {
  Channel& channel = this->small_channel();
  {
    const auto guard = this->log_->hold();
    ASSERT_TRUE(channel.open_ring(WireFormat::kRaw));
  }
  std::vector<EventId> ids;
  for (int n = 0; n < 500; ++n) ids.push_back(this->commit(channel, "x"));
  ASSERT_LT(channel.index().begin(), this->chunked(channel).begin());
  const auto events = this->read({&channel}, {}, this->kNoLimit);
  ASSERT_GT(events.size(), 50U);
  for (size_t i = 0; i < events.size(); ++i) {
    const EventId id = ids[ids.size() - events.size() + i];
    ASSERT_EQ(events[i].id, id);
    ASSERT_EQ(events[i].frame, this->id_line(id) + "data: x\n\n");
  }
}

TYPED_TEST_P(EventLogContract, ReadLeavesOutExpiredEvents) {
  const EventId kept = this->commit(this->channel(0));
  const AppendOutcome expiring = this->append_all({{
      .channel = &this->channel(0),
      .event = {.type = "", .data = "x", .ttl = milliseconds{50}},
  }});
  EXPECT_EQ(this->ids_read({&this->channel(0)}, {}, this->kNoLimit),
            (std::vector<EventId>{kept, expiring.id}));
  SettableClock::set(SettableClock::now() + 50);
  EXPECT_EQ(this->ids_read({&this->channel(0)}, {}, this->kNoLimit), std::vector<EventId>{kept});
}

// Whoever reads on after the last id it got must not miss what stood behind expired events.
TYPED_TEST_P(EventLogContract, ExpiredEventsDoNotCountTowardsAReadsLimit) {
  const Event expiring{.type = "", .data = "x", .ttl = milliseconds{50}};
  for (int n = 0; n < 5; ++n) {
    this->append_all({{.channel = &this->channel(0), .event = expiring}});
  }
  const EventId behind = this->commit(this->channel(0));
  const EventId other = this->commit(this->channel(1));
  SettableClock::set(SettableClock::now() + 50);
  EXPECT_EQ(this->ids_read({&this->channel(0)}, {}, 1), std::vector<EventId>{behind});
  EXPECT_EQ(this->ids_read({&this->channel(0), &this->channel(1)}, {}, 2),
            (std::vector<EventId>{behind, other}));
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
    RingsMayBeOpenedAndReadWhileOthersPublish, BatchIsCommittedInItsOrderOverItsChannels,
    BatchOfOneIsASingleAppend, BatchCountsTheSubscribersOfItsFirstEvent,
    BatchTellsEachChannelsListenersOnceWhenAllIsVisible, BatchWithOneEventTooLongIsRefusedAsAWhole,
    BatchMayHoldTheLongestEvents, BatchThatNoRingHoldsIsRefusedAsAWhole,
    BatchLargerThanALeadFitsWhileItIsWithinTheRingsLimit, BatchThatMustWaitForReadersChangesNothing,
    NothingComesBetweenTheEventsOfABatch, RecipientsEventsAreItsOwn, BatchGoesToManyRecipients,
    ReadLeavesOutWhatIsNoLongerHistory,
    ReadGivesWholeFramesWhereTheRingsOfAChannelGoBackDifferently, ReadLeavesOutExpiredEvents,
    BatchThatMustWaitForReadersTakesNothingOfAnyChannelsPast,
    ExpiredEventsDoNotCountTowardsAReadsLimit, LastIdIsTheLastThatWasIssued,
    ChannelsKnowWhatWasIssuedBeforeThem, TellsTheTimeByWhichIdsAreGiven,
    NothingIsCommittedWhileTheLockIsHeld);

}  // namespace ringcast
