// One recipients run: publish to everybody, then visit random ones, and say what both cost the server.
//
// Threads: one. Memory: 40 bytes a batch, and the visits under way. Failure: one sentence when the run could not be
// made.
#pragma once

#include "bench/load/load_run.h"
#include "bench/load/recipients/recipients_plan.h"
#include "engine/base/result.h"

namespace ringcast::bench {

Result<RecipientsResult> run_recipients(const RecipientsPlan& plan, const Target& target);

}  // namespace ringcast::bench
