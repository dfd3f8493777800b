// The sections about channels: `defaults` and `channels`.
//
// Internal to engine/config.
#pragma once

#include <string>
#include <vector>

#include "engine/config/yaml_value.h"

namespace ringcast {

// What every channel starts from.
void read_defaults(const Value& section, ChannelConfig& defaults, Findings& findings);

// Every channel of the map: `defaults`, overridden by its own keys.
void read_channels(const Value& section, const ChannelConfig& defaults,
                   std::vector<ChannelConfig>& channels, Findings& findings);

void append_channel_keys(std::vector<std::string>& keys);

}  // namespace ringcast
