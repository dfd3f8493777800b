#include "engine/access/token.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "engine/access/base64url.h"
#include "engine/access/strict_json.h"

namespace ringcast {

namespace {

using Kind = JsonValue::Kind;

// Nobody's key is called so at length; a guess.
constexpr size_t kKeyIdBytesMax = 256;

// A header says a handful of things, and is read before anything vouches for it. A guess.
constexpr size_t kHeaderValuesMax = 64;

// The year 10000 or so, and far from where a double or our milliseconds lose count.
constexpr double kSecondsMax = 253'402'300'800.0;

char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, {}, to_lower, to_lower);
}

// The three parts of a token, and what stands in front of its second dot: what was signed.
struct Parts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view signed_text;
};

std::optional<Parts> split(std::string_view token) noexcept {
  const size_t first = token.find('.');
  const size_t second = token.find('.', first == token.npos ? first : first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) return std::nullopt;
  return Parts{.header = token.substr(0, first),
               .payload = token.substr(first + 1, second - first - 1),
               .signature = token.substr(second + 1),
               .signed_text = token.substr(0, second)};
}

// --- The header

// RFC 7515, section 4.1.9: `application/` may be left out.
bool is_type(std::string_view type, std::string_view wanted) noexcept {
  constexpr std::string_view kPrefix = "application/";
  const auto bare = [&](std::string_view text) {
    const bool has_prefix = equals_ignoring_case(text.substr(0, kPrefix.size()), kPrefix);
    return has_prefix ? text.substr(kPrefix.size()) : text;
  };
  return equals_ignoring_case(bare(type), bare(wanted));
}

TokenFault check_header(const JsonValue& header, const TokensConfig& rules) noexcept {
  const auto algorithm = header.text_of("alg");
  if (!algorithm) return TokenFault::kUnknownAlgorithm;
  if (equals_ignoring_case(*algorithm, "none")) return TokenFault::kUnsigned;
  if (!signature_algorithm(*algorithm)) return TokenFault::kUnknownAlgorithm;
  for (const std::string_view extension : {"crit", "b64", "zip", "enc"}) {
    if (header.find(extension) != nullptr) return TokenFault::kDemandsExtension;
  }
  if (header.find("kid") != nullptr) {
    const auto id = header.text_of("kid");
    if (!id || id->empty() || id->size() > kKeyIdBytesMax) return TokenFault::kBadKeyId;
  }
  if (!rules.type.empty() && !is_type(header.text_of("typ").value_or(""), rules.type)) {
    return TokenFault::kWrongType;
  }
  return TokenFault::kNone;
}

// With a kid, the one key that is meant; without, each that has the algorithm.
TokenFault check_signature(const Parts& parts, const std::string& signature,
                           const JsonValue& header, const std::vector<TokenKey>& keys) {
  const auto algorithm = signature_algorithm(header.text_of("alg").value_or(""));
  const auto id = header.text_of("kid");
  bool is_key_known = false;
  bool is_algorithm_known = false;
  for (const TokenKey& key : keys) {
    if (id && key.id != *id) continue;
    is_key_known = true;
    if (key.key.algorithm() != algorithm) continue;
    is_algorithm_known = true;
    if (key.key.verify(parts.signed_text, signature)) return TokenFault::kNone;
  }
  if (!is_key_known) return TokenFault::kUnknownKey;
  return is_algorithm_known ? TokenFault::kBadSignature : TokenFault::kUnknownAlgorithm;
}

// --- The claims

// Puts a time into `ms` if the claim is there. False: it is no time.
bool read_time(const JsonValue& claims, std::string_view name, std::optional<int64_t>& ms) {
  const JsonValue* const value = claims.find(name);
  if (value == nullptr) return true;
  if (!value->is(Kind::kNumber) || !(value->number >= 0 && value->number <= kSecondsMax)) {
    return false;
  }
  ms = static_cast<int64_t>(std::floor(value->number * 1000));
  return true;
}

bool read_text(const JsonValue& claims, std::string_view name, std::string& text) {
  const JsonValue* const value = claims.find(name);
  if (value == nullptr) return true;
  if (!value->is(Kind::kString)) return false;
  text = value->text;
  return true;
}

bool is_list_of_texts(const JsonValue& value) noexcept {
  return value.is(Kind::kArray) && std::ranges::all_of(value.elements, [](const JsonValue& one) {
           return one.is(Kind::kString);
         });
}

bool read_patterns(const JsonValue& claims, std::string_view name,
                   std::vector<NamePattern>& patterns) {
  const JsonValue* const list = claims.find(name);
  if (list == nullptr) return true;
  if (!is_list_of_texts(*list)) return false;
  for (const JsonValue& one : list->elements) patterns.emplace_back(one.text);
  return true;
}

bool is_for(const JsonValue* audience, std::string_view wanted) noexcept {
  if (audience == nullptr) return false;
  if (audience->is(Kind::kString)) return audience->text == wanted;
  return is_list_of_texts(*audience) &&
         std::ranges::any_of(audience->elements,
                             [&](const JsonValue& one) { return one.text == wanted; });
}

// Leeway makes up for clocks that differ, once: here, and not again where the stream ends.
TokenFault check_times(const JsonValue& claims, const TokensConfig& rules, int64_t now_ms,
                       Bearer& bearer) {
  std::optional<int64_t> expires_ms;
  std::optional<int64_t> begins_ms;
  std::optional<int64_t> issued_ms;
  if (!read_time(claims, "exp", expires_ms) || !read_time(claims, "nbf", begins_ms) ||
      !read_time(claims, "iat", issued_ms)) {
    return TokenFault::kBadClaim;
  }
  if (!expires_ms && rules.require_expiry) return TokenFault::kNoExpiry;
  if (expires_ms) bearer.expires_ms = *expires_ms + rules.leeway.count();
  if (bearer.expires_ms <= now_ms) return TokenFault::kExpired;
  if (begins_ms && *begins_ms - rules.leeway.count() > now_ms) return TokenFault::kNotYet;
  return TokenFault::kNone;
}

TokenFault read_claims(const JsonValue& claims, const TokensConfig& rules, int64_t now_ms,
                       Bearer& bearer) {
  bearer.kind = Bearer::Kind::kToken;
  if (!read_text(claims, "sub", bearer.subject) || !read_text(claims, "jti", bearer.token_id) ||
      !read_patterns(claims, "channels", bearer.reads) ||
      !read_patterns(claims, "publish", bearer.publishes)) {
    return TokenFault::kBadClaim;
  }
  if (!rules.issuer.empty() && claims.text_of("iss") != rules.issuer) {
    return TokenFault::kWrongIssuer;
  }
  if (!rules.audience.empty() && !is_for(claims.find("aud"), rules.audience)) {
    return TokenFault::kWrongAudience;
  }
  return check_times(claims, rules, now_ms, bearer);
}

TokenFault read(std::string_view token, const std::vector<TokenKey>& keys,
                const TokensConfig& rules, int64_t now_ms, Bearer& bearer) {
  if (token.size() > kTokenBytesMax) return TokenFault::kTooLong;
  const auto parts = split(token);
  if (!parts) return TokenFault::kNotThreeParts;
  const auto header_text = decode_base64url(parts->header);
  const auto payload_text = decode_base64url(parts->payload);
  const auto signature = decode_base64url(parts->signature);
  if (!header_text || !payload_text || !signature) return TokenFault::kNotBase64Url;
  const auto header = parse_strict_json(*header_text, kHeaderValuesMax);
  if (!header || !header->is(Kind::kObject)) return TokenFault::kHeaderNotJson;
  if (const TokenFault fault = check_header(*header, rules); fault != TokenFault::kNone) {
    return fault;
  }
  const TokenFault fault = check_signature(*parts, *signature, *header, keys);
  if (fault != TokenFault::kNone) return fault;
  const auto claims = parse_strict_json(*payload_text);
  if (!claims || !claims->is(Kind::kObject)) return TokenFault::kPayloadNotJson;
  return read_claims(*claims, rules, now_ms, bearer);
}

}  // namespace

std::string_view describe(TokenFault fault) noexcept {
  switch (fault) {
    case TokenFault::kNone:
      return "it is good";
    case TokenFault::kTooLong:
      return "it is longer than 8KiB; put less into it";
    case TokenFault::kNotThreeParts:
      return "it is not three parts with two dots between them, as a signed token is";
    case TokenFault::kNotBase64Url:
      return "a part is not plain base64url: no padding, no + or /, no spaces, and no stray bits "
             "behind the last byte";
    case TokenFault::kHeaderNotJson:
      return "its header is no strict JSON object; a member that appears twice is refused, too";
    case TokenFault::kUnsigned:
      return "it is not signed (alg none), so anybody could have made it";
    case TokenFault::kUnknownAlgorithm:
      return "no configured key has its algorithm; the algorithm belongs to the key, and a token "
             "cannot choose another";
    case TokenFault::kDemandsExtension:
      return "its header demands what is not supported: crit, b64, zip or enc";
    case TokenFault::kBadKeyId:
      return "its kid is no text of 1 to 256 bytes";
    case TokenFault::kUnknownKey:
      return "no configured key has its kid";
    case TokenFault::kWrongType:
      return "its typ is not access.tokens.type";
    case TokenFault::kBadSignature:
      return "its signature is not that of a configured key: it was made with another key, or "
             "changed since";
    case TokenFault::kPayloadNotJson:
      return "its claims are no strict JSON object; a member that appears twice is refused, too";
    case TokenFault::kBadClaim:
      return "a claim is of the wrong kind: exp, nbf and iat are numbers of seconds since 1970, "
             "before the year 10000, sub and jti are texts, channels and publish are lists of "
             "texts";
    case TokenFault::kNoExpiry:
      return "it has no exp, which access.tokens.require_expiry asks for";
    case TokenFault::kExpired:
      return "it has expired (exp)";
    case TokenFault::kNotYet:
      return "it is not valid yet (nbf)";
    case TokenFault::kWrongIssuer:
      return "its iss is not access.tokens.issuer";
    case TokenFault::kWrongAudience:
      return "its aud does not have access.tokens.audience";
    case TokenFault::kLivesTooLong:
      return "it expires later than access.tokens.query.lifetime_max allows for a URL";
  }
  return "";
}

TokenReading read_token(std::string_view token, const std::vector<TokenKey>& keys,
                        const TokensConfig& rules, int64_t now_ms) {
  TokenReading reading;
  reading.fault = read(token, keys, rules, now_ms, reading.bearer);
  if (reading.fault != TokenFault::kNone) reading.bearer = {};
  return reading;
}

}  // namespace ringcast
