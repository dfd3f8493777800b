// Environment: what a figure must be quoted with.
#pragma once

#include <nlohmann/json.hpp>

namespace ringcast::bench {

// Kernel, processor, cores, limits, and the commit of the working directory if it has one.
[[nodiscard]] nlohmann::ordered_json describe_environment();

}  // namespace ringcast::bench
