// The rules for names, paths, origins, headers and addresses in the configuration, as plain text checks.
//
// Threads: pure functions. Failure: an Error that quotes the text, says what is wrong and how to
// mend it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace ringcast {

struct BindAddress {
  std::string host;  // as inet_ntop writes it, so that equal addresses are equal text
  uint16_t port = 0;
  std::string socket_path;  // of a unix socket, which has neither
};

// `127.0.0.1:8000`, `[::1]:8000` or `unix:/run/ringcast/publish.sock`. Host names are refused: nothing is looked
// up at start-up.
[[nodiscard]] Result<BindAddress> parse_bind(std::string_view text);

// The inverse of parse_bind().
[[nodiscard]] std::string format_bind(const BindAddress& address);

// Whether only this machine can reach `host`. Requires: a host from parse_bind().
[[nodiscard]] bool is_loopback(std::string_view host);

// Segments of letters, digits and ._~- joined by '/'. These need no escaping in a URL, and the
// segments "." and ".." are refused, because browsers resolve them before they ask. One segment
// behind the first may be a variable in braces, which makes the name a pattern (channel_name.h).
[[nodiscard]] Result<> check_channel_name(std::string_view name);

// What a key may publish to (engine/access/name_pattern.h): a channel's name, one with /* behind it, or *.
[[nodiscard]] Result<> check_name_pattern(std::string_view pattern);

// An absolute URL path that browsers ask for as it is written, and that none of the server's own
// routes begins with.
[[nodiscard]] Result<> check_path(std::string_view path);

// An origin as browsers serialise it, scheme://host[:port] in lower case; or, with `*.` before the host, every host
// below it. "*" passes too.
[[nodiscard]] Result<> check_origin(std::string_view origin);

// A name or address as a Host header has it, without a port and in lower case: a.example, 10.0.0.1, [::1].
[[nodiscard]] Result<> check_host(std::string_view host);

// The name of an HTTP header line.
[[nodiscard]] Result<> check_header_name(std::string_view name);

}  // namespace ringcast
