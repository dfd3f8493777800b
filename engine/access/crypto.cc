#include "engine/access/crypto.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include "engine/base/check.h"

namespace ringcast {

namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Bignum = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>>;

constexpr size_t kP256Bytes = 32;
constexpr size_t kEd25519KeyBytes = 32;
constexpr size_t kEd25519SignatureBytes = 64;

EVP_PKEY* raw(const OpaqueKey& key) noexcept {
  return static_cast<EVP_PKEY*>(key.get());
}

const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Nothing of the machine's OpenSSL configuration has a say in what is accepted here.
void start_openssl() noexcept {
  static const int started = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  RC_CHECK(started == 1);
}

// EdDSA takes its text undigested.
const EVP_MD* digest_of(SignatureAlgorithm algorithm) noexcept {
  return algorithm == SignatureAlgorithm::kEdDsa ? nullptr : EVP_sha256();
}

std::string hmac_sha256(std::string_view secret, std::string_view text) {
  std::string mac(std::tuple_size_v<Sha256Digest>, '\0');
  unsigned int mac_bytes = 0;
  const auto* const written =
      HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes_of(text),
           text.size(), reinterpret_cast<unsigned char*>(mac.data()), &mac_bytes);
  RC_CHECK(written != nullptr && mac_bytes == mac.size());
  return mac;
}

Result<> check_secret(std::string_view secret) {
  if (secret.size() >= kSecretBytesMin) return {};
  return Error{
      fmt::format("has {} bytes, and HS256 needs {} or more; make one with: "
                  "openssl rand -hex 32",
                  secret.size(), kSecretBytesMin)};
}

// What `algorithm` asks of a key, in words.
std::string_view wanted_by(SignatureAlgorithm algorithm) noexcept {
  switch (algorithm) {
    case SignatureAlgorithm::kRs256:
      return "RS256 needs an RSA key";
    case SignatureAlgorithm::kEs256:
      return "ES256 needs an EC key on the curve P-256";
    case SignatureAlgorithm::kEdDsa:
      return "EdDSA needs an Ed25519 key";
    case SignatureAlgorithm::kHs256:
      break;
  }
  return "HS256 needs a secret";
}

bool is_on_p256(EVP_PKEY* key) noexcept {
  char group[32];
  size_t group_bytes = 0;
  return EVP_PKEY_get_group_name(key, group, sizeof group, &group_bytes) == 1 &&
         OBJ_txt2nid(group) == NID_X9_62_prime256v1;
}

bool fits(EVP_PKEY* key, SignatureAlgorithm algorithm) noexcept {
  const int kind = EVP_PKEY_get_base_id(key);
  switch (algorithm) {
    case SignatureAlgorithm::kRs256:
      return kind == EVP_PKEY_RSA;
    case SignatureAlgorithm::kEs256:
      return kind == EVP_PKEY_EC && is_on_p256(key);
    case SignatureAlgorithm::kEdDsa:
      return kind == EVP_PKEY_ED25519;
    case SignatureAlgorithm::kHs256:
      break;
  }
  return false;
}

Result<> check_key(EVP_PKEY* key, SignatureAlgorithm algorithm) {
  if (!fits(key, algorithm)) {
    return Error{fmt::format("holds another kind of key; {}", wanted_by(algorithm))};
  }
  if (algorithm != SignatureAlgorithm::kRs256) return {};
  const int bits = EVP_PKEY_get_bits(key);
  if (bits >= kRsaBitsMin && bits <= kRsaBitsMax) return {};
  return Error{fmt::format("is an RSA key of {} bits; take one of {} to {}", bits, kRsaBitsMin,
                           kRsaBitsMax)};
}

// A public key of `type` from numbered parts; null where OpenSSL finds them impossible.
OpaqueKey make_key(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params{OSSL_PARAM_BLD_to_param(builder)};
  const KeyContext context{EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr)};
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return OpaqueKey{key};
}

Bignum number(std::string_view big_end_first) {
  return Bignum{
      BN_bin2bn(bytes_of(big_end_first), static_cast<int>(big_end_first.size()), nullptr)};
}

// JWS writes an ECDSA signature as r and s side by side; OpenSSL wants them as DER, and refuses those out of range.
std::string to_der(std::string_view r_and_s) {
  const EcdsaSignature signature{ECDSA_SIG_new()};
  Bignum r = number(r_and_s.substr(0, kP256Bytes));
  Bignum s = number(r_and_s.substr(kP256Bytes));
  RC_CHECK(ECDSA_SIG_set0(signature.get(), r.release(), s.release()) == 1);
  std::string der(static_cast<size_t>(i2d_ECDSA_SIG(signature.get(), nullptr)), '\0');
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_ECDSA_SIG(signature.get(), &out);
  return der;
}

std::string from_der(std::string_view der) {
  const unsigned char* in = bytes_of(der);
  const EcdsaSignature signature{d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size()))};
  RC_CHECK(signature != nullptr);
  std::string r_and_s(2 * kP256Bytes, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(r_and_s.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, kP256Bytes);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + kP256Bytes, kP256Bytes);
  return r_and_s;
}

// Nobody is asked for the password of an encrypted key.
int no_password(char*, int, int, void*) {
  return -1;
}

}  // namespace

void PublicKeyDeleter::operator()(void* key) const noexcept {
  EVP_PKEY_free(static_cast<EVP_PKEY*>(key));
}

// --- Keys that verify

Result<VerifyKey> VerifyKey::from_secret(std::string_view secret) {
  start_openssl();
  if (Result<> checked = check_secret(secret); !checked) return checked.error();
  return VerifyKey{SignatureAlgorithm::kHs256, std::string(secret), nullptr};
}

Result<VerifyKey> VerifyKey::checked(SignatureAlgorithm algorithm, OpaqueKey key) {
  if (Result<> checked = check_key(raw(key), algorithm); !checked) return checked.error();
  const KeyContext context{EVP_PKEY_CTX_new_from_pkey(nullptr, raw(key), nullptr)};
  const bool is_sound = EVP_PKEY_public_check(context.get()) == 1;
  ERR_clear_error();
  if (!is_sound) return Error{"holds numbers that are no valid key; export it again"};
  return VerifyKey{algorithm, {}, std::move(key)};
}

Result<VerifyKey> VerifyKey::from_pem(std::string_view pem, SignatureAlgorithm algorithm) {
  start_openssl();
  if (pem.find("PRIVATE KEY-----") != pem.npos) {
    return Error{
        "is a private key, which only the issuer of the tokens should have; give its public half, "
        "written by: openssl pkey -in PRIVATE.pem -pubout"};
  }
  const Bio bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  OpaqueKey key{PEM_read_bio_PUBKEY(bio.get(), nullptr, no_password, nullptr)};
  ERR_clear_error();
  if (key == nullptr) {
    return Error{fmt::format("is no PEM file with a public key (-----BEGIN PUBLIC KEY-----); {}",
                             wanted_by(algorithm))};
  }
  return checked(algorithm, std::move(key));
}

Result<VerifyKey> VerifyKey::from_rsa(std::string_view n, std::string_view e) {
  start_openssl();
  const Bignum modulus = number(n);
  const Bignum exponent = number(e);
  const ParamBuilder builder{OSSL_PARAM_BLD_new()};
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  OpaqueKey key = make_key("RSA", builder.get());
  if (key == nullptr) return Error{"holds numbers that are no RSA key; export it again"};
  return checked(SignatureAlgorithm::kRs256, std::move(key));
}

Result<VerifyKey> VerifyKey::from_p256(std::string_view x, std::string_view y) {
  start_openssl();
  if (x.size() != kP256Bytes || y.size() != kP256Bytes) {
    return Error{"has coordinates of another length than the 32 bytes of P-256"};
  }
  const std::string point = "\x04" + std::string(x) + std::string(y);
  const ParamBuilder builder{OSSL_PARAM_BLD_new()};
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  OpaqueKey key = make_key("EC", builder.get());
  if (key == nullptr) return Error{"holds a point that is not on P-256; export it again"};
  return checked(SignatureAlgorithm::kEs256, std::move(key));
}

Result<VerifyKey> VerifyKey::from_ed25519(std::string_view x) {
  start_openssl();
  if (x.size() != kEd25519KeyBytes) return Error{"is not the 32 bytes of an Ed25519 key"};
  OpaqueKey key{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(x), x.size())};
  RC_CHECK(key != nullptr);
  return checked(SignatureAlgorithm::kEdDsa, std::move(key));
}

bool VerifyKey::verify(std::string_view text, std::string_view signature) const {
  switch (algorithm_) {
    case SignatureAlgorithm::kHs256: {
      const std::string mac = hmac_sha256(secret_, text);
      return signature.size() == mac.size() &&
             CRYPTO_memcmp(signature.data(), mac.data(), mac.size()) == 0;
    }
    case SignatureAlgorithm::kRs256:
      return signature.size() == static_cast<size_t>(EVP_PKEY_get_size(raw(key_))) &&
             verify_with_key(text, signature);
    case SignatureAlgorithm::kEs256:
      return signature.size() == 2 * kP256Bytes && verify_with_key(text, to_der(signature));
    case SignatureAlgorithm::kEdDsa:
      return signature.size() == kEd25519SignatureBytes && verify_with_key(text, signature);
  }
  return false;
}

bool VerifyKey::verify_with_key(std::string_view text, std::string_view signature) const {
  const DigestContext context{EVP_MD_CTX_new()};
  const bool is_good = EVP_DigestVerifyInit(context.get(), nullptr, digest_of(algorithm_), nullptr,
                                            raw(key_)) == 1 &&
                       EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                                        bytes_of(text), text.size()) == 1;
  ERR_clear_error();  // refused signatures must not pile up in this thread's queue of errors
  return is_good;
}

// --- Keys that sign

Result<SigningKey> SigningKey::from_secret(std::string_view secret) {
  start_openssl();
  if (Result<> checked = check_secret(secret); !checked) return checked.error();
  return SigningKey{SignatureAlgorithm::kHs256, std::string(secret), nullptr};
}

Result<SigningKey> SigningKey::from_private_pem(std::string_view pem,
                                                SignatureAlgorithm algorithm) {
  start_openssl();
  const Bio bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  OpaqueKey key{PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr)};
  ERR_clear_error();
  if (key == nullptr) {
    return Error{
        "is no PEM file with a private key without a password, which signing needs; make one with: "
        "openssl genpkey -algorithm ed25519"};
  }
  if (Result<> checked = check_key(raw(key), algorithm); !checked) return checked.error();
  return SigningKey{algorithm, {}, std::move(key)};
}

std::string SigningKey::sign(std::string_view text) const {
  if (algorithm_ == SignatureAlgorithm::kHs256) return hmac_sha256(secret_, text);
  const DigestContext context{EVP_MD_CTX_new()};
  size_t bytes = 0;
  RC_CHECK(EVP_DigestSignInit(context.get(), nullptr, digest_of(algorithm_), nullptr, raw(key_)) ==
           1);
  RC_CHECK(EVP_DigestSign(context.get(), nullptr, &bytes, bytes_of(text), text.size()) == 1);
  std::string signature(bytes, '\0');
  RC_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &bytes,
                          bytes_of(text), text.size()) == 1);
  signature.resize(bytes);
  return algorithm_ == SignatureAlgorithm::kEs256 ? from_der(signature) : signature;
}

// --- Digests

Sha256Digest sha256(std::string_view bytes) noexcept {
  start_openssl();
  Sha256Digest digest;
  unsigned int digest_bytes = 0;
  RC_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &digest_bytes, EVP_sha256(),
                      nullptr) == 1);
  RC_CHECK(digest_bytes == digest.size());
  return digest;
}

bool is_same_digest(const Sha256Digest& one, const Sha256Digest& other) noexcept {
  return CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

std::string random_secret(size_t bytes) {
  start_openssl();
  std::string secret(bytes, '\0');
  RC_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(secret.data()), static_cast<int>(bytes)) ==
           1);
  return secret;
}

}  // namespace ringcast
