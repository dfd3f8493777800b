// Goal: what was published is what arrives, but for CR and CR LF having become LF.
// Method: random hostile events, heartbeats among them, in both wire formats, cut anywhere by the
// network, read by the reference parser.

#include <gtest/gtest.h>

#include <string>

#include "engine/frame_encoder.h"
#include "net/http/sse_response.h"
#include "tests/support/chunked_body.h"
#include "tests/support/hostile_text.h"
#include "tests/support/line_ends.h"
#include "tests/support/stream_splits.h"

namespace ringcast {
namespace {

// Some events as they were published, and the same stream in both wire formats.
struct Published {
  StreamReading reading;  // what a client must make of it
  std::string raw;
  std::string chunked;
};

std::string in_words(EventId id) {
  return std::to_string(id.ms) + "-" + std::to_string(id.seq);
}

Published publish(Dice& dice, size_t events, size_t pieces_max) {
  Published published;
  const auto append_to_both = [&](auto&& append) {
    append(WireFormat::kRaw, published.raw);
    append(WireFormat::kChunked, published.chunked);
  };
  const auto retry_ms = static_cast<uint32_t>(dice.between(500, 2'147'483'647));
  append_to_both(
      [&](WireFormat format, std::string& out) { net::append_prelude(out, format, retry_ms); });
  published.reading.retry_ms = retry_ms;
  published.reading.comments = 1;

  FrameEncoder encoder;
  EventId id{dice.between(0, 2'000'000'000'000), 1};
  for (size_t i = 0; i < events; ++i) {
    const std::string type = hostile_type(dice);
    const std::string data = hostile_data(dice, pieces_max);
    const Event event{.type = type, .data = data};
    EXPECT_EQ(find_fault(event), EventFault::kNone) << testing::PrintToString(data);
    const Frame frame = encoder.encode(id, event);
    append_to_both([&](WireFormat format, std::string& out) { out += frame.in(format); });
    published.reading.last_event_id = in_words(id);
    published.reading.events.push_back(
        {in_words(id), type.empty() ? "message" : type, with_lf_line_ends(data)});
    id = {id.ms + dice.below(3), id.seq + 1};
    if (!dice.one_in(4)) continue;
    append_to_both(
        [&](WireFormat format, std::string& out) { out += net::heartbeat_bytes(format); });
    ++published.reading.comments;
  }
  append_to_both(
      [&](WireFormat format, std::string& out) { out += net::end_of_stream_bytes(format); });
  return published;
}

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
    const Published published = publish(dice, dice.below(3), 3);
    ASSERT_EQ(read_every_way(published.raw, dice), published.reading);
    ASSERT_EQ(without_chunks(published.chunked, 1, dice), published.raw);
  }
}

TEST_P(RoundTrip, LongStreamsArriveAsPublishedInRandomSplits) {
  Dice dice(GetParam());
  const Published published = publish(dice, dice.between(1, 60), 30);
  ASSERT_EQ(read_every_way(published.raw, dice), published.reading);
  const size_t piece_bytes_max = dice.between(1, published.chunked.size());
  ASSERT_EQ(without_chunks(published.chunked, piece_bytes_max, dice), published.raw);
}

// What is cut off is the end of the last event that had begun, and nothing else is lost by it.
TEST_P(RoundTrip, StreamThatBreaksOffKeepsEveryEventThatWasWhole) {
  Dice dice(GetParam());
  const Published published = publish(dice, 5, 4);
  std::vector<DispatchedEvent> whole;
  for (size_t bytes = 0; bytes <= published.raw.size(); ++bytes) {
    const std::string_view arrived = std::string_view(published.raw).substr(0, bytes);
    // A blank line is where two LF meet: the data of an event never has two in a row on the wire.
    if (arrived.ends_with("\n\n")) {
      whole.push_back(published.reading.events[whole.size()]);
    }
    ASSERT_EQ(SseParser::parse(arrived), whole) << bytes;
  }
  ASSERT_EQ(whole, published.reading.events);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RoundTrip, testing::ValuesIn(seeds(500)), seed_name);

}  // namespace
}  // namespace ringcast
