#include "net/http/origins.h"

#include <gtest/gtest.h>

namespace ringcast::net {
namespace {

struct Asked {
  const char* origin;
  bool is_taken;
};

void expect_taken(const Origins& origins, std::initializer_list<Asked> cases) {
  for (const auto& [origin, is_taken] : cases) {
    EXPECT_EQ(takes_by_name(origins, origin), is_taken) << origins[0] << " and " << origin;
  }
}

TEST(Origins, TakeInWhatIsListedAndNothingThatLooksLikeIt) {
  expect_taken({"https://app.example"}, {{"https://app.example", true},
                                         {"https://APP.eXample", true},
                                         {"HTTPS://app.example", false},
                                         {"http://app.example", false},
                                         {"https://app.example:8443", false},
                                         {"https://app.example:443", false},
                                         {"https://app.example/", false},
                                         {"https://app.example.", false},
                                         {"https://app.example.evil.com", false},
                                         {"https://evilapp.example", false},
                                         {"https://a.app.example", false},
                                         {"https://user@app.example", false},
                                         {"https://app.example https://app.example", false},
                                         {"https://app.example\x01", false},
                                         {"app.example", false},
                                         {"*", false},
                                         {"null", false},
                                         {"", false}});
  expect_taken({"http://[::1]:3000"}, {{"http://[::1]:3000", true}, {"http://[::1]", false}});
}

TEST(Origins, PatternTakesInTheHostsBelowItsDomain) {
  expect_taken({"https://*.app.example"}, {{"https://a.app.example", true},
                                           {"https://a.b-c.app.example", true},
                                           {"https://A.App.Example", true},
                                           {"https://app.example", false},
                                           {"https://.app.example", false},
                                           {"https://a..app.example", false},
                                           {"https://evilapp.example", false},
                                           {"https://evil-app.example", false},
                                           {"https://a.app.example.evil.com", false},
                                           {"https://evil.com/.app.example", false},
                                           {"https://evil.com:80.app.example", false},
                                           {"https://evil.com#.app.example", false},
                                           {"https://evil.com?.app.example", false},
                                           {"https://evil.com\\.app.example", false},
                                           {"https://evil.com@a.app.example", false},
                                           {"https://[::1].app.example", false},
                                           {"https://*.app.example", false},
                                           {"http://a.app.example", false},
                                           {"https://a.app.example:8443", false},
                                           {"https://a.app.example/", false},
                                           {"https://a\xC3\xA9.app.example", false},
                                           {"null", false},
                                           {"", false}});
  expect_taken({"https://*.app.example:8443"}, {{"https://a.app.example:8443", true},
                                                {"https://a.app.example", false},
                                                {"https://a.app.example:443", false}});
}

TEST(Origins, EverybodyIsNobodyByName) {
  const Origins everybody{"*"};
  EXPECT_TRUE(takes_everybody(everybody));
  EXPECT_FALSE(takes_by_name(everybody, "https://app.example"));
  EXPECT_FALSE(takes_everybody(Origins{"https://*.app.example"}));
}

TEST(Origins, InBothAreThoseThatEachTakesIn) {
  const Origins hosts{"https://*.app.example"};
  const Origins deeper{"https://*.eu.app.example", "https://*.evilapp.example"};
  EXPECT_EQ(in_both(hosts, {"https://a.app.example", "https://app.example"}),
            Origins{"https://a.app.example"});
  EXPECT_EQ(in_both(hosts, deeper), Origins{"https://*.eu.app.example"});
  EXPECT_EQ(in_both(deeper, hosts), Origins{"https://*.eu.app.example"});
  EXPECT_EQ(in_both(hosts, hosts), hosts);
  EXPECT_EQ(in_both(hosts, {"*"}), hosts);
  EXPECT_EQ(in_both({"*"}, {"*"}), Origins{"*"});
  EXPECT_EQ(in_both(hosts, {}), Origins{});
  EXPECT_EQ(in_both(hosts, {"https://*.app.example:8443", "http://*.app.example"}), Origins{});
}

TEST(Origins, InEitherNoEntryTakesInAnother) {
  const Origins hosts{"https://*.app.example"};
  EXPECT_EQ(in_either(hosts, {"https://a.app.example", "https://b.example"}),
            (Origins{"https://*.app.example", "https://b.example"}));
  EXPECT_EQ(in_either({"https://a.app.example", "https://b.example"}, hosts),
            (Origins{"https://b.example", "https://*.app.example"}));
  EXPECT_EQ(in_either(hosts, {"*"}), (Origins{"https://*.app.example", "*"}));
  EXPECT_EQ(in_either({"*"}, hosts), (Origins{"*", "https://*.app.example"}));
  EXPECT_EQ(in_either({"*"}, {"*"}), Origins{"*"});
  EXPECT_EQ(in_either({}, hosts), hosts);
}

}  // namespace
}  // namespace ringcast::net
