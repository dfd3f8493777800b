// What several commands of ringcast-bench have in common on their command lines.
//
// Threads: free functions.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "bench/load/options.h"

namespace ringcast::bench {

// Turns `500ms` into nanoseconds.
[[nodiscard]] CLI::AsNumberWithUnit as_duration();

// Cores, rounds, and where the figures go.
void add_machine_options(CLI::App& command, Options& options);
// Which server, and where it listens.
void add_server_options(CLI::App& command, Options& options);
// Nothing: what those two have filled in makes sense. Otherwise what is wrong.
[[nodiscard]] std::string settle_servers(Options& options);

}  // namespace ringcast::bench
