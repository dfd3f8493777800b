// Whether `access`, the channels and the listeners fit together: who is asked for what nobody can have, who is asked for
// nothing and should be, and what nobody is asked for.
//
// Internal to engine/config.
#pragma once

#include "engine/config/config.h"
#include "engine/config/findings.h"

namespace ringcast {

// After everything has been read.
void check_access(const Config& config, Findings& findings);

}  // namespace ringcast
