// What it costs to find where a subscriber starts, under the log's lock: one who resumes a channel, and one of a
// million recipients; and what a recipient's event costs the writer.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "engine/place.h"

namespace ringcast {
namespace {

constexpr uint64_t kRecipients = 1'000'000;
constexpr uint64_t kSeed = 17;
constexpr EventId kOrigin{1'732'271'234'567, 0};

// The same bits in each run, spread like those of a keyed hash.
uint64_t scatter(uint64_t x) noexcept {
  x = (x ^ (x >> 31)) * 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 29)) * 0xBF58476D1CE4E5B9;
  return x ^ (x >> 32);
}
KeyedHash recipient(uint64_t number) noexcept {
  return {.a = scatter(number + kSeed), .b = scatter(~(number + kSeed))};
}

// A million recipients with one event each, all of them kept. Made once, as it takes a while.
class Inbox {
 public:
  static Inbox& instance() {
    static Inbox inbox;
    return inbox;
  }

  void publish(uint64_t number) {
    ++id_.seq;
    const Frame frame = encoder_.encode(id_, {.type = {}, .data = data_});
    Channel::Load load;
    load.add(frame);
    RC_CHECK(channel_->make_room(load) == Room::kReady);
    channel_->append(id_, recipient(number), frame, milliseconds{0});
  }

  [[nodiscard]] Place resume(uint64_t number) {
    const Start start{.kind = Start::Kind::kAfter, .after = kOrigin};
    return find_place(*channel_, recipient(number), start, kOrigin.ms);
  }

 private:
  Inbox() : channel_(std::move(Channel::create(0, config(), epochs_).value())) {
    channel_->index().set_origin(kOrigin);
    for (uint64_t number = 0; number < kRecipients; ++number) publish(number);
  }

  static ChannelConfig config() {
    ChannelConfig config;
    config.name = "inbox/{recipient}";
    config.history = {.events = kRecipients, .bytes = 256 * kMiB, .age = milliseconds{60'000}};
    return config;
  }

  const Epochs epochs_{1};
  std::unique_ptr<Channel> channel_;
  FrameEncoder encoder_;
  EventId id_ = kOrigin;
  const std::string data_ = std::string(64, 'x');
};

void resume_one_of_a_million_recipients(benchmark::State& state) {
  Inbox& inbox = Inbox::instance();
  uint64_t n = 0;
  for (auto _ : state) {
    const Place place = inbox.resume(scatter(++n) % kRecipients);
    benchmark::DoNotOptimize(place.frame);
  }
}
BENCHMARK(resume_one_of_a_million_recipients);

// Encoding included. Older events give way once the index is full.
void publish_to_one_of_a_million_recipients(benchmark::State& state) {
  Inbox& inbox = Inbox::instance();
  uint64_t n = 0;
  for (auto _ : state) inbox.publish(scatter(++n) % kRecipients);
}
BENCHMARK(publish_to_one_of_a_million_recipients);

void resume_a_channel(benchmark::State& state) {
  const Epochs epochs(1);
  ChannelConfig config;
  config.name = "news";
  const std::unique_ptr<Channel> channel = std::move(Channel::create(0, config, epochs).value());
  channel->index().set_origin(kOrigin);
  FrameEncoder encoder;
  EventId id = kOrigin;
  for (int event = 0; event < 1000; ++event) {
    ++id.seq;
    const std::string data(64, 'x');
    RC_CHECK(channel->try_append(id, encoder.encode(id, {.type = {}, .data = data})) ==
             Room::kReady);
  }
  uint64_t n = 0;
  for (auto _ : state) {
    const Start start{.kind = Start::Kind::kAfter,
                      .after = EventId{kOrigin.ms, scatter(++n) % 1000}};
    const Place place = find_place(*channel, {}, start, kOrigin.ms);
    benchmark::DoNotOptimize(place.frame);
  }
}
BENCHMARK(resume_a_channel);

}  // namespace
}  // namespace ringcast
