// Goal: a PROXY header is read as its specification says, and anything else is refused, however the bytes are
// split. Method: one table; every row is fed whole, cut at each place, and byte by byte.
#include "net/http/proxy_header.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace ringcast::net {
namespace {

using Outcome = ProxyHeader::Outcome;

constexpr std::string_view kRest = "GET /v1 HTTP/1.1\r\nhost: a\r\n\r\n";
const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

// Signature, version and command, family and protocol, length, and what it announces.
std::string v2(int command, int family, std::string_view content, int length = -1) {
  const int stated = length >= 0 ? length : static_cast<int>(content.size());
  return kSignature + bytes({command, family, stated >> 8, stated & 0xff}) + std::string(content);
}

std::string tlv(int type, std::string_view value) {
  return bytes({type, static_cast<int>(value.size() >> 8), static_cast<int>(value.size() & 0xff)}) +
         std::string(value);
}

const std::string kV4 = bytes({127, 0, 0, 1, 127, 0, 0, 2, 0x1f, 0xf4, 0x4a, 0x30});
const std::string kV6 = bytes({0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}) +
                        std::string(15, '\0') + bytes({1, 0x12, 0x34, 0x4a, 0x30});

// What came of it: who it is from, `socket` for whoever the socket says, `refused` or `more`.
std::string outcome_of(ProxyHeader& header, Outcome outcome) {
  if (outcome == Outcome::kRefused) return "refused";
  if (outcome == Outcome::kNeedMore) return "more";
  if (!header.source()) return "socket";
  return fmt::format("{} {}", format_ip_address(header.source()->address), header.source()->port);
}

// Feeds the pieces until it has decided. `rest` is what it left.
std::string read(const std::vector<std::string_view>& pieces, std::string& rest) {
  ProxyHeader header;
  Outcome outcome = Outcome::kNeedMore;
  for (const std::string_view piece : pieces) {
    std::string_view left = piece;
    if (outcome == Outcome::kNeedMore) outcome = header.feed(left);
    if (outcome == Outcome::kNeedMore && !left.empty()) return "bytes were left";
    rest += left;
  }
  return outcome_of(header, outcome);
}

struct Row {
  const char* what;
  std::string header;
  std::string expected;
};

void expect_read(const Row& row, const std::vector<std::string_view>& pieces, size_t cut) {
  std::string rest;
  ASSERT_EQ(read(pieces, rest), row.expected) << row.what << ", cut at " << cut;
  const bool is_read = row.expected != "refused" && row.expected != "more";
  ASSERT_TRUE(!is_read || rest == kRest) << row.what << ", cut at " << cut;
}

void expect_read_however_split(const Row& row) {
  const std::string all = row.expected == "more" ? row.header : row.header + std::string(kRest);
  const std::string_view view = all;
  for (size_t cut = 0; cut <= view.size(); ++cut) {
    ASSERT_NO_FATAL_FAILURE(expect_read(row, {view.substr(0, cut), view.substr(cut)}, cut));
  }
  std::vector<std::string_view> single;
  for (size_t i = 0; i < view.size(); ++i) single.push_back(view.substr(i, 1));
  ASSERT_NO_FATAL_FAILURE(expect_read(row, single, 1));
}

TEST(ProxyHeader, VersionOneIsALine) {
  const std::string longest_v6 = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
  for (const Row& row : std::vector<Row>{
           // As HAProxy 2.6 sends it.
           {"HAProxy's", "PROXY TCP4 127.0.0.1 127.0.0.1 8168 18992\r\n", "127.0.0.1 8168"},
           {"IPv6", "PROXY TCP6 2001:db8::1 ::1 65535 0\r\n", "2001:db8::1 65535"},
           {"mapped", "PROXY TCP6 ::ffff:1.2.3.4 ::1 1 2\r\n", "1.2.3.4 1"},
           {"longest", "PROXY TCP6 " + longest_v6 + " " + longest_v6 + " 65535 65535\r\n",
            longest_v6 + " 65535"},
           {"unknown", "PROXY UNKNOWN\r\n", "socket"},
           {"unknown and more", "PROXY UNKNOWN ff ff 1 2\r\n", "socket"},
           {"unknown, 107 bytes", "PROXY UNKNOWN" + std::string(92, ' ') + "\r\n", "socket"},
           {"unknown, 108 bytes", "PROXY UNKNOWN" + std::string(93, ' ') + "\r\n", "refused"},
           {"no end", "PROXY TCP4 " + std::string(97, '1'), "refused"},
           {"LF alone", "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\n", "refused"},
           {"CR within", "PROXY UNKNOWN \r x\r\n", "refused"},
           {"two spaces", "PROXY  TCP4 127.0.0.1 127.0.0.1 1 2\r\n", "refused"},
           {"two spaces later", "PROXY TCP4 127.0.0.1  127.0.0.1 1 2\r\n", "refused"},
           {"space at the end", "PROXY TCP4 127.0.0.1 127.0.0.1 1 2 \r\n", "refused"},
           {"TCP4 with IPv6", "PROXY TCP4 ::1 ::1 1 2\r\n", "refused"},
           {"TCP6 with IPv4", "PROXY TCP6 127.0.0.1 127.0.0.1 1 2\r\n", "refused"},
           {"mixed", "PROXY TCP4 127.0.0.1 ::1 1 2\r\n", "refused"},
           {"port 65536", "PROXY TCP4 127.0.0.1 127.0.0.1 65536 2\r\n", "refused"},
           {"port 080", "PROXY TCP4 127.0.0.1 127.0.0.1 080 2\r\n", "refused"},
           {"port -1", "PROXY TCP4 127.0.0.1 127.0.0.1 -1 2\r\n", "refused"},
           {"port missing", "PROXY TCP4 127.0.0.1 127.0.0.1 1\r\n", "refused"},
           {"nothing", "PROXY\r\n", "refused"},
           {"nothing but a space", "PROXY \r\n", "refused"},
           {"lower case", "proxy tcp4 127.0.0.1 127.0.0.1 1 2\r\n", "refused"},
           {"lower-case family", "PROXY tcp4 127.0.0.1 127.0.0.1 1 2\r\n", "refused"},
           {"UNKNOWNX", "PROXY UNKNOWNX\r\n", "refused"},
           {"octal", "PROXY TCP4 127.0.0.01 127.0.0.1 1 2\r\n", "refused"},
           {"a request", "", "refused"},
           {"a request that begins alike", "PUT / HTTP/1.1\r\n\r\n", "refused"},
           {"a part", "PROXY TCP4 127.0.0.1 127", "more"},
       }) {
    expect_read_however_split(row);
  }
}

TEST(ProxyHeader, VersionTwoIsBinary) {
  const std::string unix_addresses(216, 'u');
  for (const Row& row : std::vector<Row>{
           {"HAProxy's", v2(0x21, 0x11, kV4), "127.0.0.1 8180"},
           {"HAProxy's health check", v2(0x20, 0x00, ""), "socket"},
           {"local with addresses", v2(0x20, 0x11, kV4), "socket"},
           {"local with anything", v2(0x20, 0xff, "?????"), "socket"},
           {"IPv6", v2(0x21, 0x21, kV6), "2001:db8::1 4660"},
           {"unix", v2(0x21, 0x31, unix_addresses), "socket"},
           {"unknown family", v2(0x21, 0x00, ""), "socket"},
           {"unknown family and more", v2(0x21, 0x00, "anything"), "socket"},
           {"no-op TLV", v2(0x21, 0x11, kV4 + tlv(4, "pad")), "127.0.0.1 8180"},
           {"two TLVs", v2(0x21, 0x21, kV6 + tlv(2, "host") + tlv(0xe0, "")), "2001:db8::1 4660"},
           {"largest", v2(0x21, 0x11, kV4 + tlv(4, std::string(4096 - 16 - 12 - 3, 'x'))),
            "127.0.0.1 8180"},
           {"too large", v2(0x21, 0x11, kV4 + tlv(4, std::string(4096 - 16 - 12 - 2, 'x'))),
            "refused"},
           {"length 8", v2(0x21, 0x11, kV4.substr(0, 8)), "refused"},
           {"IPv6, too short", v2(0x21, 0x21, kV6.substr(0, 35)), "refused"},
           {"unix, too short", v2(0x21, 0x31, unix_addresses.substr(1)), "refused"},
           {"version 1", v2(0x11, 0x11, kV4), "refused"},
           {"version 3", v2(0x31, 0x11, kV4), "refused"},
           {"command 2", v2(0x22, 0x11, kV4), "refused"},
           {"UDP", v2(0x21, 0x12, kV4), "refused"},
           {"family 4", v2(0x21, 0x41, kV4), "refused"},
           {"family without protocol", v2(0x21, 0x10, kV4), "refused"},
           {"length 65535", v2(0x21, 0x11, kV4, 0xffff), "refused"},
           {"TLV past the end", v2(0x21, 0x11, kV4 + bytes({4, 0, 4}) + "pad"), "refused"},
           {"TLV cut in its length", v2(0x21, 0x11, kV4 + bytes({4, 0})), "refused"},
           {"wrong checksum", v2(0x21, 0x11, kV4 + tlv(3, "abcd")), "refused"},
           {"short checksum", v2(0x21, 0x11, kV4 + tlv(3, "abc")), "refused"},
           {"signature cut", kSignature.substr(0, 11) + "!", "refused"},
           {"an empty line", "\r\n", "refused"},
           {"a part", v2(0x21, 0x11, kV4.substr(0, 5), 12), "more"},
       }) {
    expect_read_however_split(row);
  }
}

// CRC32C of the header with the checksum's own bytes as zeros.
std::string with_checksum(std::string content, uint32_t crc) {
  return v2(
      0x21, 0x11,
      content + tlv(3, bytes({static_cast<int>(crc >> 24), static_cast<int>(crc >> 16 & 0xff),
                              static_cast<int>(crc >> 8 & 0xff), static_cast<int>(crc & 0xff)})));
}

// The polynomial division as it is taught, bit by bit.
uint32_t crc32c(std::string_view text) {
  uint32_t crc = 0xffffffff;
  for (const char c : text) {
    crc ^= static_cast<uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc % 2 != 0 ? crc / 2 ^ 0x82f63b78 : crc / 2;
  }
  return ~crc;
}

TEST(ProxyHeader, AChecksumIsVerified) {
  ASSERT_EQ(crc32c("123456789"), 0xe3069283);  // the check value of CRC-32C's definition
  const uint32_t right = crc32c(with_checksum(kV4, 0));
  expect_read_however_split({"right", with_checksum(kV4, right), "127.0.0.1 8180"});
  for (int bit = 0; bit < 32; ++bit) {
    expect_read_however_split(
        {"one bit wrong", with_checksum(kV4, right ^ uint32_t{1} << bit), "refused"});
  }
}

}  // namespace
}  // namespace ringcast::net
