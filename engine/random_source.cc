#include "engine/random_source.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <string>

namespace ringcast {

RandomSource::RandomSource(EventLog& log, Channel& channel, const RandomSourceConfig& config)
    : log_(log),
      channel_(channel),
      config_(config),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

// An event that finds its channel paced is left out: the next number is as good.
void RandomSource::run(const std::stop_token& stop) {
  std::mt19937_64 random(std::random_device{}());
  std::uniform_int_distribution<int64_t> number(config_.min, config_.max);
  auto due = std::chrono::steady_clock::now();
  std::unique_lock guard(lock_);
  while (!stop.stop_requested()) {
    const std::string data = std::to_string(number(random));
    log_.append(channel_, Event{.type = {}, .data = data}, [](const AppendOutcome&) {});
    // After a pause of the whole process the missed ones are not made up for.
    due = std::max(due + config_.every, std::chrono::steady_clock::now());
    pause_.wait_until(guard, stop, due, [] { return false; });
  }
}

}  // namespace ringcast
