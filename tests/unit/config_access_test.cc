// The sections about access: what they come to, and every mistake, with its place and without any secret in the message.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "engine/access/crypto.h"
#include "engine/access/mint.h"
#include "engine/config/load.h"
#include "tests/support/test_key_pairs.h"
#include "tests/support/token_maker.h"

namespace ringcast {
namespace {

constexpr const char* kListener = "listeners: [{bind: 127.0.0.1:0, serve: [subscribe]}]\n";
const std::string kDigest = to_hex(sha256("rck_one"));

class ConfigAccess : public testing::Test {
 protected:
  // Files with keys of all kinds, and one that is none.
  ConfigAccess() {
    write("hs256", std::string(kTestSecret) + "\n");
    write("rsa", kRsaPublicPem);
    write("p256", kP256PublicPem);
    write("ed25519", kEd25519PublicPem);
    write("private", kEd25519PrivatePem);
    write("short", "MARKER8b");
    write("weak", kRsa1024PublicPem);
    write("jwks",
          R"({"keys":[{"kty":"oct","kid":"set","k":")" + encode_base64url(kTestSecret) + "\"}]}");
    write("many", many_keys());
  }
  ~ConfigAccess() override {
    for (const std::string& path : written_) ::unlink(path.c_str());
  }

  static std::string path(const std::string& name) {
    return testing::TempDir() + "ringcast-" + std::to_string(::getpid()) + "-" + name;
  }
  static std::string token_key(const std::string& file, const char* algorithm,
                               const char* id = "main") {
    return std::string("{id: ") + id + ", algorithm: " + algorithm + ", file: " + path(file) + "}";
  }
  // A configuration whose first line is `access`, on which everybody's subscription takes a token.
  static std::string with_access(const std::string& access) {
    return "access: " + access + "\n" + kListener +
           "defaults: {access: {subscribe: token}}\nchannels: {a: {}}\n";
  }
  static std::string with_keys(const std::string& keys) {
    return with_access("{tokens: {keys: [" + keys + "]}}");
  }

  static std::string all_of(const std::vector<ConfigProblem>& problems) {
    std::string text;
    for (const ConfigProblem& problem : problems) text += describe(problem, "file") + "\n";
    return text;
  }
  static Config good(const std::string& yaml) {
    const LoadedConfig loaded = load_config_text(yaml);
    EXPECT_TRUE(loaded.config.has_value()) << all_of(loaded.problems);
    return loaded.config.value_or(Config{});
  }
  // There is one problem, at `place` ("line:column: key") and saying `says`.
  static void expect_problem(const std::string& yaml, const std::string& place,
                             const std::string& says) {
    const LoadedConfig loaded = load_config_text(yaml);
    const std::string said = all_of(loaded.problems);
    EXPECT_EQ(loaded.problems.size(), 1U) << yaml << '\n' << said;
    EXPECT_TRUE(said.starts_with("file:" + place + ": ")) << yaml << '\n' << said;
    EXPECT_NE(said.find(says), std::string::npos) << said;
    EXPECT_EQ(said.find("MARKER"), std::string::npos) << said;
  }

 private:
  static std::string many_keys() {
    std::string keys;
    for (int i = 0; i < 17; ++i) {
      keys += std::string(i == 0 ? "" : ",") + R"({"kty":"oct","k":")" +
              encode_base64url(kTestSecret) + "\"}";
    }
    return "{\"keys\":[" + keys + "]}";
  }
  void write(const std::string& name, std::string_view text) {
    written_.push_back(path(name));
    std::ofstream(written_.back()) << text;
    ::chmod(written_.back().c_str(), 0600);
  }
  std::vector<std::string> written_;
};

TEST_F(ConfigAccess, WithoutASectionNobodyIsAskedForAnything) {
  const Config config = good(std::string(kListener) + "channels: {a: {}}\n");
  EXPECT_FALSE(config.access.tokens.has_keys());
  EXPECT_TRUE(config.access.keys.empty());
  EXPECT_EQ(config.channels[0].access.subscribe, SubscribeAccess::kPublic);
  EXPECT_EQ(config.channels[0].access.publish, (PublishAccess{.loopback = true}));
  const TokensConfig& tokens = config.access.tokens;
  EXPECT_EQ(tokens.leeway, milliseconds{0});
  EXPECT_TRUE(tokens.require_expiry);
  EXPECT_EQ(tokens.cookie, "");
  EXPECT_FALSE(tokens.query.has_value());
}

TEST_F(ConfigAccess, EveryKeyIsReadAndWrittenBack) {
  const Config config = good(
      "access:\n"
      "  tokens:\n"
      "    keys:\n"
      "      - " +
      token_key("hs256", "HS256") +
      "\n"
      "      - " +
      token_key("rsa", "RS256", "r") +
      "\n"
      "      - " +
      token_key("p256", "ES256", "e") +
      "\n"
      "      - " +
      token_key("ed25519", "EdDSA", "d") +
      "\n"
      "    jwks: " +
      path("jwks") +
      "\n"
      "    issuer: https://login.example\n"
      "    audience: events\n"
      "    type: at+jwt\n"
      "    leeway: 60s\n"
      "    require_expiry: true\n"
      "    cookie: __Host-ringcast\n"
      "    query: {name: t, lifetime_max: 10s}\n"
      "  keys:\n"
      "    - {name: billing, sha256: " +
      kDigest + ", publish: [a, \"inbox/*\", \"*\"], admin: true}\n" + kListener +
      "channels:\n"
      "  a: {access: {subscribe: token, publish: key}}\n"
      "  b: {access: {publish: [token, loopback]}}\n"
      "  c: {access: {publish: []}}\n"
      "  inbox/{recipient}: {access: {subscribe: recipient}}\n");
  const TokensConfig& tokens = config.access.tokens;
  ASSERT_EQ(tokens.keys.size(), 4U);
  EXPECT_EQ(tokens.keys[0].id, "main");
  EXPECT_EQ(tokens.keys[3].algorithm, SignatureAlgorithm::kEdDsa);
  EXPECT_EQ(tokens.keys[3].file, path("ed25519"));
  EXPECT_EQ(tokens.jwks, path("jwks"));
  EXPECT_EQ(tokens.issuer, "https://login.example");
  EXPECT_EQ(tokens.audience, "events");
  EXPECT_EQ(tokens.type, "at+jwt");
  EXPECT_EQ(tokens.leeway, milliseconds{60'000});
  EXPECT_EQ(tokens.cookie, "__Host-ringcast");
  ASSERT_TRUE(tokens.query.has_value());
  EXPECT_EQ(tokens.query->name, "t");
  EXPECT_EQ(tokens.query->lifetime_max, milliseconds{10'000});
  ASSERT_EQ(config.access.keys.size(), 1U);
  EXPECT_EQ(config.access.keys[0].sha256, sha256("rck_one"));
  EXPECT_EQ(config.access.keys[0].publish, (std::vector<std::string>{"a", "inbox/*", "*"}));
  EXPECT_TRUE(config.access.keys[0].admin);
  EXPECT_EQ(config.channels[0].access.publish, (PublishAccess{.loopback = false, .key = true}));
  EXPECT_EQ(config.channels[1].access.publish, (PublishAccess{.loopback = true, .token = true}));
  EXPECT_EQ(config.channels[2].access.publish, (PublishAccess{.loopback = false}));
  EXPECT_EQ(config.channels[3].access.subscribe, SubscribeAccess::kRecipient);

  const std::string written = to_yaml(config);
  EXPECT_EQ(to_yaml(good(written)), written);
  EXPECT_EQ(written.find(kTestSecret), std::string::npos);
}

TEST_F(ConfigAccess, TokenKeys) {
  const auto in_keys = [](const std::string& keys) { return with_keys(keys); };
  expect_problem(in_keys("{id: a, algorithm: HS256}"), "1:26: access.tokens.keys[0]",
                 "has no file; it looks like {id: main");
  expect_problem(in_keys("{algorithm: HS256, file: x}"), "1:26: access.tokens.keys[0]",
                 "has no id");
  expect_problem(in_keys("{id: a, algorithm: HS512, file: x}"),
                 "1:45: access.tokens.keys[0].algorithm",
                 "\"HS512\" is none of: HS256, RS256, ES256, EdDSA");
  expect_problem(in_keys("{id: a, algorithm: none, file: x}"),
                 "1:45: access.tokens.keys[0].algorithm", "\"none\" is none of");
  expect_problem(in_keys("{id: \"\", algorithm: HS256, file: x}"), "1:31: access.tokens.keys[0].id",
                 "is empty; write a name such as main");
  expect_problem(in_keys("{id: a, algorithm: HS256, file: /nonexistent}"),
                 "1:58: access.tokens.keys[0].file",
                 "\"/nonexistent\" cannot be read: No such file or directory; check the path");
  expect_problem(in_keys("{id: a, algorithm: HS256, file: /}"), "1:58: access.tokens.keys[0].file",
                 "is no file with a key");
  expect_problem(in_keys("{id: a, algorithm: HS256, file: /dev/zero}"),
                 "1:58: access.tokens.keys[0].file", "is no file with a key");
  expect_problem(in_keys(token_key("short", "HS256")), "1:61: access.tokens.keys[0].file",
                 "has 8 bytes, and HS256 needs 32 or more");
  expect_problem(in_keys(token_key("short", "RS256")), "1:61: access.tokens.keys[0].file",
                 "is no PEM file with a public key");
  expect_problem(in_keys(token_key("weak", "RS256")), "1:61: access.tokens.keys[0].file",
                 "is an RSA key of 1024 bits; take one of 2048 to 4096");
  expect_problem(in_keys(token_key("ed25519", "ES256")), "1:61: access.tokens.keys[0].file",
                 "holds another kind of key; ES256 needs an EC key on the curve P-256");
  expect_problem(in_keys(token_key("private", "EdDSA")), "1:61: access.tokens.keys[0].file",
                 "is a private key");
  expect_problem(with_access("{tokens: {keys: [" + token_key("hs256", "HS256") + ", " +
                             token_key("rsa", "RS256") + "]}}"),
                 "1:" + std::to_string(26 + token_key("hs256", "HS256").size() + 2 + 5) +
                     ": access.tokens.keys[1].id",
                 "\"main\" is already the key on line 1");
  expect_problem(with_access("{tokens: {jwks: " + path("hs256") + "}}"), "1:25: access.tokens.jwks",
                 "is no JWK set");
  expect_problem(with_access("{tokens: {jwks: " + path("many") + "}}"), "1:18: access.tokens",
                 "17 keys for tokens are too many; keep the 16");
}

// The one of the README, with a key of ours.
TEST_F(ConfigAccess, TheShippedExampleIsGoodOnceItHasItsKey) {
  std::stringstream text;
  text << std::ifstream(RINGCAST_CONFIGS_DIR "/tokens.yaml").rdbuf();
  std::string yaml = text.str();
  const std::string file = "file: token.key";
  const size_t at = yaml.find(file);
  ASSERT_NE(at, std::string::npos);
  yaml.replace(at, file.size(), "file: " + path("hs256"));
  const LoadedConfig loaded = load_config_text(yaml);
  ASSERT_TRUE(loaded.config.has_value()) << all_of(loaded.problems);
  EXPECT_TRUE(loaded.warnings.empty()) << all_of(loaded.warnings);
  EXPECT_EQ(loaded.config->channels[0].access.subscribe, SubscribeAccess::kToken);
}

TEST_F(ConfigAccess, ASecretThatEverybodyMayReadIsAWarning) {
  for (const std::string& access : {"{tokens: {keys: [" + token_key("hs256", "HS256") + "]}}",
                                    "{tokens: {jwks: " + path("jwks") + "}}"}) {
    EXPECT_TRUE(load_config_text(with_access(access)).warnings.empty());
    ::chmod(path("hs256").c_str(), 0644);
    ::chmod(path("jwks").c_str(), 0644);
    const LoadedConfig loaded = load_config_text(with_access(access));
    ASSERT_EQ(loaded.warnings.size(), 1U);
    EXPECT_NE(loaded.warnings[0].what.find("holds a secret, and everybody on this machine may"),
              std::string::npos);
    ::chmod(path("hs256").c_str(), 0600);
    ::chmod(path("jwks").c_str(), 0600);
  }
  ::chmod(path("rsa").c_str(), 0644);
  EXPECT_TRUE(load_config_text(with_keys(token_key("rsa", "RS256"))).warnings.empty());
}

TEST_F(ConfigAccess, APipeIsNotWaitedFor) {
  const std::string pipe = path("pipe");
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  expect_problem(with_keys(token_key("pipe", "HS256")), "1:61: access.tokens.keys[0].file",
                 "is no file with a key");
  ::unlink(pipe.c_str());
}

TEST_F(ConfigAccess, OtherTokenRules) {
  const auto tokens = [](const std::string& more) {
    return with_access("{tokens: {" + more + ", keys: [" + token_key("hs256", "HS256") + "]}}");
  };
  expect_problem(tokens("leeway: 61s"), "1:27: access.tokens.leeway", "allowed is 0ms to 1m");
  expect_problem(tokens("issuer: \"\""), "1:27: access.tokens.issuer", "or null for none");
  expect_problem(tokens("cookie: \"a b\""), "1:27: access.tokens.cookie",
                 "is no name a cookie can have");
  expect_problem(tokens("cookie: \"a=\""), "1:27: access.tokens.cookie", "is no name");
  expect_problem(tokens("query: {name: channel}"), "1:33: access.tokens.query.name",
                 "means something else in a URL here");
  expect_problem(tokens("query: {name: \"a b\"}"), "1:33: access.tokens.query.name",
                 "would have to be escaped");
  expect_problem(tokens("query: {lifetime_max: 11m}"), "1:41: access.tokens.query.lifetime_max",
                 "11m is too large");
  expect_problem(tokens("query: {lifetime: 1m}"), "1:27: access.tokens.query.lifetime",
                 "did you mean lifetime_max?");
  const LoadedConfig endless = load_config_text(tokens("require_expiry: false"));
  ASSERT_EQ(endless.warnings.size(), 1U);
  EXPECT_EQ(endless.warnings[0].key, "access.tokens.require_expiry");
}

TEST_F(ConfigAccess, StaticKeys) {
  const auto keys = [](const std::string& list) {
    return "access: {keys: [" + list + "]}\n" + kListener +
           "channels: {a: {access: {publish: key}}}\n";
  };
  const std::string good_key = "{name: a, sha256: " + kDigest + ", publish: [a]}";
  EXPECT_EQ(good(keys(good_key)).access.keys.size(), 1U);
  expect_problem(keys("{name: a}"), "1:17: access.keys[0]", "has no sha256");
  expect_problem(keys("{name: a, sha256: rck_MARKER}"), "1:35: access.keys[0].sha256",
                 "is not the SHA-256 of a key: 64 hexadecimal digits");
  expect_problem(keys("{name: a, sha256: " + std::string(64, 'A') + "}"),
                 "1:35: access.keys[0].sha256", "in lower case");
  expect_problem(keys("{name: a, sha256: " + kDigest + ", publish: a}"),
                 "1:110: access.keys[0].publish", "expected a list such as [news");
  expect_problem(keys("{name: a, sha256: " + kDigest + ", publish: [\"a b\"]}"),
                 "1:111: access.keys[0].publish[0]", "use letters, digits");
  expect_problem(keys("{name: a, sha256: " + kDigest + ", publish: [\"a*\"]}"),
                 "1:111: access.keys[0].publish[0]", "use letters, digits");
  expect_problem(keys(good_key + ", {name: a, sha256: " + std::string(64, '0') + ", admin: true}"),
                 "1:" + std::to_string(17 + good_key.size() + 2 + 7) + ": access.keys[1].name",
                 "is that of the key \"a\" as well");
  expect_problem(keys(good_key + ", {name: b, sha256: " + kDigest + ", admin: true}"),
                 "1:" + std::to_string(17 + good_key.size() + 2 + 18) + ": access.keys[1].sha256",
                 "is that of the key \"a\" as well");
  const LoadedConfig idle = load_config_text(keys("{name: a, sha256: " + kDigest + "}"));
  ASSERT_EQ(idle.warnings.size(), 1U);
  EXPECT_NE(idle.warnings[0].what.find("opens nothing"), std::string::npos);
}

TEST_F(ConfigAccess, AChannelMustNotAskForWhatNobodyCanHave) {
  const auto channels = [](const std::string& text) {
    return "channels: {" + text + "}\n" + kListener;
  };
  expect_problem(
      channels("a: {access: {subscribe: token}}"), "1:36: channels.a.access.subscribe",
      "there is no key to check them with; add access.tokens.keys or access.tokens.jwks");
  expect_problem(channels("\"i/{r}\": {access: {subscribe: recipient}}"),
                 "1:42: channels.i/{r}.access.subscribe", "there is no key to check them with");
  expect_problem(channels("a: {access: {subscribe: recipient}}"),
                 "1:36: channels.a.access.subscribe", "recipient needs a recipient");
  expect_problem(channels("a: {access: {publish: token}}"), "1:34: channels.a.access.publish",
                 "token needs a key to check tokens with");
  expect_problem(channels("a: {access: {publish: [loopback, key]}}"),
                 "1:34: channels.a.access.publish", "key needs a key; add access.keys");
  expect_problem(channels("a: {access: {publish: [key, key]}}"),
                 "1:40: channels.a.access.publish[1]", "is listed twice");
  expect_problem(channels("a: {access: {publish: everybody}}"), "1:34: channels.a.access.publish",
                 "\"everybody\" is none of: loopback, token, key");
  expect_problem(channels("a: {access: {subscribe: private}}"), "1:36: channels.a.access.subscribe",
                 "is none of: public, token, recipient");
  expect_problem(
      "defaults: {access: {subscribe: token}}\nchannels: {a: {}}\n" + std::string(kListener),
      "1:32: defaults.access.subscribe", "there is no key");
}

TEST_F(ConfigAccess, PublishingBeyondThisMachineTakesAKeyOrAToken) {
  const std::string open = "listeners: [{bind: 0.0.0.0:1, serve: [subscribe, publish]}]\n";
  expect_problem(open + "channels: {a: {}}\n", "1:20: listeners[0].bind",
                 "no channel can be published to with a key or a token");
  expect_problem(open + "channels: {a: {access: {publish: []}}}\n", "1:20: listeners[0].bind",
                 "give a channel access: {publish: key}");
  const Config config = good(open + "access: {keys: [{name: a, sha256: " + kDigest +
                             ", publish: [a]}]}\nchannels: {a: {access: {publish: key}}}\n");
  EXPECT_TRUE(config.listeners[0].serve_publish);
}

TEST_F(ConfigAccess, UnixSocketsThatAskForNothingAreAWarning) {
  const auto warnings = [](const std::string& listener, const std::string& publish) {
    const LoadedConfig loaded = load_config_text(
        "listeners: [{bind: unix:/tmp/a.sock, " + listener +
        "}, {bind: 127.0.0.1:0, serve: [subscribe]}]\naccess: {keys: [{name: a, sha256: " +
        kDigest + ", publish: [a], admin: true}]}\nchannels: {a: {access: {publish: " + publish +
        "}}}\n");
    EXPECT_TRUE(loaded.config.has_value()) << all_of(loaded.problems);
    return all_of(loaded.warnings);
  };
  const std::string publishing = warnings("serve: [publish]", "[loopback, key]");
  EXPECT_TRUE(publishing.starts_with("file:1:20: listeners[0].bind: whoever may connect"))
      << publishing;
  EXPECT_NE(publishing.find("may publish without a key"), std::string::npos) << publishing;
  const std::string administering = warnings("serve: [publish, admin]", "key");
  EXPECT_NE(administering.find("may administer without a key"), std::string::npos) << administering;
  EXPECT_EQ(warnings("serve: [subscribe]", "[loopback, key]"), "");
  EXPECT_EQ(warnings("serve: [publish]", "key"), "");
  EXPECT_EQ(warnings("serve: [publish, admin], trusted_proxies: [10.0.0.1]", "[loopback, key]"),
            "");
}

TEST_F(ConfigAccess, TokensThatNobodyIsAskedForAreAWarning) {
  const LoadedConfig loaded =
      load_config_text("access: {tokens: {keys: [" + token_key("hs256", "HS256") + "]}}\n" +
                       kListener + "channels: {a: {}}\n");
  ASSERT_EQ(loaded.warnings.size(), 1U) << all_of(loaded.problems);
  EXPECT_NE(loaded.warnings[0].what.find("no channel asks for a token"), std::string::npos);
}

}  // namespace
}  // namespace ringcast
