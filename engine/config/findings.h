// Findings: what one pass over a configuration file has come across: problems, warnings, and where
// each key stood.
//
// Internal to engine/config. Threads: one. Memory: grows with the file.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/config/load.h"

namespace ringcast {

struct Place {
  int line = 0;
  int column = 0;
};

class Findings {
 public:
  // `known_keys` as known_config_keys() gives them: where a misplaced key would belong is looked up
  // there.
  explicit Findings(std::vector<std::string> known_keys) : known_keys_(std::move(known_keys)) {}

  void add_problem(Place place, std::string_view key, std::string what);
  void add_warning(Place place, std::string_view key, std::string what);

  // `key` (its last part `name`) is none of `siblings`: says which of them, or which key elsewhere,
  // was probably meant.
  void add_unknown_key(Place place, std::string_view key, std::string_view name,
                       std::span<const std::string_view> siblings);

  [[nodiscard]] size_t problem_count() const noexcept { return problems_.size(); }

  // Remembers where the value of `key` is written, for checks that concern several keys.
  void note(std::string_view key, Place place) { places_.emplace(key, place); }
  [[nodiscard]] bool has(const std::string& key) const { return places_.contains(key); }

  // Where the first of `keys` that the file has is written. Requires: it has one of them.
  [[nodiscard]] std::pair<std::string, Place> find_first(std::span<const std::string> keys) const;

  // Hands everything over, in the order of the file; `config` only when nothing is wrong.
  [[nodiscard]] LoadedConfig finish(Config config) &&;

 private:
  std::vector<std::string> known_keys_;
  std::vector<ConfigProblem> problems_;
  std::vector<ConfigProblem> warnings_;
  std::unordered_map<std::string, Place> places_;
};

}  // namespace ringcast
