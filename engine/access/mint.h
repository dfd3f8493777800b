// Making tokens and keys: for trying things out and for tests. What a running server accepts was made elsewhere.
//
// Threads: any. Failure: an Error for the command line; none repeats a key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/access/crypto.h"

namespace ringcast {

struct TokenClaims {
  std::string subject{};                // empty: none
  std::string id{};                     // its jti; empty: none
  std::vector<std::string> channels{};  // empty: none
  std::vector<std::string> publish{};   // empty: none
  std::string issuer{};                 // empty: none
  std::string audience{};               // empty: none
  std::optional<int64_t> expires_s{};   // seconds since 1970
};

// A signed token. `key_id` and `type` go into its header where they are not empty. Requires: UTF-8 throughout.
[[nodiscard]] std::string mint_token(const SigningKey& key, const TokenClaims& claims,
                                     std::string_view key_id, std::string_view type);

// The key that `file` holds, read as load_token_key() reads it but for the private half.
[[nodiscard]] Result<SigningKey> load_signing_key(const std::string& file,
                                                  SignatureAlgorithm algorithm);

// A fresh static key: 256 random bits behind a prefix by which scanners for leaked secrets can know it.
[[nodiscard]] std::string new_api_key();

// A digest as the configuration has it.
[[nodiscard]] std::string to_hex(const Sha256Digest& digest);

}  // namespace ringcast
