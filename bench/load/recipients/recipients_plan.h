// RecipientsPlan and RecipientsResult: a million recipients with one event each, and what their memory and resumes
// cost.
//
// Threads: value types. Memory: a few vectors of one entry a block.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/load/clock.h"

namespace ringcast::bench {

// What a connection of the crowd does before it is reset.
enum class Visit : uint8_t {
  kOpening,    // no id: reads the stream's opening
  kChannel,    // resumes a plain channel before its last event, and reads that
  kRecipient,  // resumes a random recipient before its event, and reads that
};
inline constexpr size_t kVisits = 3;

struct RecipientsPlan {
  uint32_t recipients = 1'000'000;
  uint64_t connects = 1'000'000;  // of each kind of visit
  uint32_t blocks = 4;            // each kind in so many blocks, in turn: A B C A B C …
  uint32_t batch_events = 1'000;  // of one POST /events
  size_t data_bytes = 64;
  uint32_t in_flight = 256;
  double memory_bar_bytes = 64;  // a recipient, beyond its frame
  double resume_bar_us = 2;      // of CPU, beyond the same connection to a plain channel
  uint64_t seed = 1;
  int64_t stall_ns = 10 * kSecond;
};

struct RecipientsResult {
  uint64_t recipients = 0;
  int64_t publish_ns = 0;
  int64_t publish_cpu_ns = 0;  // of the server
  int64_t resident_before = 0;
  int64_t resident_after = 0;
  int64_t anonymous_before = 0;
  int64_t anonymous_after = 0;
  uint64_t refused = 0;    // batches answered 503, each sent again
  double frame_bytes = 0;  // on the wire, mean over the resumes

  uint64_t visits = 0;
  uint64_t wrong =
      0;  // visits that got another event than theirs, a gap, damage, or no event at all
  std::vector<std::string> examples;
  // CPU of the server a visit, block by block, by Visit.
  std::vector<double> cpu_us[kVisits];
  int64_t visit_ns = 0;
  int64_t client_cpu_ns = 0;
  double core_taken = 0;  // share of the time that others kept the server from its core

  [[nodiscard]] double memory_per_recipient() const noexcept;
  [[nodiscard]] double memory_beyond_frame() const noexcept {
    return memory_per_recipient() - frame_bytes;
  }
  // Median over the blocks.
  [[nodiscard]] double cpu_of(Visit visit) const;
  // Median of the differences between blocks that were neighbours.
  [[nodiscard]] double cpu_difference(Visit visit, Visit base) const;
  [[nodiscard]] bool good(const RecipientsPlan& plan) const;
};

// `r0`, `r1`, … in the pattern channel inbox/{recipient}.
[[nodiscard]] std::string inbox_of(uint32_t recipient);

// Nothing: it can be run. Otherwise what is wrong, and the remedy.
[[nodiscard]] std::string problem_of(const RecipientsPlan& plan);

}  // namespace ringcast::bench
