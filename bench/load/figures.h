// Figures: how numbers are written in every report.
//
// Threads: free functions. Failure: write_json() says why the file could not be written.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bench/load/follow/paired_latency.h"
#include "bench/load/options.h"
#include "engine/base/histogram.h"
#include "engine/base/result.h"

namespace ringcast::bench {

// `amount / count`, and 0 of none.
[[nodiscard]] double share(double amount, double count);

// "p50 …, p99 …, p99.9 …, max … µs" of nanoseconds.
[[nodiscard]] std::string quantiles(const Histogram& histogram);
[[nodiscard]] nlohmann::ordered_json histogram_json(const Histogram& histogram);

// The ratios of each pair and their medians, beside the bar for the p99.
void print_paired(const char* what, const PairedLatency& paired, double p99_bar);
[[nodiscard]] nlohmann::ordered_json paired_json(const PairedLatency& paired);

// Says so when others kept the server from its core for so much of the time that none can be trusted (see CoreWatch).
void print_not_alone(double core_taken);

// The command, the environment and the rounds, into the file that --json names; nothing when it names none.
Result<> write_json(const Options& options, nlohmann::ordered_json rounds);

}  // namespace ringcast::bench
