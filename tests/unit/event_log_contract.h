// What every EventLog must do, as one suite: each implementation's test instantiates it.
//
//   struct MakeMemoryLog {
//     std::unique_ptr<EventLog> operator()(CommitListener& listener, WallClock clock) const;
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(MemoryLog, EventLogContract, MakeMemoryLog);
//
// Nothing here assumes that `done` is called before append() returns, nor in which thread.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
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

// A wall clock that stands still until it is set.
class SettableClock {
 public:
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
    seen.committed = channel.ring(WireFormat::kChunked)->ring->committed();
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

  EventLogContract() { SettableClock::set(1'000'000); }

  static std::vector<ChannelConfig> configs() {
    std::vector<ChannelConfig> configs(4);
    for (size_t i = 0; i < configs.size(); ++i) {
      configs[i].name = "channel-" + std::to_string(i);
      configs[i].history = {.events = 10'000, .bytes = 64 * kKiB, .age = milliseconds{600'000}};
      configs[i].event_bytes_max = kEventBytesMax;
    }
    configs[3].history.bytes = 4 * kKiB;  // soon full
    return configs;
  }

  Channel& channel(ChannelNumber number) { return channels_->at(number); }
  Channel& small_channel() { return channels_->at(3); }
  static const WireRing& chunked(const Channel& channel) {
    return *channel.ring(WireFormat::kChunked);
  }

  // The id line of a frame.
  static std::string id_line(EventId id) {
    char text[kEventIdBytesMax];
    return "id: " + std::string(text, write_event_id(text, id)) + "\n";
  }

  // Appends and waits for the outcome.
  AppendOutcome append(Channel& channel, std::string_view data, std::string_view type = "") {
    std::promise<AppendOutcome> outcome;
    log_->append(channel, {.type = type, .data = data},
                 [&](const AppendOutcome& is) { outcome.set_value(is); });
    return outcome.get_future().get();
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

  Epochs epochs_{kShards};
  std::unique_ptr<Channels> channels_ = std::move(Channels::create(configs(), epochs_).value());
  RecordingListener listener_;
  std::unique_ptr<EventLog> log_ = MakeLog{}(listener_, SettableClock::now);
};

TYPED_TEST_SUITE_P(EventLogContract);

TYPED_TEST_P(EventLogContract, CommitMakesTheFrameVisibleInItsChannelAlone) {
  const EventId id = this->commit(this->channel(1), "hello");
  ASSERT_EQ(this->chunked(this->channel(1)).index.size(), 1U);
  EXPECT_EQ(this->chunked(this->channel(1)).index.at(0).id, id);
  const std::string_view chunk =
      this->chunked(this->channel(1))
          .ring->bytes(0, this->chunked(this->channel(1)).ring->committed());
  EXPECT_NE(chunk.find("\ndata: hello\n\n"), std::string_view::npos);
  EXPECT_EQ(this->chunked(this->channel(0)).ring->committed(), 0U);
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
    EXPECT_EQ(seen.committed, this->chunked(this->channel(1)).ring->committed());
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
  const Position committed = this->chunked(channel).ring->committed();
  const std::vector<EventId> ids = this->ids_read({&channel}, {}, this->kNoLimit);
  const RecordingListener::Seen seen = this->listener_.seen(channel);

  const AppendOutcome refused = this->append(channel, "some data");
  EXPECT_EQ(refused.status, AppendStatus::kPaced);
  EXPECT_EQ(this->chunked(channel).ring->committed(), committed);
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
  channel.ring(WireFormat::kChunked)->progress.report(0, this->chunked(channel).ring->committed());
  EXPECT_GT(this->commit(channel), last);
}

// Field names, line ends and chunk framing count: it is what is sent that is bounded.
TYPED_TEST_P(EventLogContract, EventLongerThanAllowedChangesNothing) {
  Channel& channel = this->channel(0);
  const EventId before = this->commit(channel);
  const Position committed = this->chunked(channel).ring->committed();
  const std::string around_data =
      this->id_line({before.ms, before.seq + 1}) + "c8\r\ndata: \n\n\r\n";
  const std::string fitting(this->kEventBytesMax - around_data.size(), 'x');

  EXPECT_EQ(this->append(channel, fitting + "x").status, AppendStatus::kTooLong);
  EXPECT_EQ(this->append(channel, std::string(100'000, 'x')).status, AppendStatus::kTooLong);
  EXPECT_EQ(this->append(channel, std::string(100, '\n')).status, AppendStatus::kTooLong);
  EXPECT_EQ(this->chunked(channel).ring->committed(), committed);
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
  const Result<WireRing*> opened = this->log_->open_ring(this->channel(0), WireFormat::kRaw);
  ASSERT_TRUE(opened);
  const WireRing& raw = *opened.value();
  const EventId second = this->commit(this->channel(0), "two");
  ASSERT_EQ(raw.index.size(), 2U);
  EXPECT_EQ(raw.index.at(0).id, first);
  EXPECT_EQ(raw.index.at(1).id, second);
  const std::string_view stream = raw.ring->bytes(0, raw.ring->committed());
  EXPECT_EQ(stream,
            this->id_line(first) + "data: one\n\n" + this->id_line(second) + "data: two\n\n");
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
  const Result<WireRing*> raw = this->log_->open_ring(channel, WireFormat::kRaw);
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
  ASSERT_EQ(raw.value()->index.size(), kEvents);
  EXPECT_EQ(raw.value()->index.at(kEvents - 1).id, last);
}

REGISTER_TYPED_TEST_SUITE_P(
    EventLogContract, CommitMakesTheFrameVisibleInItsChannelAlone, IdsIncreaseOverAllChannels,
    IdsIncreaseWhenTheClockStepsBack, IdsIncreaseOverSeveralThreads, DoneIsCalledExactlyOnce,
    SubscribersAreCountedOverAllShards, ListenerIsToldOncePerCommitWhenTheFrameIsVisible,
    ListenerIsToldOutsideTheLogsLock, PacedAppendChangesNothing, PacedChannelDoesNotHoldUpOthers,
    PacedPublisherGoesOnWhenReadersHaveCaughtUp, EventLongerThanAllowedChangesNothing,
    ReadMergesChannelsInIdOrder, ReadGivesFramesWithoutHttpFraming, ReadStartsAfterTheIdGiven,
    ReadGivesTheOldestUpToItsLimit, ReadOfNothingGivesNothing, RawRingIsFilledWithWhatWasCommitted,
    RingsMayBeOpenedAndReadWhileOthersPublish);

}  // namespace ringcast
