// Report: what a run found, for people and for programs.
//
// Threads: one. Failure: write_json() says why the file could not be written.
#pragma once

#include <string>
#include <vector>

#include "bench/load/load_run.h"
#include "bench/load/options.h"

namespace ringcast::bench {

void print_result(const LoadResult& result);

// One round: the server's figures, and the floors measured before and after it (none: no
// comparison).
struct Round {
  std::vector<LoadResult> floors;
  LoadResult server;
};

// The server's figure divided by the mean of the floors around it.
struct Ratios {
  double cpu_per_delivery = 0;
  double last_reader_median = 0;
  double latency_p50 = 0;
  double latency_p99 = 0;
  double deliveries_per_second = 0;
};
[[nodiscard]] Ratios ratios_of(const Round& round);

// Medians and spread over the rounds.
void print_summary(const LoadPlan& plan, const std::vector<Round>& rounds);

Result<> write_json(const Options& options, const std::vector<Round>& rounds);

}  // namespace ringcast::bench
