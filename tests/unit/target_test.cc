#include "net/http/target.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace ringcast::net {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs pairs_of(std::string_view query) {
  Pairs pairs;
  for (QueryPairs each{query}; each.next();) pairs.emplace_back(each.name(), each.value());
  return pairs;
}

// The decoded path, or the word "refused".
std::string decoded(std::string path) {
  size_t size = path.size();
  if (decode_path(path.data(), size)) return "refused";
  return path.substr(0, size);
}

TEST(Target, SplitsAPathFromItsQuery) {
  Target target;
  EXPECT_FALSE(split_target("/a/b?c=d?e", Method::kGet, target));
  EXPECT_EQ(target.path, "/a/b");
  EXPECT_EQ(target.query, "c=d?e");
  EXPECT_EQ(target.authority, "");
  EXPECT_FALSE(split_target("/a?", Method::kGet, target));
  EXPECT_EQ(target.path, "/a");
  EXPECT_EQ(target.query, "");
}

TEST(Target, UnderstandsUrlsOfProxies) {
  Target target;
  EXPECT_FALSE(split_target("HTTP://h:80/a?q", Method::kGet, target));
  EXPECT_EQ(target.authority, "h:80");
  EXPECT_EQ(target.path, "/a");
  EXPECT_EQ(target.query, "q");
  EXPECT_FALSE(split_target("https://h?q", Method::kGet, target));
  EXPECT_EQ(target.authority, "h");
  EXPECT_EQ(target.path, "/");
  EXPECT_EQ(target.query, "q");
}

TEST(Target, GivesOnlyPartsOfWhatItWasGiven) {
  const std::string raw = "http://h";
  Target target;
  EXPECT_FALSE(split_target(raw, Method::kGet, target));
  EXPECT_GE(target.path.data(), raw.data());
  EXPECT_LT(target.path.data(), raw.data() + raw.size());
}

TEST(Target, LeavesTheStarToOptions) {
  Target target;
  EXPECT_FALSE(split_target("*", Method::kOptions, target));
  EXPECT_EQ(target.path, "*");
  EXPECT_EQ(split_target("*", Method::kGet, target).status, 400);
  EXPECT_EQ(split_target("*x", Method::kOptions, target).status, 400);
}

TEST(Path, IsDecodedOnceAndNotNormalised) {
  EXPECT_EQ(decoded("/plain"), "/plain");
  EXPECT_EQ(decoded("/%61%2Fb%2fc"), "/a/b/c");
  EXPECT_EQ(decoded("/%2561"), "/%61");
  EXPECT_EQ(decoded("//a/../b/."), "//a/../b/.");
  EXPECT_EQ(decoded("/%E2%80%A6"), "/\xE2\x80\xA6");
  EXPECT_EQ(decoded("/%F0%9F%98%80"), "/\xF0\x9F\x98\x80");
  EXPECT_EQ(decoded("/a+b"), "/a+b");
}

TEST(Path, MayNotHideControlsOrBrokenText) {
  for (const char* path :
       {"/%00", "/%0a", "/%0D", "/%1f", "/%7f", "/%80", "/%C0%AF", "/%C1%BF", "/%E0%80%AF",
        "/%ED%A0%80", "/%F0%80%80%80", "/%F4%90%80%80", "/%F5%80%80%80", "/%E2%80", "/%E2%80x"}) {
    EXPECT_EQ(decoded(path), "refused") << path;
  }
}

TEST(Query, IsReadAsBrowsersWriteForms) {
  EXPECT_EQ(pairs_of(""), Pairs{});
  EXPECT_EQ(pairs_of("&&"), Pairs{});
  EXPECT_EQ(pairs_of("a"), (Pairs{{"a", ""}}));
  EXPECT_EQ(pairs_of("=b"), (Pairs{{"", "b"}}));
  EXPECT_EQ(pairs_of("a=b=c"), (Pairs{{"a", "b=c"}}));
  EXPECT_EQ(pairs_of("a=1&b=2&a=3&"), (Pairs{{"a", "1"}, {"b", "2"}, {"a", "3"}}));
  EXPECT_EQ(pairs_of("a;b=c;d"), (Pairs{{"a;b", "c;d"}}));
  EXPECT_EQ(pairs_of("x+y=%2B%20%26%3d"), (Pairs{{"x y", "+ &="}}));
  EXPECT_EQ(pairs_of("a=100%&b=%4&c=%zz"), (Pairs{{"a", "100%"}, {"b", "%4"}, {"c", "%zz"}}));
}

TEST(Query, GivesTheFirstValueOfAName) {
  EXPECT_EQ(query_value("a=1&b=2&b=3", "b"), "2");
  EXPECT_EQ(query_value("%62=%32", "b"), "2");
  EXPECT_EQ(query_value("b", "b"), "");
  EXPECT_EQ(query_value("bb=1", "b"), std::nullopt);
}

}  // namespace
}  // namespace ringcast::net
