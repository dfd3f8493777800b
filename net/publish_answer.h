// What a publisher is told about what was committed, in JSON. A first answer and its repeat under
// an idempotency key are written by the same function, so they are the same bytes.
//
// Threads: pure function.
#pragma once

#include <string>

#include "engine/idempotency_keys.h"

namespace ringcast::net {

// One line: `{"id":"…","subscribers":N}` for a single event, and for a batch
// `{"accepted":N,"first_id":"…","last_id":"…"}`.
[[nodiscard]] std::string publish_answer_json(const PublishAnswer& answer);

}  // namespace ringcast::net
