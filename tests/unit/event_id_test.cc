#include "engine/event_id.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace ringcast {
namespace {

constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();

std::string text_of(EventId id) {
  char out[kEventIdBytesMax];
  return {out, write_event_id(out, id)};
}

TEST(EventId, IsWrittenAsMillisecondsAndSequence) {
  EXPECT_EQ(text_of({1732271234567, 0}), "1732271234567-0");
  EXPECT_EQ(text_of({0, 0}), "0-0");
  EXPECT_EQ(text_of({1, 42}), "1-42");
}

TEST(EventId, TheLargestFillsTheRoomAskedFor) {
  EXPECT_EQ(text_of({kMax, kMax}), "18446744073709551615-18446744073709551615");
  EXPECT_EQ(text_of({kMax, kMax}).size(), kEventIdBytesMax);
}

// Browsers send it back in a header; outside this set some of them would ask for a preflight first.
TEST(EventId, TextUsesOnlyBytesThatAHeaderCarriesAnywhere) {
  EXPECT_EQ(text_of({kMax, kMax}).find_first_not_of("0123456789-"), std::string::npos);
}

TEST(EventId, WhatIsWrittenIsReadBack) {
  for (const EventId id : {EventId{0, 0}, EventId{0, 1}, EventId{1, 0}, EventId{1732271234567, 12},
                           EventId{kMax, 0}, EventId{0, kMax}, EventId{kMax, kMax}}) {
    EXPECT_EQ(parse_event_id(text_of(id)), id) << text_of(id);
  }
}

TEST(EventId, TextThatWeNeverWriteIsNoId) {
  for (const std::string_view text : {"",
                                      "-",
                                      "1",
                                      "1-",
                                      "-1",
                                      "1-2-3",
                                      "1--2",
                                      " 1-2",
                                      "1-2 ",
                                      "1 -2",
                                      "1- 2",
                                      "+1-2",
                                      "1-+2",
                                      "-1-2",
                                      "1-2\n",
                                      "1-2\r",
                                      "01-2",
                                      "1-02",
                                      "00-0",
                                      "0-00",
                                      "0x1-2",
                                      "1e3-0",
                                      "1.0-0",
                                      "a-b",
                                      "18446744073709551616-0",
                                      "0-18446744073709551616",
                                      "99999999999999999999999999-0",
                                      "1\xE2\x80\x90"
                                      "2",
                                      "\xD9\xA1-0",
                                      "*",
                                      "$"}) {
    EXPECT_EQ(parse_event_id(text), std::nullopt) << testing::PrintToString(text);
  }
  EXPECT_EQ(parse_event_id(std::string_view("1-2\0", 4)), std::nullopt);
  EXPECT_EQ(parse_event_id(std::string_view("1\0-2", 4)), std::nullopt);
}

// A header value is a slice of a larger buffer: what follows it is not looked at.
TEST(EventId, DigitsBehindTheEndOfTheTextAreNotRead) {
  EXPECT_EQ(parse_event_id(std::string_view("12-3456").substr(0, 4)), (EventId{12, 3}));
  EXPECT_EQ(parse_event_id(std::string_view("12-3456").substr(0, 3)), std::nullopt);
}

TEST(EventId, OrderIsByMillisecondsThenSequence) {
  EXPECT_LT((EventId{1, 9}), (EventId{2, 0}));
  EXPECT_LT((EventId{2, 0}), (EventId{2, 1}));
  EXPECT_LT((EventId{9, 0}), (EventId{10, 0}));  // as numbers, not as text
}

TEST(EventIdGenerator, FollowsTheWallClock) {
  EventIdGenerator ids;
  EXPECT_EQ(ids.peek(1000), (EventId{1000, 0}));
  ids.take({1000, 0});
  EXPECT_EQ(ids.peek(1001), (EventId{1001, 0}));
}

TEST(EventIdGenerator, PeekingTakesNothing) {
  EventIdGenerator ids;
  EXPECT_EQ(ids.peek(1000), ids.peek(1000));
  EXPECT_EQ(ids.last(), (EventId{0, 0}));
}

TEST(EventIdGenerator, CountsWithinOneMillisecond) {
  EventIdGenerator ids;
  for (uint64_t seq = 0; seq < 100; ++seq) {
    EXPECT_EQ(ids.peek(1000), (EventId{1000, seq}));
    ids.take(ids.peek(1000));
  }
}

TEST(EventIdGenerator, ClockThatStepsBackDoesNotLowerIds) {
  EventIdGenerator ids;
  ids.take({5000, 7});
  EXPECT_EQ(ids.peek(4000), (EventId{5000, 8}));
  EXPECT_EQ(ids.peek(0), (EventId{5000, 8}));
  ids.take({5000, 8});
  EXPECT_EQ(ids.peek(5000), (EventId{5000, 9}));
  EXPECT_EQ(ids.peek(5001), (EventId{5001, 0}));
}

// An index entry holds no larger number. Long before it is reached the clock has been set back by years.
TEST(EventIdGenerator, LastSequenceNumberIsFollowedByTheNextMillisecond) {
  EventIdGenerator ids;
  ids.take({5000, kEventIdSeqMax - 1});
  EXPECT_EQ(ids.peek(4000), (EventId{5000, kEventIdSeqMax}));
  ids.take({5000, kEventIdSeqMax});
  EXPECT_EQ(ids.peek(4000), (EventId{5001, 0}));
  EXPECT_EQ(ids.peek(5000), (EventId{5001, 0}));
  EXPECT_EQ(ids.peek(5001), (EventId{5001, 0})) << "the clock's own next one is as good";
  EXPECT_EQ(ids.peek(6000), (EventId{6000, 0}));
  ids.take({5001, 0});
  EXPECT_EQ(ids.peek(4000), (EventId{5001, 1}));
}

TEST(EventId, TheOneBeforeIsTheGreatestBelow) {
  EXPECT_EQ(id_before({5, 3}), (EventId{5, 2}));
  EXPECT_EQ(id_before({5, 1}), (EventId{5, 0}));
  EXPECT_EQ(id_before({5, 0}), (EventId{4, kEventIdSeqMax}));
  EXPECT_EQ(id_before({0, 1}), (EventId{0, 0}));
}

// What is handed out right after an id has nothing in between: whoever resumes from the one before gets it.
TEST(EventId, NothingIsHandedOutBetweenAnIdAndTheOneBeforeIt) {
  for (const EventId first : {EventId{5, 0}, EventId{5, 7}, EventId{5, kEventIdSeqMax}}) {
    EventIdGenerator ids;
    ids.take(first);
    const EventId next = ids.peek(0);
    EXPECT_GT(next, first);
    EXPECT_EQ(id_before(next), first);
  }
}

TEST(EventId, TextFormIsAStringToo) {
  EXPECT_EQ(to_string({1732271234567, 12}), "1732271234567-12");
  EXPECT_EQ(to_string({kMax, kMax}), text_of({kMax, kMax}));
}

// 0-0 means "before every event", so it is never an event's own id, not even with a clock at 1970.
TEST(EventIdGenerator, TheZeroIdIsNeverHandedOut) {
  const EventIdGenerator ids;
  EXPECT_GT(ids.peek(0), EventId{});
}

}  // namespace
}  // namespace ringcast
