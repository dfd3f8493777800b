#include "tools/load_and_report.h"

#include <fmt/format.h>

#include <cstdio>

#include "engine/config/load.h"

using ringcast::Config;
using ringcast::ConfigProblem;
using ringcast::LoadedConfig;

std::optional<Config> load_and_report(const std::string& path) {
  LoadedConfig loaded = ringcast::load_config_file(path);
  for (const ConfigProblem& warning : loaded.warnings) {
    fmt::print(stderr, "{} (warning)\n", ringcast::describe(warning, path));
  }
  for (const ConfigProblem& problem : loaded.problems) {
    fmt::print(stderr, "{}\n", ringcast::describe(problem, path));
  }
  return std::move(loaded.config);
}
