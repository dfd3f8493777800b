// What it costs to turn an event into a frame: paid once an event, whatever the audience.
#include <benchmark/benchmark.h>

#include <string>

#include "engine/frame_encoder.h"

namespace ringcast {
namespace {

// Encodes `data` with ids as they come at a busy publisher's.
void encode(benchmark::State& state, const std::string& data) {
  FrameEncoder encoder;
  EventId id{1'732'271'234'567, 0};
  for (auto _ : state) {
    ++id.seq;
    benchmark::DoNotOptimize(encoder.encode(id, {.type = "price", .data = data}).chunk.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(data.size()));
}

void encode_200_bytes(benchmark::State& state) {
  encode(state, std::string(200, 'x'));
}
BENCHMARK(encode_200_bytes);

// 32 bytes a line, as pretty-printed JSON has it: 128 `data: ` lines.
void encode_4_kib_of_lines(benchmark::State& state) {
  std::string data;
  while (data.size() < 4096) data += std::string(31, 'x') + '\n';
  encode(state, data);
}
BENCHMARK(encode_4_kib_of_lines);

void encode_64_kib_of_one_line(benchmark::State& state) {
  encode(state, std::string(65'000, 'x'));
}
BENCHMARK(encode_64_kib_of_one_line);

}  // namespace
}  // namespace ringcast
