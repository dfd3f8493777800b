// The commands of the scenarios, as options.cc has those of floor and fanout.
//
// Threads: one. Failure: problem() says what is wrong with the plan asked for.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "bench/load/options.h"

namespace ringcast::bench {

class ScenarioCommands {
 public:
  // Adds them to `app`; parsing fills in `options`, which must outlive this.
  ScenarioCommands(CLI::App& app, Options& options);

  // After parsing. Requires: one of them was asked for.
  [[nodiscard]] Options::Mode chosen() const;
  [[nodiscard]] std::string problem() const;

 private:
  CLI::App* add(CLI::App& app, const char* name, const char* what);

  Options& options_;
  CLI::App* churn_;
  CLI::App* merge_;
  CLI::App* stalled_;
  CLI::App* recipients_;
  CLI::App* siege_;
};

}  // namespace ringcast::bench
