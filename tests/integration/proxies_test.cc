// HAProxy and nginx in front: streams pass through them, whom they announce is whom we take a request to be from, and no request
// that two servers might read differently makes them disagree with us.
//
// Goal of the last: whoever talks to a proxy gets no more answers than the proxy knows of requests, publishes nothing
// that the proxy does not know of, and spoils nobody else's answers. Method: every vector of tests/http that is refused, or after
// which the connection is kept, with a publish right behind it, a crowd at a time; then others, whose requests go over the
// same upstream connections, must get exactly their own answers; and in the end the proxy's log is held against what happened.
//
// Left out are vectors for streams, where nothing can be published; those after which the connection ends by request, or half of it,
// behind which a proxy hands on nothing; those about deadlines, where it has its own; and uploads of megabytes, which it
// refuses by itself. Numbers are compared, and not which answer it was: a proxy may refuse what we accept, mend what we
// refuse, or answer for us, as long as both count the same requests. HAProxy reuses upstream connections whenever it can,
// unlike in the sample, because one that two clients share is where a request too many does harm.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>

#include "tests/support/proxy.h"
#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"
#include "tests/support/vectors.h"

namespace ringcast {
namespace {

using net::Counters;

// As configs/ringcast.yaml has it: one listener for streams, one for the rest.
Config two_listeners() {
  Config config = test_config(DescriptorMode::kAuto);
  config.server.connections_max = 2000;
  config.listeners[0].serve_publish = config.listeners[0].serve_admin = false;
  config.listeners.push_back(config.listeners[0]);
  config.listeners[1].serve_subscribe = false;
  config.listeners[1].serve_publish = config.listeners[1].serve_admin = true;
  config.channels[0].heartbeat = milliseconds(200);
  return config;
}

class Proxies : public testing::TestWithParam<ProxyKind> {
 protected:
  TestServer server_{two_listeners()};
  Proxy proxy_{GetParam(), server_.port(0), server_.port(1)};
};

std::string name_of(const testing::TestParamInfo<ProxyKind>& info) {
  return info.param == ProxyKind::kNginx ? "Nginx" : "Haproxy";
}
INSTANTIATE_TEST_SUITE_P(Each, Proxies, testing::Values(ProxyKind::kHaproxy, ProxyKind::kNginx),
                         name_of);

TEST_P(Proxies, PassStreamsOnAtOnceAndNoticeWhoHasGone) {
  for (const char* const version : {"HTTP/1.1", "HTTP/1.0"}) {
    SCOPED_TRACE(version);
    TcpClient subscriber(proxy_.streams_port());
    subscriber.send("GET /channels/news " + std::string(version) + "\r\nHost: a\r\n\r\n");
    (void)subscriber.read_until("retry: 4711\n");
    EXPECT_EQ(server_.streaming(), 1U);
    HttpClient publisher(proxy_.publish_port());
    const std::string id = published_id(publisher.publish("news", version));
    (void)subscriber.read_until("id: " + id + "\ndata: " + version + "\n\n");
    for (int heartbeats = 0; heartbeats < 3; ++heartbeats) (void)subscriber.read_until(":\n");
    subscriber.close();
    EXPECT_TRUE(comes_true([&] { return server_.streaming() == 0; })) << "it was not noticed";
  }
}

// --- PROXY headers, as HAProxy writes them

class Announced : public testing::TestWithParam<ProxyHeaders> {
 protected:
  Announced() {
    std::string name = testing::TempDir() + "announced-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~Announced() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string log_path() const { return folder_ / "access.log"; }

  // One stream for each address.
  [[nodiscard]] Config config() const {
    Config config = two_listeners();
    config.listeners[0].proxy_protocol = true;
    config.limits.source_streams_max = 1;
    config.log.access = {.to = log_path(), .sample = 1};
    return config;
  }

  static TcpClient subscribe(const Proxy& proxy, const std::string& from) {
    TcpClient client(proxy.streams_port(), {.from = from});
    client.send(get("/channels/news"));
    (void)client.read_until("retry: 4711\n");
    return client;
  }

  // The lines of the access log about requests to the listener with PROXY headers, as far as the peer.
  [[nodiscard]] std::multiset<std::string> peers_seen() const {
    std::multiset<std::string> peers;
    std::ifstream log(log_path());
    for (std::string line; std::getline(log, line);) {
      if (line.find("request=\"GET /channels/news\"") == std::string::npos) continue;
      const size_t begin = line.find("peer=") + 5;
      peers.insert(line.substr(begin, line.find(' ', begin) - begin));
    }
    return peers;
  }

 private:
  std::filesystem::path folder_;
};
INSTANTIATE_TEST_SUITE_P(Haproxy, Announced,
                         testing::Values(ProxyHeaders::kVersionOne, ProxyHeaders::kVersionTwo),
                         [](const testing::TestParamInfo<ProxyHeaders>& tested) {
                           return tested.param == ProxyHeaders::kVersionOne ? "SendProxy"
                                                                            : "SendProxyV2";
                         });

TEST_P(Announced, ClientsHaveTheirOwnAddressesInTheLogAndInTheLimits) {
  TestServer server(config());
  Proxy proxy(ProxyKind::kHaproxy, server.port(0), server.port(1), GetParam());
  std::multiset<std::string> peers;
  {
    std::vector<TcpClient> clients;
    const auto subscribe_from = [&](const std::string& address) {
      clients.push_back(subscribe(proxy, address));
      peers.insert(address + ":" + std::to_string(clients.back().local_port()));
    };
    subscribe_from("127.0.5.1");
    subscribe_from("127.0.5.2");
    EXPECT_EQ(server.streaming(), 2U);
    EXPECT_EQ(server.total(&Counters::turned_away), 0U);
    subscribe_from("127.0.5.1");
    EXPECT_EQ(server.streaming(), 2U);
    EXPECT_EQ(server.total(&Counters::turned_away), 1U);
  }
  EXPECT_TRUE(comes_true([&] { return server.streaming() == 0; }));
  (void)proxy.stop();
  server.stop();
  EXPECT_EQ(peers_seen(), peers);
}

TEST_P(Announced, WhoComesPastTheProxyAndAnnouncesNobodyIsClosedWithoutAWord) {
  TestServer server(config());
  const Proxy proxy(ProxyKind::kHaproxy, server.port(0), server.port(1), GetParam());
  const TcpClient through = subscribe(proxy, "127.0.5.1");
  TcpClient past(server.port(0));
  past.send(get("/nowhere", "Connection: close\r\n"));
  std::string answer;
  try {
    answer = past.read_to_end();
  } catch (const ConnectionReset&) {
    // which is as good as FIN
  }
  EXPECT_EQ(answer, "");
  EXPECT_TRUE(comes_true([&] { return server.closed(net::CloseCause::kRefused) == 1; }));
  EXPECT_EQ(server.total(&Counters::proxies_refused), 1U);
  EXPECT_EQ(server.streaming(), 1U);
}

// --- Smuggling

// One connection to the proxy, what was sent on it, and all that came back.
struct Probe {
  const Vector* vector;
  std::string tag;  // the type of the event that would be published
  uint16_t client_port = 0;
  std::unique_ptr<TcpClient> socket;
  std::string answers;
  bool has_ended = false;
};

std::vector<Probe> probes() {
  static const std::vector<Vector> vectors = load_vectors(RINGCAST_VECTORS);
  std::vector<Probe> probes;
  for (const Vector& vector : vectors) {
    const bool is_for_us = vector.to != "subscribe" && vector.bytes.size() < 200'000;
    const bool is_complete = vector.is_refused() || vector.ending == Ending::kKept;
    if (!is_for_us || !is_complete || vector.half_closes || vector.is_quick) continue;
    Probe& probe = probes.emplace_back();
    probe.vector = &vector;
    probe.tag = "smuggled-" + std::to_string(probes.size()) + "-";
  }
  return probes;
}

void send(Probe& probe, uint16_t port) {
  probe.socket = std::make_unique<TcpClient>(port);
  probe.client_port = probe.socket->local_port();
  (void)probe.socket->send_until_stuck(probe.vector->bytes +
                                           post("/channels/news?event=" + probe.tag, "x") +
                                           get("/healthz/live", "Connection: close\r\n"),
                                       milliseconds(500));
}

// Reads from all of them until they have ended, or been silent for so long: some wait for more, and get no more.
void listen(std::span<Probe> crowd) {
  constexpr int kSilentMs = 700;
  while (true) {
    std::vector<pollfd> wanted;
    std::vector<Probe*> open;
    for (Probe& probe : crowd) {
      if (probe.has_ended) continue;
      wanted.push_back({.fd = probe.socket->fd(), .events = POLLIN, .revents = 0});
      open.push_back(&probe);
    }
    if (wanted.empty() || ::poll(wanted.data(), wanted.size(), kSilentMs) <= 0) return;
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i].revents == 0) continue;
      std::array<char, 16'384> some;
      const ssize_t got = ::recv(wanted[i].fd, some.data(), some.size(), MSG_DONTWAIT);
      if (got > 0) open[i]->answers.append(some.data(), static_cast<size_t>(got));
      open[i]->has_ended = got <= 0;
    }
  }
}

size_t count(std::string_view text, std::string_view what) {
  size_t found = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) {
    ++found;
  }
  return found;
}

// But for those that only say "go on". Every body ends with a line end.
size_t answers_in(const std::string& answers) {
  const std::string text = "\n" + answers;
  return count(text, "\nHTTP/1.") - count(text, "\nHTTP/1.1 100 ");
}

// Asks for things whose answers tell them apart, over the same upstream connections.
void expect_own_answers(uint16_t port) {
  for (int connection = 0; connection < 3; ++connection) {
    HttpClient client(port);
    EXPECT_EQ(client.ask(post("/channels/news?event=honest", "x")).status, 201);
    const HttpResponse health = client.ask(get("/healthz/live"));
    EXPECT_EQ(health.status, 200);
    EXPECT_EQ(health.body, "ok\n");
    EXPECT_EQ(client.ask(post("/channels/nowhere", "x")).status, 404);
    EXPECT_EQ(client.ask(post("/channels/news?event=error", "x")).status, 400);
    EXPECT_EQ(client.ask(post("/channels/news?event=honest", "x")).status, 201);
  }
}

TEST_P(Proxies, NothingIsSmuggledThroughThem) {
  constexpr size_t kCrowd = 100;
  constexpr size_t kHonestAnswers = 15;
  SseClient witness(server_.port(0), "/channels/news");
  std::vector<Probe> all = probes();
  ASSERT_GT(all.size(), 400U);
  for (size_t first = 0; first < all.size(); first += kCrowd) {
    const std::span crowd = std::span(all).subspan(first, std::min(kCrowd, all.size() - first));
    for (Probe& probe : crowd) send(probe, proxy_.publish_port());
    listen(crowd);
    for (Probe& probe : crowd) probe.socket.reset();
    const uint64_t accepted = server_.total(&Counters::accepted);
    expect_own_answers(proxy_.publish_port());
    EXPECT_LT(server_.total(&Counters::accepted) - accepted, kHonestAnswers)
        << "no upstream connection was used twice, so that this proves nothing";
  }
  const std::vector<std::string> log = proxy_.stop();

  std::map<std::string, size_t> published;
  for (uint64_t left = server_.books("news").events; left > 0; --left) {
    ++published[witness.next_event().type];
  }
  size_t answered = 0;
  for (const Probe& probe : all) {
    SCOPED_TRACE(probe.vector->file + ":" + std::to_string(probe.vector->line) + ": " +
                 probe.vector->name);
    const std::string client = "127.0.0.1:" + std::to_string(probe.client_port) + " ";
    size_t requests = 0;
    size_t publishes = 0;
    for (const std::string& line : log) {
      requests += line.starts_with(client) ? 1 : 0;
      publishes += count(line, probe.tag);
    }
    answered += answers_in(probe.answers);
    EXPECT_LE(answers_in(probe.answers), requests) << probe.answers;
    EXPECT_LE(published[probe.tag], publishes) << "it does not know what was published";
  }
  EXPECT_GT(answered, all.size() / 2) << "hardly anything was answered, so that this proves little";
  EXPECT_EQ(published["honest"], 6 * ((all.size() + kCrowd - 1) / kCrowd));
}

}  // namespace
}  // namespace ringcast
