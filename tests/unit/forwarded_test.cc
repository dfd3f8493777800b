#include "net/http/forwarded.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ringcast::net {
namespace {

using Lines = std::vector<std::string_view>;

const std::vector<IpNetwork> kTrusted{*parse_ip_network("10.0.0.0/8"),
                                      *parse_ip_network("fd00::/8")};

struct Row {
  Lines lines;
  std::string client;
};

std::string text_of(const std::optional<IpAddress>& client) {
  return client ? format_ip_address(*client) : "none";
}

TEST(XForwardedFor, TheRightmostAddressThatIsNoTrustedProxyIsTheClient) {
  for (const Row& row : std::vector<Row>{
           {{"1.2.3.4"}, "1.2.3.4"},
           {{"1.2.3.4, 5.6.7.8"}, "5.6.7.8"},
           {{"1.2.3.4, 5.6.7.8, 10.0.0.1"}, "5.6.7.8"},
           {{"1.2.3.4,5.6.7.8,fd00::1,10.0.0.1"}, "5.6.7.8"},
           {{"10.0.0.2, 10.0.0.1"}, "10.0.0.2"},
           {{"10.9.9.9, 1.2.3.4, 10.0.0.1"}, "1.2.3.4"},
           {{"1.2.3.4", "5.6.7.8"}, "5.6.7.8"},
           {{"1.2.3.4", "5.6.7.8", "10.0.0.1"}, "5.6.7.8"},
           {{"1.2.3.4:5678"}, "1.2.3.4"},
           {{"2001:db8::1"}, "2001:db8::1"},
           {{"[2001:db8::1]"}, "2001:db8::1"},
           {{" \t[2001:db8::1]:80 "}, "2001:db8::1"},
           {{"::ffff:1.2.3.4"}, "1.2.3.4"},
           {{"garbage, 1.2.3.4"}, "1.2.3.4"},
           {{"1.2.3.4, ::ffff:10.0.0.1"}, "1.2.3.4"},
       }) {
    EXPECT_EQ(text_of(client_of_x_forwarded_for(row.lines, kTrusted)), row.client) << row.lines[0];
  }
}

TEST(XForwardedFor, WhatIsNoAddressEndsTheWalk) {
  for (const Row& row : std::vector<Row>{
           {{}, "none"},
           {{""}, "none"},
           {{"garbage"}, "none"},
           {{"unknown"}, "none"},
           {{"1.2.3.4, garbage"}, "none"},
           {{"1.2.3.4, "}, "none"},
           {{"1.2.3.4,"}, "none"},
           {{"1.2.3.4", "garbage"}, "none"},
           {{"1.2.3.4 5.6.7.8"}, "none"},
           {{"1.2.3.4:"}, "none"},
           {{"1.2.3.4:123456"}, "none"},
           {{"1.2.3.4:8a"}, "none"},
           {{"[1.2.3.4]"}, "none"},
           {{"[::1"}, "none"},
           {{"[::1]80"}, "none"},
           {{"\"1.2.3.4\""}, "none"},
           {{"1.2.3.4, garbage, 10.0.0.1"}, "10.0.0.1"},
           {{"1.2.3.4, garbage, 10.0.0.2, 10.0.0.1"}, "10.0.0.2"},
       }) {
    EXPECT_EQ(text_of(client_of_x_forwarded_for(row.lines, kTrusted)), row.client);
  }
}

TEST(Forwarded, ItsForParametersAreWalkedLikewise) {
  for (const Row& row : std::vector<Row>{
           {{"for=1.2.3.4"}, "1.2.3.4"},
           {{"For=\"[2001:db8::1]:4711\""}, "2001:db8::1"},
           {{"for=1.2.3.4;proto=https;by=10.0.0.1"}, "1.2.3.4"},
           {{"by=10.0.0.1; for=1.2.3.4"}, "1.2.3.4"},
           {{"for=1.2.3.4, for=5.6.7.8"}, "5.6.7.8"},
           {{"for=1.2.3.4", "for=10.0.0.1"}, "1.2.3.4"},
           {{"for=\"1.2.3.4, for=9.9.9.9\", for=10.0.0.1"}, "10.0.0.1"},
           {{"for=\"1.2.3.4:80\""}, "1.2.3.4"},
           {{"for=unknown"}, "none"},
           {{"for=_hidden"}, "none"},
           {{"for="}, "none"},
           {{"for"}, "none"},
           {{"proto=https"}, "none"},
           {{""}, "none"},
           {{"for=1.2.3.4;for=5.6.7.8"}, "none"},
           {{"for=1.2.3.4,"}, "none"},
           {{"for=1.2.3.4, for=\"5.6.7.8"}, "none"},
           {{"for=\"1.2.3.4\\\", for=5.6.7.8"}, "none"},
       }) {
    EXPECT_EQ(text_of(client_of_forwarded(row.lines, kTrusted)), row.client) << row.lines[0];
  }
}

}  // namespace
}  // namespace ringcast::net
