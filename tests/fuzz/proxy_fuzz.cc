// Goal: what a load balancer says of a connection is read in one way however it arrives, and takes no byte more than it has; and nobody
// but a trusted proxy has a say in whom a request is from.
// Input: the first bytes of a connection; their first line is also taken for the value of a forwarding header.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "engine/base/check.h"
#include "net/http/forwarded.h"
#include "net/http/proxy_header.h"
#include "tests/fuzz/fuzzed_input.h"

namespace ringcast::net {
namespace {

using Outcome = ProxyHeader::Outcome;

struct Reading {
  Outcome outcome = Outcome::kNeedMore;
  std::optional<ProxyHeader::Source> source;
  size_t header_bytes = 0;
  bool operator==(const Reading&) const = default;
};

Reading read_in_pieces(std::string_view bytes, size_t piece_bytes) {
  ProxyHeader header;
  Reading reading;
  while (!bytes.empty() && reading.outcome == Outcome::kNeedMore) {
    std::string_view piece = bytes.substr(0, piece_bytes);
    const size_t offered = piece.size();
    reading.outcome = header.feed(piece);
    RC_CHECK(reading.outcome != Outcome::kNeedMore || piece.empty());
    reading.header_bytes += offered - piece.size();
    bytes.remove_prefix(offered);
  }
  if (reading.outcome == Outcome::kDone) reading.source = header.source();
  if (reading.outcome == Outcome::kRefused) reading.header_bytes = 0;  // which are of no interest
  return reading;
}

// An address as the system's library reads it.
bool is_address(const std::string& text, int family, const IpAddress& address) {
  std::array<uint8_t, 16> raw{};
  if (::inet_pton(family, text.c_str(), raw.data()) != 1) return false;
  if (family == AF_INET6) return raw == address.bytes;
  return address.is_v4() && std::equal(raw.begin(), raw.begin() + 4, address.bytes.begin() + 12);
}

// A line that was accepted, read word by word.
void check_line(std::string_view line, const std::optional<ProxyHeader::Source>& source) {
  RC_CHECK(line.size() <= 107 && line.ends_with("\r\n") && line.starts_with("PROXY "));
  line.remove_suffix(2);
  std::vector<std::string> words(1);
  for (const char c : line) {
    if (c == ' ') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  if (words[1] == "UNKNOWN") return RC_CHECK(!source);
  RC_CHECK(source && words.size() == 6);
  RC_CHECK(words[1] == "TCP4" || words[1] == "TCP6");
  RC_CHECK(is_address(words[2], words[1] == "TCP4" ? AF_INET : AF_INET6, source->address));
  RC_CHECK(words[4] == std::to_string(source->port));
}

// A binary header that was accepted: its length says where it ends.
void check_binary(std::string_view header, const std::optional<ProxyHeader::Source>& source) {
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(header[at]); };
  RC_CHECK(header.size() >= 16 && header.size() <= kProxyHeaderBytesMax);
  RC_CHECK(std::memcmp(header.data(), "\r\n\r\n\0\r\nQUIT\n", 12) == 0);
  RC_CHECK(header.size() == 16u + byte(14) * 256u + byte(15));
  if (byte(12) == 0x20 || byte(13) == 0) return RC_CHECK(!source);
  RC_CHECK(byte(12) == 0x21);
  const bool is_v4 = byte(13) == 0x11;
  const bool is_unix = byte(13) == 0x31;
  RC_CHECK(is_v4 || is_unix || byte(13) == 0x21);
  const size_t address_bytes = is_v4 ? 4 : 16;
  size_t at = 16 + (is_unix ? 216 : 2 * address_bytes + 4);
  while (at < header.size()) at += 3 + byte(at + 1) * 256u + byte(at + 2);
  RC_CHECK(at == header.size());  // typed values fill the rest
  if (is_unix) return RC_CHECK(!source);
  RC_CHECK(source);
  const auto* const written = source->address.bytes.data() + 16 - address_bytes;
  RC_CHECK(std::memcmp(header.data() + 16, written, address_bytes) == 0);
  const size_t port_at = 16 + 2 * address_bytes;
  RC_CHECK(source->port == byte(port_at) * 256u + byte(port_at + 1));
}

void check_header(std::string_view bytes) {
  const Reading whole = read_in_pieces(bytes, std::max<size_t>(bytes.size(), 1));
  for (const size_t piece_bytes : {size_t{1}, size_t{5}, size_t{17}}) {
    RC_CHECK(read_in_pieces(bytes, piece_bytes) == whole);
  }
  RC_CHECK(whole.header_bytes <= kProxyHeaderBytesMax);
  if (whole.outcome != Outcome::kDone) return;
  const std::string_view header = bytes.substr(0, whole.header_bytes);
  if (header.starts_with('P')) {
    check_line(header, whole.source);
  } else {
    check_binary(header, whole.source);
  }
}

using Lines = std::vector<std::string_view>;

template <typename ReadClient>
void check_forwarded(std::string_view line, std::string_view trusted_hop, std::string_view hop,
                     ReadClient read_client) {
  const std::vector<IpNetwork> trusted{parse_ip_network("10.0.0.0/8").value()};
  const auto client = [&](Lines lines) { return read_client(lines, trusted); };
  const IpAddress nearest = parse_ip_address("10.1.2.3").value();
  const IpAddress stranger = parse_ip_address("192.0.2.7").value();

  // Who stands right of it all is believed, and a trusted proxy there changes nothing.
  const auto said = client({line});
  RC_CHECK(client({line, hop}) == stranger);
  RC_CHECK(client({line, trusted_hop}) == said.value_or(nearest));
  RC_CHECK(!client({line, "garbage"}));
  // What a client wrote itself stands left of what the first proxy wrote of it, and counts for nothing.
  if (said && !any_contains(trusted, *said)) RC_CHECK(client({hop, line}) == said);
  RC_CHECK(client({line, hop, trusted_hop}) == stranger);
}

}  // namespace
}  // namespace ringcast::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringcast::net;
  const std::string_view bytes = ringcast::as_text(data, size);
  check_header(bytes);
  const std::string_view line = bytes.substr(0, bytes.find('\n'));
  check_forwarded(line, "10.1.2.3", "192.0.2.7", client_of_x_forwarded_for);
  check_forwarded(line, "for=10.1.2.3", "for=192.0.2.7", client_of_forwarded);
  return 0;
}
