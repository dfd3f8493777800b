// The section about what is written down: `log`.
//
// Internal to engine/config.
#pragma once

#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/config/yaml_value.h"

namespace ringcast {

void read_log(const Value& section, LogConfig& log, Findings& findings);

void append_log_keys(std::vector<std::string>& keys);

}  // namespace ringcast
