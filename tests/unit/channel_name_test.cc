#include "engine/channel_name.h"

#include <gtest/gtest.h>

#include <string>

namespace ringcast {
namespace {

using namespace std::string_view_literals;

ChannelName pattern(std::string_view name) {
  const ChannelName split = split_channel_name(name);
  EXPECT_TRUE(split.is_pattern) << name;
  return split;
}

TEST(ChannelName, APatternIsTakenApartAtItsVariable) {
  struct Case {
    std::string_view name, before, after;
  };
  for (const auto& [name, before, after] : {
           Case{"inbox/{recipient}", "inbox/", ""}, Case{"users/{id}/inbox", "users/", "/inbox"},
           Case{"a/b/{c_9}/d/e", "a/b/", "/d/e"}, Case{"a/{0}", "a/", ""},
           Case{"a/{abcdefghijklmnopqrstuvwxyz012345}", "a/", ""},  // 32 letters
       }) {
    const ChannelName split = split_channel_name(name);
    EXPECT_TRUE(split.is_pattern) << name;
    EXPECT_EQ(split.before, before);
    EXPECT_EQ(split.after, after);
  }
}

TEST(ChannelName, EverythingElseIsAFixedNameInOnePiece) {
  for (const std::string_view name : {
           "news"sv,
           "prices/eur"sv,
           ""sv,
           "/"sv,
           "{recipient}"sv,        // alone
           "{recipient}/inbox"sv,  // first
           "inbox/{}"sv,
           "inbox/{"sv,
           "inbox/}"sv,
           "inbox/{a"sv,
           "inbox/a}"sv,
           "inbox/to-{a}"sv,  // part of a segment
           "inbox/{a}-x"sv,
           "inbox/{a}{b}"sv,
           "inbox/{A}"sv,
           "inbox/{a-b}"sv,
           "inbox/{a b}"sv,
           "inbox/{{a}}"sv,
           "a/{b}/{c}"sv,  // two
           "a/{b}/c}"sv,
           "a}/{b}"sv,
           "a/{abcdefghijklmnopqrstuvwxyz0123456}"sv,  // 33 letters
       }) {
    const ChannelName split = split_channel_name(name);
    EXPECT_FALSE(split.is_pattern) << name;
    EXPECT_EQ(split.before, name);
    EXPECT_EQ(split.after, "");
  }
}

TEST(ChannelName, ARecipientIsOneSegmentOfPlainUtf8) {
  for (const std::string& text :
       {std::string{"alice"}, std::string{"7"}, std::string{"a b"}, std::string{"a.b"},
        std::string{"..."}, std::string{"Ωmega"}, std::string{"😀"}, std::string{"a?b=c&d#e%2f"},
        std::string{"\xc2\xa0"}, std::string(kRecipientBytesMax, 'x')}) {
    EXPECT_TRUE(is_recipient(text)) << text;
  }
}

TEST(ChannelName, OtherTextIsNoRecipient) {
  for (const std::string& text :
       {std::string{}, std::string(kRecipientBytesMax + 1, 'x'), std::string{"."},
        std::string{".."}, std::string{"a/b"}, std::string{"/"}, std::string{"{a}"},
        std::string{"a{"}, std::string{"}"}, std::string{"a\0b", 3}, std::string{"\n"},
        std::string{"\x1f"}, std::string{"a\x7f"}, std::string{"\xc2\x80"},
        std::string{"a\xc2\x9f"}, std::string{"\xff"}, std::string{"a\xc2"},
        std::string{"\xc0\xaf"}, std::string{"\xed\xa0\x80"}}) {
    EXPECT_FALSE(is_recipient(text)) << testing::PrintToString(text);
  }
}

TEST(ChannelName, ANameOfThePatternHoldsItsRecipient) {
  const ChannelName inbox = pattern("inbox/{recipient}");
  EXPECT_EQ(recipient_in(inbox, "inbox/alice"), "alice");
  EXPECT_EQ(recipient_in(inbox, "inbox/inbox"), "inbox");
  const ChannelName middle = pattern("users/{id}/inbox");
  EXPECT_EQ(recipient_in(middle, "users/7/inbox"), "7");
  EXPECT_EQ(recipient_in(middle, "users/users/inbox"), "users");
}

TEST(ChannelName, ANameOutsideThePatternHoldsNone) {
  const ChannelName inbox = pattern("inbox/{recipient}");
  for (const std::string_view name :
       {""sv, "inbox"sv, "inbox/"sv, "inbox//"sv, "inbox/alice/"sv, "inbox/alice/x"sv, "inbox/.."sv,
        "inbox/{recipient}"sv, "Inbox/alice"sv, "xinbox/alice"sv, "/inbox/alice"sv,
        "inbox/a\nb"sv}) {
    EXPECT_FALSE(recipient_in(inbox, name)) << name;
  }
  // The two parts may not overlap, nor may the recipient be empty.
  const ChannelName narrow = pattern("a/{b}/a");
  for (const std::string_view name :
       {"a/a"sv, "a//a"sv, "a/b"sv, "a/b/a/a"sv, "a/b/aa"sv, "b/a"sv}) {
    EXPECT_FALSE(recipient_in(narrow, name)) << name;
  }
}

TEST(ChannelName, PatternsShareANameWhenOneAddressFitsBoth) {
  struct Case {
    std::string_view one, other;
    bool share;
  };
  for (const auto& [one, other, share] : {
           Case{"inbox/{a}", "inbox/{b}", true},
           Case{"users/{id}/inbox", "users/{name}/inbox", true},
           Case{"users/{id}/inbox", "users/x/{box}", true},  // users/x/inbox
           Case{"a/{v}/b/c/d", "a/x/b/{v}/d", true},
           Case{"a/{v}/b/c/d", "a/x/b/{v}/e", false},
           Case{"a/{v}/b/c", "a/x/y/{v}", false},
           Case{"inbox/{a}", "outbox/{a}", false},
           Case{"inbox/{a}", "inbox/x/{a}", false},
           Case{"inbox/{a}/x", "inbox/{a}", false},
           Case{"a/{v}/b", "a/x/{v}/b", false},
           Case{"a/{v}/b", "a/xy/z/{v}", false},
       }) {
    EXPECT_EQ(share_a_name(pattern(one), pattern(other)), share) << one << ' ' << other;
    EXPECT_EQ(share_a_name(pattern(other), pattern(one)), share) << other << ' ' << one;
  }
}

}  // namespace
}  // namespace ringcast
