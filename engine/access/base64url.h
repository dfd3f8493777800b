// base64url as tokens use it (RFC 7515, section 2): no padding, and one way only to write any bytes.
//
// Threads: pure functions. Memory: the result.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ringcast {

// Nothing for what decoders differ about: padding, `+` and `/`, white space, a lone last letter, and bits behind the last
// byte that are not zero. Otherwise one signature could be written in several ways.
[[nodiscard]] std::optional<std::string> decode_base64url(std::string_view text);

[[nodiscard]] std::string encode_base64url(std::string_view bytes);

}  // namespace ringcast
