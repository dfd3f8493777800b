// Feeds the same bytes of a stream to the reference parser whole, byte by byte and cut at every
// place: what it makes of them must not depend on how the network split them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <ostream>
#include <string_view>
#include <vector>

#include "tests/support/seeds.h"
#include "tests/support/sse_parser.h"

namespace ringcast {

// Everything a client knows at the end of some bytes.
struct StreamReading {
  std::vector<DispatchedEvent> events;
  std::string last_event_id;
  std::optional<uint64_t> retry_ms;
  size_t comments = 0;
  bool operator==(const StreamReading&) const = default;
};

inline void PrintTo(const DispatchedEvent& event, std::ostream* out) {
  *out << '{' << testing::PrintToString(event.last_event_id) << ' '
       << testing::PrintToString(event.type) << ' ' << testing::PrintToString(event.data) << '}';
}

inline void PrintTo(const StreamReading& reading, std::ostream* out) {
  *out << testing::PrintToString(reading.events) << " last id "
       << testing::PrintToString(reading.last_event_id) << ", retry "
       << testing::PrintToString(reading.retry_ms) << ", comments " << reading.comments;
}

// One reading of the pieces of `stream` between `cuts`, which must rise.
[[nodiscard]] inline StreamReading read_cut_at(std::string_view stream,
                                               const std::vector<size_t>& cuts) {
  SseParser parser;
  StreamReading reading;
  const auto feed = [&](std::string_view piece) {
    parser.feed(piece);
    std::ranges::move(parser.take_events(), std::back_inserter(reading.events));
  };
  size_t from = 0;
  for (const size_t cut : cuts) {
    feed(stream.substr(from, cut - from));
    from = cut;
  }
  feed(stream.substr(from));
  reading.last_event_id = parser.last_event_id();
  reading.retry_ms = parser.retry_ms();
  reading.comments = parser.comments();
  return reading;
}

// Short enough for every way to cut them in three, and in two, to be tried.
inline constexpr size_t kCutInThreeBytesMax = 60;
inline constexpr size_t kCutInTwoBytesMax = 300;

// The one reading of `stream` however it is split; anything else fails the test. What is too long
// for every cut is cut at some places of the dice's choosing.
inline StreamReading read_every_way(std::string_view stream, Dice dice = Dice(1)) {
  const StreamReading whole = read_cut_at(stream, {});
  std::vector<size_t> every_place;
  for (size_t at = 1; at < stream.size(); ++at) every_place.push_back(at);
  EXPECT_EQ(read_cut_at(stream, every_place), whole) << "byte by byte";

  const bool in_three = stream.size() <= kCutInThreeBytesMax;
  const bool in_two = stream.size() <= kCutInTwoBytesMax;
  for (size_t first = 1; in_two && first < stream.size(); ++first) {
    EXPECT_EQ(read_cut_at(stream, {first}), whole) << first;
    for (size_t second = first + 1; in_three && second < stream.size(); ++second) {
      EXPECT_EQ(read_cut_at(stream, {first, second}), whole) << first << ' ' << second;
    }
  }
  for (int round = 0; !in_two && round < 20; ++round) {
    const uint64_t piece_bytes_max = dice.between(1, stream.size());
    std::vector<size_t> cuts;
    for (size_t at = dice.below(piece_bytes_max); at < stream.size();
         at += dice.between(1, piece_bytes_max)) {
      cuts.push_back(at);
    }
    EXPECT_EQ(read_cut_at(stream, cuts), whole) << testing::PrintToString(cuts);
  }
  return whole;
}

}  // namespace ringcast
