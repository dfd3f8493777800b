// IpAddress: an IPv4 or IPv6 address in 16 bytes, and the networks that a configuration lists.
//
// An IPv4 address is kept as IPv6 maps it (::ffff:192.0.2.1), so that one that comes through a socket of
// either family, a PROXY header or an HTTP field is always the same bytes.
//
// Threads: pure functions. Memory: none, but for the texts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace ringcast {

struct IpAddress {
  std::array<uint8_t, 16> bytes{};  // in network order; all zero: no address

  [[nodiscard]] static IpAddress of_v4(std::span<const uint8_t, 4> v4) noexcept;
  [[nodiscard]] bool is_v4() const noexcept;
  bool operator==(const IpAddress&) const = default;
};

// `192.0.2.1`, `2001:db8::1` or `::ffff:192.0.2.1`: an address and nothing else, without brackets, port or zone.
[[nodiscard]] std::optional<IpAddress> parse_ip_address(std::string_view text) noexcept;

// As RFC 5952 writes it; one that is_v4() as IPv4.
[[nodiscard]] std::string format_ip_address(const IpAddress& address);

// The addresses whose first `prefix_bits` are those of `base`.
struct IpNetwork {
  IpAddress base;
  uint8_t prefix_bits = 128;  // of the 128: 10.0.0.0/8 is ::ffff:10.0.0.0/104

  [[nodiscard]] bool contains(const IpAddress& address) const noexcept;
  bool operator==(const IpNetwork&) const = default;
};

// `10.0.0.0/8`, `2001:db8::/32`, or an address, which is a network of one. Fails with what is wrong, quoting
// `text`, also when the base has bits beyond the prefix: 10.0.0.1/8 is more likely a slip than meant.
[[nodiscard]] Result<IpNetwork> parse_ip_network(std::string_view text);

// The inverse of parse_ip_network().
[[nodiscard]] std::string format_ip_network(const IpNetwork& network);

// Whether any of `networks` contains `address`.
[[nodiscard]] bool any_contains(std::span<const IpNetwork> networks,
                                const IpAddress& address) noexcept;

}  // namespace ringcast
