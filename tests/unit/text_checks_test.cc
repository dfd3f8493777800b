#include "engine/config/text_checks.h"

#include <gtest/gtest.h>

#include <string>

namespace ringcast {
namespace {

struct Refused {
  std::string text;
  const char* says;  // part of the message
};

template <typename T>
void expect_refused(const Result<T>& checked, const Refused& refused) {
  ASSERT_FALSE(checked) << refused.text << " was accepted";
  EXPECT_NE(checked.error().message.find(refused.says), std::string::npos)
      << refused.text << ": " << checked.error().message;
}

TEST(TextChecks, BindIsAnAddressAndAPortInOneSpelling) {
  struct Accepted {
    const char* text;
    const char* host;
    uint16_t port;
  };
  constexpr Accepted kCases[] = {
      {"127.0.0.1:8000", "127.0.0.1", 8000},
      {"0.0.0.0:0", "0.0.0.0", 0},
      {"[::1]:8000", "::1", 8000},
      {"[0:0::0:1]:65535", "::1", 65535},
      {"[2001:DB8::A]:80", "2001:db8::a", 80},
  };
  for (const auto& [text, host, port] : kCases) {
    auto bind = parse_bind(text);
    ASSERT_TRUE(bind) << text << ": " << bind.error().message;
    EXPECT_EQ(bind->host, host);
    EXPECT_EQ(bind->port, port);
    auto again = parse_bind(format_bind(*bind));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->host, host);
    EXPECT_EQ(again->port, port);
  }
}

TEST(TextChecks, OtherBindsAreRefusedWithTheRemedy) {
  const Refused kCases[] = {
      {"", "has no port; write an address and a port, such as 127.0.0.1:8000"},
      {"8000", "has no port"},
      {"127.0.0.1", "has no port"},
      {"[::1]", "has no port"},
      {"127.0.0.1:", "does not end in a port from 0 to 65535"},
      {"127.0.0.1:65536", "does not end in a port from 0 to 65535"},
      {"127.0.0.1:-1", "does not end in a port"},
      {"127.0.0.1:80a", "does not end in a port"},
      {":8000", "names no address; write 0.0.0.0 for every IPv4 address"},
      {"*:8000", "names no address"},
      {"localhost:8000", "names are not looked up, write numbers such as 127.0.0.1"},
      {"127.1:8000", "does not begin with an IP address"},
      {"256.0.0.1:8000", "does not begin with an IP address"},
      {"http://127.0.0.1:8000", "needs brackets and quotes"},
      {"::1:8000", "needs brackets and quotes around an IPv6 address"},
      {"[::g]:8000", "has no IPv6 address between the brackets"},
      {"[127.0.0.1]:8000", "has no IPv6 address between the brackets"},
      {"[]:8000", "has no IPv6 address between the brackets"},
      {"unix:run/x.sock", "does not name a file by its whole path"},
      {"unix:", "does not name a file by its whole path"},
      {"unix:/run/", "does not name a file by its whole path"},
  };
  for (const Refused& refused : kCases) expect_refused(parse_bind(refused.text), refused);
}

TEST(TextChecks, LoopbackIsWhatOnlyThisMachineReaches) {
  for (const char* host : {"127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const char* host : {"0.0.0.0", "::", "10.0.0.127", "128.0.0.1", "::ffff:10.0.0.1"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(TextChecks, ChannelNamesMayHaveOneVariableSegment) {
  for (const std::string& name :
       {std::string{"inbox/{recipient}"}, std::string{"users/{id}/inbox"}, std::string{"a/{0}"},
        std::string{"a/b/{c_9}/d"}, "a/{" + std::string(32, 'a') + "}"}) {
    EXPECT_TRUE(check_channel_name(name)) << name;
  }
}

TEST(TextChecks, ChannelNamesNeedNoEscapingInAUrl) {
  for (const std::string& name :
       {std::string{"news"}, std::string{"prices/eur"}, std::string{"A.b_c~d-9"},
        std::string{"..."}, std::string{".well-known"}, std::string(128, 'x')}) {
    EXPECT_TRUE(check_channel_name(name)) << name;
  }
  const Refused kCases[] = {
      {"{x", "has braces that are not around a whole segment"},
      {"inbox/to-{recipient}", "has braces that are not around a whole segment"},
      {"inbox/{recipient}s", "has braces that are not around a whole segment"},
      {"inbox/{a}{b}", "has braces that are not around a whole segment"},
      {"inbox/}", "has braces that are not around a whole segment"},
      {"inbox/{}", "has a variable that is not 1 to 32 lower-case letters, digits and '_'"},
      {"inbox/{Alice}", "has a variable that is not 1 to 32 lower-case letters"},
      {"inbox/{a b}", "has a variable that is not 1 to 32 lower-case letters"},
      {"inbox/{" + std::string(33, 'a') + "}", "has a variable that is not 1 to 32"},
      {"{recipient}", "begins with its variable and would take every name"},
      {"{recipient}/inbox", "put a fixed segment first, such as inbox/{recipient}"},
      {"a/{b}/{c}", "has two variables"},
      {"a b/{c}", "holds a character that URLs would escape"},
      {"a//{b}", "has an empty segment"},
      {"../{b}", "has a segment that browsers resolve away"},
      {std::string(126, 'x') + "/{a}", "is longer than 128 bytes"},
      {"", "has an empty segment"},
      {"/a", "has an empty segment"},
      {"a/", "has an empty segment"},
      {"a//b", "has an empty segment"},
      {".", "has a segment that browsers resolve away"},
      {"a/../b", "has a segment that browsers resolve away"},
      {"a b", "use letters, digits, '.', '_', '~', '-' and '/' only"},
      {"a%20b", "use letters, digits"},
      {"a?b", "use letters, digits"},
      {"caf\xc3\xa9", "\"caf\\xc3\\xa9\" holds a character that URLs would escape"},
      {"a\nb", "\"a\\x0ab\" holds a character"},
      {std::string(129, 'x'), "is longer than 128 bytes"},
  };
  for (const Refused& refused : kCases) expect_refused(check_channel_name(refused.text), refused);
}

TEST(TextChecks, PathsAreAbsoluteAndNotTheServersOwn) {
  for (const char* path : {"/", "/stream", "/stream/", "/api/v1/stream", "/channelsx",
                           "/a/channels/b", "/Channels", "/a:b@c", "/..."}) {
    EXPECT_TRUE(check_path(path)) << path;
  }
  const Refused kCases[] = {
      {"", "does not begin with '/'; write for example /stream"},
      {"stream", "does not begin with '/'"},
      {"http://a/b", "does not begin with '/'"},
      {"//", "has an empty segment"},
      {"//a", "has an empty segment"},
      {"/a//b", "has an empty segment"},
      {"/a//", "has an empty segment"},
      {"/a/../b", "has a segment that browsers resolve away"},
      {"/.", "has a segment that browsers resolve away"},
      {"/a?b", "cannot stand in a URL path"},
      {"/a#b", "cannot stand in a URL path"},
      {"/a%20b", "cannot stand in a URL path"},
      {"/a b", "cannot stand in a URL path"},
      {"/\xc3\xa9", "cannot stand in a URL path"},
      {"/channels", "collides with the server's own /channels; choose another first segment"},
      {"/channels/news", "collides with the server's own /channels"},
      {"/channels/", "collides with the server's own /channels"},
      {"/events", "collides with the server's own /events"},
      {"/healthz", "collides with the server's own /healthz"},
      {"/healthz/live", "collides with the server's own /healthz"},
      {"/metrics", "collides with the server's own /metrics"},
      {"/connections", "collides with the server's own /connections"},
      {"/" + std::string(256, 'x'), "is longer than 256 bytes"},
  };
  for (const Refused& refused : kCases) expect_refused(check_path(refused.text), refused);
}

TEST(TextChecks, OriginsAreWrittenAsBrowsersSendThem) {
  for (const char* origin :
       {"*", "https://app.example", "http://localhost:5173", "https://app.example:8443",
        "http://127.0.0.1", "http://[::1]", "http://[::1]:3000", "capacitor://localhost",
        "https://xn--caf-dma.example", "http://a:443", "https://a:80", "https://*.app.example",
        "https://*.app.example:8443", "http://*.localhost", "https://*.b.a1.example"}) {
    const auto checked = check_origin(origin);
    EXPECT_TRUE(checked) << checked.error().message;
  }
  const Refused kCases[] = {
      {"", "has no scheme; write for example https://app.example"},
      {"app.example", "has no scheme"},
      {"://app.example", "has no scheme"},
      {"1http://app.example", "has no scheme"},
      {"null", "sandboxed frames"},
      {"https://*.example", "takes in every site under that name; write at least *.app.example"},
      {"https://*.com:8443", "takes in every site under that name"},
      {"https://*", "has a star that is not the whole first part of the host"},
      {"https://*:8443", "has a star that is not the whole first part of the host"},
      {"*://app.example", "has no scheme"},
      {"https://*app.example", "has a star that is not the whole first part of the host"},
      {"https://a.*.example", "has a star that is not the whole first part of the host"},
      {"https://*.*.app.example", "has a star that is not the whole first part of the host"},
      {"https://app.example:*", "has a star that is not the whole first part of the host"},
      {"https://*.", "takes in every site"},
      {"https://*..example", "has no domain after the star"},
      {"https://*.a..example", "has no domain after the star"},
      {"https://*.127.0.0.1", "has no domain after the star"},
      {"https://*.app.example:443", "spells out the scheme's own port"},
      {"https://*.App.example", "has capital letters"},
      {"https://App.example", "has capital letters"},
      {"HTTPS://app.example", "has capital letters"},
      {"https://app.example/", "remove the final '/', path and user name"},
      {"https://app.example/x", "holds more than scheme, host and port"},
      {"https://user@app.example", "holds more than scheme, host and port"},
      {"https://app.example:443", "spells out the scheme's own port"},
      {"http://app.example:80", "spells out the scheme's own port"},
      {"https://app.example:", "has no valid port"},
      {"https://app.example:0", "has no valid port"},
      {"https://app.example:08443", "has no valid port"},
      {"https://app.example:70000", "has no valid port"},
      {"https://", "has no plain host name"},
      {"https://:8443", "has no plain host name"},
      {"https://caf\xc3\xa9.example", "international names as xn--"},
      {"https://a b", "has no plain host name"},
      {"https://[::1", "has no plain host name"},
      {"https://[0:0::1]", "has no plain host name"},
      {"https://[::1]8443", "has no valid port"},
      {"https://a.b[c]", "has no plain host name"},
      {"https://a,https://b", "holds more than scheme, host and port"},
  };
  for (const Refused& refused : kCases) expect_refused(check_origin(refused.text), refused);
}

TEST(TextChecks, HostsAreNamesOrAddressesWithoutPort) {
  for (const char* host : {"a", "events.example", "10.0.0.7", "[::1]", "[2001:db8::1]"}) {
    EXPECT_TRUE(check_host(host)) << host;
  }
  for (const char* host : {"", "a:80", "[::1]:80", "http://a", "a/", "*.a.example", "::1", "a b",
                           "[::1", "A.example", "caf\xc3\xa9"}) {
    EXPECT_FALSE(check_host(host)) << host;
  }
}

TEST(TextChecks, HeaderNamesAreTokens) {
  for (const char* name : {"X-Trace-Id", "x", "a!#$%&'+-.^_`|~9"}) {
    EXPECT_TRUE(check_header_name(name)) << name;
  }
  for (const char* name : {"", "*", "X Trace", "X:", "a,b", "X-\r\nSet-Cookie", "caf\xc3\xa9"}) {
    EXPECT_FALSE(check_header_name(name)) << name;
  }
}

}  // namespace
}  // namespace ringcast
