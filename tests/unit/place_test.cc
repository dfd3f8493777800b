#include "engine/place.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace ringcast {
namespace {

constexpr EventId kOrigin{1000, 0};
constexpr EventId kNewest{5000, 7};
constexpr KeyedHash kEverybody{};
constexpr KeyedHash kAlice{.a = 1, .b = 1};
constexpr KeyedHash kBob{.a = 2, .b = 2};

// --- What a Last-Event-ID says

TEST(StartFrom, NothingIsAFirstConnect) {
  EXPECT_EQ(start_from("", kNewest).kind, Start::Kind::kFirst);
}

TEST(StartFrom, IdThatMayHaveBeenIssuedIsAPlaceToGoOnFrom) {
  for (const EventId id : {EventId{0, 0}, EventId{1, 0}, EventId{4999, kEventIdSeqMax},
                           EventId{5000, 0}, EventId{5000, 6}, kNewest}) {
    const Start start = start_from(to_string(id), kNewest);
    EXPECT_EQ(start.kind, Start::Kind::kAfter) << to_string(id);
    EXPECT_EQ(start.after, id);
  }
}

TEST(StartFrom, IdThatWasNotIssuedYetIsUnknownButSaid) {
  for (const EventId id : {EventId{5000, 8}, EventId{5001, 0}, EventId{~0ULL, ~0ULL}}) {
    const Start start = start_from(to_string(id), kNewest);
    EXPECT_EQ(start.kind, Start::Kind::kUnknown) << to_string(id);
    EXPECT_EQ(start.after, id);
  }
}

// They come from any page on the web.
TEST(StartFrom, WhateverElseIsUnknown) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {" "sv, "0"sv, "-"sv, "17"sv, "1-2-3"sv, "01-2"sv, " 1-2"sv, "1-2 "sv, "1-2\n"sv, "\0"sv,
        "1-2\0"sv, "\xFF"sv, "\xE2\x80\xA6"sv, "\"><script>"sv, "%0d%0aSet-Cookie:x"sv, "$"sv,
        "*"sv, "18446744073709551616-0"sv, "urn:uuid:5e94c686-2c0b-4f9b-958c-92ccc3bbb4eb"sv}) {
    const Start start = start_from(text, kNewest);
    EXPECT_EQ(start.kind, Start::Kind::kUnknown) << testing::PrintToString(text);
    EXPECT_EQ(start.after, std::nullopt) << testing::PrintToString(text);
  }
}

TEST(StartFrom, TextOfAnyLengthHasAnAnswer) {
  for (const size_t bytes : {255U, 256U, 257U, 4096U, 1'000'000U}) {
    for (const char c : {'1', '-', 'x', '\0'}) {
      const Start start = start_from(std::string(bytes, c), kNewest);
      EXPECT_EQ(start.kind, Start::Kind::kUnknown) << bytes;
      EXPECT_EQ(start.after, std::nullopt);
    }
  }
}

// --- Where that is

// A place as tests speak of it: how many frames follow, with which id the first, and the gap.
struct Seen {
  std::vector<uint64_t> ms;  // of the frames that follow
  std::optional<EventId> gap_up_to;
  bool operator==(const Seen&) const = default;
};

void PrintTo(const Seen& seen, std::ostream* out) {
  *out << "frames";
  for (const uint64_t ms : seen.ms) *out << ' ' << ms;
  *out << (seen.gap_up_to ? ", gap up to " + to_string(*seen.gap_up_to) : ", no gap");
}

Start first_connect() {
  return {};
}
Start after(EventId id) {
  return {.kind = Start::Kind::kAfter, .after = id};
}
Start after(uint64_t ms) {
  return after(EventId{ms, 0});
}
Start unknown(EventId id = {}) {
  return {.kind = Start::Kind::kUnknown, .after = id};
}

class PlaceTest : public testing::Test {
 protected:
  PlaceTest() {
    config_.name = "news";
    config_.history = {.events = 1000, .bytes = 4 * kKiB, .age = milliseconds{60'000}};
    config_.event_bytes_max = 200;
  }

  void open() {
    channel_ = std::move(Channel::create(0, config_, epochs_).value());
    channel_->index().set_origin(kOrigin);
  }

  void commit(uint64_t ms, const KeyedHash& recipient = kEverybody,
              milliseconds ttl = milliseconds{0}) {
    if (!channel_) open();
    const EventId id{ms, 0};
    const std::string data(data_bytes_, 'x');
    const Frame frame = encoder_.encode(id, {.type = "", .data = data});
    Channel::Load load;
    load.add(frame);
    ASSERT_EQ(channel_->make_room(load), Room::kReady);
    channel_->append(id, recipient, frame, ttl);
    now_ms_ = ms;
  }
  void commit_range(uint64_t first, uint64_t last) {
    for (uint64_t ms = first; ms <= last; ++ms) commit(ms);
  }

  Seen place(const Start& start, const KeyedHash& recipient = kEverybody,
             WireFormat format = WireFormat::kChunked) {
    if (!channel_) open();
    const WireRing& wire = *channel_->ring(format);
    const Place place = find_place(*channel_, recipient, start, now_ms_);
    Seen seen{.ms = {}, .gap_up_to = place.gap_up_to};
    FrameNumber n = place.frame;
    for (uint64_t i = 0; i < place.frames; ++i) {
      EXPECT_GE(n, wire.begin()) << "only what its ring has whole";
      EXPECT_LT(n, wire.end());
      seen.ms.push_back(channel_->index().id(n).ms);
      n = channel_->is_pattern() ? channel_->index().recipients().next(n) : n + 1;
    }
    EXPECT_EQ(n, channel_->is_pattern() ? kNoFrame : wire.end()) << "the last one is the newest";
    return seen;
  }

  static Seen frames(uint64_t first, uint64_t last, std::optional<EventId> gap_up_to = {}) {
    Seen seen{.ms = {}, .gap_up_to = gap_up_to};
    for (uint64_t ms = first; ms <= last; ++ms) seen.ms.push_back(ms);
    return seen;
  }
  static Seen nothing(std::optional<EventId> gap_up_to = {}) {
    return {.ms = {}, .gap_up_to = gap_up_to};
  }

  ChannelConfig config_;
  size_t data_bytes_ = 1;
  Epochs epochs_{2};
  FrameEncoder encoder_;
  std::unique_ptr<Channel> channel_;
  uint64_t now_ms_ = 2000;
};

// --- First connects

class FirstConnectTest : public PlaceTest {
 protected:
  void open_with(FirstConnect::From from, uint32_t last_events = 0) {
    config_.on_first_connect = {.from = from, .last_events = last_events};
    config_.history.events = 6;
    open();
  }
};

TEST_F(FirstConnectTest, LiveBeginsAtTheEnd) {
  open_with(FirstConnect::From::kLive);
  EXPECT_EQ(place(first_connect()), nothing());
  commit_range(2001, 2010);
  EXPECT_EQ(place(first_connect()), nothing());
  const WireRing& wire = *channel_->ring(WireFormat::kChunked);
  EXPECT_EQ(find_place(*channel_, kEverybody, first_connect(), now_ms_).frame, wire.end())
      << "the next frame is its first";
}

TEST_F(FirstConnectTest, OldestBeginsWithTheHistory) {
  open_with(FirstConnect::From::kOldest);
  EXPECT_EQ(place(first_connect()), nothing());
  commit_range(2001, 2004);
  EXPECT_EQ(place(first_connect()), frames(2001, 2004));
  commit_range(2005, 2010);
  EXPECT_EQ(place(first_connect()), frames(2005, 2010)) << "it asked for nothing that is gone";
}

TEST_F(FirstConnectTest, LastFewAreTheNewest) {
  open_with(FirstConnect::From::kLast, 3);
  EXPECT_EQ(place(first_connect()), nothing());
  commit(2001);
  EXPECT_EQ(place(first_connect()), frames(2001, 2001)) << "fewer than asked for";
  commit_range(2002, 2003);
  EXPECT_EQ(place(first_connect()), frames(2001, 2003)) << "exactly as many";
  commit_range(2004, 2010);
  EXPECT_EQ(place(first_connect()), frames(2008, 2010));
}

TEST_F(FirstConnectTest, MoreThanIsKeptIsWhatIsKept) {
  for (const uint32_t asked_for : {6U, 7U, 100U, ~0U}) {
    open_with(FirstConnect::From::kLast, asked_for);
    commit_range(2001, 2010);
    EXPECT_EQ(place(first_connect()), frames(2005, 2010)) << asked_for;
  }
}

TEST_F(FirstConnectTest, LastNoneIsLive) {
  open_with(FirstConnect::From::kLast, 0);
  commit_range(2001, 2010);
  EXPECT_EQ(place(first_connect()), nothing());
}

TEST_F(FirstConnectTest, AgeBoundsTheLastFewToo) {
  config_.history.age = milliseconds{5};
  open_with(FirstConnect::From::kLast, 4);
  commit_range(2001, 2010);
  now_ms_ = 2013;
  EXPECT_EQ(place(first_connect()), frames(2008, 2010));
  now_ms_ = 2100;
  EXPECT_EQ(place(first_connect()), nothing());
}

// Whoever says where it wants to start is not at its first connect.
TEST_F(FirstConnectTest, DecidesNothingForWhoeverResumes) {
  for (const FirstConnect::From from :
       {FirstConnect::From::kLive, FirstConnect::From::kOldest, FirstConnect::From::kLast}) {
    open_with(from, 1);
    commit_range(2001, 2006);
    EXPECT_EQ(place(after(2003)), frames(2004, 2006));
    EXPECT_EQ(place(after(1500)), frames(2001, 2006));
    EXPECT_EQ(place(unknown()), frames(2001, 2006, kOrigin));
  }
}

// --- Resuming

TEST_F(PlaceTest, ResumesAfterEveryId) {
  commit_range(2001, 2010);
  for (uint64_t ms = 2000; ms < 2010; ++ms) {
    EXPECT_EQ(place(after(ms)), frames(ms + 1, 2010));
    EXPECT_EQ(place(after({ms, 5})), frames(ms + 1, 2010)) << "an id of another channel";
  }
  EXPECT_EQ(place(after(2010)), nothing());
  EXPECT_EQ(place(after({2010, 1})), nothing());
  EXPECT_EQ(place(after(9999)), nothing());
}

TEST_F(PlaceTest, ResumesInAChannelWithoutEvents) {
  EXPECT_EQ(place(after(kOrigin)), nothing());
  EXPECT_EQ(place(after(1500)), nothing());
  EXPECT_EQ(place(after({999, kEventIdSeqMax})), nothing(kOrigin));
  EXPECT_EQ(place(after({0, 0})), nothing(kOrigin));
  EXPECT_EQ(place(unknown()), nothing(kOrigin));
}

// What was issued before this process began is gone, whatever it was.
TEST_F(PlaceTest, IdFromBeforeTheOriginHasAGap) {
  commit_range(2001, 2003);
  EXPECT_EQ(place(after(kOrigin)), frames(2001, 2003));
  EXPECT_EQ(place(after({999, 99})), frames(2001, 2003, kOrigin));
}

TEST_F(PlaceTest, GapIsAnnouncedExactlyWhenSomethingIsMissing) {
  config_.history.events = 4;
  commit_range(2001, 2010);
  for (uint64_t ms = 1500; ms <= 2010; ++ms) {
    if (ms < 2006) {
      EXPECT_EQ(place(after(ms)), frames(2007, 2010, EventId{2006, 0})) << ms;
    } else {
      EXPECT_EQ(place(after(ms)), frames(ms + 1, 2010)) << ms;
    }
  }
  EXPECT_EQ(place(after({2005, kEventIdSeqMax})), frames(2007, 2010, EventId{2006, 0}));
}

TEST_F(PlaceTest, IdOfAGapIsOneToResumeFromWithoutAnother) {
  config_.history.events = 4;
  for (uint64_t ms = 2001; ms <= 2030; ++ms) {
    commit(ms);
    for (const Start& start : {after(1), after(1999), after(2001), unknown(), unknown({9999, 0})}) {
      const Seen seen = place(start);
      if (!seen.gap_up_to) continue;
      EXPECT_EQ(place(after(*seen.gap_up_to)), (Seen{.ms = seen.ms, .gap_up_to = {}}));
      EXPECT_EQ(start_from(to_string(*seen.gap_up_to), {ms, 0}).kind, Start::Kind::kAfter)
          << "it has been issued";
    }
  }
}

TEST_F(PlaceTest, UnknownIdIsGivenAllThereIsAfterAGap) {
  config_.history.events = 4;
  commit_range(2001, 2003);
  EXPECT_EQ(place(unknown()), frames(2001, 2003, kOrigin));
  commit_range(2004, 2010);
  EXPECT_EQ(place(unknown()), frames(2007, 2010, EventId{2006, 0}));
  EXPECT_EQ(place(unknown({9999, 0})), frames(2007, 2010, EventId{2006, 0})) << "a future one too";
}

TEST_F(PlaceTest, AgeMakesGapsToo) {
  config_.history.age = milliseconds{100};
  for (const uint64_t ms : {2000U, 2050U, 2120U}) commit(ms);
  EXPECT_EQ(place(after(1500)), (Seen{.ms = {2050, 2120}, .gap_up_to = EventId{2000, 0}}));
  EXPECT_EQ(place(after(2000)), (Seen{.ms = {2050, 2120}, .gap_up_to = {}}));
  now_ms_ = 2200;
  EXPECT_EQ(place(after(2000)), (Seen{.ms = {2120}, .gap_up_to = EventId{2050, 0}}));
  EXPECT_EQ(place(after(2050)), (Seen{.ms = {2120}, .gap_up_to = {}}));
  now_ms_ = 3000;
  EXPECT_EQ(place(after(2050)), nothing(EventId{2120, 0}));
  EXPECT_EQ(place(after(2120)), nothing());
  now_ms_ = 2000;  // the clock steps back
  EXPECT_EQ(place(after(2050)), nothing(EventId{2120, 0})) << "what was said to be gone stays gone";
}

TEST_F(PlaceTest, WhatTheRingOverwroteMakesAGap) {
  data_bytes_ = 150;
  commit_range(2001, 2100);
  const FrameNumber begin = channel_->ring(WireFormat::kChunked)->begin();
  ASSERT_GT(begin, 70U);
  const uint64_t oldest = 2001 + begin;
  EXPECT_EQ(place(after(oldest - 1)), frames(oldest, 2100));
  EXPECT_EQ(place(after(oldest - 2)), frames(oldest, 2100, EventId{oldest - 1, 0}));
}

TEST_F(PlaceTest, ExpiredFramesAreCountedWithTheRest) {
  commit(2001);
  commit(2002, kEverybody, milliseconds{10});
  commit(2003);
  now_ms_ = 2500;
  EXPECT_EQ(place(after(2001)), frames(2002, 2003)) << "whoever sends them leaves them out";
}

// The rings of a channel need not go equally far back: a raw one is made later, from what fits, and its frames are
// shorter. Somebody who comes back by way of another proxy must be told of a gap by the same measure.
TEST_F(PlaceTest, HistoryIsWhatAllRingsHave) {
  open();
  ASSERT_TRUE(channel_->open_ring(WireFormat::kRaw));
  commit_range(2001, 2500);
  const FrameNumber chunked = channel_->ring(WireFormat::kChunked)->begin();
  ASSERT_LT(channel_->ring(WireFormat::kRaw)->begin(), chunked)
      << "otherwise this test shows nothing";
  for (const WireFormat format : {WireFormat::kChunked, WireFormat::kRaw}) {
    EXPECT_EQ(place(after(1500), kEverybody, format),
              frames(2001 + chunked, 2500, EventId{2000 + chunked, 0}));
  }
}

// --- Recipients

class RecipientPlaceTest : public PlaceTest {
 protected:
  RecipientPlaceTest() { config_.name = "inbox/{recipient}"; }

  // Alice's events are the even ones, Bob's the odd ones.
  void commit_in_turns(uint64_t first, uint64_t last) {
    for (uint64_t ms = first; ms <= last; ++ms) commit(ms, ms % 2 == 0 ? kAlice : kBob);
  }
  static Seen evens(uint64_t first, uint64_t last, std::optional<EventId> gap_up_to = {}) {
    Seen seen{.ms = {}, .gap_up_to = gap_up_to};
    for (uint64_t ms = first; ms <= last; ms += 2) seen.ms.push_back(ms);
    return seen;
  }
};

TEST_F(RecipientPlaceTest, ResumesAfterEveryIdWithItsOwnFramesOnly) {
  commit_in_turns(2001, 2010);
  for (uint64_t ms = 2000; ms < 2010; ++ms) {
    EXPECT_EQ(place(after(ms), kAlice), evens(ms % 2 == 0 ? ms + 2 : ms + 1, 2010)) << ms;
  }
  EXPECT_EQ(place(after(2010), kAlice), nothing());
  EXPECT_EQ(place(after(2009), kBob), nothing());
  EXPECT_EQ(place(after(2008), kBob), (Seen{.ms = {2009}, .gap_up_to = {}}));
}

TEST_F(RecipientPlaceTest, FirstConnects) {
  config_.history.events = 8;
  for (const auto& [from, last_events, expected] :
       {std::tuple{FirstConnect::From::kLive, 0U, nothing()},
        std::tuple{FirstConnect::From::kOldest, 0U, evens(2004, 2010)},
        std::tuple{FirstConnect::From::kLast, 0U, nothing()},
        std::tuple{FirstConnect::From::kLast, 2U, evens(2008, 2010)},
        std::tuple{FirstConnect::From::kLast, 4U, evens(2004, 2010)},
        std::tuple{FirstConnect::From::kLast, 100U, evens(2004, 2010)}}) {
    config_.on_first_connect = {.from = from, .last_events = last_events};
    open();
    commit_in_turns(2001, 2010);
    EXPECT_EQ(place(first_connect(), kAlice), expected);
    EXPECT_EQ(place(first_connect(), {.a = 9, .b = 9}), nothing()) << "a stranger";
  }
}

TEST_F(RecipientPlaceTest, RecipientWithoutEventsHasMissedNothing) {
  commit_in_turns(2001, 2010);
  const KeyedHash carol{.a = 3, .b = 3};
  EXPECT_EQ(place(after(2000), carol), nothing());
  EXPECT_EQ(place(after(2010), carol), nothing());
  EXPECT_EQ(place(after(500), carol), nothing(kOrigin)) << "but for what was before the origin";
  EXPECT_EQ(place(unknown(), carol), nothing(kOrigin));
}

TEST_F(RecipientPlaceTest, CountBoundsTheChannelAndSoEachHistoryInIt) {
  config_.history.events = 4;
  commit_in_turns(2001, 2010);
  EXPECT_EQ(place(after(2005), kAlice), evens(2008, 2010, EventId{2006, 0}));
  EXPECT_EQ(place(after(2006), kAlice), evens(2008, 2010)) << "the frame it has had";
  EXPECT_EQ(place(after(2007), kAlice), evens(2008, 2010));
  EXPECT_EQ(place(after(2008), kAlice), evens(2010, 2010));
  EXPECT_EQ(place(after(1500), kAlice), evens(2008, 2010, EventId{2006, 0}));
}

// Others' losses are no concern of hers: her last event is hers, however much was lost since.
TEST_F(RecipientPlaceTest, GapIsAnnouncedOnlyForFramesOfItsOwn) {
  config_.history.events = 4;
  commit(2001, kAlice);
  for (uint64_t ms = 2002; ms <= 2020; ++ms) commit(ms, kBob);
  EXPECT_EQ(place(after(2001), kAlice), nothing());
  EXPECT_EQ(place(after(2010), kAlice), nothing());
  EXPECT_EQ(place(after(2000), kAlice), nothing(EventId{2001, 0})) << "known, but not history";
  commit(2021, kAlice);
  EXPECT_EQ(place(after(2001), kAlice), (Seen{.ms = {2021}, .gap_up_to = {}}));
  EXPECT_EQ(place(after(2000), kAlice), (Seen{.ms = {2021}, .gap_up_to = EventId{2001, 0}}));
}

TEST_F(RecipientPlaceTest, AgeBoundsItsHistory) {
  config_.history.age = milliseconds{100};
  commit(2000, kAlice);
  commit(2050, kBob);
  commit(2120, kAlice);
  EXPECT_EQ(place(after(1999), kAlice), (Seen{.ms = {2120}, .gap_up_to = EventId{2000, 0}}));
  EXPECT_EQ(place(after(2000), kAlice), (Seen{.ms = {2120}, .gap_up_to = {}}));
  now_ms_ = 3000;
  EXPECT_EQ(place(after(2000), kAlice), nothing(EventId{2120, 0}));
  EXPECT_EQ(place(after(2120), kAlice), nothing());
}

// All of hers overwritten: nothing is known of her but a mark.
TEST_F(RecipientPlaceTest, ForgottenRecipientStillLearnsOfItsLoss) {
  commit(2001, kAlice);
  commit(2002, kAlice);
  for (uint64_t ms = 2003; ms <= 2500; ++ms) commit(ms, kBob);
  ASSERT_EQ(channel_->index().recipients().newest_of(kAlice), kNoFrame);
  EXPECT_EQ(place(after(2001), kAlice), nothing(EventId{2002, 0}));
  EXPECT_EQ(place(after(2002), kAlice), nothing());
  EXPECT_EQ(place(after(2400), kAlice), nothing());
  EXPECT_EQ(place(unknown(), kAlice), nothing(EventId{2002, 0}));
  commit(2501, kAlice);
  EXPECT_EQ(place(after(2001), kAlice), (Seen{.ms = {2501}, .gap_up_to = EventId{2002, 0}}));
  EXPECT_EQ(place(after(2002), kAlice), (Seen{.ms = {2501}, .gap_up_to = {}}));
}

TEST_F(RecipientPlaceTest, UnknownIdIsGivenAllOfItsOwnAfterAGap) {
  config_.history.events = 6;
  commit_in_turns(2001, 2010);
  EXPECT_EQ(place(unknown(), kAlice), evens(2006, 2010, EventId{2004, 0}));
  EXPECT_EQ(place(unknown({9999, 0}), kAlice), evens(2006, 2010, EventId{2004, 0}));
}

TEST_F(RecipientPlaceTest, IdOfAGapIsOneToResumeFromWithoutAnother) {
  config_.history.events = 5;
  for (uint64_t ms = 2001; ms <= 2400; ++ms) {
    commit(ms, ms % 7 == 0 ? kAlice : kBob);
    for (const KeyedHash& recipient : {kAlice, kBob, KeyedHash{.a = 3, .b = 3}}) {
      for (const Start& start : {after(1), after(ms - 20), unknown(), unknown({9999, 0})}) {
        const Seen seen = place(start, recipient);
        if (!seen.gap_up_to) continue;
        ASSERT_EQ(place(after(*seen.gap_up_to), recipient), (Seen{.ms = seen.ms, .gap_up_to = {}}));
        ASSERT_LE(*seen.gap_up_to, (EventId{ms, 0})) << "it has been issued";
      }
    }
  }
}

}  // namespace
}  // namespace ringcast
