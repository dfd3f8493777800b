// How many events a publisher may publish: who showed a token or key by that, wherever it is used; anybody else by
// address.

#include <gtest/gtest.h>

#include "tests/support/http_client.h"
#include "tests/support/more_channels.h"
#include "tests/support/test_secret_file.h"
#include "tests/support/test_server.h"
#include "tests/support/token_maker.h"

namespace ringcast {
namespace {

using net::Limit;

constexpr const char* kHere = "127.0.1.1";
constexpr const char* kElsewhere = "127.0.1.2";
constexpr int kBurst = 5;

std::string bearer(const std::string& credential) {
  return "Authorization: Bearer " + credential + "\r\n";
}
// `more` is members of the token's claims, each with its comma.
std::string token(const std::string& more) {
  return bearer(hs256_token("{" + more + R"("exp":4102444800,"publish":["feed"]})"));
}
const std::string kBilling = bearer("rck_billing");
const std::string kShop = bearer("rck_shop");

class PublishRate : public EitherDescriptors {
 protected:
  // Anybody on this machine publishes to news; feed takes a token or key. Five events, and one more an hour later.
  [[nodiscard]] Config limited() const {
    Config limited = with_more_channels(config(), {"feed"});
    limited.channels[1].access.publish = {.loopback = false, .token = true, .key = true};
    limited.access.tokens.keys = {{"main", SignatureAlgorithm::kHs256, secret_.path()}};
    limited.access.keys = {{"billing", sha256("rck_billing"), {"feed"}, false},
                           {"shop", sha256("rck_shop"), {"feed"}, false}};
    limited.limits.publish_rate = {.count = 1, .period = milliseconds(3'600'000), .burst = kBurst};
    return limited;
  }

  // How many of ten events are taken; the others are to be told when to come back. Each comes over a connection of its own, to
  // whichever shard.
  static int taken(const TestServer& server, std::string_view channel,
                   const std::string& credential, const std::string& from) {
    int taken = 0;
    for (int i = 0; i < 2 * kBurst; ++i) {
      HttpClient publisher(server.port(), {.from = from});
      const HttpResponse answer =
          publisher.ask(post("/channels/" + std::string(channel), "x", credential));
      if (answer.status == 201) {
        ++taken;
      } else {
        EXPECT_EQ(answer.status, 429) << answer.body;
        EXPECT_NE(answer["retry-after"], "");
      }
    }
    return taken;
  }

  const TestSecretFile secret_;
};
RC_EITHER_DESCRIPTORS(PublishRate);

TEST_P(PublishRate, EachKeyHasItToItselfBehindOneAddress) {
  TestServer server(limited());
  EXPECT_EQ(taken(server, "feed", kBilling, kHere), kBurst);
  EXPECT_EQ(taken(server, "feed", kShop, kHere), kBurst);
  EXPECT_EQ(taken(server, "news", "", kHere), kBurst) << "nothing was counted by address";
  EXPECT_EQ(server.limited(Limit::kPublishRate), 3U * kBurst);
}

TEST_P(PublishRate, AKeyHasItOnceWhereverItIsUsed) {
  TestServer server(limited());
  EXPECT_EQ(taken(server, "feed", kBilling, kHere), kBurst);
  EXPECT_EQ(taken(server, "feed", kBilling, kElsewhere), 0);
}

TEST_P(PublishRate, TheTokensOfASubjectHaveItTogether) {
  TestServer server(limited());
  EXPECT_EQ(taken(server, "feed", token(R"("sub":"alice",)"), kHere), kBurst);
  EXPECT_EQ(taken(server, "feed", token(R"("sub":"alice","jti":"2",)"), kElsewhere), 0);
  EXPECT_EQ(taken(server, "feed", token(R"("sub":"bob",)"), kHere), kBurst);
  EXPECT_EQ(taken(server, "feed", token(R"("sub":"billing",)"), kHere), kBurst);
  EXPECT_EQ(taken(server, "feed", kBilling, kHere), kBurst) << "a key is no subject of its name";
}

TEST_P(PublishRate, ATokenWithoutASubjectCountsByAddress) {
  TestServer server(limited());
  EXPECT_EQ(taken(server, "feed", token(""), kHere), kBurst);
  EXPECT_EQ(taken(server, "feed", token(R"("jti":"2",)"), kHere), 0);
  EXPECT_EQ(taken(server, "news", "", kHere), 0);
  EXPECT_EQ(taken(server, "feed", token(""), kElsewhere), kBurst);
}

TEST_P(PublishRate, WhoOnlyClaimsToBeSomebodyTakesNothingFromThem) {
  TestServer server(limited());
  const std::string good = token(R"("sub":"alice",)");
  std::string forged = good;
  char& of_signature = forged[forged.size() - 10];
  of_signature = of_signature == 'A' ? 'B' : 'A';
  for (const std::string& claim : {forged, bearer("rck_wrong")}) {
    for (int i = 0; i < 2 * kBurst; ++i) {
      HttpClient stranger(server.port(), {.from = kElsewhere});
      EXPECT_EQ(stranger.ask(post("/channels/feed", "x", claim)).status, 401);
    }
  }
  EXPECT_EQ(taken(server, "feed", good, kHere), kBurst);
  EXPECT_EQ(server.limited(Limit::kPublishRate), uint64_t{kBurst});
}

TEST_P(PublishRate, ABatchCountsForWhoeverSentIt) {
  TestServer server(limited());
  std::string for_news;
  for (int i = 0; i < kBurst; ++i) for_news += "{\"channel\":\"news\",\"data\":\"x\"}\n";
  const std::string for_both = for_news + "{\"channel\":\"feed\",\"data\":\"x\"}\n";
  const auto publish = [&](const std::string& batch, const std::string& credential) {
    HttpClient publisher(server.port(), {.from = kHere});
    return publisher.ask(post("/events", batch, credential)).status;
  };
  EXPECT_EQ(publish(for_both, kBilling), 201);
  EXPECT_EQ(publish(for_both, kBilling), 429);
  EXPECT_EQ(taken(server, "feed", kBilling, kElsewhere), 0);
  EXPECT_EQ(publish(for_news, ""), 201) << "the address has had nothing yet";
  EXPECT_EQ(publish(for_news, bearer("rck_wrong")), 429) << "nobody is believed to be a key";
  EXPECT_EQ(taken(server, "feed", kShop, kHere), kBurst);
}

}  // namespace
}  // namespace ringcast
