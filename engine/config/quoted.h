// Untrusted text inside double quotes: fit for a terminal, and for YAML.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace ringcast {

// All of `text`; quotes, backslashes and everything but printable ASCII are escaped.
[[nodiscard]] std::string quoted(std::string_view text);

// The same for messages: a long text is cut, and says so.
[[nodiscard]] std::string excerpt(std::string_view text);

// Like excerpt(), with more room and without the quotes around it: for dotted keys.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace ringcast
