#include "net/http/host.h"

#include <gtest/gtest.h>

namespace ringcast::net {
namespace {

TEST(Host, IsComparedWithoutPortAndCase) {
  const std::string names[] = {"events.example", "[2001:db8::1]"};
  for (const char* host : {"events.example", "Events.Example:8000",
                           "events.example:", "[2001:db8::1]", "[2001:DB8::1]:8000"}) {
    EXPECT_TRUE(is_one_of_hosts(names, host)) << host;
  }
  for (const char* host : {"", ":8000", "events.example.", "events.example.evil.com", "events",
                           "evil.com", "2001:db8::1", "[2001:db8::1", "[2001:db8::12]", "[]"}) {
    EXPECT_FALSE(is_one_of_hosts(names, host)) << host;
  }
}

TEST(Host, OfAdministrationIsThisMachineOrConfigured) {
  const ListenerConfig listener{
      .host = "10.0.0.5", .port = 9090, .serve_admin = true, .hosts = {"ops.example"}};
  for (const char* host : {"localhost", "LOCALHOST:9090", "127.0.0.1:9090", "[::1]:9090",
                           "10.0.0.5", "10.0.0.6:1", "[2001:db8::1]:80", "ops.example"}) {
    EXPECT_TRUE(is_admin_host(listener, host)) << host;
    EXPECT_TRUE(is_public_host(listener, host)) << host;
  }
  for (const char* host :
       {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[127.0.0.1].evil",
        "[]", "[", "::1", "127.1", "0x7f000001", "1.2.3.4.5"}) {
    EXPECT_FALSE(is_admin_host(listener, host)) << host;
    EXPECT_FALSE(is_public_host(listener, host)) << host;
  }
}

TEST(Host, OfAnythingElseIsAnyWhereNoneIsConfigured) {
  EXPECT_TRUE(is_public_host(ListenerConfig{.host = "0.0.0.0"}, "whatever"));
  const ListenerConfig listed{.host = "0.0.0.0", .hosts = {"events.example"}};
  EXPECT_TRUE(is_public_host(listed, "events.example:8000"));
  EXPECT_FALSE(is_public_host(listed, "localhost")) << "it does not serve administration";
  EXPECT_FALSE(is_public_host(listed, ""));
}

}  // namespace
}  // namespace ringcast::net
