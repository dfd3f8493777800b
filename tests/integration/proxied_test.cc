// Who a request is from, when it comes through a load balancer or a proxy: what they announce is believed where they are
// trusted, and nowhere else. An operator's order to end the streams of an address shows whom the server takes them
// to be from.

#include <gtest/gtest.h>

#include "tests/support/http_client.h"
#include "tests/support/sse_client.h"
#include "tests/support/test_secret_file.h"
#include "tests/support/test_server.h"
#include "tests/support/token_maker.h"

namespace ringcast {
namespace {

using net::CloseCause;
using net::Counters;
using net::Limit;

// As HAProxy 2.6 sends them.
constexpr std::string_view kVersionOne = "PROXY TCP4 192.0.2.7 127.0.0.1 8168 18992\r\n";
const std::string kVersionTwo("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\7\x7f\0\0\1\x1f\xf4J0",
                              28);
const std::string kHealthCheck("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);

class Proxied : public EitherDescriptors {
 protected:
  // Listener 0 is the one that `change` is for; listener 1 is for operators.
  static Config behind_proxies(const std::function<void(ListenerConfig&)>& change) {
    Config two = config();
    two.listeners.push_back({.host = "127.0.0.1", .serve_publish = true, .serve_admin = true});
    change(two.listeners.front());
    return two;
  }
  static Config announced(std::vector<IpNetwork> trusted = {}) {
    return behind_proxies([&](ListenerConfig& listener) {
      listener.proxy_protocol = true;
      listener.trusted_proxies = std::move(trusted);
    });
  }
  static Config forwarded(ForwardedField field = ForwardedField::kXForwardedFor) {
    return behind_proxies([&](ListenerConfig& listener) {
      listener.trusted_proxies = {*parse_ip_network("127.0.0.0/24"),
                                  *parse_ip_network("10.0.0.0/8")};
      listener.forwarded = field;
    });
  }

  // A stream over a connection that begins with `header`.
  static TcpClient stream(const TestServer& server, std::string_view header,
                          std::string_view fields = "", const std::string& from = "") {
    TcpClient client(server.port(), {.from = from});
    client.send(header);
    client.send(SseClient::request("/channels/news", WireFormat::kChunked, fields));
    (void)client.read_until("retry: 4711\n");
    return client;
  }

  // How many streams are from there. They end.
  static std::string ended(const TestServer& server, std::string_view source) {
    const std::string target = "/revoke?source=" + std::string(source);
    const HttpResponse answer =
        ask(server.port(1), request("POST", target, "Content-Length: 0\r\n"));
    return answer.body;
  }

  // What comes back until the server closes.
  static std::string answer_to(const TestServer& server, std::string_view bytes,
                               const std::string& from = "") {
    TcpClient client(server.port(), {.from = from});
    try {
      client.send(bytes);
      return client.read_to_end();
    } catch (const ClientFailure&) {
      return "";  // reset, as is its good right
    }
  }
};
RC_EITHER_DESCRIPTORS(Proxied);

TEST_P(Proxied, APeerIsWhoConnectsWhereNobodyMayAnnounceAnybody) {
  TestServer server(behind_proxies([](ListenerConfig&) {}));
  const TcpClient here = stream(server, "", "X-Forwarded-For: 192.0.2.7\r\n", "127.0.3.4");
  EXPECT_EQ(ended(server, "192.0.2.7"), "{\"ended\":0}\n");
  EXPECT_EQ(ended(server, "127.0.3.4"), "{\"ended\":1}\n");
  EXPECT_TRUE(answer_to(server, std::string(kVersionOne) + get("/")).starts_with("HTTP/1.1 400"));
}

TEST_P(Proxied, APeerIsWhomTheHeaderAnnounces) {
  TestServer server(announced());
  for (const std::string_view header : {kVersionOne, std::string_view(kVersionTwo)}) {
    TcpClient client = stream(server, header);
    HttpClient publisher(server.port(1));
    EXPECT_EQ(publisher.publish("news", "through").status, 201);
    (void)client.read_until("data: through\n\n");
    EXPECT_EQ(ended(server, "127.0.0.1"), "{\"ended\":0}\n");
    EXPECT_EQ(ended(server, "192.0.2.7"), "{\"ended\":1}\n");
  }
}

TEST_P(Proxied, ABalancerThatSpeaksForItselfIsServedAsWhoItIs) {
  TestServer server(announced());
  EXPECT_TRUE(
      answer_to(server, kHealthCheck + "OPTIONS / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 204"));
  const TcpClient local = stream(server, kHealthCheck);
  const TcpClient unknown = stream(server, "PROXY UNKNOWN\r\n");
  EXPECT_EQ(ended(server, "127.0.0.1"), "{\"ended\":2}\n");
}

TEST_P(Proxied, AHeaderMayArriveByteByByte) {
  TestServer server(announced());
  for (const std::string_view header : {kVersionOne, std::string_view(kVersionTwo)}) {
    TcpClient client(server.port());
    const std::string all =
        std::string(header) + SseClient::request("/channels/news", WireFormat::kChunked);
    for (size_t i = 0; i < all.size(); ++i) {
      client.send(all.substr(i, 1));
      if (i < header.size())
        std::this_thread::sleep_for(milliseconds(1));  // so that they come one by one
    }
    (void)client.read_until("retry: 4711\n");
    EXPECT_EQ(ended(server, "192.0.2.7"), "{\"ended\":1}\n");
  }
}

TEST_P(Proxied, APartOfAHeaderIsNotWaitedForForEver) {
  Config impatient = announced();
  impatient.limits.header_timeout = impatient.limits.first_byte_timeout = milliseconds(200);
  TestServer server(impatient);
  EXPECT_EQ(answer_to(server, kVersionOne.substr(0, 10)), "");
  EXPECT_EQ(answer_to(server, kVersionTwo.substr(0, 20)), "");
  EXPECT_TRUE(comes_true([&] { return server.closed(CloseCause::kRequestTimeout) == 2; }));
}

TEST_P(Proxied, WhateverElseComesFirstIsClosedWithoutAWord) {
  TestServer server(announced());
  EXPECT_EQ(answer_to(server, get("/channels/news")), "");
  EXPECT_EQ(answer_to(server, "PROXY TCP4 192.0.2.7 127.0.0.1 080 1\r\n" + get("/")), "");
  EXPECT_EQ(answer_to(server, "\r\n\r\n\r\n"), "");
  EXPECT_TRUE(comes_true([&] { return server.closed(CloseCause::kRefused) >= 2; }));
  EXPECT_EQ(server.total(&Counters::proxies_refused), 3U);
}

TEST_P(Proxied, OnlyBalancersThatAreTrustedMayAnnounceAnybody) {
  TestServer server(announced({*parse_ip_network("127.0.7.0/24")}));
  const TcpClient stream_through = stream(server, kVersionTwo, "", "127.0.7.1");
  EXPECT_EQ(answer_to(server, kVersionTwo + get("/channels/news"), "127.0.8.1"), "");
  EXPECT_EQ(ended(server, "192.0.2.7"), "{\"ended\":1}\n");
  EXPECT_EQ(server.total(&Counters::proxies_refused), 1U);
}

TEST_P(Proxied, AForwardedAddressIsBelievedOfTrustedProxies) {
  TestServer server(forwarded());
  const TcpClient one = stream(server, "", "X-Forwarded-For: 192.0.2.1, 192.0.2.7\r\n");
  const TcpClient chain =
      stream(server, "", "X-Forwarded-For: 192.0.2.1, 192.0.2.7\r\nX-Forwarded-For: 10.1.1.1\r\n");
  EXPECT_EQ(ended(server, "192.0.2.7"), "{\"ended\":2}\n");
  const TcpClient garbage = stream(server, "", "X-Forwarded-For: garbage\r\n", "127.0.0.9");
  const TcpClient other_field = stream(server, "", "Forwarded: for=192.0.2.7\r\n", "127.0.0.9");
  EXPECT_EQ(ended(server, "127.0.0.9"), "{\"ended\":2}\n");
  const TcpClient stranger = stream(server, "", "X-Forwarded-For: 192.0.2.7\r\n", "127.0.9.9");
  EXPECT_EQ(ended(server, "127.0.9.9"), "{\"ended\":1}\n");
}

TEST_P(Proxied, ForwardedIsReadWhereItIsWhatProxiesWrite) {
  TestServer server(forwarded(ForwardedField::kForwarded));
  const TcpClient client =
      stream(server, "",
             "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=\"[2001:db8::7]:80\";proto=https\r\n");
  EXPECT_EQ(ended(server, "2001:db8::7"), "{\"ended\":1}\n");
}

// What a proxy brings comes from elsewhere, wherever the proxy itself stands.
TEST_P(Proxied, BehindAProxyNobodyPublishesForComingThroughLoopback) {
  TestServer behind_balancer(announced());
  HttpClient announced_client(behind_balancer.port());
  announced_client.send(kVersionTwo);
  EXPECT_EQ(announced_client.publish("news", "x").status, 401);
  TestServer behind_proxy(forwarded());
  HttpClient proxy(behind_proxy.port());
  EXPECT_EQ(proxy.publish("news", "x").status, 401);
}

// One connection of a proxy carries the requests of many.
TEST_P(Proxied, EachRequestIsFromWhomItsOwnFieldsSay) {
  Config limited = forwarded();
  const TestSecretFile secret;
  limited.channels.front().access.publish.token = true;
  limited.access.tokens.keys = {{"main", SignatureAlgorithm::kHs256, secret.path()}};
  limited.limits.publish_rate = {.count = 1, .period = milliseconds(3'600'000), .burst = 1};
  TestServer server(limited);
  HttpClient proxy(server.port());
  // It says of nobody in particular, so that the address is what counts.
  const std::string credential =
      "Authorization: Bearer " + hs256_token(R"({"exp":4102444800,"publish":["news"]})") + "\r\n";
  const auto publish_for = [&](const std::string& client) {
    const std::string fields = client.empty() ? "" : "X-Forwarded-For: " + client + "\r\n";
    return proxy.ask(post("/channels/news", "x", credential + fields)).status;
  };
  EXPECT_EQ(publish_for("192.0.2.1"), 201);
  EXPECT_EQ(publish_for("192.0.2.2"), 201);
  EXPECT_EQ(publish_for("192.0.2.1"), 429);
  EXPECT_EQ(publish_for(""), 201) << "of the proxy itself";
  EXPECT_EQ(publish_for("192.0.2.3"), 201);
}

// The flood of one costs the others behind the proxy nothing, and no more looks at credentials are to be had by it.
TEST_P(Proxied, WhoseRequestsAreRefusedTooOftenIsToldSoAndTheProxyGoesOn) {
  Config limited = forwarded();
  limited.access.keys = {{"billing", sha256("rck_billing"), {"*"}, false}};
  limited.channels.front().access.publish.key = true;
  limited.limits.refused_rate = {.count = 1, .period = milliseconds(3'600'000), .burst = 5};
  TestServer server(limited);
  HttpClient proxy(server.port());
  const auto publish_for = [&](const std::string& client, const std::string& key) {
    const std::string fields = client.empty() ? "" : "X-Forwarded-For: " + client + "\r\n";
    return proxy.ask(post("/channels/news", "x", "Authorization: Bearer " + key + "\r\n" + fields));
  };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(publish_for("192.0.2.1", "rck_guess").status, 401);
  const HttpResponse slowed = publish_for("192.0.2.1", "rck_billing");
  EXPECT_EQ(slowed.status, 429) << "good or not";
  EXPECT_GE(std::stoi(slowed["retry-after"]), 1);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(publish_for("192.0.2.1", "rck_guess").status, 429);
  EXPECT_EQ(publish_for("192.0.2.2", "rck_billing").status, 201) << "over the same connection";
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(publish_for("", "rck_guess").status, 401) << "the proxy itself is not limited";
  }
  EXPECT_EQ(server.limited(Limit::kRefusedRate), 21U);
  EXPECT_EQ(server.total(&Counters::requests_unauthorized), 25U);

  // Nor does it get a body read.
  EXPECT_TRUE(answer_to(server, request("POST", "/channels/news",
                                        "X-Forwarded-For: 192.0.2.1\r\nContent-Length: 1000\r\n"))
                  .starts_with("HTTP/1.1 429"));
  EXPECT_EQ(server.books("news").events, 1U);
}

// Of a head that was not read to its end, the proxy's own lines may be what is missing. Such requests are nobody's: neither
// whom the client would like them to be from, nor of the proxy, whose address may be this machine's.
TEST_P(Proxied, WhatIsRefusedBeforeTheProxyHasSpokenIsNobodys) {
  Config limited = forwarded();
  limited.limits.refused_rate = {.count = 1, .period = milliseconds(3'600'000), .burst = 3};
  TestServer server(limited);
  const std::string victim = "127.0.9.9";
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(
        answer_to(server, "GET /channels/news HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + victim +
                              "\r\nOrigin: a\r\nOrigin: b\r\nX-Forwarded-For: 192.0.2.66\r\n\r\n")
            .starts_with("HTTP/1.1 400"));
  }
  EXPECT_TRUE(answer_to(server, "OPTIONS / HTTP/1.0\r\n\r\n", victim).starts_with("HTTP/1.1 204"));
  EXPECT_EQ(ask(server.port(1), get("/healthz/live")).status, 200);
  EXPECT_EQ(server.limited(Limit::kRefusedRate), 0U);
}

// Who is announced may be a client, and write whatever fields it likes.
TEST_P(Proxied, WhoIsAnnouncedIsBelievedAboutOthersOnlyWhenItIsTrustedItself) {
  TestServer server(announced({*parse_ip_network("127.0.0.0/8"), *parse_ip_network("10.0.0.0/8")}));
  const TcpClient forger = stream(server, kVersionTwo, "X-Forwarded-For: 198.51.100.1\r\n");
  const TcpClient proxy =
      stream(server, "PROXY TCP4 10.0.0.1 127.0.0.1 1 2\r\n", "X-Forwarded-For: 198.51.100.2\r\n");
  EXPECT_EQ(ended(server, "192.0.2.7"), "{\"ended\":1}\n");
  EXPECT_EQ(ended(server, "198.51.100.2"), "{\"ended\":1}\n");
}

}  // namespace
}  // namespace ringcast
