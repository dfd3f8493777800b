// How long a look at all channels of a node with many of them keeps its shard from everything else: the making of the text. Each
// channel has events, so that all there is to say is said.
#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/log/memory_log.h"
#include "net/inspection.h"
#include "net/metrics_text.h"

namespace ringcast::net {
namespace {

class Nobody final : public CommitListener {
 public:
  void on_commit(const Channel&) noexcept override {}
  void on_paced(const Channel&) noexcept override {}
};

std::vector<ChannelConfig> small_channels(size_t count) {
  std::vector<ChannelConfig> configs(count);
  for (size_t i = 0; i < count; ++i) {
    configs[i].name = "prices/instrument-" + std::to_string(i);
    configs[i].history = {.events = 16, .bytes = 4 * kKiB};
    configs[i].event_bytes_max = 512;
  }
  return configs;
}

class Node {
 public:
  explicit Node(size_t count)
      : channels_(std::move(Channels::create(small_channels(count), epochs_).value())) {
    for (ChannelNumber i = 0; i < count; ++i) {
      for (int k = 0; k < 3; ++k) {
        log_.append(channels_->at(i), {.type = {}, .data = "x"}, [](const AppendOutcome&) {});
      }
    }
  }

  [[nodiscard]] std::string channels() {
    return Inspection(shards_, *channels_, log_, listeners_).channels();
  }
  [[nodiscard]] std::string metrics() {
    return metrics_text(shards_, *channels_, key_changes_, nullptr);
  }

 private:
  Epochs epochs_{1};
  std::unique_ptr<Channels> channels_;
  Nobody nobody_;
  MemoryLog log_{*channels_, nobody_};
  const std::vector<Counters> shards_{1};
  const KeyChanges key_changes_;
  const std::vector<ListenerConfig> listeners_;
};

void look(benchmark::State& state, std::string (Node::*at)()) {
  Node node(static_cast<size_t>(state.range(0)));
  size_t bytes = 0;
  for (auto _ : state) bytes = (node.*at)().size();
  state.counters["bytes"] = static_cast<double>(bytes);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(look, at_channels, &Node::channels)->Arg(3'000)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(look, at_metrics, &Node::metrics)->Arg(3'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ringcast::net
