// What one recorded latency costs: it is paid once a delivery, so it must vanish beside a receive.
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <vector>

#include "engine/base/histogram.h"

namespace ringcast {
namespace {

// Latencies as a fan-out has them: spread over two powers of ten.
std::vector<uint64_t> latencies() {
  std::mt19937_64 random{42};
  std::vector<uint64_t> values(4096);
  for (uint64_t& value : values) value = 50'000 + random() % 5'000'000;
  return values;
}

void record(benchmark::State& state) {
  const auto values = latencies();
  auto histogram = std::make_unique<Histogram>();
  size_t next = 0;
  for (auto _ : state) histogram->record(values[next++ & 4095]);
  benchmark::DoNotOptimize(histogram->count());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(record);

void quantile(benchmark::State& state) {
  auto histogram = std::make_unique<Histogram>();
  for (const uint64_t value : latencies()) histogram->record(value);
  for (auto _ : state) benchmark::DoNotOptimize(histogram->quantile(0.999));
}
BENCHMARK(quantile);

}  // namespace
}  // namespace ringcast
