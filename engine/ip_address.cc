#include "engine/ip_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "engine/config/quoted.h"

namespace ringcast {

namespace {

constexpr std::array<uint8_t, 12> kV4Prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr uint8_t kV4PrefixBits = 8 * kV4Prefix.size();

// The address with all bits but the first `prefix_bits` off.
IpAddress masked(IpAddress address, uint8_t prefix_bits) noexcept {
  for (size_t i = 0; i < address.bytes.size(); ++i) {
    const int kept = std::clamp(int{prefix_bits} - static_cast<int>(8 * i), 0, 8);
    address.bytes[i] &= static_cast<uint8_t>(0xff00 >> kept);
  }
  return address;
}

std::optional<uint8_t> parse_prefix(std::string_view text, uint8_t most) noexcept {
  uint8_t bits = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), bits);
  const bool is_whole = parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
  if (!is_whole || bits > most || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return bits;
}

}  // namespace

IpAddress IpAddress::of_v4(std::span<const uint8_t, 4> v4) noexcept {
  IpAddress address;
  std::ranges::copy(kV4Prefix, address.bytes.begin());
  std::ranges::copy(v4, address.bytes.begin() + kV4Prefix.size());
  return address;
}

bool IpAddress::is_v4() const noexcept {
  return std::equal(kV4Prefix.begin(), kV4Prefix.end(), bytes.begin());
}

std::optional<IpAddress> parse_ip_address(std::string_view text) noexcept {
  char terminated[INET6_ADDRSTRLEN]{};
  if (text.size() >= sizeof terminated || text.find('\0') != text.npos) return std::nullopt;
  std::memcpy(terminated, text.data(), text.size());
  std::array<uint8_t, 4> v4{};
  if (::inet_pton(AF_INET, terminated, v4.data()) == 1) return IpAddress::of_v4(v4);
  IpAddress v6;
  if (::inet_pton(AF_INET6, terminated, v6.bytes.data()) == 1) return v6;
  return std::nullopt;
}

std::string format_ip_address(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN]{};
  if (address.is_v4()) {
    ::inet_ntop(AF_INET, address.bytes.data() + kV4Prefix.size(), text, sizeof text);
  } else {
    ::inet_ntop(AF_INET6, address.bytes.data(), text, sizeof text);
  }
  return text;
}

bool IpNetwork::contains(const IpAddress& address) const noexcept {
  return masked(address, prefix_bits) == base;
}

Result<IpNetwork> parse_ip_network(std::string_view text) {
  const size_t slash = text.find('/');
  const auto base = parse_ip_address(text.substr(0, slash));
  if (!base) {
    return Error{fmt::format(
        "{} is no network; write an address or a range such as 10.0.0.0/8 or \"fd00::/8\"",
        excerpt(text))};
  }
  // An IPv4 address that is written as IPv6 counts the bits of IPv6.
  const bool is_v4 = base->is_v4() && text.find(':') == text.npos;
  const uint8_t most = is_v4 ? 32 : 128;
  const auto bits =
      slash == text.npos ? std::optional{most} : parse_prefix(text.substr(slash + 1), most);
  if (!bits) {
    return Error{
        fmt::format("{} does not end in a number of bits from 0 to {}; write for example {}",
                    excerpt(text), most, is_v4 ? "10.0.0.0/8" : "fd00::/8")};
  }
  const auto all_bits = static_cast<uint8_t>(is_v4 ? kV4PrefixBits + *bits : *bits);
  const IpNetwork network{masked(*base, all_bits), all_bits};
  if (network.base != *base) {
    return Error{fmt::format("{} has bits beyond its prefix; write {}, or {} for the one address",
                             excerpt(text), format_ip_network(network), format_ip_address(*base))};
  }
  return network;
}

std::string format_ip_network(const IpNetwork& network) {
  if (network.prefix_bits == 128) return format_ip_address(network.base);
  const bool is_v4 = network.base.is_v4() && network.prefix_bits >= kV4PrefixBits;
  if (is_v4)
    return fmt::format("{}/{}", format_ip_address(network.base),
                       network.prefix_bits - kV4PrefixBits);
  return fmt::format("{}/{}", format_ip_address(network.base), network.prefix_bits);
}

bool any_contains(std::span<const IpNetwork> networks, const IpAddress& address) noexcept {
  return std::ranges::any_of(networks, [&](const IpNetwork& n) { return n.contains(address); });
}

}  // namespace ringcast
