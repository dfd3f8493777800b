// Forwarded: whom a request is from, when it came through proxies that say so in a header field.
//
// Each proxy adds on the right whom it got the request from. So the chain is walked from the right, from the
// peer itself on, as long as who speaks is a proxy that is trusted: the first address that is not a trusted
// proxy's is the client's. What stands further left was sent by the client, and could say anything.
//
// Threads: pure functions.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "engine/ip_address.h"

namespace ringcast::net {

// The address that the values of X-Forwarded-For, in the order of their lines, say the client has. Something that
// is no address ends the walk. Nothing: there is no address at the right end.
[[nodiscard]] std::optional<IpAddress> client_of_x_forwarded_for(
    std::span<const std::string_view> lines, std::span<const IpNetwork> trusted);

// The same for Forwarded (RFC 7239), whose `for` parameters count.
[[nodiscard]] std::optional<IpAddress> client_of_forwarded(std::span<const std::string_view> lines,
                                                           std::span<const IpNetwork> trusted);

}  // namespace ringcast::net
