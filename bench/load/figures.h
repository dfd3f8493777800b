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

[[nodiscard]] double as_us(uint64_t ns);
[[nodiscard]] double as_seconds(int64_t ns);
[[nodiscard]] double as_mib(int64_t bytes);

// "p50 …, p99 …, p99.9 …, max … µs" of nanoseconds.
[[nodiscard]] std::string quantiles(const Histogram& histogram);
[[nodiscard]] nlohmann::ordered_json histogram_json(const Histogram& histogram);

// The ratios of each pair and their medians, beside the bar for the p99.
void print_paired(const char* what, const PairedLatency& paired, double p99_bar);
[[nodiscard]] nlohmann::ordered_json paired_json(const PairedLatency& paired);

// A share of a core's time. A guess: what others take of it then does less to a figure than the spread between rounds on a quiet machine.
inline constexpr double kTakenMax = 0.05;
// Says so when others kept the server from its core for so much of the time that none can be trusted (see CoreWatch).
void print_not_alone(double core_taken);

// The command, the environment and the rounds, into the file that --json names; nothing when it names none.
Result<> write_json(const Options& options, nlohmann::ordered_json rounds);

}  // namespace ringcast::bench
