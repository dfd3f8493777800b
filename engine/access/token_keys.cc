#include "engine/access/token_keys.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "engine/access/base64url.h"
#include "engine/access/strict_json.h"
#include "engine/base/memory.h"
#include "engine/base/unique_fd.h"
#include "engine/config/quoted.h"

namespace ringcast {

namespace {

// A JWK set of kTokenKeysMax keys of the largest kind stays far below.
constexpr size_t kKeyFileBytesMax = 256 * kKiB;

// Some hundred keys, those for other purposes included.
constexpr size_t kJwksValuesMax = 4096;

constexpr std::array<std::pair<std::string_view, SignatureAlgorithm>, 4> kAlgorithms{
    {{"HS256", SignatureAlgorithm::kHs256},
     {"RS256", SignatureAlgorithm::kRs256},
     {"ES256", SignatureAlgorithm::kEs256},
     {"EdDSA", SignatureAlgorithm::kEdDsa}}};

Error about(const std::string& path, std::string_view what) {
  return Error{fmt::format("{} {}", excerpt(path), what)};
}

std::string_view remedy_for(int error) noexcept {
  switch (error) {
    case ENOENT:
      return "check the path; it is taken from the directory that ringcast is started in";
    case EACCES:
      return "let the user that runs ringcast read it";
    default:
      return "name a readable file";
  }
}

// --- JWK

// A member that holds bytes; nothing when it is missing or is no base64url.
std::optional<std::string> bytes_in(const JsonValue& jwk, std::string_view name) {
  const auto text = jwk.text_of(name);
  if (!text) return std::nullopt;
  return decode_base64url(*text);
}

// What the key is for, by its kind. Nothing: for something else.
std::optional<SignatureAlgorithm> algorithm_of(const JsonValue& jwk) noexcept {
  const auto kind = jwk.text_of("kty");
  const auto curve = jwk.text_of("crv");
  if (kind == "oct") return SignatureAlgorithm::kHs256;
  if (kind == "RSA") return SignatureAlgorithm::kRs256;
  if (kind == "EC" && curve == "P-256") return SignatureAlgorithm::kEs256;
  if (kind == "OKP" && curve == "Ed25519") return SignatureAlgorithm::kEdDsa;
  return std::nullopt;
}

bool lists_verify(const JsonValue& key_ops) noexcept {
  return std::ranges::any_of(key_ops.elements,
                             [](const JsonValue& one) { return one.text == "verify"; });
}

// The algorithm with which `jwk` verifies; nothing when it is there for another purpose.
std::optional<SignatureAlgorithm> purpose_of(const JsonValue& jwk) noexcept {
  if (jwk.find("use") != nullptr && jwk.text_of("use") != "sig") return std::nullopt;
  const JsonValue* const key_ops = jwk.find("key_ops");
  if (key_ops != nullptr && !lists_verify(*key_ops)) return std::nullopt;
  const auto algorithm = algorithm_of(jwk);
  if (!algorithm) return std::nullopt;
  if (jwk.find("alg") != nullptr && jwk.text_of("alg") != name_of(*algorithm)) return std::nullopt;
  return algorithm;
}

Result<VerifyKey> key_of(const JsonValue& jwk, SignatureAlgorithm algorithm) {
  const auto with = [&jwk](std::string_view first, std::string_view second,
                           Result<VerifyKey> (*make)(std::string_view, std::string_view)) {
    const auto a = bytes_in(jwk, first);
    const auto b = bytes_in(jwk, second);
    if (a && b) return make(*a, *b);
    return Result<VerifyKey>{
        Error{fmt::format("lacks {} or {} as unpadded base64url", first, second)}};
  };
  switch (algorithm) {
    case SignatureAlgorithm::kRs256:
      return with("n", "e", VerifyKey::from_rsa);
    case SignatureAlgorithm::kEs256:
      return with("x", "y", VerifyKey::from_p256);
    case SignatureAlgorithm::kEdDsa:
      if (const auto x = bytes_in(jwk, "x")) return VerifyKey::from_ed25519(*x);
      return Error{"lacks x as unpadded base64url"};
    case SignatureAlgorithm::kHs256:
      if (const auto k = bytes_in(jwk, "k")) return VerifyKey::from_secret(*k);
      break;
  }
  return Error{"lacks k as unpadded base64url"};
}

Result<> take_jwk(const JsonValue& jwk, std::vector<TokenKey>& keys) {
  if (!jwk.is(JsonValue::Kind::kObject)) return Error{"is no JSON object"};
  const auto algorithm = purpose_of(jwk);
  if (!algorithm) return {};
  if (jwk.find("d") != nullptr) {
    return Error{
        "has a member d, the private half, which only the issuer of the tokens should have; remove "
        "it here, and replace the key if others have seen this file"};
  }
  if (jwk.find("kid") != nullptr && !jwk.text_of("kid")) return Error{"has a kid that is no text"};
  Result<VerifyKey> key = key_of(jwk, *algorithm);
  if (!key) return key.error();
  keys.push_back({std::string(jwk.text_of("kid").value_or("")), std::move(*key)});
  return {};
}

}  // namespace

std::string_view name_of(SignatureAlgorithm algorithm) noexcept {
  return std::ranges::find(kAlgorithms, algorithm, [](const auto& one) { return one.second; })
      ->first;
}

std::optional<SignatureAlgorithm> signature_algorithm(std::string_view name) noexcept {
  const auto* const found =
      std::ranges::find(kAlgorithms, name, [](const auto& one) { return one.first; });
  if (found == kAlgorithms.end()) return std::nullopt;
  return found->second;
}

std::string_view without_line_end(std::string_view text) noexcept {
  if (text.ends_with('\n')) text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
  return text;
}

Result<std::string> read_key_file(const std::string& path) {
  const auto failed = [&path](int error) {
    // It may be a key in the wrong place, which is not for logs.
    const bool may_be_key = !path.starts_with('/') && (error == ENOENT || error == ENAMETOOLONG);
    if (may_be_key) {
      return Error{
          "leads to no file; name the file that holds the key, and not the key itself; a path is "
          "taken from the directory that ringcast is started in"};
    }
    return about(path,
                 fmt::format("cannot be read: {}; {}", std::strerror(error), remedy_for(error)));
  };
  // A pipe would keep whoever opens it waiting for somebody to write into it.
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
  if (!file) return failed(errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return failed(errno);
  if (!S_ISREG(status.st_mode)) return about(path, "is no file with a key; name one");

  std::string text(kKeyFileBytesMax + 1, '\0');
  size_t text_bytes = 0;
  while (text_bytes < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + text_bytes, text.size() - text_bytes);
    if (got < 0) return failed(errno);
    if (got == 0) break;
    text_bytes += static_cast<size_t>(got);
  }
  text.resize(text_bytes);
  if (text.size() > kKeyFileBytesMax) {
    return about(path, "is larger than any key; name the file that holds the key");
  }
  return text;
}

bool is_open_to_others(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

Result<TokenKey> load_token_key(const TokenKeyConfig& config) {
  Result<std::string> text = read_key_file(config.file);
  if (!text) return text.error();
  Result<VerifyKey> key = config.algorithm == SignatureAlgorithm::kHs256
                              ? VerifyKey::from_secret(without_line_end(*text))
                              : VerifyKey::from_pem(*text, config.algorithm);
  if (!key) return about(config.file, key.error().message);
  return TokenKey{config.id, std::move(*key)};
}

Result<std::vector<TokenKey>> load_jwks(const std::string& path) {
  Result<std::string> text = read_key_file(path);
  if (!text) return text.error();
  const auto set = parse_strict_json(*text, kJwksValuesMax);
  const JsonValue* const list = set ? set->find("keys") : nullptr;
  if (list == nullptr || !list->is(JsonValue::Kind::kArray)) {
    return about(path, "is no JWK set; it looks like {\"keys\": [...]}, in strict JSON");
  }
  std::vector<TokenKey> keys;
  for (size_t i = 0; i < list->elements.size(); ++i) {
    if (Result<> taken = take_jwk(list->elements[i], keys); !taken) {
      return about(
          path, fmt::format("has a problem in its key {}, which {}", i + 1, taken.error().message));
    }
  }
  if (keys.empty()) {
    return about(path, "has no key for HS256, RS256, ES256 or EdDSA signatures; add one");
  }
  return keys;
}

Result<std::vector<TokenKey>> load_token_keys(const TokensConfig& config) {
  std::vector<TokenKey> keys;
  for (const TokenKeyConfig& one : config.keys) {
    Result<TokenKey> key = load_token_key(one);
    if (!key) return key.error();
    keys.push_back(std::move(*key));
  }
  if (!config.jwks.empty()) {
    Result<std::vector<TokenKey>> set = load_jwks(config.jwks);
    if (!set) return set.error();
    std::ranges::move(*set, std::back_inserter(keys));
  }
  if (keys.size() > kTokenKeysMax) {
    return Error{fmt::format("{} keys for tokens are too many; keep the {} that are in use",
                             keys.size(), kTokenKeysMax)};
  }
  return keys;
}

}  // namespace ringcast
