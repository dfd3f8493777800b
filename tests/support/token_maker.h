// Tokens with any header and any claims, and keys for them, for tests that want what nobody sensible would make.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/access/base64url.h"
#include "engine/access/crypto.h"
#include "engine/access/token_keys.h"

namespace ringcast {

inline constexpr std::string_view kTestSecret = "ringcast-test-key-0123456789abcdef";
inline constexpr std::string_view kHs256Header = R"({"alg":"HS256","typ":"JWT"})";
// In 2100.
inline constexpr std::string_view kGoodClaims = R"({"sub":"u1","exp":4102444800,"channels":["a"]})";

// `header` and `claims` as they stand, signed with `key`.
[[nodiscard]] inline std::string signed_token(std::string_view header, std::string_view claims,
                                              const SigningKey& key) {
  const std::string text = encode_base64url(header) + "." + encode_base64url(claims);
  return text + "." + encode_base64url(key.sign(text));
}

// The same with HS256 and the test secret.
[[nodiscard]] inline std::string hs256_token(std::string_view header, std::string_view claims) {
  return signed_token(header, claims, SigningKey::from_secret(kTestSecret).value());
}
[[nodiscard]] inline std::string hs256_token(std::string_view claims) {
  return hs256_token(kHs256Header, claims);
}

[[nodiscard]] inline std::vector<TokenKey> test_keys() {
  std::vector<TokenKey> keys;
  keys.push_back({"main", VerifyKey::from_secret(kTestSecret).value()});
  return keys;
}

}  // namespace ringcast
