// The signatures and digests that access rests on, and the one door to OpenSSL's libcrypto.
//
// A key is made for one algorithm and can do nothing else, whatever a token says of itself. Keys too weak to be worth
// checking are refused when they are made.
//
// Threads: keys are immutable once made, and verify() may be called from any thread at once. Memory: verify() frees what it
// needs before it returns. Failure: an Error never repeats what the key is made of.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/config/access_config.h"

namespace ringcast {

inline constexpr size_t kSecretBytesMin = 32;  // RFC 7518, section 3.2: as long as the digest
inline constexpr int kRsaBitsMin = 2048;       // RFC 7518, section 3.3
// Each check costs four times as much as with half the bits, and a stranger's token without a kid is checked with every
// RSA key there is (kTokenKeysMax): some 100 us each with this.
inline constexpr int kRsaBitsMax = 4096;

// OpenSSL's EVP_PKEY, which nobody else needs to know.
struct PublicKeyDeleter {
  void operator()(void* key) const noexcept;
};
using OpaqueKey = std::unique_ptr<void, PublicKeyDeleter>;

// What can tell whether a signature is good.
class VerifyKey {
 public:
  // HS256. Requires nothing of the secret's bytes but their number.
  [[nodiscard]] static Result<VerifyKey> from_secret(std::string_view secret);
  // A PEM text with one public key, which must be one for `algorithm`.
  [[nodiscard]] static Result<VerifyKey> from_pem(std::string_view pem,
                                                  SignatureAlgorithm algorithm);
  // The numbers of a JWK, big end first (RFC 7518, section 6; RFC 8037).
  [[nodiscard]] static Result<VerifyKey> from_rsa(std::string_view n, std::string_view e);
  [[nodiscard]] static Result<VerifyKey> from_p256(std::string_view x, std::string_view y);
  [[nodiscard]] static Result<VerifyKey> from_ed25519(std::string_view x);

  [[nodiscard]] SignatureAlgorithm algorithm() const noexcept { return algorithm_; }

  // Whether `signature` is this key's for `text`. A signature of the wrong length never is; what is compared here is
  // compared in constant time.
  [[nodiscard]] bool verify(std::string_view text, std::string_view signature) const;

 private:
  VerifyKey(SignatureAlgorithm algorithm, std::string secret, OpaqueKey key)
      : algorithm_(algorithm), secret_(std::move(secret)), key_(std::move(key)) {}
  [[nodiscard]] static Result<VerifyKey> checked(SignatureAlgorithm algorithm, OpaqueKey key);
  [[nodiscard]] bool verify_with_key(std::string_view text, std::string_view signature) const;

  SignatureAlgorithm algorithm_;
  std::string secret_;  // HS256
  OpaqueKey key_;       // the others
};

// What can make signatures: for `ringcast token mint`, never for serving.
class SigningKey {
 public:
  [[nodiscard]] static Result<SigningKey> from_secret(std::string_view secret);
  [[nodiscard]] static Result<SigningKey> from_private_pem(std::string_view pem,
                                                           SignatureAlgorithm algorithm);

  [[nodiscard]] SignatureAlgorithm algorithm() const noexcept { return algorithm_; }
  [[nodiscard]] std::string sign(std::string_view text) const;

 private:
  SigningKey(SignatureAlgorithm algorithm, std::string secret, OpaqueKey key)
      : algorithm_(algorithm), secret_(std::move(secret)), key_(std::move(key)) {}

  SignatureAlgorithm algorithm_;
  std::string secret_;
  OpaqueKey key_;
};

[[nodiscard]] Sha256Digest sha256(std::string_view bytes) noexcept;

// In a time that does not depend on where they differ.
[[nodiscard]] bool is_same_digest(const Sha256Digest& one, const Sha256Digest& other) noexcept;

// Unpredictable bytes, for a new key.
[[nodiscard]] std::string random_secret(size_t bytes);

}  // namespace ringcast
