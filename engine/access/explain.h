// What a credential comes to, in words: for `ringcast token check`. Nothing of the credential itself is in them, but whom it
// speaks for and what it names.
//
// Threads: pure functions. Memory: the text.
#pragma once

#include <string>

#include "engine/access/access.h"

namespace ringcast {

// Several lines. `now_ms` is the wall clock's, at which `identity` was found out.
[[nodiscard]] std::string explain(const Identity& identity, const Config& config, int64_t now_ms);

}  // namespace ringcast
