// What an idempotency key costs a publish: a claim and its settlement in a full memory from which
// one key expires for each that comes, and the claim of a repeat.
#include <benchmark/benchmark.h>

#include <string>

#include "engine/idempotency_keys.h"

namespace ringcast {
namespace {

constexpr uint32_t kKeysMax = 65'536;

std::string key_text(uint64_t number) {
  return "8e03978e-40d5-43dd-bc93-" + std::to_string(100'000'000'000 + number);
}

KeyedHash request_of(std::string_view key) {
  return keyed_hash("/channels/news", key);
}

void claim_and_settle(benchmark::State& state) {
  IdempotencyKeys keys(kKeysMax);
  MonotonicMs now = 0;
  uint64_t number = 0;
  for (auto _ : state) {
    const std::string text = key_text(number);
    const KeyedHash key = keyed_hash(text);
    now += kIdempotencyKeyAge.count() / kKeysMax + 1;
    if (keys.claim(key, request_of(text), now).kind != ClaimKind::kFirst) {
      state.SkipWithError("a fresh key was not the first");
      break;
    }
    keys.settle(key, {}, now);
    ++number;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(claim_and_settle);

void claim_a_repeat(benchmark::State& state) {
  IdempotencyKeys keys(kKeysMax);
  for (uint64_t number = 0; number < kKeysMax; ++number) {
    const std::string text = key_text(number);
    benchmark::DoNotOptimize(keys.claim(keyed_hash(text), request_of(text), 0));
    keys.settle(keyed_hash(text), {}, 0);
  }
  uint64_t number = 0;
  for (auto _ : state) {
    number = (number + 7919) % kKeysMax;  // a prime: all keys, in an order memory cannot guess
    const std::string text = key_text(number);
    benchmark::DoNotOptimize(keys.claim(keyed_hash(text), request_of(text), 1));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(claim_a_repeat);

}  // namespace
}  // namespace ringcast
