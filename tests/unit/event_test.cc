#include "engine/event.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace ringcast {
namespace {

using namespace std::string_view_literals;

EventFault fault_of_data(std::string_view data) {
  return find_fault({.type = "", .data = data});
}

EventFault fault_of_type(std::string_view type) {
  return find_fault({.type = type, .data = "x"});
}

TEST(Event, AnyUtf8IsFineAsData) {
  for (const std::string_view data :
       {""sv, "42"sv, "a\r\nb\rc\n"sv, "\0"sv, "\x7f\x1b[2J"sv, "\xEF\xBB\xBFhi"sv,
        "\xE2\x80\xA6"sv, "\xE2\x80\xA8\xE2\x80\xA9\xC2\x85"sv, "\xF0\x9F\x98\x80"sv,
        "\xF4\x8F\xBF\xBF"sv, "x\n\nevent: admin\ndata: y"sv}) {
    EXPECT_EQ(fault_of_data(data), EventFault::kNone) << data;
  }
}

TEST(Event, DataThatClientsWouldSilentlyRepairIsRefused) {
  for (const std::string_view data : {"\xFF"sv, "\x80"sv, "ok\xC3"sv, "\xE2\x80"sv,  // cut
                                      "\xC0\xAF"sv, "\xE0\x80\xAF"sv,  // longer than needed
                                      "\xED\xA0\x80"sv,                // half a surrogate pair
                                      "\xF4\x90\x80\x80"sv, "\xF8\x88\x80\x80\x80"sv}) {
    EXPECT_EQ(fault_of_data(data), EventFault::kDataNotUtf8) << testing::PrintToString(data);
  }
}

TEST(Event, BadBytesAreFoundWhereverTheyStand) {
  for (size_t at = 0; at < 300; ++at) {
    std::string data(300, 'a');
    data[at] = '\xFF';
    EXPECT_EQ(fault_of_data(data), EventFault::kDataNotUtf8) << at;
  }
}

TEST(Event, TypesMayBeAnyWordsOnOneLine) {
  for (const std::string_view type : {""sv, "message"sv, "price"sv, "a b"sv, "x:y"sv, " x"sv,
                                      "\xC3\xA9t\xC3\xA9"sv, "errors"sv, "Error"sv, "opened"sv}) {
    EXPECT_EQ(fault_of_type(type), EventFault::kNone) << type;
  }
}

TEST(Event, ControlCharactersInTheTypeCannotForgeFields) {
  EXPECT_EQ(fault_of_type("a\ndata: x"), EventFault::kTypeControl);
  EXPECT_EQ(fault_of_type("a\rx"), EventFault::kTypeControl);
  EXPECT_EQ(fault_of_type("a\r\n\r\ndata:x"), EventFault::kTypeControl);
  for (int c = 0; c <= 0x7f; ++c) {
    if (c >= 0x20 && c != 0x7f) continue;
    const std::string type = std::string("a") + static_cast<char>(c) + "b";
    EXPECT_EQ(fault_of_type(type), EventFault::kTypeControl) << c;
  }
}

TEST(Event, TypesThatBrowsersUseThemselvesAreReserved) {
  EXPECT_EQ(fault_of_type("error"), EventFault::kTypeReserved);
  EXPECT_EQ(fault_of_type("open"), EventFault::kTypeReserved);
  EXPECT_EQ(fault_of_type("gap"), EventFault::kTypeOurs);
}

TEST(Event, TypesThatAreNotUtf8AreRefused) {
  EXPECT_EQ(fault_of_type("a\xFF"), EventFault::kTypeNotUtf8);
  EXPECT_EQ(fault_of_type("\xC2"), EventFault::kTypeNotUtf8);
}

TEST(Event, TypesHaveALength) {
  EXPECT_EQ(fault_of_type(std::string(128, 't')), EventFault::kNone);
  EXPECT_EQ(fault_of_type(std::string(129, 't')), EventFault::kTypeTooLong);
  EXPECT_EQ(fault_of_type(std::string(1 << 20, '\xFF')), EventFault::kTypeTooLong);
  // Bytes are counted, not characters.
  std::string accented;
  for (int i = 0; i < 64; ++i) accented += "\xC3\xA9";
  EXPECT_EQ(fault_of_type(accented), EventFault::kNone);
  EXPECT_EQ(fault_of_type(accented + "s"), EventFault::kTypeTooLong);
  const std::string limit = std::to_string(kTypeBytesMax);
  EXPECT_NE(describe(EventFault::kTypeTooLong).find(limit), std::string_view::npos);
}

TEST(Event, EveryFaultIsDescribedInItsOwnWords) {
  std::set<std::string_view> sentences;
  for (const EventFault fault :
       {EventFault::kNone, EventFault::kDataNotUtf8, EventFault::kTypeTooLong,
        EventFault::kTypeNotUtf8, EventFault::kTypeControl, EventFault::kTypeReserved, EventFault::kTypeOurs}) {
    const std::string_view sentence = describe(fault);
    EXPECT_FALSE(sentence.empty());
    EXPECT_EQ(sentence.find_first_of("\r\n\""), std::string_view::npos) << sentence;
    sentences.insert(sentence);
  }
  EXPECT_EQ(sentences.size(), 7U);
}

}  // namespace
}  // namespace ringcast
