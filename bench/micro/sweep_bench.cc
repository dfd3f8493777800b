// What it costs to decide who is sent what: one sweep over an audience, with the kernel left out.
// The figure to hold it against is the send itself, some 6 to 8 us on loopback.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "engine/channel.h"
#include "net/channel_audience.h"

namespace ringcast::net {
namespace {

class SweepFixture {
 public:
  explicit SweepFixture(uint32_t subscribers)
      : epochs_(1),
        channel_(std::move(Channel::create(0, config(), epochs_).value())),
        wire_(*channel_->ring(WireFormat::kChunked)),
        audience_(0, *channel_, wire_, WireFormat::kChunked, 0) {
    for (uint32_t slot = 0; slot < subscribers; ++slot) {
      audience_.settle_quiet(audience_.join(slot, wire_.end(), 0));
    }
  }

  void publish() {
    ++id_.seq;
    const Frame frame = encoder_.encode(id_, {.type = {}, .data = data_});
    RC_CHECK(channel_->try_append(id_, frame) == Room::kReady);
    audience_.mark_dirty();
  }

  // Plans batch after batch until everybody is up to date; how many sends that took.
  size_t sweep() {
    size_t sends = 0;
    while (audience_.has_work()) {
      const ReadingRings reading(epochs_[0]);
      batch_.begin();
      audience_.plan(batch_, 0);
      benchmark::DoNotOptimize(batch_.sends.sends().data());
      sends += batch_.sends.size();
    }
    return sends;
  }

 private:
  static ChannelConfig config() {
    ChannelConfig config;
    config.name = "bench";
    return config;
  }

  Epochs epochs_;
  std::unique_ptr<Channel> channel_;
  WireRing& wire_;
  ChannelAudience audience_;
  FrameEncoder encoder_;
  EventId id_{1'732'271'234'567, 0};
  const std::string data_ = std::string(200, 'x');
  BatchPlan batch_;
};

// One event to so many subscribers who are all up to date.
void sweep_one_event(benchmark::State& state) {
  SweepFixture fixture(static_cast<uint32_t>(state.range(0)));
  size_t sends = 0;
  for (auto _ : state) {
    fixture.publish();
    sends += fixture.sweep();
  }
  state.SetItemsProcessed(static_cast<int64_t>(sends));
}
BENCHMARK(sweep_one_event)->Arg(1)->Arg(1'000)->Arg(15'000);

// A late sweep: sixteen events in one send each.
void sweep_sixteen_events(benchmark::State& state) {
  SweepFixture fixture(15'000);
  size_t sends = 0;
  for (auto _ : state) {
    for (int event = 0; event < 16; ++event) fixture.publish();
    sends += fixture.sweep();
  }
  state.SetItemsProcessed(static_cast<int64_t>(sends));
}
BENCHMARK(sweep_sixteen_events);

}  // namespace
}  // namespace ringcast::net
