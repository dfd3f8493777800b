// Reading a configuration file for somebody who looks at standard error.
#pragma once

#include <optional>
#include <string>

#include "engine/config/config.h"

// Says everything that is wrong with `path`, and what is merely unwise, a line each. Nothing: it cannot be used.
[[nodiscard]] std::optional<ringcast::Config> load_and_report(const std::string& path);
