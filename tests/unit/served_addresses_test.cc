#include "bench/load/served_addresses.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace ringcast::bench {
namespace {

// `127.0.0.1:8000`, or `unknown`.
std::string text_of(const std::optional<sockaddr_in>& address) {
  if (!address) return "unknown";
  char host[INET_ADDRSTRLEN] = {};
  ::inet_ntop(AF_INET, &address->sin_addr, host, sizeof host);
  return std::string(host) + ":" + std::to_string(ntohs(address->sin_port));
}

TEST(ServedAddresses, AreLearntFromWhatRingcastPrints) {
  ServedAddresses at;
  at.learn_from("ringcast: 2 shards, direct descriptors, 1000 connections a shard");
  EXPECT_EQ(text_of(at.subscribe), "unknown");
  at.learn_from("ringcast: 127.0.0.1:41234 serves subscribe");
  EXPECT_EQ(text_of(at.subscribe), "127.0.0.1:41234");
  EXPECT_FALSE(at.complete());
  at.learn_from("ringcast: 127.0.0.1:41235 serves publish admin");
  EXPECT_EQ(text_of(at.publish), "127.0.0.1:41235");
  EXPECT_TRUE(at.complete());
}

TEST(ServedAddresses, OneListenerMayServeBoth) {
  ServedAddresses at;
  at.learn_from("ringcast: 10.1.2.3:80 serves subscribe publish admin");
  EXPECT_EQ(text_of(at.subscribe), "10.1.2.3:80");
  EXPECT_EQ(text_of(at.publish), "10.1.2.3:80");
}

TEST(ServedAddresses, AServerOnEveryAddressIsReachedOnLoopback) {
  ServedAddresses at;
  at.learn_from("ringcast: 0.0.0.0:8000 serves subscribe");
  EXPECT_EQ(text_of(at.subscribe), "127.0.0.1:8000");
}

TEST(ServedAddresses, WhatIsKnownStays) {
  ServedAddresses at{.subscribe = *parse_url("http://127.0.0.2:7000")};
  at.learn_from("ringcast: 127.0.0.1:8000 serves subscribe publish");
  at.learn_from("ringcast: 127.0.0.1:8001 serves publish");
  EXPECT_EQ(text_of(at.subscribe), "127.0.0.2:7000");
  EXPECT_EQ(text_of(at.publish), "127.0.0.1:8000");
}

TEST(ServedAddresses, OtherLinesSayNothing) {
  for (const char* line :
       {"", "ringcast:", "ringcast: stopping", "ringcast: 127.0.0.1:8000",
        "ringcast: 127.0.0.1:8000 serves", "ringcast: 127.0.0.1:8000 serves admin",
        "ringcast: 127.0.0.1:8000 takes subscribe publish",
        "ringcast: unix:/run/ringcast.sock serves subscribe publish",
        "ringcast: ::1:8000 serves subscribe publish", "ringcast: 127.0.0.1:0 serves subscribe",
        "ringcast: 127.0.0.1:65536 serves subscribe publish",
        "other: 127.0.0.1:8000 serves subscribe publish"}) {
    ServedAddresses at;
    at.learn_from(line);
    EXPECT_EQ(text_of(at.subscribe), "unknown") << line;
    EXPECT_EQ(text_of(at.publish), "unknown") << line;
  }
}

TEST(ParseUrl, TakesAnAddressAndAPort) {
  for (const char* url :
       {"http://127.0.0.1:8000", "http://127.0.0.1:8000/", "http://localhost:8000"}) {
    auto address = parse_url(url);
    ASSERT_TRUE(address) << url;
    EXPECT_EQ(text_of(*address), "127.0.0.1:8000");
  }
}

TEST(ParseUrl, SaysHowToWriteIt) {
  for (const char* url :
       {"", "127.0.0.1:8000", "https://127.0.0.1:8000", "http://127.0.0.1", "http://127.0.0.1:0",
        "http://127.0.0.1:8000/channels", "http://host:1"}) {
    const auto address = parse_url(url);
    ASSERT_FALSE(address) << url;
    EXPECT_NE(address.error().message.find("write it as http://127.0.0.1:8000"), std::string::npos);
  }
}

}  // namespace
}  // namespace ringcast::bench
