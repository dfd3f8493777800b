// AccessConfig: by what somebody is known who may do more than everybody. Part of Config.
//
// Secrets are in files of their own, or here as digests: a configuration can be shown to anybody.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"

namespace ringcast {

using Sha256Digest = std::array<uint8_t, 32>;

// RFC 7518 and RFC 8037. The algorithm belongs to the key: a token cannot choose it.
enum class SignatureAlgorithm : uint8_t { kHs256, kRs256, kEs256, kEdDsa };

struct TokenKeyConfig {
  std::string id;  // what a token's `kid` may say
  SignatureAlgorithm algorithm = SignatureAlgorithm::kHs256;
  std::string file;  // HS256: the secret; the others: a public key as PEM
  bool operator==(const TokenKeyConfig&) const = default;
};

// A token in the URL, for an EventSource that can send neither header nor cookie.
struct QueryTicketConfig {
  std::string name = "ticket";
  milliseconds lifetime_max{120'000};  // it must expire this soon: URLs end up in logs
  bool operator==(const QueryTicketConfig&) const = default;
};

struct TokensConfig {
  std::vector<TokenKeyConfig> keys{};
  std::string jwks{};      // a file with a JWK set; empty: none
  std::string issuer{};    // empty: not asked for
  std::string audience{};  // empty: not asked for
  std::string type{};      // the header's `typ`; empty: not asked for
  milliseconds leeway{0};
  bool require_expiry = true;
  std::string cookie{};  // its name; empty: cookies are not looked at
  std::optional<QueryTicketConfig> query{};

  [[nodiscard]] bool has_keys() const noexcept { return !keys.empty() || !jwks.empty(); }
  bool operator==(const TokensConfig&) const = default;
};

// A static key, for a publisher or an operator.
struct ApiKeyConfig {
  std::string name{};
  Sha256Digest sha256{};
  std::vector<std::string> publish{};  // patterns of the channels it may publish to
  bool admin = false;
  bool operator==(const ApiKeyConfig&) const = default;
};

struct AccessConfig {
  TokensConfig tokens;
  std::vector<ApiKeyConfig> keys{};
  bool operator==(const AccessConfig&) const = default;
};

enum class SubscribeAccess : uint8_t {
  kPublic,     // everybody
  kToken,      // whose token names the channel
  kRecipient,  // whose token's subject is the recipient
};

// Any one of them is enough; none of them: nobody publishes over HTTP.
struct PublishAccess {
  bool loopback = true;  // whoever comes through a listener that only this machine reaches
  bool token = false;    // whose token names the channel
  bool key = false;      // whose key names the channel

  bool operator==(const PublishAccess&) const = default;
};

struct ChannelAccessConfig {
  SubscribeAccess subscribe = SubscribeAccess::kPublic;
  PublishAccess publish;
  bool operator==(const ChannelAccessConfig&) const = default;
};

}  // namespace ringcast
