// What it costs to read a batch of events: lines as publishers write them, with data that is text
// and data that is JSON.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <string>

#include "net/batch_reader.h"

namespace ringcast::net {
namespace {

constexpr int64_t kLines = 1'000;

// Reads `line` a thousand times over in one body.
void read(benchmark::State& state, const std::string& line) {
  std::string body;
  for (int64_t i = 0; i < kLines; ++i) body += line + '\n';
  for (auto _ : state) {
    Result<Batch> batch = read_batch(body);
    if (!batch) {
      state.SkipWithError(batch.error().message.c_str());
      break;
    }
    benchmark::DoNotOptimize(batch->events.data());
  }
  state.SetItemsProcessed(state.iterations() * kLines);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
}

void read_200_bytes_of_text(benchmark::State& state) {
  read(state,
       fmt::format(R"({{"channel":"news","data":"{}","ttl":"30s"}})", std::string(200, 'x')));
}
BENCHMARK(read_200_bytes_of_text);

void read_200_bytes_of_escapes(benchmark::State& state) {
  std::string data;
  while (data.size() < 200) data += R"(\"n\" )";
  read(state, fmt::format(R"({{"channel":"news","data":"{}"}})", data));
}
BENCHMARK(read_200_bytes_of_escapes);

void read_200_bytes_of_json(benchmark::State& state) {
  std::string data = R"({"price":101.25,"size":200)";
  while (data.size() < 190) data += R"(,"level":[1,2,true])";
  read(state, fmt::format(R"({{"channel":"news","data":{}}}}})", data));
}
BENCHMARK(read_200_bytes_of_json);

}  // namespace
}  // namespace ringcast::net
