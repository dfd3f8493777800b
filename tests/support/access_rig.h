// AccessTest: a server with something to hide, tokens for it, and answers that can be held against each other. What the tests
// of who may read and publish have in common.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/support/http_client.h"
#include "tests/support/more_channels.h"
#include "tests/support/sse_client.h"
#include "tests/support/test_server.h"
#include "tests/support/token_maker.h"

namespace ringcast {

// Claims that are good for so many milliseconds more; `more` is further members, each with a comma before it.
[[nodiscard]] inline std::string claims_for(const std::string& more,
                                            int64_t good_for_ms = 3'600'000) {
  const int64_t ms = static_cast<int64_t>(wall_now_ms()) + good_for_ms;
  return "{\"exp\":" + std::to_string(ms / 1000) + "." +
         std::to_string(1000 + ms % 1000).substr(1) + more + "}";
}
[[nodiscard]] inline std::string token_for(const std::string& subject, const std::string& more = "",
                                           int64_t good_for_ms = 3'600'000) {
  return hs256_token(claims_for(",\"sub\":\"" + subject + "\"" + more, good_for_ms));
}

// A header line, and a stream's request with such lines.
[[nodiscard]] inline std::string bearer(const std::string& token) {
  return "Authorization: Bearer " + token + "\r\n";
}
[[nodiscard]] inline SseClient::Options with(const std::string& extra) {
  return {.format = WireFormat::kChunked, .extra = extra};
}

// All of an answer but its Date: what may differ between two answers that must not.
[[nodiscard]] inline std::string all_but_date(uint16_t port, const std::string& request_text) {
  TcpClient client(port);
  client.send(request_text);
  client.half_close();
  std::string answer = client.read_to_end();
  const size_t date = answer.find("Date: ");
  if (date != answer.npos) answer.erase(date, answer.find("\r\n", date) + 2 - date);
  return answer;
}

// A listener for everybody on this machine, which serves everything, and one that other machines reach, which subscribers and
// publishers use. Channels: news (public), prices (token), rooms/{room} (token), inbox/{recipient}, feed (token); all but the
// last may be published to through loopback.
class AccessTest : public testing::TestWithParam<DescriptorMode> {
 protected:
  static constexpr size_t kLocal = 0;
  static constexpr size_t kPublic = 1;
  static constexpr size_t kPrices = 1;  // its place among the channels

  AccessTest() : key_file_(testing::TempDir() + "access-" + std::to_string(::getpid()) + ".key") {
    std::ofstream(key_file_) << kTestSecret << "\n";
  }
  ~AccessTest() override { ::unlink(key_file_.c_str()); }

  [[nodiscard]] Config config() const {
    Config config = with_more_channels(test_config(GetParam()),
                                       {"prices", "rooms/{room}", "inbox/{recipient}", "feed"});
    config.listeners.push_back({.host = "0.0.0.0", .serve_subscribe = true, .serve_publish = true});
    config.access.tokens.keys = {{"main", SignatureAlgorithm::kHs256, key_file_}};
    config.access.tokens.cookie = "t";
    config.access.tokens.query = QueryTicketConfig{};
    config.access.keys = {{"billing", sha256("rck_billing"), {"prices", "inbox/*"}, false}};
    const auto set = [&](size_t i, SubscribeAccess subscribe, PublishAccess publish) {
      config.channels[i].access = {subscribe, publish};
      config.channels[i].path = i == kPrices ? "/prices" : "";
    };
    set(kPrices, SubscribeAccess::kToken, {.loopback = true, .token = true, .key = true});
    set(2, SubscribeAccess::kToken, {.loopback = true, .token = true});
    set(3, SubscribeAccess::kRecipient, {.loopback = true, .key = true});
    set(4, SubscribeAccess::kToken, {.loopback = false, .token = true});
    return config;
  }

 private:
  const std::string key_file_;
};

}  // namespace ringcast
