// The YAML door: text or a file becomes a Config, or everything that is wrong with it at once.
//
// One pass finds every problem, each with its place in the file and how to mend it; only a file
// that is not YAML at all stops at its first. Accepted is what configs/ringcast.yaml describes and
// nothing else: an unknown key, a missing unit or a contradiction is a problem, never a guess.
//
// Threads: any; nothing is shared. Memory: proportional to the file, which is bounded. Exceptions:
// none of yaml-cpp's gets out; what remains is std::bad_alloc.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/config/config.h"

namespace ringcast {

struct ConfigProblem {
  int line = 0;      // from 1; 0: the file as a whole
  int column = 0;    // from 1, counting bytes
  std::string key;   // dotted, such as defaults.history.bytes; may be empty
  std::string what;  // what is wrong and how to mend it
};

// "file:line:column: key: what", without the parts the problem does not have.
[[nodiscard]] std::string describe(const ConfigProblem& problem, std::string_view file);

struct LoadedConfig {
  std::optional<Config> config;         // absent exactly when there are problems
  std::vector<ConfigProblem> problems;  // in the order of the file
  std::vector<ConfigProblem>
      warnings;  // legal, but likely to be regretted; in the order of the file
};

[[nodiscard]] LoadedConfig load_config_text(std::string_view yaml);

// An unreadable file is a problem like any other. Regular files and pipes are both fine.
[[nodiscard]] LoadedConfig load_config_file(const std::string& path);

// What `ringcast serve` uses without a file: events on 0.0.0.0:8000, publishing and administration
// on 127.0.0.1:8001, one channel named news.
[[nodiscard]] Config default_config();

// `config` as YAML with every key spelled out. Loading it again gives an equal Config, provided
// `config` came from here.
[[nodiscard]] std::string to_yaml(const Config& config);

// Every key there is, dotted: "server.shards", "listeners[].bind", "channels.<name>.history.bytes".
[[nodiscard]] std::vector<std::string> known_config_keys();

}  // namespace ringcast
