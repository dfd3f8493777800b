// The `cors` section of a channel.
//
// Internal to engine/config. Threads: one.
#pragma once

#include <string>
#include <vector>

#include "engine/config/config.h"
#include "engine/config/yaml_value.h"

namespace ringcast {

void read_cors(const Value& section, CorsConfig& cors, Findings& findings);

// Every key of the section, behind `prefix`.
void append_cors_keys(const std::string& prefix, std::vector<std::string>& keys);

}  // namespace ringcast
