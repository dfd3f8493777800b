// `slow_subscriber: skip`: who has fallen too far behind goes on with what is kept, after one gap event that
// says what it has lost; and is never sent a torn event. Whatever the policy, it holds up nobody.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>

#include "tests/support/numbered_events.h"
#include "tests/support/published.h"
#include "tests/support/resident.h"
#include "tests/support/task.h"
#include "tests/support/test_server.h"

namespace ringcast {
namespace {

using net::CloseCause;
using net::Counters;

class SlowSkip : public EitherDescriptors {
 protected:
  // A ring of 64 KiB, which is less than a socket holds.
  static Config small(SlowSubscriberPolicy policy) {
    Config changed = config();
    ChannelConfig& news = changed.channels.front();
    news.slow_subscriber = policy;
    news.slow_after = milliseconds(50);
    news.publish_wait = milliseconds(20'000);
    news.history = {.events = 100'000, .bytes = 64 * kKiB};
    news.event_bytes_max = 4 * kKiB;
    changed.channels.push_back(news);
    changed.channels.back().name = "other";
    return changed;
  }

  // Its socket fills early.
  static SseClient stopped(const TestServer& server, std::string_view target, WireFormat format) {
    return SseClient(server.port(), target,
                     {.format = format, .socket = {.receive_buffer_bytes = 8 * 1024}});
  }

  static uint64_t blocked(const TestServer& server) {
    return server.total(&Counters::sends_short) + server.total(&Counters::sends_full);
  }

  // Publishes until `done()`, each event when the one before was answered, so that few sends carry several; what
  // a subscriber gets of them is appended to `events`.
  template <typename Done>
  static void publish_until(const TestServer& server, std::string_view channel, size_t bytes,
                            std::vector<StreamEvent>& events, Done&& done) {
    HttpClient publisher(server.port());
    while (!done()) {
      std::string data = numbered_data(events.size(), bytes);
      const HttpResponse response = publisher.publish(channel, data);
      events.push_back({published_id(response), "", std::move(data)});
    }
  }
};
RC_EITHER_DESCRIPTORS(SlowSkip);

// What became of a reader's share of a channel.
struct Outcome {
  uint64_t lost = 0;
  size_t gaps = 0;
};

EventId id_of(const StreamEvent& event) {
  return parse_event_id(event.id).value();
}

// Walks `received`, one channel's events and gaps on a stream, along `all` of its events from `first` on: each is
// there as it was published, in its order, or a gap right before the next one names it. `channel` as gaps
// call it.
Outcome check_losses(const std::vector<StreamEvent>& received, const std::vector<StreamEvent>& all,
                     size_t first, const std::string& channel = "") {
  Outcome outcome;
  size_t at = first;
  for (const StreamEvent& event : received) {
    if (event.type != "gap") {
      if (at == all.size() || event != all[at]) {
        throw ClientFailure("not the next event: " + event.id + " " + event.data.substr(0, 80));
      }
      ++at;
      continue;
    }
    const std::string oldest = event.data.substr(event.data.find("\"oldest\":\"") + 10);
    const auto next = std::ranges::find(all, oldest.substr(0, oldest.find('"')), &StreamEvent::id);
    const auto next_at = static_cast<size_t>(next - all.begin());
    if (next == all.end() || next_at <= at) throw ClientFailure("a gap of nothing: " + event.data);
    const std::string requested = event.data.substr(event.data.find("\"requested\":\"") + 13);
    const std::string after = requested.substr(0, requested.find('"'));
    if (event !=
        gap_event(all[next_at - 1].id, in_quotes(after), in_quotes(all[next_at].id), channel)) {
      throw ClientFailure("not the gap before " + all[next_at].id + ": " + event.data);
    }
    // Between the last one it had, on whichever channel, and the first one lost.
    if (id_of({after, "", ""}) < id_of(all[at - 1]) || id_of({after, "", ""}) >= id_of(all[at])) {
      throw ClientFailure("the gap begins elsewhere: " + event.data);
    }
    outcome.lost += next_at - at;
    ++outcome.gaps;
    at = next_at;
  }
  return outcome;
}

// Everything up to the event with the id `last`, or to where the server cuts the stream.
std::vector<StreamEvent> read_up_to(SseClient& reader, const std::string& last, bool& was_cut) {
  std::vector<StreamEvent> received;
  was_cut = false;
  try {
    while (received.empty() || received.back().id != last) {
      received.push_back(reader.next_event());
    }
  } catch (const StreamEnded&) {
    was_cut = true;
  }
  return received;
}

constexpr WireFormat kFormats[] = {WireFormat::kChunked, WireFormat::kRaw};

// Skipping
// -------------------------------------------------------------------------------------------

// Each of many readers stops where its socket happens to be full, most between two events and some within
// one. The first kind is told what it has lost and goes on; of the others nobody can send the rest of
// their event any more.
TEST_P(SlowSkip, StoppedReaderGoesOnAfterOneGapOrIsClosedWithinItsEvent) {
  constexpr size_t kReaders = 24;
  constexpr size_t kEventBytes = 200;
  TestServer server(small(SlowSubscriberPolicy::kSkip));
  std::vector<StreamEvent> all;
  publish_until(server, "news", kEventBytes, all, [&] { return all.size() == 1; });
  std::vector<SseClient> readers;
  for (size_t i = 0; i < kReaders; ++i) {
    readers.push_back(stopped(server, "/channels/news", kFormats[i % 2]));
  }
  publish_until(server, "news", kEventBytes, all, [&] { return blocked(server) >= kReaders; });
  const size_t until = all.size() + 600;  // two rings and more
  publish_until(server, "news", kEventBytes, all, [&] { return all.size() == until; });
  size_t cut = 0;
  uint64_t lost = 0;
  for (SseClient& reader : readers) {
    bool was_cut = false;
    const std::vector<StreamEvent> received = read_up_to(reader, all.back().id, was_cut);
    const Outcome outcome = check_losses(received, all, 1);
    EXPECT_EQ(outcome.gaps, was_cut ? 0U : 1U);
    lost += outcome.lost;
    cut += was_cut ? 1 : 0;
  }
  EXPECT_LT(cut, kReaders);
  EXPECT_TRUE(comes_true([&] { return server.closed(CloseCause::kLapped) == cut; }));
  EXPECT_EQ(server.total(&Counters::gaps), kReaders - cut);
  EXPECT_EQ(server.books("news").skipped, lost);
  readers.clear();
  EXPECT_TRUE(server.books_close());
}

TEST_P(SlowSkip, ReaderThatGoesOnInTimeHasItsEventFinishedAndLosesNothing) {
  constexpr size_t kEventBytes = 3900;
  TestServer server(small(SlowSubscriberPolicy::kSkip));
  for (const WireFormat format : kFormats) {
    SseClient reader = stopped(server, "/channels/news", format);
    std::vector<StreamEvent> all;
    const uint64_t before = blocked(server);
    publish_until(server, "news", kEventBytes, all, [&] { return blocked(server) > before; });
    const size_t until = all.size() + 5;  // a third of what is kept
    publish_until(server, "news", kEventBytes, all, [&] { return all.size() == until; });
    EXPECT_EQ(reader.next_events(all.size()), all);
  }
  EXPECT_EQ(server.total(&Counters::gaps), 0U);
  EXPECT_EQ(server.books("news").skipped, 0U);
}

// Readers of every speed beside a publisher that laps most of them again and again, some while they catch
// up: whatever each has lost is named, and the rest is whole and in order. (Who is sent much at once stops
// within an event nearly always, so most are cut.)
TEST_P(SlowSkip, CrawlingReadersAreToldOfEachLossAndNeverSentTornBytes) {
  constexpr size_t kReaders = 16;
  constexpr size_t kEvents = 4000;
  constexpr size_t kEventBytes = 400;
  TestServer server(small(SlowSubscriberPolicy::kSkip));
  std::vector<StreamEvent> all;
  publish_until(server, "news", kEventBytes, all, [&] { return all.size() == 1; });
  std::vector<SseClient> readers;
  for (size_t i = 0; i < kReaders; ++i) {
    readers.push_back(stopped(server, "/channels/news", kFormats[i % 2]));
  }
  std::atomic<bool> is_published = false;
  const std::string the_last = numbered_data(kEvents - 1, kEventBytes);
  std::vector<std::vector<StreamEvent>> received(kReaders);
  std::vector<Task> tasks;
  for (size_t i = 0; i < kReaders; ++i) {
    tasks.push_back(in_background([&, i] {
      try {
        while (received[i].empty() || received[i].back().data != the_last) {
          received[i].push_back(readers[i].next_event());
          // The speed of this reader, as long as there is somebody to be overtaken by.
          if (!is_published) std::this_thread::sleep_for(std::chrono::microseconds(150 * i));
        }
      } catch (const StreamEnded&) {
        // It was in the middle of an event that is gone.
      }
    }));
  }
  publish_until(server, "news", kEventBytes, all, [&] { return all.size() == kEvents; });
  is_published = true;
  for (Task& task : tasks) task.get();
  Outcome outcome;
  for (const std::vector<StreamEvent>& events : received) {
    const Outcome one = check_losses(events, all, 1);
    outcome.lost += one.lost;
    outcome.gaps += one.gaps;
  }
  EXPECT_GT(outcome.gaps + server.closed(CloseCause::kLapped), 0U);
  RecordProperty("gaps", std::to_string(outcome.gaps));
  RecordProperty("cut", std::to_string(server.closed(CloseCause::kLapped)));
  readers.clear();
  EXPECT_TRUE(server.books_close());
}

// A stream of two channels: what is lost of each is told by its name, in the one order of their ids.
TEST_P(SlowSkip, StreamOfSeveralChannelsIsToldOfEachOnesLoss) {
  constexpr size_t kReaders = 16;
  constexpr size_t kEventBytes = 200;
  TestServer server(small(SlowSubscriberPolicy::kSkip));
  std::map<std::string, std::vector<StreamEvent>> all;
  const auto publish_both = [&](size_t count) {
    for (const char* const name : {"news", "other"}) {
      const size_t until = all[name].size() + count;
      publish_until(server, name, kEventBytes, all[name],
                    [&] { return all[name].size() >= until; });
    }
  };
  publish_both(1);
  std::vector<SseClient> readers;
  for (size_t i = 0; i < kReaders; ++i) {
    readers.push_back(stopped(server, "/events?channel=news&channel=other", kFormats[i % 2]));
  }
  while (blocked(server) < kReaders) publish_both(5);
  for (int round = 0; round < 60; ++round) publish_both(10);
  size_t cut = 0;
  for (SseClient& reader : readers) {
    bool was_cut = false;
    const auto received = read_up_to(reader, all["other"].back().id, was_cut);
    std::map<std::string, std::vector<StreamEvent>> of;
    EventId last{};
    for (const StreamEvent& event : received) {
      EXPECT_GT(id_of(event), last);
      last = id_of(event);
      const bool is_gap = event.type == "gap";
      const bool is_other = is_gap ? event.data.find("\"other\"") != std::string::npos
                                   : std::ranges::find(all["other"], event) != all["other"].end();
      of[is_other ? "other" : "news"].push_back(event);
    }
    for (const auto& [name, events] : of) {
      const Outcome outcome = check_losses(events, all[name], 1, name);
      EXPECT_EQ(outcome.gaps, was_cut ? 0U : 1U) << name;
    }
    cut += was_cut ? 1 : 0;
  }
  EXPECT_LT(cut, kReaders);
  EXPECT_TRUE(comes_true([&] { return server.closed(CloseCause::kLapped) == cut; }));
  readers.clear();
  EXPECT_TRUE(server.books_close());
}

TEST_P(SlowSkip, SilentChannelSkipsWithoutAWord) {
  constexpr size_t kReaders = 12;
  constexpr size_t kEventBytes = 200;
  Config silent = small(SlowSubscriberPolicy::kSkip);
  silent.channels[0].on_gap = GapPolicy::kSilent;
  TestServer server(silent);
  std::vector<SseClient> readers;
  for (size_t i = 0; i < kReaders; ++i) {
    readers.push_back(stopped(server, "/channels/news", kFormats[i % 2]));
  }
  std::vector<StreamEvent> all;
  publish_until(server, "news", kEventBytes, all, [&] { return blocked(server) >= kReaders; });
  const size_t until = all.size() + 600;
  publish_until(server, "news", kEventBytes, all, [&] { return all.size() == until; });
  size_t skipped = 0;
  for (SseClient& reader : readers) {
    bool was_cut = false;
    const std::vector<StreamEvent> received = read_up_to(reader, all.back().id, was_cut);
    // A beginning and, unless it was cut, an end.
    const auto [differs, of_all] = std::ranges::mismatch(received, all);
    const auto rest = received.end() - differs;
    EXPECT_TRUE(std::equal(differs, received.end(), all.end() - rest));
    EXPECT_EQ(rest > 0, !was_cut);
    skipped += was_cut ? 0 : 1;
  }
  EXPECT_GT(skipped, 0U);
  EXPECT_EQ(server.total(&Counters::gaps), 0U);
}

// Whatever the policy
// -------------------------------------------------------------------------------------------

struct Policy {
  SlowSubscriberPolicy policy;
  const char* target;  // what the slow reader asks for
};
constexpr Policy kPolicies[] = {
    {SlowSubscriberPolicy::kSkip, "/channels/news"},
    {SlowSubscriberPolicy::kSkip, "/events?channel=news&channel=other"},
    {SlowSubscriberPolicy::kDisconnect, "/channels/news"},
    {SlowSubscriberPolicy::kDisconnect, "/events?channel=news&channel=other"},
};

// It takes one byte for every ten events. Publishers wait for it once, until it counts as slow; were it to go
// on setting the pace, each of the 150 times that the ring's floor rises would be waited for.
TEST_P(SlowSkip, ReaderOfSingleBytesHoldsUpNeitherThePublisherNorAnyoneElse) {
  constexpr size_t kEvents = 3000;
  constexpr size_t kEventBytes = 400;
  for (const auto& [policy, target] : kPolicies) {
    Config impatient = small(policy);
    for (ChannelConfig& channel : impatient.channels) channel.publish_wait = milliseconds(2000);
    TestServer server(impatient);
    SseClient crawling = stopped(server, target, WireFormat::kChunked);
    SseClient healthy(server.port(), "/channels/news");
    Task reading =
        in_background([&] { check_numbered(healthy.next_events(kEvents), 0, kEventBytes); });
    HttpClient publisher(server.port());
    for (size_t number = 0; number < kEvents; ++number) {
      ASSERT_EQ(publisher.publish("news", numbered_data(number, kEventBytes)).status, 201);
      if (number % 10 == 0) (void)crawling.read_piece(1);
    }
    crawling.socket().reset();
    reading.get();
    EXPECT_LT(server.total(&Counters::paced), 50U) << target;
    EXPECT_EQ(server.total(&Counters::publishes_timed_out), 0U) << target;
    healthy.socket().close();
    EXPECT_TRUE(server.books_close());
  }
}

TEST_P(SlowSkip, StoppedReadersCostNoMemoryUnderEitherPolicy) {
  constexpr size_t kStopped = 50;
  constexpr size_t kEvents = 600;
  constexpr size_t kEventBytes = 4000;
  for (const auto& [policy, target] : kPolicies) {
    Config changed = small(policy);
    for (ChannelConfig& channel : changed.channels) {
      channel.history.bytes = kMiB;
      channel.event_bytes_max = 8 * kKiB;
    }
    TestServer server(changed);
    std::vector<SseClient> readers;
    for (size_t i = 0; i < kStopped; ++i) {
      readers.push_back(stopped(server, target, kFormats[i % 2]));
    }
    HttpClient publisher(server.port());
    publish_numbered(publisher, "news", 0, 1, kEventBytes);
    const size_t before = resident_bytes();
    publish_numbered(publisher, "news", 1, kEvents, kEventBytes);
    const size_t after = resident_bytes();
    EXPECT_GE(blocked(server), kStopped);
    // Two rings fill, of one format each (and a sanitizer remembers what was freed); queues would hold more than 100 MB.
    EXPECT_LT(after - std::min(before, after), 48 * kMiB) << target;
  }
}

TEST_P(SlowSkip, DisconnectEndsTheStreamAndCountsItsCause) {
  constexpr size_t kEventBytes = 1000;
  for (const char* const target : {"/channels/news", "/events?channel=news&channel=other"}) {
    TestServer server(small(SlowSubscriberPolicy::kDisconnect));
    std::vector<StreamEvent> all;
    publish_until(server, "news", kEventBytes, all, [&] { return all.size() == 1; });
    for (const WireFormat format : kFormats) {
      const uint64_t before = server.closed(CloseCause::kLapped);
      SseClient reader = stopped(server, target, format);
      const size_t begin = all.size();
      const uint64_t blocked_before = blocked(server);
      publish_until(server, "news", kEventBytes, all,
                    [&] { return blocked(server) > blocked_before; });
      const size_t until = all.size() + 200;  // two rings and more
      publish_until(server, "news", kEventBytes, all, [&] { return all.size() == until; });
      const std::vector<StreamEvent> received = reader.read_until_cut();
      EXPECT_EQ(check_losses(received, all, begin).gaps, 0U);
      EXPECT_LT(begin + received.size(), all.size());
      EXPECT_TRUE(comes_true([&] { return server.closed(CloseCause::kLapped) == before + 1; }));
      // It comes back with the last id it had, and is told what it has lost.
      SseClient back(server.port(), target, resuming_after(received.back().id, format));
      EXPECT_EQ(back.next_event().type, "gap");
    }
    const HttpResponse metrics = ask(server.port(), get("/metrics"));
    EXPECT_EQ(metric(metrics, "ringcast_connections_closed_total{cause=\"lapped\"}"), 2U);
    EXPECT_TRUE(server.books_close());
  }
}

}  // namespace
}  // namespace ringcast
