// ChurnPlan: who subscribes to what, who publishes what, and how often connections break.
//
// Threads: value types. Memory: what following() returns.
#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "bench/load/clock.h"
#include "bench/load/peers/publishing_plan.h"

namespace ringcast::bench {

// A range to draw durations from.
struct DurationRange {
  int64_t least_ns = 0;
  int64_t most_ns = 0;
};

// What a subscriber may follow. The order is that of ChurnPlan::shares.
enum class Shape : uint8_t { kChannel, kRecipient, kChannelAndRecipient, kAllChannels };
inline constexpr size_t kShapes = 4;

enum class CutBy : uint8_t { kTime, kBytes };

struct ChurnPlan {
  uint32_t subscribers = 2'000;
  uint32_t channels = 8;
  uint32_t recipients = 1'000;
  // Of 100 subscribers, how many have each shape. With 2000 events a second of which a tenth go to channels, these make
  // some 55 000 deliveries a second, to which the reconnects add: one server core can do it.
  std::array<uint32_t, kShapes> shares = {30, 30, 35, 5};
  double channel_share = 0.1;  // of the events; the rest go to recipients
  PublishingPlan publishing = {.rate = 2'000, .duration_ns = 60 * kSecond};
  DurationRange session = {.least_ns = 50 * kMillisecond, .most_ns = 500 * kMillisecond};
  DurationRange away = {.least_ns = 0, .most_ns = 50 * kMillisecond};
  CutBy cut = CutBy::kTime;
  uint64_t cut_bytes_max = 64 << 10;  // with kBytes, sessions also end after so many bytes at most
  bool gaps_allowed = false;
  uint64_t seed = 1;
  int64_t stall_ns = 10 * kSecond;  // nothing moves for so long: give up
};

// Every subscriber on all of 64 channels, cut at random bytes.
[[nodiscard]] ChurnPlan merge_preset();

// Targets are channels first, then recipients.
[[nodiscard]] inline uint32_t target_count(const ChurnPlan& plan) noexcept {
  return plan.channels + plan.recipients;
}
// `c0`, `c1`, … and `inbox/r0`, `inbox/r1`, …
[[nodiscard]] std::string target_name(const ChurnPlan& plan, uint32_t target);

struct Following {
  std::vector<uint32_t> targets;
  std::string path;  // of the GET
};
using Random = std::mt19937_64;
// What subscriber `who` follows; shapes are spread evenly over the subscribers.
[[nodiscard]] Following following(const ChurnPlan& plan, uint32_t who, Random& random);
// The target of the next event.
[[nodiscard]] uint32_t choose_target(const ChurnPlan& plan, Random& random);

// Nothing: it can be run. Otherwise what is wrong, and the remedy.
[[nodiscard]] std::string problem_of(const ChurnPlan& plan);

}  // namespace ringcast::bench
