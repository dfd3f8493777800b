// How the figures of a phase are printed and written to JSON, in the reports of all scenarios that have them.
//
// Threads: free functions.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "bench/load/peers/phase_figures.h"

namespace ringcast::bench {

// How much was published, and how it went.
void print_publishing(const PhaseFigures& figures);
// What the server took of its core and this program of its own. `memory` is what there is to say of the server's.
void print_server(std::string_view memory, const PhaseFigures& figures);
[[nodiscard]] nlohmann::ordered_json figures_json(const PhaseFigures& figures);

}  // namespace ringcast::bench
