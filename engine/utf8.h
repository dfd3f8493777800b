// Whether a text is UTF-8: overlong forms, surrogates and cut characters are not. What is not would be silently replaced by
// whoever reads it.
//
// Threads: pure, any thread. Memory: none.
#pragma once

#include <string_view>

namespace ringcast {

// No overlong forms, no surrogates, nothing beyond U+10FFFF, no character cut short.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace ringcast
