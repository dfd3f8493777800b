// The section `access` (tokens and keys), and `access` of a channel.
//
// Key files are read here as well, so that `ringcast check` finds out whether they can be used; what is kept is their names.
//
// Internal to engine/config.
#pragma once

#include <string>
#include <vector>

#include "engine/config/yaml_value.h"

namespace ringcast {

void read_access(const Value& section, AccessConfig& access, Findings& findings);
void read_channel_access(const Value& section, ChannelConfig& channel, Findings& findings);

void append_access_keys(std::vector<std::string>& keys);
// Those of a channel, behind `prefix`.
void append_channel_access_keys(const std::string& prefix, std::vector<std::string>& keys);

}  // namespace ringcast
