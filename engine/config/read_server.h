// The sections about the machine and its sockets: `server` and `listeners`.
//
// Internal to engine/config.
#pragma once

#include <string>
#include <vector>

#include "engine/config/yaml_value.h"

namespace ringcast {

void read_server(const Value& section, ServerConfig& server, Findings& findings);
void read_listeners(const Value& list, std::vector<ListenerConfig>& listeners, Findings& findings);

void append_server_keys(std::vector<std::string>& keys);

}  // namespace ringcast
