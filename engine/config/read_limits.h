// The section about what peers may take of us: `limits`.
//
// Internal to engine/config.
#pragma once

#include <string>
#include <vector>

#include "engine/config/yaml_value.h"

namespace ringcast {

void read_limits(const Value& section, LimitsConfig& limits, Findings& findings);

void append_limits_keys(std::vector<std::string>& keys);

}  // namespace ringcast
