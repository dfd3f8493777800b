// More channels for a test's server, set up like the one it has.
#pragma once

#include <initializer_list>

#include "engine/config/config.h"

namespace ringcast {

// `config` with a copy of its first channel under each of `names`.
inline Config with_more_channels(Config config, std::initializer_list<const char*> names) {
  ChannelConfig model = config.channels.front();
  for (const char* const name : names) {
    model.name = name;
    config.channels.push_back(model);
  }
  return config;
}

}  // namespace ringcast
