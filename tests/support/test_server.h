// TestServer: a whole node in this process, with ports of the kernel's choosing.
//
// Threads: one; the server runs its own.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/books.h"
#include "engine/config/config.h"
#include "net/server.h"
#include "tests/support/wait.h"

namespace ringcast {

// Two shards; one listener that serves everything, for few connections; the channel `news`, which
// always says the same retry and never needs a heartbeat in the time of a test.
[[nodiscard]] inline Config test_config(DescriptorMode descriptors) {
  Config config;
  config.server = {.shards = 2, .connections_max = 400, .descriptors = descriptors};
  config.listeners.push_back(
      {.host = "127.0.0.1", .serve_subscribe = true, .serve_publish = true, .serve_admin = true});
  ChannelConfig news;
  news.name = "news";
  news.heartbeat = std::chrono::hours(1);
  news.retry = {milliseconds(4711), milliseconds(4711)};
  config.channels.push_back(news);
  return config;
}

class TestServer {
 public:
  explicit TestServer(const Config& config) {
    Result<std::unique_ptr<net::Server>> started = net::Server::start(config);
    if (!started) throw std::runtime_error(started.error().message);
    server_ = std::move(*started);
  }

  // Every connection must be accounted for, whatever the test did to it. (The server's own end checks the
  // same of every event.)
  ~TestServer() {
    if (server_ != nullptr) {
      EXPECT_TRUE(comes_true([&] { return books_balance(); })) << "connections lost from the books";
    }
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  [[nodiscard]] uint16_t port(size_t listener = 0) const { return server_->port(listener); }
  [[nodiscard]] net::Server& operator*() noexcept { return *server_; }

  // Stops it, as SIGTERM would, and waits.
  void stop() { server_.reset(); }

  // Sums over the shards.
  [[nodiscard]] uint64_t total(Counter net::Counters::*counter) const {
    uint64_t sum = 0;
    for (const net::Counters& shard : server_->counters()) sum += (shard.*counter).get();
    return sum;
  }
  [[nodiscard]] uint64_t closed(net::CloseCause cause) const {
    uint64_t sum = 0;
    for (const net::Counters& shard : server_->counters()) {
      sum += shard.closed[static_cast<size_t>(cause)].get();
    }
    return sum;
  }
  [[nodiscard]] uint64_t limited(net::Limit limit) const {
    uint64_t sum = 0;
    for (const net::Counters& shard : server_->counters()) {
      sum += shard.limited[static_cast<size_t>(limit)].get();
    }
    return sum;
  }
  // What has become of the events of the channel declared as `name`.
  [[nodiscard]] Books books(std::string_view name) const {
    return read_books(*server_->channels().by_name(name));
  }
  // Waits until nobody subscribes and the books of every channel balance; false when they never do.
  [[nodiscard]] bool books_close() const {
    const Channels& channels = server_->channels();
    return comes_true([&] {
      if (streaming() > 0) return false;
      for (ChannelNumber i = 0; i < channels.size(); ++i) {
        if (channels.at(i).subscribers() > 0) return false;
        if (!read_books(channels.at(i)).balance(0)) return false;
      }
      return true;
    });
  }

  [[nodiscard]] uint64_t streaming() const { return total(&net::Counters::streaming); }
  [[nodiscard]] uint64_t open() const { return total(&net::Counters::open); }

 private:
  [[nodiscard]] bool books_balance() const {
    uint64_t ended = 0;
    for (size_t i = 0; i < net::kCloseCauses; ++i) ended += closed(static_cast<net::CloseCause>(i));
    return total(&net::Counters::accepted) == open() + ended;
  }

  std::unique_ptr<net::Server> server_;
};

// A test that must hold for direct and for plain descriptors:
//
//   using Publishing = EitherDescriptors;
//   TEST_P(Publishing, ...) { TestServer server(config()); ... }
//   RC_EITHER_DESCRIPTORS(Publishing);
class EitherDescriptors : public testing::TestWithParam<DescriptorMode> {
 protected:
  [[nodiscard]] static Config config() { return test_config(GetParam()); }
};

[[nodiscard]] inline std::string descriptor_name(
    const testing::TestParamInfo<DescriptorMode>& info) {
  return info.param == DescriptorMode::kDirect ? "Direct" : "Plain";
}

#define RC_EITHER_DESCRIPTORS(fixture)                                                      \
  INSTANTIATE_TEST_SUITE_P(                                                                 \
      Descriptors, fixture,                                                                 \
      testing::Values(ringcast::DescriptorMode::kDirect, ringcast::DescriptorMode::kPlain), \
      ringcast::descriptor_name)

}  // namespace ringcast
