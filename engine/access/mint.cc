#include "engine/access/mint.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engine/access/base64url.h"
#include "engine/access/strict_json.h"
#include "engine/access/token_keys.h"
#include "engine/config/quoted.h"

namespace ringcast {

namespace {

// Collects members into one JSON object.
class ObjectText {
 public:
  void add(std::string_view name, std::string_view json) {
    members_.push_back(fmt::format("{}:{}", json_string(name), json));
  }
  void add_text(std::string_view name, std::string_view text) {
    if (!text.empty()) add(name, json_string(text));
  }
  void add_list(std::string_view name, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    std::vector<std::string> quoted_texts;
    for (const std::string& text : texts) quoted_texts.push_back(json_string(text));
    add(name, fmt::format("[{}]", fmt::join(quoted_texts, ",")));
  }
  [[nodiscard]] std::string text() const { return fmt::format("{{{}}}", fmt::join(members_, ",")); }

 private:
  std::vector<std::string> members_;
};

}  // namespace

std::string mint_token(const SigningKey& key, const TokenClaims& claims, std::string_view key_id,
                       std::string_view type) {
  ObjectText header;
  header.add_text("alg", name_of(key.algorithm()));
  header.add_text("typ", type);
  header.add_text("kid", key_id);
  ObjectText payload;
  payload.add_text("sub", claims.subject);
  payload.add_text("jti", claims.id);
  if (claims.expires_s) payload.add("exp", fmt::format("{}", *claims.expires_s));
  payload.add_text("iss", claims.issuer);
  payload.add_text("aud", claims.audience);
  payload.add_list("channels", claims.channels);
  payload.add_list("publish", claims.publish);
  const std::string signed_text =
      encode_base64url(header.text()) + "." + encode_base64url(payload.text());
  return signed_text + "." + encode_base64url(key.sign(signed_text));
}

Result<SigningKey> load_signing_key(const std::string& file, SignatureAlgorithm algorithm) {
  Result<std::string> text = read_key_file(file);
  if (!text) return text.error();
  Result<SigningKey> key = algorithm == SignatureAlgorithm::kHs256
                               ? SigningKey::from_secret(without_line_end(*text))
                               : SigningKey::from_private_pem(*text, algorithm);
  if (!key) return Error{fmt::format("{} {}", excerpt(file), key.error().message)};
  return key;
}

std::string new_api_key() {
  return "rck_" + encode_base64url(random_secret(32));
}

std::string to_hex(const Sha256Digest& digest) {
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

}  // namespace ringcast
