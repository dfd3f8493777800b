// Access: name patterns, strict JSON, and who may read, publish and administer.
#include "engine/access/access.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "engine/access/mint.h"
#include "engine/access/strict_json.h"
#include "tests/support/token_maker.h"

namespace ringcast {
namespace {

using namespace std::string_literals;

constexpr int64_t kNow = 1'764'000'000'000;

// --- base64url

TEST(Base64Url, IsReadInOneWayOnly) {
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    const std::string text = encode_base64url(bytes);
    EXPECT_EQ(decode_base64url(text), bytes);
    EXPECT_EQ(decode_base64url(text + "="), std::nullopt);
    bytes += static_cast<char>(i * 37);
  }
  EXPECT_EQ(encode_base64url("\xff\xfe\xfd"), "__79");
  for (const char* const text :
       {"A", "AAAAA", "AB", "AAB", "AA==", "AA A", "AA\n", "++++", "////", "AA.A", "\xc3\xa9"}) {
    EXPECT_EQ(decode_base64url(text), std::nullopt) << text;
  }
}

// --- Patterns

TEST(NamePattern, WhatTheyCover) {
  const struct {
    const char* pattern;
    std::vector<const char*> covered;
    std::vector<const char*> others;
  } kPatterns[] = {
      {"news", {"news"}, {"News", "news/", "news/eu", "new", "", "news "}},
      {"news/*", {"news/eu", "news/eu/paris", "news/*"}, {"news", "news/", "newsx/eu", "News/eu"}},
      {"*", {"news", "news/eu", "*"}, {""}},
      {"inbox/{recipient}",
       {"inbox/alice", "inbox/*", "inbox/%62ob"},
       {"inbox", "inbox/", "inbox/a/b", "inbox/{recipient}", "Inbox/alice", "inbox/.."}},
      {"users/{id}/inbox", {"users/7/inbox"}, {"users/7", "users//inbox", "users/7/8/inbox"}},
      {"a*b", {"a*b"}, {"axb", "ab"}},
      {"*/news", {"*/news"}, {"eu/news"}},
      {"news*", {"news*"}, {"news", "newsx", "news/eu"}},
      {"(a+)+$", {"(a+)+$"}, {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"}},
      {"", {""}, {"news"}},
      {"/*", {"/news"}, {"news"}},
      {"%62ob", {"%62ob"}, {"bob"}},
  };
  for (const auto& [text, covered, others] : kPatterns) {
    const NamePattern pattern{text};
    for (const char* const name : covered) EXPECT_TRUE(pattern.covers(name)) << text << ' ' << name;
    for (const char* const name : others) EXPECT_FALSE(pattern.covers(name)) << text << ' ' << name;
  }
}

TEST(NamePattern, WhichDeclaredChannelsTheyTouch) {
  const auto touches = [](const char* pattern, const char* declared) {
    return NamePattern{pattern}.may_cover_some_of(declared);
  };
  EXPECT_TRUE(touches("inbox/alice", "inbox/{id}"));
  EXPECT_TRUE(touches("inbox/*", "inbox/{id}"));
  EXPECT_TRUE(touches("*", "inbox/{id}"));
  EXPECT_TRUE(touches("inbox/{id}", "inbox/{other}"));
  EXPECT_TRUE(touches("users/*", "users/{id}/inbox"));
  EXPECT_TRUE(touches("users/7/*", "users/{id}/inbox"));
  EXPECT_TRUE(touches("news", "news"));
  EXPECT_FALSE(touches("users/7/outbox/*", "users/{id}/inbox"));
  EXPECT_FALSE(touches("inbox", "inbox/{id}"));
  EXPECT_FALSE(touches("inbox/a/b", "inbox/{id}"));
  EXPECT_FALSE(touches("inbox/a/*", "inbox/{id}"));
  EXPECT_FALSE(touches("news/*", "inbox/{id}"));
  EXPECT_FALSE(touches("new", "news"));
}

// --- Who may what

ChannelConfig channel(const char* name, SubscribeAccess subscribe, PublishAccess publish = {}) {
  ChannelConfig config;
  config.name = name;
  config.access = {subscribe, publish};
  return config;
}

Bearer token_bearer(std::string subject, std::vector<NamePattern> reads,
                    std::vector<NamePattern> publishes = {}) {
  return {.kind = Bearer::Kind::kToken,
          .subject = std::move(subject),
          .reads = std::move(reads),
          .publishes = std::move(publishes)};
}

const ChannelConfig kPublic = channel("news", SubscribeAccess::kPublic);
const ChannelConfig kTokenOnly = channel("prices", SubscribeAccess::kToken);
const ChannelConfig kInbox = channel("inbox/{recipient}", SubscribeAccess::kRecipient);
const ChannelConfig kRooms = channel("rooms/{room}", SubscribeAccess::kToken);

TEST(Access, WhatIsPublicIsForEverybody) {
  EXPECT_EQ(Access::may_read({}, kPublic, "news"), Verdict::kYes);
  EXPECT_EQ(Access::may_read(token_bearer("u", {}), kPublic, "news"), Verdict::kYes);
}

TEST(Access, ATokenReadsWhatItNames) {
  EXPECT_EQ(Access::may_read({}, kTokenOnly, "prices"), Verdict::kUnknown);
  EXPECT_EQ(Access::may_read(token_bearer("u", {NamePattern{"prices"}}), kTokenOnly, "prices"),
            Verdict::kYes);
  EXPECT_EQ(Access::may_read(token_bearer("u", {NamePattern{"prices"}}), kTokenOnly, "/stream"),
            Verdict::kYes)
      << "by its own path";
  EXPECT_EQ(Access::may_read(token_bearer("u", {NamePattern{"/stream"}}), kTokenOnly, "/stream"),
            Verdict::kNo);
  EXPECT_EQ(Access::may_read(token_bearer("prices", {}), kTokenOnly, "prices"), Verdict::kNo);
  EXPECT_EQ(Access::may_read(token_bearer("u", {NamePattern{"rooms/7"}}), kRooms, "rooms/7"),
            Verdict::kYes);
  EXPECT_EQ(Access::may_read(token_bearer("u", {NamePattern{"rooms/7"}}), kRooms, "rooms/8"),
            Verdict::kNo);
}

// `channels` neither opens an inbox nor closes it.
TEST(Access, ARecipientReadsItsOwnAndNoOther) {
  const Bearer alice = token_bearer("alice", {NamePattern{"*"}});
  EXPECT_EQ(Access::may_read(alice, kInbox, "inbox/alice"), Verdict::kYes);
  EXPECT_EQ(Access::may_read(token_bearer("alice", {}), kInbox, "inbox/alice"), Verdict::kYes);
  for (const char* const name : {"inbox/bob", "inbox/Alice", "inbox/alice ", "inbox/alic",
                                 "inbox/%61lice", "inbox/", "inbox", "alice"}) {
    EXPECT_EQ(Access::may_read(alice, kInbox, name), Verdict::kNo) << name;
  }
  EXPECT_EQ(Access::may_read({}, kInbox, "inbox/alice"), Verdict::kUnknown);
  EXPECT_EQ(Access::may_read(token_bearer("", {}), kInbox, "inbox/"), Verdict::kNo);
}

TEST(Access, AKeyReadsNothing) {
  const Bearer key{.kind = Bearer::Kind::kKey,
                   .subject = "alice",
                   .reads = {NamePattern{"*"}},
                   .is_admin = true};
  EXPECT_EQ(Access::may_read(key, kTokenOnly, "prices"), Verdict::kNo);
  EXPECT_EQ(Access::may_read(key, kInbox, "inbox/alice"), Verdict::kNo);
}

TEST(Access, PublishingIsAskedForByItsOwnRules) {
  const auto may = [](const Bearer& bearer, PublishAccess publish, bool is_local) {
    return Access::may_publish(bearer, channel("news", SubscribeAccess::kPublic, publish), "news",
                               is_local);
  };
  const Bearer reader = token_bearer("u", {NamePattern{"news"}});
  const Bearer writer = token_bearer("u", {}, {NamePattern{"news"}});
  const Bearer key{.kind = Bearer::Kind::kKey, .publishes = {NamePattern{"news"}}};
  const PublishAccess loopback{};
  const PublishAccess token{.loopback = false, .token = true};
  const PublishAccess by_key{.loopback = false, .key = true};
  const PublishAccess nobody{.loopback = false};

  EXPECT_EQ(may({}, loopback, true), Verdict::kYes);
  EXPECT_EQ(may({}, loopback, false), Verdict::kUnknown);
  EXPECT_EQ(may(writer, loopback, false), Verdict::kNo);
  EXPECT_EQ(may({}, token, true), Verdict::kUnknown);
  EXPECT_EQ(may(reader, token, true), Verdict::kNo) << "reading is not publishing";
  EXPECT_EQ(may(writer, token, false), Verdict::kYes);
  EXPECT_EQ(may(key, token, false), Verdict::kNo);
  EXPECT_EQ(may(key, by_key, false), Verdict::kYes);
  EXPECT_EQ(may(writer, by_key, false), Verdict::kNo);
  EXPECT_EQ(may(key, nobody, true), Verdict::kNo);
  EXPECT_EQ(may(key, {.loopback = true, .key = true}, true), Verdict::kYes);
  EXPECT_EQ(may({}, {.loopback = true, .key = true}, true), Verdict::kYes);
}

// --- Credentials

class Credentials : public testing::Test {
 protected:
  Credentials() : file_(testing::TempDir() + "access-test-" + std::to_string(::getpid()) + ".key") {
    std::ofstream(file_) << kTestSecret << "\n";  // whose line end is not part of it
    config_.access.tokens.keys = {{"main", SignatureAlgorithm::kHs256, file_}};
    config_.access.tokens.query = QueryTicketConfig{};
    config_.access.keys = {{"billing", sha256("rck_one"), {"news/*"}, false},
                           {"operator", sha256("rck_two"), {}, true}};
    access_ = Access::create(config_).value();
  }
  ~Credentials() override { ::unlink(file_.c_str()); }

  const std::string file_;
  Config config_;
  std::unique_ptr<Access> access_;
};

TEST_F(Credentials, AKeyIsKnownByItsDigest) {
  const Identity billing = access_->identify("rck_one", kNow);
  ASSERT_TRUE(billing.is_known);
  EXPECT_EQ(billing.bearer.kind, Bearer::Kind::kKey);
  EXPECT_EQ(billing.bearer.subject, "billing");
  EXPECT_EQ(billing.bearer.expires_ms, kNeverMs);
  EXPECT_FALSE(Access::may_administer(billing.bearer));
  EXPECT_TRUE(Access::may_administer(access_->identify("rck_two", kNow).bearer));
  for (const std::string& other :
       {std::string(), std::string("rck_on"), std::string("rck_one "), std::string("rck_ONE"),
        std::string(100'000, 'a'), to_hex(sha256("rck_one")), std::string("billing")}) {
    EXPECT_FALSE(access_->identify(other, kNow).is_known) << other.substr(0, 80);
  }
}

TEST_F(Credentials, ATokenIsKnownByItsSignature) {
  EXPECT_EQ(access_->identify(hs256_token(kGoodClaims), kNow).bearer.subject, "u1");
  const Identity refused = access_->identify("a.b.MARKERSECRET", kNow);
  EXPECT_FALSE(refused.is_known);
  EXPECT_EQ(refused.bearer.kind, Bearer::Kind::kNobody);
  EXPECT_EQ(refused.why.find("MARKER"), std::string_view::npos);
}

TEST_F(Credentials, ATicketExpiresSoon) {
  const auto claims = [](int64_t seconds) {
    return "{\"exp\":" + std::to_string(kNow / 1000 + seconds) + "}";
  };
  EXPECT_TRUE(access_->identify_ticket(hs256_token(claims(120)), kNow).is_known);
  EXPECT_FALSE(access_->identify_ticket(hs256_token(claims(121)), kNow).is_known);
  EXPECT_FALSE(access_->identify_ticket(hs256_token(claims(3600)), kNow).is_known);
  EXPECT_FALSE(access_->identify_ticket(hs256_token(claims(0)), kNow).is_known);
  EXPECT_FALSE(access_->identify_ticket("rck_one", kNow).is_known) << "a key never expires";
  EXPECT_TRUE(access_->identify(hs256_token(claims(3600)), kNow).is_known);
}

TEST_F(Credentials, AKeyFileThatCannotBeUsedIsAnErrorWithoutItsContents) {
  const auto message = [&](std::string_view text, SignatureAlgorithm algorithm) {
    std::ofstream(file_) << text;
    const auto loaded = load_token_key({"main", algorithm, file_});
    return loaded ? std::string() : loaded.error().message;
  };
  EXPECT_EQ(message(std::string(32, 'k'), SignatureAlgorithm::kHs256), "");
  EXPECT_EQ(message(std::string(32, 'k') + "\r\n", SignatureAlgorithm::kHs256), "");
  EXPECT_NE(message(std::string(31, 'k') + "\n", SignatureAlgorithm::kHs256).find("has 31 bytes"),
            std::string::npos);
  for (const SignatureAlgorithm algorithm :
       {SignatureAlgorithm::kHs256, SignatureAlgorithm::kRs256, SignatureAlgorithm::kEs256,
        SignatureAlgorithm::kEdDsa}) {
    const std::string said = message("MARKERSECRET", algorithm);
    EXPECT_NE(said.find(file_), std::string::npos);
    EXPECT_EQ(said.find("MARKER"), std::string::npos) << said;
  }
  EXPECT_NE(message("", SignatureAlgorithm::kHs256).find("has 0 bytes"), std::string::npos);
}

// Somebody will write the key where its file should be named.
TEST_F(Credentials, AKeyInThePlaceOfItsFileIsNotRepeated) {
  const std::string pem = "-----BEGIN PRIVATE KEY-----\nMARKER/MARKER==\n";
  for (const std::string& key :
       {"MARKER0123456789abcdef"s, "MARKER/+MARKER="s, pem, std::string(300, 'x') + "MARKER"}) {
    const auto loaded = load_token_key({"main", SignatureAlgorithm::kHs256, key});
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().message.find("MARKER"), std::string::npos) << loaded.error().message;
    EXPECT_TRUE(loaded.error().message.starts_with("leads to no file; name the file"));
  }
}

TEST_F(Credentials, AJwkSet) {
  const auto message = [&](std::string_view text) {
    std::ofstream(file_) << text;
    const auto loaded = load_jwks(file_);
    return loaded ? std::to_string(loaded.value().size()) : loaded.error().message;
  };
  const std::string oct = R"({"kty":"oct","kid":"a","k":")" + encode_base64url(kTestSecret) + "\"}";
  EXPECT_EQ(message("{\"keys\":[" + oct + "," + oct + "]}"), "2");
  // Keys for other purposes beside it.
  EXPECT_EQ(
      message("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\"},{\"kty\":\"RSA\",\"use\":\"enc\"},"
              "{\"kty\":\"RSA\",\"alg\":\"PS256\"},{\"kty\":\"new\"},"
              "{\"kty\":\"RSA\",\"key_ops\":[\"encrypt\"]}," +
              oct + "]}"),
      "1");
  const std::pair<const char*, const char*> kFaults[] = {
      {"", "is no JWK set"},
      {"[]", "is no JWK set"},
      {"{\"keys\":{}}", "is no JWK set"},
      {"{\"keys\":[],\"keys\":[]}", "is no JWK set"},
      {"{\"keys\":[]}", "has no key for"},
      {"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-384\"}]}", "has no key for"},
      {"{\"keys\":[1]}", "key 1, which is no JSON object"},
      {R"({"keys":[{"kty":"oct","k":"MARKERAA"}]})", "key 1, which has 6 bytes"},
      {R"({"keys":[{"kty":"oct"}]})", "key 1, which lacks k"},
      {R"({"keys":[{"kty":"oct","k":"MARKER=="}]})", "key 1, which lacks k"},
      {R"({"keys":[{"kty":"RSA","n":"MARKER"}]})", "key 1, which lacks n or e"},
      {R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})",
       "key 1, which is an RSA key of 17 bits"},
      {R"({"keys":[{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"}]})", "another length"},
      {R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"AQAB"}]})", "is not the 32 bytes"},
      {R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"AQAB","d":"MARKER"}]})", "the private half"},
  };
  for (const auto& [text, says] : kFaults) {
    const std::string said = message(text);
    EXPECT_NE(said.find(says), std::string::npos) << text << "\n" << said;
    EXPECT_EQ(said.find("MARKER"), std::string::npos) << said;
  }
  const auto odd_kid = message(R"({"keys":[{"kty":"oct","kid":7,"k":"AQAB"}]})");
  EXPECT_NE(odd_kid.find("kid that is no text"), std::string::npos);
}

TEST(StrictJson, DepthIsBounded) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse_strict_json(nested(kJsonDepthMax)).has_value());
  EXPECT_FALSE(parse_strict_json(nested(kJsonDepthMax + 1)).has_value());
  EXPECT_FALSE(parse_strict_json(nested(100'000)).has_value());
  const auto wide = [](size_t members) {
    std::string text = "{";
    for (size_t i = 0; i < members; ++i) {
      text += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) + "\":0";
    }
    return text + "}";
  };
  EXPECT_TRUE(parse_strict_json(wide(kJsonMembersMax)).has_value());
  EXPECT_FALSE(parse_strict_json(wide(kJsonMembersMax + 1)).has_value());
  EXPECT_TRUE(parse_strict_json("[0,0,[0]]", 5).has_value());
  EXPECT_FALSE(parse_strict_json("[0,0,[0]]", 4).has_value());
  EXPECT_FALSE(parse_strict_json(R"({"a":{"b":1,"b":2}})").has_value());
  EXPECT_TRUE(parse_strict_json(R"([{"a":1},{"a":1}])").has_value());
}

TEST(Mint, WhatItMakesIsAccepted) {
  const SigningKey key = SigningKey::from_secret(kTestSecret).value();
  const TokenClaims claims{.subject = "alice \"a\"",
                           .id = "t-1",
                           .channels = {"news", "a/*"},
                           .publish = {"b"},
                           .issuer = "us",
                           .audience = "them",
                           .expires_s = kNow / 1000 + 5};
  const TokensConfig rules{.issuer = "us", .audience = "them", .type = "at+jwt"};
  const TokenReading reading =
      read_token(mint_token(key, claims, "main", "at+jwt"), test_keys(), rules, kNow);
  ASSERT_EQ(reading.fault, TokenFault::kNone);
  EXPECT_EQ(reading.bearer.subject, "alice \"a\"");
  EXPECT_EQ(reading.bearer.token_id, "t-1");
  ASSERT_EQ(reading.bearer.reads.size(), 2U);
  EXPECT_EQ(reading.bearer.reads[1].text(), "a/*");
  EXPECT_EQ(reading.bearer.publishes[0].text(), "b");
  EXPECT_EQ(reading.bearer.expires_ms, kNow + 5000);
}

}  // namespace
}  // namespace ringcast
