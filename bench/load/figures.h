// Figures: how numbers are written in every report.
//
// Threads: free functions. Failure: write_json() says why the file could not be written.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bench/load/options.h"
#include "engine/base/histogram.h"
#include "engine/base/result.h"

namespace ringcast::bench {

// `amount / count`, and 0 of none.
[[nodiscard]] double share(double amount, double count);

// "p50 …, p99 …, p99.9 …, max … µs" of nanoseconds.
[[nodiscard]] std::string quantiles(const Histogram& histogram);
[[nodiscard]] nlohmann::ordered_json histogram_json(const Histogram& histogram);

// Says so when other programs took so much of the server's core that no time can be trusted.
void print_not_alone(double core_taken);

// The command, the environment and the rounds, into the file that --json names; nothing when it names none.
Result<> write_json(const Options& options, nlohmann::ordered_json rounds);

}  // namespace ringcast::bench
