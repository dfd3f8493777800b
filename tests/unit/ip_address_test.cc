#include "engine/ip_address.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringcast {
namespace {

std::string reading(std::string_view text) {
  const auto address = parse_ip_address(text);
  return address ? format_ip_address(*address) : "none";
}

TEST(IpAddress, IsReadAndWrittenInOneWay) {
  const std::vector<std::pair<std::string_view, std::string>> kCases{
      {"192.0.2.1", "192.0.2.1"},         {"0.0.0.0", "0.0.0.0"},
      {"::ffff:192.0.2.1", "192.0.2.1"},  {"::1", "::1"},
      {"2001:DB8:0:0::1", "2001:db8::1"}, {"::", "::"},
  };
  for (const auto& [text, expected] : kCases) EXPECT_EQ(reading(text), expected) << text;
  EXPECT_EQ(parse_ip_address("::ffff:10.0.0.1"), parse_ip_address("10.0.0.1"));
}

TEST(IpAddress, IsNothingElse) {
  for (const std::string_view text :
       {"", " ", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4",
        "1.2.3.4:80", "[::1]", "::1%lo", "fe80::1%1", ":::", "1:2", "localhost", "unknown",
        "1.2.3.4/8", "0x7f.1", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    EXPECT_EQ(reading(text), "none") << text;
  }
  EXPECT_EQ(reading(std::string_view("1.2.3.4\0x", 9)), "none");
}

TEST(IpNetwork, ContainsWhatItsPrefixSays) {
  struct Case {
    const char* network;
    const char* inside;
    const char* outside;
  };
  for (const Case& c :
       {Case{"10.0.0.0/8", "10.255.0.1", "11.0.0.0"},
        Case{"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
        Case{"192.0.2.1", "192.0.2.1", "192.0.2.2"}, Case{"0.0.0.0/0", "8.8.8.8", "2001:db8::"},
        Case{"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"},
        Case{"::1", "::1", "127.0.0.1"}}) {
    Result<IpNetwork> network = parse_ip_network(c.network);
    ASSERT_TRUE(network) << c.network;
    EXPECT_TRUE(network->contains(*parse_ip_address(c.inside))) << c.network;
    EXPECT_FALSE(network->contains(*parse_ip_address(c.outside))) << c.network;
    EXPECT_EQ(format_ip_network(*network), c.network);
  }
  EXPECT_TRUE(parse_ip_network("::/0")->contains(*parse_ip_address("10.0.0.1")));
  EXPECT_EQ(*parse_ip_network("::ffff:10.0.0.0/104"), *parse_ip_network("10.0.0.0/8"));
}

TEST(IpNetwork, ASlipIsNamedWithWhatToWrite) {
  const std::vector<std::pair<std::string_view, std::string_view>> kCases{
      {"10.0.0.1/8", "write 10.0.0.0/8, or 10.0.0.1 for the one address"},
      {"10.0.0.0/33", "from 0 to 32"},
      {"10.0.0.0/", "from 0 to 32"},
      {"10.0.0.0/08", "from 0 to 32"},
      {"10.0.0.0/-1", "from 0 to 32"},
      {"10.0.0.0/8/8", "from 0 to 32"},
      {"::/129", "from 0 to 128"},
      {"10.0.0/8", "is no network"},
      {"example.org", "is no network"},
      {"[::1]/128", "is no network"},
      {"", "is no network"},
  };
  for (const auto& [text, expected] : kCases) {
    const auto network = parse_ip_network(text);
    ASSERT_FALSE(network) << text;
    EXPECT_NE(network.error().message.find(expected), std::string::npos) << network.error().message;
  }
}

}  // namespace
}  // namespace ringcast
