// A log under test, its channels, and a listener that remembers: what the suites of event_log_contract.h and its
// neighbours work with.
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
class EventLogRig : public testing::Test {
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

}  // namespace ringcast
