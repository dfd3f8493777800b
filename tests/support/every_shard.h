// Subscribers on each shard of a server: which one gets a connection is up to the kernel, so there are as
// many as it takes.
#pragma once

#include <string_view>
#include <vector>

#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"

namespace ringcast {

// Subscribers of `target`, of both formats by turns, until each shard has `each` of them.
inline std::vector<SseClient> subscribe_on_every_shard(TestServer& server, std::string_view target,
                                                       size_t each) {
  std::vector<uint64_t> wanted;
  for (const net::Counters& shard : (*server).counters()) {
    wanted.push_back(shard.streaming.get() + each);
  }
  const auto is_spread = [&] {
    for (size_t i = 0; i < wanted.size(); ++i) {
      if ((*server).counters()[i].streaming.get() < wanted[i]) return false;
    }
    return true;
  };
  std::vector<SseClient> subscribers;
  while (!is_spread()) {
    if (subscribers.size() == 200) throw ClientFailure("200 connections, and a shard has none");
    const auto format = subscribers.size() % 2 == 0 ? WireFormat::kChunked : WireFormat::kRaw;
    subscribers.emplace_back(server.port(), target, SseClient::Options{.format = format});
  }
  return subscribers;
}

}  // namespace ringcast
