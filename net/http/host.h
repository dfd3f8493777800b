// Which names a listener answers to. A page may be served under a name that its owner lets point to 127.0.0.1 (DNS
// rebinding); to a browser that is the page's own origin, and only the name gives it away.
//
// Threads: pure functions, any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/config/config.h"

namespace ringcast::net {

// `host` as a Host header has it, without its port: `a.example`, `10.0.0.1`, `[::1]`.
[[nodiscard]] std::string_view without_port(std::string_view host) noexcept;

// Whether `host`, with or without a port, is one of `names`, whatever its case.
[[nodiscard]] bool is_one_of_hosts(std::span<const std::string> names,
                                   std::string_view host) noexcept;

// Whether administration is served to who asks `listener` under `host`: localhost, any address, and what is configured.
// Addresses are safe: only names can be made to point somewhere else.
[[nodiscard]] bool is_admin_host(const ListenerConfig& listener, std::string_view host) noexcept;

// Whether anything else is: under every name where none is configured.
[[nodiscard]] bool is_public_host(const ListenerConfig& listener, std::string_view host) noexcept;

}  // namespace ringcast::net
