// Tokens: what is accepted, and every way in which one is refused. The tokens of the first tests are fixed texts, made
// elsewhere; see tests/npm for a second implementation's.
#include "engine/access/token.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/access/strict_json.h"
#include "tests/support/token_maker.h"

namespace ringcast {
namespace {

using namespace std::string_literals;

constexpr int64_t kNow = 1'764'000'000'000;  // 2025-11-24

TokenFault fault_of(std::string_view token, const TokensConfig& rules = {}, int64_t now_ms = kNow) {
  return read_token(token, test_keys(), rules, now_ms).fault;
}

TokenFault fault_of_claims(std::string_view claims, const TokensConfig& rules = {},
                           int64_t now_ms = kNow) {
  return fault_of(hs256_token(claims), rules, now_ms);
}

TokenFault fault_of_header(std::string_view header, const TokensConfig& rules = {}) {
  return fault_of(hs256_token(header, kGoodClaims), rules);
}

// --- Fixed texts

const std::string kHead = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.";
const std::string kClaims = "eyJzdWIiOiJ1MSIsImV4cCI6NDEwMjQ0NDgwMCwiY2hhbm5lbHMiOlsiYSJdfQ.";
const std::string kSignature = "xDrQAkM_VCyZbWPgNFB_Izs_P2-SYiIGU3xk1TExdPQ";
const std::string kGood = kHead + kClaims + kSignature;

TEST(Token, AGoodOneSaysWhoItSpeaksFor) {
  const TokenReading reading = read_token(kGood, test_keys(), {}, kNow);
  EXPECT_EQ(reading.fault, TokenFault::kNone);
  EXPECT_EQ(reading.bearer.kind, Bearer::Kind::kToken);
  EXPECT_EQ(reading.bearer.subject, "u1");
  EXPECT_EQ(reading.bearer.expires_ms, 4'102'444'800'000);
  ASSERT_EQ(reading.bearer.reads.size(), 1U);
  EXPECT_EQ(reading.bearer.reads[0].text(), "a");
  EXPECT_TRUE(reading.bearer.publishes.empty());
  EXPECT_FALSE(reading.bearer.is_admin);
  EXPECT_EQ(hs256_token(kGoodClaims), kGood);
}

TEST(Token, FixedTextsThatAreRefused) {
  const struct {
    const char* what;
    std::string token;
    TokenFault fault;
  } kTokens[] = {
      {"alg none", "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + kClaims, TokenFault::kUnsigned},
      {"alg nOnE", "eyJhbGciOiJuT25FIiwidHlwIjoiSldUIn0." + kClaims, TokenFault::kUnsigned},
      {"signed with an empty key", kHead + kClaims + "gwOGp1A-sIYkiubGef9iiP1xV5-TS62INGzS9Fh8NGE",
       TokenFault::kBadSignature},
      {"expired",
       kHead + "eyJzdWIiOiJ1MSIsImV4cCI6MTMwMDgxOTM4MH0."
               "kaRF8a-DjH78CC4RJnlhxTlxqH8WtOX046Y2CJ8LPlQ",
       TokenFault::kExpired},
      {"exp is a text",
       kHead + "eyJzdWIiOiJ1MSIsImV4cCI6IjQxMDI0NDQ4MDAifQ."
               "xNEddB03_kEzJxysRG4PQD1wCjKQZrn-juG5Z3ByclA",
       TokenFault::kBadClaim},
      {"not yet",
       kHead + "eyJzdWIiOiJ1MSIsImV4cCI6NDEwMjQ0NDgwMCwibmJmIjo0MTAyNDQ0MDAwfQ."
               "AJac96mW5M6tVKdBcOQgC77U83GBtY-MUwY3x2IdhOM",
       TokenFault::kNotYet},
  };
  for (const auto& [what, token, fault] : kTokens) EXPECT_EQ(fault_of(token), fault) << what;
}

// RFC 7515, A.1: a token and a key that everybody has. It expired in 2011.
TEST(Token, TheExampleOfTheStandard) {
  const auto secret = decode_base64url(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  ASSERT_TRUE(secret.has_value());
  std::vector<TokenKey> keys;
  keys.push_back({"", VerifyKey::from_secret(*secret).value()});
  const std::string token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVl"
      "fQ."
      "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  EXPECT_EQ(read_token(token, keys, {}, kNow).fault, TokenFault::kExpired);
  EXPECT_EQ(read_token(token, keys, {}, 1'300'819'379'999).fault, TokenFault::kNone);
  EXPECT_EQ(read_token(token, keys, {}, 1'300'819'380'000).fault, TokenFault::kExpired);
}

// --- Its form

TEST(Token, EverySingleChangedByteIsRefused) {
  for (size_t i = 0; i < kGood.size(); ++i) {
    for (const char c : {'A', 'B', '.', '=', '+', '/', ' ', '\n', '\0', '\x80'}) {
      if (kGood[i] == c) continue;
      std::string token = kGood;
      token[i] = c;
      EXPECT_NE(fault_of(token), TokenFault::kNone) << i << ' ' << int{c};
    }
  }
  for (size_t i = 0; i < kGood.size(); ++i) {
    EXPECT_NE(fault_of(kGood.substr(0, i)), TokenFault::kNone) << i;
  }
}

// The last letter of 32 bytes carries two bits that mean nothing: 43 letters, 258 bits.
TEST(Token, ASignatureIsWrittenInOneWayOnly) {
  for (const char last : {'R', 'S', 'T'}) {
    std::string token = kGood;
    token.back() = last;
    EXPECT_EQ(fault_of(token), TokenFault::kNotBase64Url) << last;
  }
  for (const char* const end : {"=", "==", " ", "\n", "A", "AA"}) {
    EXPECT_NE(fault_of(kGood + end), TokenFault::kNone) << end;
  }
}

TEST(Token, OtherThanThreePartsAreRefused) {
  for (const std::string& token :
       {""s, "."s, "abc"s, kHead + kClaims.substr(0, kClaims.size() - 1), kGood + ".", "." + kGood,
        kGood + ".." + kSignature, kGood + "." + kSignature + "." + kSignature}) {
    EXPECT_EQ(fault_of(token), TokenFault::kNotThreeParts) << token;
  }
  EXPECT_EQ(fault_of(".."), TokenFault::kHeaderNotJson);
  EXPECT_EQ(fault_of(std::string(1 << 20, 'a')), TokenFault::kTooLong);
  EXPECT_EQ(fault_of(std::string(kTokenBytesMax, '.')), TokenFault::kNotThreeParts);
}

TEST(Token, TheHeaderIsStrictJson) {
  for (const std::string& header : {
           ""s,
           "null"s,
           "[]"s,
           "\"HS256\""s,
           R"({"alg":"HS256")"s,
           R"({"alg":"HS256"}})"s,
           R"({"alg":"HS256"} x)"s,
           R"({"alg":"HS256",})"s,
           R"({'alg':'HS256'})"s,
           R"({"alg":"HS256","alg":"HS256"})"s,
           R"({"alg":"HS256","\u0061lg":"none"})"s,
           R"({"alg":"HS256"} // x)"s,
           "\xef\xbb\xbf{\"alg\":\"HS256\"}"s,
           R"({"alg":"HS256"})"s + '\0',
           R"({"alg":"HS256"})"s + "\0x"s,
           "{\"alg\":\"HS256\",\"x\":\"\xff\"}"s,
           R"({"alg":"HS256","x":"\ud800"})"s,
           R"({"alg":"HS256","x":NaN})"s,
           R"({"alg":"HS256","x":01})"s,
           R"({"alg":"HS256","x":)"s + std::string(20, '[') + std::string(20, ']') + "}",
       }) {
    EXPECT_EQ(fault_of_header(header), TokenFault::kHeaderNotJson) << header;
  }
  EXPECT_EQ(fault_of_header(" {\"alg\" : \"HS256\" } "), TokenFault::kNone);
}

TEST(Token, TheAlgorithmBelongsToTheKey) {
  for (const char* const alg : {"none", "None", "NONE", "nOnE"}) {
    EXPECT_EQ(fault_of_header(R"({"alg":")"s + alg + "\"}"), TokenFault::kUnsigned) << alg;
  }
  for (const char* const alg : {"RS256", "ES256", "EdDSA", "HS384", "HS512", "PS256", "hs256",
                                "HS256 ", "", "none ", "dir", "A128KW", "ES256K", "Ed25519"}) {
    EXPECT_EQ(fault_of_header(R"({"alg":")"s + alg + "\"}"), TokenFault::kUnknownAlgorithm) << alg;
  }
  for (const char* const header :
       {"{}", R"({"alg":null})", R"({"alg":256})", R"({"alg":["HS256"]})", R"({"typ":"JWT"})"}) {
    EXPECT_EQ(fault_of_header(header), TokenFault::kUnknownAlgorithm) << header;
  }
}

TEST(Token, ExtensionsOfTheHeaderAreRefused) {
  for (const char* const extension :
       {R"("crit":["exp"])", R"("crit":[])", R"("crit":["b64"],"b64":false)", R"("b64":false)",
        R"("b64":true)", R"("zip":"DEF")", R"("enc":"A256GCM")"}) {
    EXPECT_EQ(fault_of_header(R"({"alg":"HS256",)"s + extension + "}"),
              TokenFault::kDemandsExtension)
        << extension;
  }
  const std::string five_parts = kHead + kClaims + kSignature + "." + kSignature + "." + kSignature;
  EXPECT_EQ(fault_of(five_parts), TokenFault::kNotThreeParts);
}

TEST(Token, AKeyIdIsOnlyCompared) {
  const auto with_kid = [](const std::string& json) {
    return fault_of_header(R"({"alg":"HS256","kid":)" + json + "}");
  };
  EXPECT_EQ(with_kid("\"main\""), TokenFault::kNone);
  EXPECT_EQ(with_kid("\"Main\""), TokenFault::kUnknownKey);
  EXPECT_EQ(with_kid("\"../../../dev/null\""), TokenFault::kUnknownKey);
  EXPECT_EQ(with_kid("\"/etc/passwd\""), TokenFault::kUnknownKey);
  EXPECT_EQ(with_kid("\"a' OR 1=1--\""), TokenFault::kUnknownKey);
  EXPECT_EQ(with_kid("\"https://evil.example/key\""), TokenFault::kUnknownKey);
  EXPECT_EQ(with_kid("\"main\\u0000\""), TokenFault::kUnknownKey);
  EXPECT_EQ(with_kid("\"" + std::string(257, 'a') + "\""), TokenFault::kBadKeyId);
  EXPECT_EQ(with_kid("\"" + std::string(10'000, 'a') + "\""), TokenFault::kTooLong);
  for (const char* const json : {"1", "null", "\"\"", "[\"main\"]", "{}", "true"}) {
    EXPECT_EQ(with_kid(json), TokenFault::kBadKeyId) << json;
  }
}

// Keys inside the token: with one of them signed by itself, and beside a good signature of ours.
TEST(Token, KeysInsideTheTokenAreNeverUsed) {
  constexpr std::string_view kOwn = "a secret of the attacker's own choosing, long enough";
  const SigningKey own = SigningKey::from_secret(kOwn).value();
  const std::string jwk =
      R"({"alg":"HS256","jwk":{"kty":"oct","k":")" + encode_base64url(kOwn) + "\"}}";
  EXPECT_EQ(fault_of(signed_token(jwk, kGoodClaims, own)), TokenFault::kBadSignature);
  for (const char* const place : {"jku", "x5u", "x5c"}) {
    const std::string header = R"({"alg":"HS256",")"s + place + R"(":"https://evil.example/keys"})";
    EXPECT_EQ(fault_of(signed_token(header, kGoodClaims, own)), TokenFault::kBadSignature);
    EXPECT_EQ(fault_of_header(header), TokenFault::kNone) << "the signature is ours";
  }
}

TEST(Token, TheTypeIsCheckedWhereOneIsConfigured) {
  const TokensConfig rules{.type = "at+jwt"};
  const auto with_typ = [&](const std::string& typ) {
    return fault_of_header(R"({"alg":"HS256","typ":)" + typ + "}", rules);
  };
  for (const char* const typ :
       {"\"at+jwt\"", "\"AT+JWT\"", "\"application/at+jwt\"", "\"Application/At+Jwt\""}) {
    EXPECT_EQ(with_typ(typ), TokenFault::kNone) << typ;
  }
  for (const char* const typ : {"\"JWT\"", "\"\"", "null", "1", "\"at+jwt \"", "\"text/at+jwt\"",
                                "\"application/application/at+jwt\""}) {
    EXPECT_EQ(with_typ(typ), TokenFault::kWrongType) << typ;
  }
  EXPECT_EQ(fault_of_header(R"({"alg":"HS256"})", rules), TokenFault::kWrongType);
  EXPECT_EQ(fault_of_header(R"({"alg":"HS256","typ":7})"), TokenFault::kNone) << "not asked for";
}

TEST(Token, NoClaimIsLookedAtBeforeTheSignature) {
  const SigningKey other = SigningKey::from_secret(std::string(32, 'x')).value();
  for (const char* const claims : {"{\"exp\":1}", "not json", "{\"exp\":\"x\"}", "{}"}) {
    EXPECT_EQ(fault_of(signed_token(kHs256Header, claims, other)), TokenFault::kBadSignature);
  }
}

// --- The claims

TEST(Token, ExpiryIsANumberOfSeconds) {
  EXPECT_EQ(fault_of_claims(R"({"exp":4102444800.5})"), TokenFault::kNone);
  EXPECT_EQ(fault_of_claims(R"({"exp":4.1024448e9})"), TokenFault::kNone);
  EXPECT_EQ(fault_of_claims("{}"), TokenFault::kNoExpiry);
  for (const char* const exp : {"\"4102444800\"", "[4102444800]", "{}", "null", "true", "-1",
                                "-4102444800", "1e300", "253402300801", "18446744073709551616"}) {
    EXPECT_EQ(fault_of_claims(R"({"exp":)"s + exp + "}"), TokenFault::kBadClaim) << exp;
  }
  for (const char* const exp : {"NaN", "1e400", "Infinity", "0x10", "+1", "1_000"}) {
    EXPECT_EQ(fault_of_claims(R"({"exp":)"s + exp + "}"), TokenFault::kPayloadNotJson) << exp;
  }
  EXPECT_EQ(fault_of_claims(R"({"exp":1,"exp":4102444800})"), TokenFault::kPayloadNotJson);
  EXPECT_EQ(fault_of_claims(R"({"exp":4102444800,"iat":"yesterday"})"), TokenFault::kBadClaim);
}

TEST(Token, ExpiryMayBeLeftOutWhereTheConfigurationSaysSo) {
  const TokensConfig rules{.require_expiry = false};
  EXPECT_EQ(read_token(hs256_token("{}"), test_keys(), rules, kNow).bearer.expires_ms, kNeverMs);
  EXPECT_EQ(fault_of_claims(R"({"exp":1})", rules), TokenFault::kExpired);
  EXPECT_EQ(fault_of_claims(R"({"exp":"1"})", rules), TokenFault::kBadClaim);
}

TEST(Token, LeewayIsAppliedOnceAtEitherEnd) {
  const TokensConfig rules{.leeway = std::chrono::seconds(10)};
  const auto at = [&](int64_t ms) {
    return fault_of_claims(R"({"nbf":1000,"exp":2000})", rules, ms);
  };
  EXPECT_EQ(at(989'999), TokenFault::kNotYet);
  EXPECT_EQ(at(990'000), TokenFault::kNone);
  EXPECT_EQ(at(2'009'999), TokenFault::kNone);
  EXPECT_EQ(at(2'010'000), TokenFault::kExpired);
  const TokenReading reading =
      read_token(hs256_token(R"({"exp":2000})"), test_keys(), rules, 1'000'000);
  EXPECT_EQ(reading.bearer.expires_ms, 2'010'000) << "which is when its streams end";
}

TEST(Token, AudienceAndIssuer) {
  const TokensConfig rules{.issuer = "https://login.example", .audience = "events"};
  const auto with = [&](const std::string& more) {
    return fault_of_claims(R"({"exp":4102444800)" + more + "}", rules);
  };
  const std::string iss = R"(,"iss":"https://login.example")";
  EXPECT_EQ(with(iss + R"(,"aud":"events")"), TokenFault::kNone);
  EXPECT_EQ(with(iss + R"(,"aud":["other","events"])"), TokenFault::kNone);
  for (const char* const aud :
       {R"(,"aud":["other"])", R"(,"aud":{})", "", R"(,"aud":[])", R"(,"aud":"Events")",
        R"(,"aud":"events ")", R"(,"aud":["events",1])", R"(,"aud":null)", R"(,"aud":[["events"]])",
        R"(,"aud":{"events":1})"}) {
    EXPECT_EQ(with(iss + aud), TokenFault::kWrongAudience) << aud;
  }
  for (const char* const wrong : {"", R"(,"iss":"https://login.example/")", R"(,"iss":1)",
                                  R"(,"iss":["https://login.example"])"}) {
    EXPECT_EQ(with(std::string(wrong) + R"(,"aud":"events")"), TokenFault::kWrongIssuer) << wrong;
  }
}

TEST(Token, ItsIdIsWhateverTextJtiIs) {
  const auto id_in = [](const std::string& more) {
    const std::string token = hs256_token(R"({"exp":4102444800)" + more + "}");
    return read_token(token, test_keys(), {}, kNow).bearer.token_id;
  };
  EXPECT_EQ(id_in(R"(,"jti":"t1")"), "t1");
  EXPECT_EQ(id_in(R"(,"jti":"a b\u00e9&=")"), "a b\xc3\xa9&=");
  EXPECT_EQ(id_in(R"(,"jti":"")"), "");
  EXPECT_EQ(id_in(R"(,"sub":"t1")"), "");
}

TEST(Token, ClaimsOfTheWrongKindAreRefused) {
  for (const char* const claim :
       {R"("sub":1)", R"("sub":null)", R"("sub":["u1"])", R"("jti":1)", R"("jti":null)",
        R"("jti":["t1"])", R"("jti":{})", R"("channels":"a")", R"("channels":[1])",
        R"("channels":{"a":1})", R"("channels":["a",null])", R"("publish":"a")",
        R"("publish":[["a"]])"}) {
    EXPECT_EQ(fault_of_claims(R"({"exp":4102444800,)"s + claim + "}"), TokenFault::kBadClaim)
        << claim;
  }
}

// --- Several keys

TEST(Token, OldAndNewKeyAreAcceptedDuringTheChange) {
  std::vector<TokenKey> keys = test_keys();
  const std::string fresh(32, 'n');
  keys.push_back({"new", VerifyKey::from_secret(fresh).value()});
  const SigningKey new_key = SigningKey::from_secret(fresh).value();
  const auto fault = [&](const std::string& token) {
    return read_token(token, keys, {}, kNow).fault;
  };
  EXPECT_EQ(fault(kGood), TokenFault::kNone);
  EXPECT_EQ(fault(signed_token(kHs256Header, kGoodClaims, new_key)), TokenFault::kNone);
  const std::string named = R"({"alg":"HS256","kid":"main"})";
  EXPECT_EQ(fault(hs256_token(named, kGoodClaims)), TokenFault::kNone);
  EXPECT_EQ(fault(signed_token(named, kGoodClaims, new_key)), TokenFault::kBadSignature);
}

TEST(Token, EveryFaultIsExplainedInItsOwnWords) {
  std::vector<std::string_view> seen;
  for (int fault = 0; fault <= static_cast<int>(TokenFault::kLivesTooLong); ++fault) {
    const std::string_view words = describe(static_cast<TokenFault>(fault));
    EXPECT_FALSE(words.empty());
    EXPECT_EQ(std::ranges::find(seen, words), seen.end()) << words;
    seen.push_back(words);
  }
}

}  // namespace
}  // namespace ringcast
