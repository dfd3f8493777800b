// Tokens: JSON Web Tokens in their compact form (RFC 7515, 7519), by the rules of RFC 8725.
//
// Whatever can be refused before the signature has been checked is refused for its form; no claim is looked at before. A
// token's own idea of how it is to be checked counts for nothing: the algorithm belongs to the key, a `kid` only says which
// of our keys is meant, and keys or addresses of keys inside the token (jwk, jku, x5u, x5c) are never used.
//
// Claims that are read:
//   sub       whom the token speaks for: the recipient whose messages it opens, and the name to revoke it by
//   jti       the token's own name, to revoke it alone by
//   exp, nbf  seconds since 1970, fractions allowed; exp is required unless the configuration says otherwise
//   aud, iss  asked for where the configuration says what they must be
//   channels  a list of patterns (name_pattern.h): what may be read
//   publish   a list of patterns: what may be published to
// Others are for others.
//
// Threads: any. Memory: a few times the token's, for as long as it is looked at.
#pragma once

#include <cstdint>
#include <string_view>

#include "engine/access/bearer.h"
#include "engine/access/token_keys.h"
#include "engine/base/memory.h"

namespace ringcast {

// Proxies rarely let a longer header line through.
inline constexpr size_t kTokenBytesMax = 8 * kKiB;

// Why a token is refused; kNone: it is good.
enum class TokenFault : uint8_t {
  kNone,
  kTooLong,
  kNotThreeParts,
  kNotBase64Url,
  kHeaderNotJson,
  kUnsigned,          // alg none, however it is spelled
  kUnknownAlgorithm,  // or one that no key of ours has
  kDemandsExtension,  // crit, b64, zip, enc
  kBadKeyId,          // a kid that is no text, or too long
  kUnknownKey,        // no key of ours has its kid
  kWrongType,         // typ
  kBadSignature,
  kPayloadNotJson,
  kBadClaim,  // of the wrong kind, such as a text for exp
  kNoExpiry,
  kExpired,
  kNotYet,  // nbf
  kWrongIssuer,
  kWrongAudience,
  kLivesTooLong,  // for where it was sent: a ticket in a URL
};

// What it means, for whoever made the token; without anything of the token in it.
[[nodiscard]] std::string_view describe(TokenFault fault) noexcept;

// Whom `token` speaks for at the wall-clock time `now_ms`. With a fault, `bearer` says nothing.
struct TokenReading {
  TokenFault fault = TokenFault::kNone;
  Bearer bearer{};
};
[[nodiscard]] TokenReading read_token(std::string_view token, const std::vector<TokenKey>& keys,
                                      const TokensConfig& rules, int64_t now_ms);

}  // namespace ringcast
