// One churn run: subscribers whose connections break again and again, and the verdict over the concatenation of all
// sessions of each.
//
// Everybody connects before the first publish. A subscriber that has an id keeps its session for a random time, or a
// random number of bytes, ends it, and comes back with its last id; one that has none yet stays, because without an id
// there is nothing to resume from. After the last publish everybody comes back and stays until it has all there is.
//
// Threads: one. Memory: some 200 bytes a subscriber, 40 an event, and the ledgers. Failure: one sentence when the run
// could not be made; lost events are a verdict.
#pragma once

#include "bench/load/churn/churn_plan.h"
#include "bench/load/churn/churn_result.h"
#include "bench/load/load_run.h"
#include "engine/base/result.h"

namespace ringcast::bench {

Result<ChurnResult> run_churn(const ChurnPlan& plan, const Target& target);

}  // namespace ringcast::bench
