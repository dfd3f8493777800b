// Goal: what was published is what arrives, but for CR and CR LF having become LF.
// Method: random hostile events, heartbeats among them, in both wire formats, cut anywhere by the
// network, read by the reference parser.

#include <gtest/gtest.h>

#include <string>

#include "tests/support/chunked_body.h"
#include "tests/support/hostile_stream.h"

namespace ringcast {
namespace {

// The body of a chunked stream that arrives in pieces of up to `piece_bytes_max`.
std::string without_chunks(std::string_view chunked, size_t piece_bytes_max, Dice& dice) {
  ChunkedBody body;
  std::string text;
  while (!chunked.empty()) {
    const size_t bytes = std::min<size_t>(chunked.size(), dice.between(1, piece_bytes_max));
    text += body.feed(chunked.substr(0, bytes));
    chunked.remove_prefix(bytes);
  }
  EXPECT_TRUE(body.is_complete());
  return text;
}

class RoundTrip : public testing::TestWithParam<uint64_t> {};

TEST_P(RoundTrip, ShortStreamsArriveAsPublishedInEverySplit) {
  Dice dice(GetParam());
  for (int round = 0; round < 4; ++round) {
    const HostileStream published(dice, dice.below(3), 3);
    ASSERT_EQ(read_every_way(published.raw(), dice), published.reading());
    ASSERT_EQ(without_chunks(published.chunked(), 1, dice), published.raw());
  }
}

TEST_P(RoundTrip, LongStreamsArriveAsPublishedInRandomSplits) {
  Dice dice(GetParam());
  const HostileStream published(dice, dice.between(1, 60), 30);
  ASSERT_EQ(read_every_way(published.raw(), dice), published.reading());
  const size_t piece_bytes_max = dice.between(1, published.chunked().size());
  ASSERT_EQ(without_chunks(published.chunked(), piece_bytes_max, dice), published.raw());
}

// What is cut off is the end of the last event that had begun, and nothing else is lost by it.
TEST_P(RoundTrip, StreamThatBreaksOffKeepsEveryEventThatWasWhole) {
  Dice dice(GetParam());
  const HostileStream published(dice, 5, 4);
  std::vector<DispatchedEvent> whole;
  for (size_t bytes = 0; bytes <= published.raw().size(); ++bytes) {
    const std::string_view arrived = std::string_view(published.raw()).substr(0, bytes);
    // A blank line is where two LF meet: the data of an event never has two in a row on the wire.
    if (arrived.ends_with("\n\n")) {
      whole.push_back(published.reading().events[whole.size()]);
    }
    ASSERT_EQ(SseParser::parse(arrived), whole) << bytes;
  }
  ASSERT_EQ(whole, published.reading().events);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RoundTrip, testing::ValuesIn(seeds(300)), seed_name);

}  // namespace
}  // namespace ringcast
