// What it costs to put a frame into a ring of the default size, floor and epochs included.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "engine/channel.h"
#include "engine/ring.h"

namespace ringcast {
namespace {

constexpr size_t kShards = 8;
constexpr uint64_t kCapacity = kMiB;

void append(benchmark::State& state, size_t frame_bytes) {
  const Epochs epochs(kShards);
  const ReaderProgress readers(kShards);
  const std::unique_ptr<Ring> ring = std::move(Ring::open(kCapacity, epochs).value());
  const std::string frame(frame_bytes, 'x');
  for (auto _ : state) {
    if (ring->make_room(frame.size(), readers) != Room::kReady) {
      state.SkipWithError("no room");
      return;
    }
    benchmark::DoNotOptimize(ring->append(frame));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(frame.size()));
}

void append_200_bytes(benchmark::State& state) {
  append(state, 200);
}
BENCHMARK(append_200_bytes);

void append_4_kib(benchmark::State& state) {
  append(state, 4096);
}
BENCHMARK(append_4_kib);

// All that a publish does under the log's lock but for the encoding: ring, index, history's bounds.
void append_200_bytes_to_a_channel(benchmark::State& state) {
  const Epochs epochs(kShards);
  ChannelConfig config;
  config.name = "bench";
  config.history.bytes = kCapacity;
  const std::unique_ptr<Channel> channel = std::move(Channel::create(0, config, epochs).value());
  FrameEncoder encoder;
  EventId id{1'732'271'234'567, 0};
  const std::string chunk(encoder.encode(id, {.type = "", .data = std::string(200, 'x')}).chunk);
  const Frame frame = frame_from_chunk(chunk);
  for (auto _ : state) {
    ++id.seq;
    if (channel->try_append(id, frame) != Room::kReady) {
      state.SkipWithError("no room");
      return;
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(chunk.size()));
}
BENCHMARK(append_200_bytes_to_a_channel);

// The cost on the other side: one batch's pair of epoch steps and its look at the ring.
void begin_and_end_a_batch(benchmark::State& state) {
  Epochs epochs(kShards);
  const std::unique_ptr<Ring> ring = std::move(Ring::open(kCapacity, epochs).value());
  for (auto _ : state) {
    const ReadingRings reading(epochs[0]);
    benchmark::DoNotOptimize(ring->floor());
    benchmark::DoNotOptimize(ring->committed());
  }
}
BENCHMARK(begin_and_end_a_batch);

}  // namespace
}  // namespace ringcast
