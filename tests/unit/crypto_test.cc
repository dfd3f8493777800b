// Keys and signatures: each algorithm with what it signs itself, with what others signed, and with signatures that are none.
#include "engine/access/crypto.h"

#include <gtest/gtest.h>

#include "engine/access/base64url.h"
#include "engine/access/mint.h"
#include "tests/support/test_key_pairs.h"

namespace ringcast {
namespace {

constexpr std::string_view kText = "what was signed";

struct Pair {
  SignatureAlgorithm algorithm;
  std::string_view private_pem;
  std::string_view public_pem;
  size_t signature_bytes;
};
constexpr Pair kPairs[] = {
    {SignatureAlgorithm::kRs256, kRsaPrivatePem, kRsaPublicPem, 256},
    {SignatureAlgorithm::kEs256, kP256PrivatePem, kP256PublicPem, 64},
    {SignatureAlgorithm::kEdDsa, kEd25519PrivatePem, kEd25519PublicPem, 64},
};

TEST(Crypto, EachAlgorithmTakesItsOwnSignatureAndNoOther) {
  for (const Pair& pair : kPairs) {
    SCOPED_TRACE(static_cast<int>(pair.algorithm));
    const VerifyKey key = VerifyKey::from_pem(pair.public_pem, pair.algorithm).value();
    const std::string good =
        SigningKey::from_private_pem(pair.private_pem, pair.algorithm).value().sign(kText);
    ASSERT_EQ(good.size(), pair.signature_bytes);
    EXPECT_TRUE(key.verify(kText, good));
    EXPECT_FALSE(key.verify("what was not", good));
    EXPECT_FALSE(key.verify("", good));
    for (size_t i = 0; i < good.size(); ++i) {
      std::string changed = good;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      EXPECT_FALSE(key.verify(kText, changed)) << i;
    }
    for (const std::string& none :
         {std::string(), good.substr(1), good + '\0', '\0' + good, std::string(good.size(), '\0'),
          std::string(good.size(), '\xff'), std::string(1 << 16, 'a')}) {
      EXPECT_FALSE(key.verify(kText, none)) << none.size();
    }
  }
}

// RFC 7518, section 3.4: r and s lie in [1, n-1], and nothing but 32 bytes each will do, DER least of all.
TEST(Crypto, EcdsaNumbersOutOfRangeAreRefused) {
  const VerifyKey key = VerifyKey::from_pem(kP256PublicPem, SignatureAlgorithm::kEs256).value();
  const std::string zero(32, '\0');
  const std::string one = std::string(31, '\0') + '\x01';
  const std::string n = *decode_base64url("_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE");
  for (const std::string& r : {zero, one, n}) {
    for (const std::string& s : {zero, one, n}) EXPECT_FALSE(key.verify(kText, r + s));
  }
  // s + n is the same number to whoever does not look.
  EXPECT_FALSE(key.verify(kText, std::string("\x30\x06\x02\x01\x01\x02\x01\x01", 8)));
}

TEST(Crypto, ASecretMustBeLongEnough) {
  EXPECT_FALSE(VerifyKey::from_secret("").has_value());
  EXPECT_FALSE(VerifyKey::from_secret("8 bytes.").has_value());
  EXPECT_FALSE(VerifyKey::from_secret(std::string(31, 's')).has_value());
  EXPECT_TRUE(VerifyKey::from_secret(std::string(32, 's')).has_value());
  EXPECT_EQ(VerifyKey::from_secret("MARKERSECRET").error().message.find("MARKER"),
            std::string::npos);
}

TEST(Crypto, AKeyIsForTheAlgorithmItIsConfiguredFor) {
  for (const Pair& wanted : kPairs) {
    for (const Pair& given : kPairs) {
      EXPECT_EQ(VerifyKey::from_pem(given.public_pem, wanted.algorithm).has_value(),
                given.algorithm == wanted.algorithm);
      EXPECT_EQ(SigningKey::from_private_pem(given.private_pem, wanted.algorithm).has_value(),
                given.algorithm == wanted.algorithm);
    }
    EXPECT_FALSE(VerifyKey::from_pem(wanted.private_pem, wanted.algorithm).has_value());
    EXPECT_FALSE(VerifyKey::from_pem("", wanted.algorithm).has_value());
    EXPECT_FALSE(
        VerifyKey::from_pem(wanted.public_pem.substr(0, 80), wanted.algorithm).has_value());
  }
  EXPECT_FALSE(VerifyKey::from_pem(kP384PublicPem, SignatureAlgorithm::kEs256).has_value());
  const auto weak = VerifyKey::from_pem(kRsa1024PublicPem, SignatureAlgorithm::kRs256);
  ASSERT_FALSE(weak.has_value());
  EXPECT_NE(weak.error().message.find("1024 bits; take one of 2048"), std::string::npos);
}

TEST(Crypto, NumbersThatAreNoKeyAreRefused) {
  EXPECT_FALSE(VerifyKey::from_p256(std::string(32, '\0'), std::string(32, '\0')).has_value());
  EXPECT_FALSE(VerifyKey::from_p256(std::string(32, '\1'), std::string(32, '\2')).has_value());
  EXPECT_FALSE(VerifyKey::from_p256(std::string(31, '\1'), std::string(33, '\2')).has_value());
  EXPECT_FALSE(VerifyKey::from_p256("", "").has_value());
  EXPECT_FALSE(VerifyKey::from_ed25519("").has_value());
  EXPECT_FALSE(VerifyKey::from_ed25519(std::string(33, '\1')).has_value());
  EXPECT_FALSE(VerifyKey::from_rsa("", "").has_value());
  EXPECT_FALSE(VerifyKey::from_rsa(std::string(256, '\xff'), "").has_value());
  EXPECT_FALSE(VerifyKey::from_rsa(std::string(256, '\0'), "\x01\x00\x01").has_value());
  EXPECT_FALSE(VerifyKey::from_rsa(std::string(100'000, '\xff'), "\x03").has_value());
}

TEST(Crypto, DigestsAreThoseOfTheStandard) {
  EXPECT_EQ(to_hex(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_TRUE(is_same_digest(sha256("abc"), sha256("abc")));
  EXPECT_FALSE(is_same_digest(sha256("abc"), sha256("abd")));
}

TEST(Crypto, NewKeysDiffer) {
  const std::string one = new_api_key();
  EXPECT_EQ(one.size(), 4U + 43U);
  EXPECT_NE(one, new_api_key());
}

}  // namespace
}  // namespace ringcast
