// Scenarios: runs what the command line asks for as often as it says, prints each round, and writes the JSON file.
//
// Threads: one. Failure: one sentence when a round could not be made.
#pragma once

#include "bench/load/options.h"
#include "engine/base/result.h"

namespace ringcast::bench {

// Whether every round was good. Requires: the mode is a scenario's.
Result<bool> run_scenario(const Options& options);

}  // namespace ringcast::bench
