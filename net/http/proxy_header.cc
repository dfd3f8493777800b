#include "net/http/proxy_header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <span>

#include "net/http/ascii.h"

namespace ringcast::net {

namespace {

using namespace std::string_view_literals;
using Outcome = ProxyHeader::Outcome;

// --- Version 1

constexpr std::string_view kLineStart = "PROXY "sv;
constexpr size_t kLineBytesMax = 107;  // with CR LF, as the specification counts it

// Takes one field off the front of `line`; fields are separated by exactly one space.
std::string_view take_field(std::string_view& line) noexcept {
  const size_t space = line.find(' ');
  const std::string_view field = line.substr(0, space);
  line.remove_prefix(space == line.npos ? line.size() : space + 1);
  return field;
}

std::optional<uint16_t> parse_port(std::string_view text) noexcept {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool is_whole = error == std::errc{} && end == text.data() + text.size();
  const bool has_leading_zero = text.size() > 1 && text.front() == '0';
  return is_whole && !has_leading_zero ? std::optional{port} : std::nullopt;
}

// --- Version 2: signature, version and command, family and protocol, length; then that many bytes.

constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr size_t kPrefixBytes = 16;
constexpr uint8_t kLocal = 0x20;  // version 2, and the command
constexpr uint8_t kProxy = 0x21;
constexpr size_t kTlvPrefixBytes = 3;  // type, then two bytes of length
constexpr uint8_t kTlvChecksum = 0x03;

uint8_t byte_at(std::string_view bytes, size_t at) noexcept {
  return static_cast<uint8_t>(bytes[at]);
}

uint16_t number_at(std::string_view bytes, size_t at) noexcept {
  return static_cast<uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

// How many bytes of addresses a family has; nothing: a family or protocol that no TCP connection has.
std::optional<size_t> address_bytes(uint8_t family_and_protocol) noexcept {
  switch (family_and_protocol) {
    case 0x00:  // the balancer does not know
      return 0;
    case 0x11:  // TCP over IPv4
      return 12;
    case 0x21:  // TCP over IPv6
      return 36;
    case 0x31:  // a unix socket
      return 216;
    default:
      return std::nullopt;
  }
}

constexpr std::array<uint32_t, 256> kCrcTable = [] {
  constexpr uint32_t kCastagnoli = 0x82f63b78;  // reversed
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ kCastagnoli : crc >> 1;
    table[i] = crc;
  }
  return table;
}();

// Of the whole header, with the checksum itself taken for zeros.
uint32_t checksum(std::string_view header, size_t checksum_at) noexcept {
  uint32_t crc = ~uint32_t{0};
  for (size_t i = 0; i < header.size(); ++i) {
    const bool is_checksum = i >= checksum_at && i < checksum_at + sizeof crc;
    const uint8_t byte = is_checksum ? 0 : byte_at(header, i);
    crc = crc >> 8 ^ kCrcTable[(crc ^ byte) & 0xff];
  }
  return ~crc;
}

// Whether the TLVs from `at` fill the header exactly, and its checksum, if it has one, is right.
bool tlvs_add_up(std::string_view header, size_t at) noexcept {
  while (at < header.size()) {
    if (header.size() - at < kTlvPrefixBytes) return false;
    const uint8_t type = byte_at(header, at);
    const size_t value_bytes = number_at(header, at + 1);
    at += kTlvPrefixBytes;
    if (header.size() - at < value_bytes) return false;
    if (type == kTlvChecksum) {
      if (value_bytes != sizeof(uint32_t)) return false;
      const uint32_t stated = uint32_t{number_at(header, at)} << 16 | number_at(header, at + 2);
      if (stated != checksum(header, at)) return false;
    }
    at += value_bytes;
  }
  return true;
}

}  // namespace

Outcome ProxyHeader::feed(std::string_view& bytes) {
  if (header_.empty() && bytes.empty()) return Outcome::kNeedMore;
  const char first = header_.empty() ? bytes.front() : header_.front();
  if (first == kLineStart.front()) return feed_line(bytes);
  return first == kSignature.front() ? feed_binary(bytes) : Outcome::kRefused;
}

// Moves bytes over until there are `header_bytes`.
Outcome ProxyHeader::take_until(size_t header_bytes, std::string_view& bytes) {
  const size_t missing = header_bytes - std::min(header_.size(), header_bytes);
  const size_t taken = std::min(missing, bytes.size());
  header_ += bytes.substr(0, taken);
  bytes.remove_prefix(taken);
  return header_.size() < header_bytes ? Outcome::kNeedMore : Outcome::kDone;
}

Outcome ProxyHeader::feed_line(std::string_view& bytes) {
  const size_t end = bytes.find('\n');
  const size_t offered = end == bytes.npos ? bytes.size() : end + 1;
  const size_t line_bytes = header_.size() + offered;
  // A line that can never become one is not waited for.
  if (line_bytes > kLineBytesMax) return Outcome::kRefused;
  if (take_until(line_bytes, bytes) != Outcome::kDone) return Outcome::kNeedMore;
  const size_t compared = std::min(header_.size(), kLineStart.size());
  if (!kLineStart.starts_with(std::string_view(header_).substr(0, compared))) {
    return Outcome::kRefused;
  }
  if (end != std::string_view::npos) return read_line();
  return header_.size() < kLineBytesMax ? Outcome::kNeedMore : Outcome::kRefused;
}

Outcome ProxyHeader::read_line() {
  std::string_view line = header_;
  if (!line.ends_with("\r\n")) return Outcome::kRefused;
  line.remove_suffix(2);
  if (line.size() < kLineStart.size() || line.find('\r') != line.npos) return Outcome::kRefused;
  line.remove_prefix(kLineStart.size());
  const std::string_view family = take_field(line);
  if (family == "UNKNOWN") return Outcome::kDone;  // whatever follows
  if (family != "TCP4" && family != "TCP6") return Outcome::kRefused;

  const auto read_address = [&](std::string_view text) -> std::optional<IpAddress> {
    const bool is_v6_text = text.find(':') != text.npos;
    if (is_v6_text != (family == "TCP6")) return std::nullopt;
    return parse_ip_address(text);
  };
  const auto source = read_address(take_field(line));
  const auto destination = read_address(take_field(line));
  const auto source_port = parse_port(take_field(line));
  const auto destination_port = parse_port(line);  // and nothing after it
  if (!source || !destination || !source_port || !destination_port) return Outcome::kRefused;
  source_ = {*source, *source_port};
  return Outcome::kDone;
}

Outcome ProxyHeader::feed_binary(std::string_view& bytes) {
  const Outcome prefix = take_until(kPrefixBytes, bytes);
  const size_t compared = std::min(header_.size(), kSignature.size());
  if (!kSignature.starts_with(std::string_view(header_).substr(0, compared))) {
    return Outcome::kRefused;
  }
  if (prefix != Outcome::kDone) return prefix;
  const uint8_t version_and_command = byte_at(header_, 12);
  if (version_and_command != kLocal && version_and_command != kProxy) return Outcome::kRefused;
  const size_t header_bytes = kPrefixBytes + number_at(header_, 14);
  if (header_bytes > kProxyHeaderBytesMax) return Outcome::kRefused;
  const Outcome rest = take_until(header_bytes, bytes);
  return rest == Outcome::kDone ? read_binary() : rest;
}

Outcome ProxyHeader::read_binary() {
  if (byte_at(header_, 12) == kLocal) return Outcome::kDone;  // all that follows is to be ignored
  const uint8_t family_and_protocol = byte_at(header_, 13);
  const std::optional<size_t> addresses = address_bytes(family_and_protocol);
  if (!addresses || header_.size() < kPrefixBytes + *addresses) return Outcome::kRefused;
  // What follows addresses that are not known may be anything.
  if (*addresses == 0) return Outcome::kDone;
  if (!tlvs_add_up(header_, kPrefixBytes + *addresses)) return Outcome::kRefused;

  const auto* const raw = reinterpret_cast<const uint8_t*>(header_.data()) + kPrefixBytes;
  if (family_and_protocol == 0x11) {
    source_ = {IpAddress::of_v4(std::span<const uint8_t, 4>(raw, 4)),
               number_at(header_, kPrefixBytes + 8)};
  } else if (family_and_protocol == 0x21) {
    IpAddress v6;
    std::memcpy(v6.bytes.data(), raw, v6.bytes.size());
    source_ = {v6, number_at(header_, kPrefixBytes + 32)};
  }
  return Outcome::kDone;
}

}  // namespace ringcast::net
