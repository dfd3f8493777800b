// PhaseFigures: what a phase of publishing was like for its publishers, for the server and for this program.
//
// Threads: a value type. Memory: two histograms.
#pragma once

#include <cstdint>

#include "engine/base/histogram.h"

namespace ringcast::bench {

struct PhaseFigures {
  uint64_t published = 0;      // answered 201
  uint64_t refused = 0;        // answered 503
  Histogram publish_wait;      // sent to answered
  Histogram publish_lateness;  // intended to sent
  int64_t publish_ns = 0;      // from the first publish to the last answer
  // Processor time from the first publish on, for so long.
  int64_t watched_ns = 0;
  int64_t server_cpu_ns = 0;
  int64_t client_cpu_ns = 0;
  double core_taken = 0;  // share of `publish_ns` that others kept the server from its core
};

}  // namespace ringcast::bench
