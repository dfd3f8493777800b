#include "engine/frame_encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "tests/support/line_ends.h"
#include "tests/support/seeds.h"
#include "tests/support/sse_parser.h"

namespace ringcast {
namespace {

using namespace std::string_literals;

constexpr EventId kId{1732271234567, 0};

// The raw frame of `data` without its id line, which is the same in all of them.
std::string frame_of(std::string_view data, std::string_view type = "") {
  FrameEncoder encoder;
  const std::string raw(encoder.encode(kId, {.type = type, .data = data}).raw);
  const std::string id_line = "id: 1732271234567-0\n";
  EXPECT_EQ(raw.substr(0, id_line.size()), id_line);
  return raw.substr(id_line.size());
}

// What a client hands its page for `data`; one event and no more.
std::string received(std::string_view data) {
  FrameEncoder encoder;
  const Frame frame = encoder.encode(kId, {.type = "", .data = data});
  const std::vector<DispatchedEvent> events = SseParser::parse(frame.raw);
  if (events.size() != 1) return "(" + std::to_string(events.size()) + " events)";
  EXPECT_EQ(events[0].last_event_id, "1732271234567-0");
  EXPECT_EQ(events[0].type, "message");
  return events[0].data;
}

TEST(FrameEncoder, ChunkedFrameIsOneWholeChunk) {
  FrameEncoder encoder;
  const Frame frame = encoder.encode({0, 1}, {.type = "", .data = "a"});
  EXPECT_EQ(frame.raw, "id: 0-1\ndata: a\n\n");
  EXPECT_EQ(frame.chunk, "11\r\nid: 0-1\ndata: a\n\n\r\n");
  EXPECT_EQ(frame.in(WireFormat::kChunked), frame.chunk);
  EXPECT_EQ(frame.in(WireFormat::kRaw), frame.raw);
}

TEST(FrameEncoder, IdThenTypeThenData) {
  FrameEncoder encoder;
  EXPECT_EQ(encoder.encode(kId, {.type = "price", .data = "42"}).raw,
            "id: 1732271234567-0\nevent: price\ndata: 42\n\n");
}

TEST(FrameEncoder, EventWithoutTypeHasNoEventLine) {
  EXPECT_EQ(frame_of("42"), "data: 42\n\n");
}

TEST(FrameEncoder, DataIsSplitAtLfCrAndCrLf) {
  EXPECT_EQ(frame_of("a\r\nb\rc\nd"), "data: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(frame_of("a\n\rb"), "data: a\ndata: \ndata: b\n\n");
  EXPECT_EQ(frame_of("a\r\r\nb"), "data: a\ndata: \ndata: b\n\n");
  EXPECT_EQ(frame_of("a\n\nb"), "data: a\ndata: \ndata: b\n\n");
}

// Unicode calls these line breaks; event streams do not.
TEST(FrameEncoder, DataIsSplitAtNothingElse) {
  for (const std::string_view byte : {"\xE2\x80\xA8", "\xE2\x80\xA9", "\xC2\x85", "\x0b", "\x0c",
                                      "\x1c", "\x1d", "\x1e", "\\n", "\t"}) {
    const std::string data = "a" + std::string(byte) + "b";
    EXPECT_EQ(frame_of(data), "data: " + data + "\n\n");
    EXPECT_EQ(received(data), data);
  }
}

TEST(FrameEncoder, TrailingLineBreakArrives) {
  EXPECT_EQ(frame_of("a\n"), "data: a\ndata: \n\n");
  EXPECT_EQ(frame_of("\n"), "data: \ndata: \n\n");
  EXPECT_EQ(frame_of("a\r\n"), "data: a\ndata: \n\n");
  EXPECT_EQ(frame_of("a\r"), "data: a\ndata: \n\n");
  EXPECT_EQ(received("a\n"), "a\n");
  EXPECT_EQ(received("\n"), "\n");
  EXPECT_EQ(received("\n\n\n"), "\n\n\n");
}

TEST(FrameEncoder, EmptyDataStillMakesAnEvent) {
  EXPECT_EQ(frame_of(""), "data: \n\n");
  EXPECT_EQ(received(""), "");
}

TEST(FrameEncoder, LeadingSpacesArrive) {
  EXPECT_EQ(frame_of(" x"), "data:  x\n\n");
  EXPECT_EQ(received(" x"), " x");
  EXPECT_EQ(received("  x\n y"), "  x\n y");
}

TEST(FrameEncoder, NulAndOtherControlBytesArrive) {
  EXPECT_EQ(frame_of("\0"s), "data: \0\n\n"s);
  EXPECT_EQ(received("a\0b\x01\x1b\x7f"s), "a\0b\x01\x1b\x7f"s);
}

TEST(FrameEncoder, ByteOrderMarkInDataArrives) {
  EXPECT_EQ(frame_of("\xEF\xBB\xBFhi"), "data: \xEF\xBB\xBFhi\n\n");
  EXPECT_EQ(received("\xEF\xBB\xBFhi"), "\xEF\xBB\xBFhi");
}

TEST(FrameEncoder, DataCannotForgeFieldsOrEvents) {
  EXPECT_EQ(frame_of("x\n\nevent: admin\ndata: y"),
            "data: x\ndata: \ndata: event: admin\ndata: data: y\n\n");
  EXPECT_EQ(frame_of("a\rid: 9"), "data: a\ndata: id: 9\n\n");
  for (const std::string& data :
       {"x\n\nevent: admin\ndata: y"s, "a\rid: 9"s, "\r\rretry: 1\r"s, "\n:\nid: 5\n\n"s,
        "0\r\n\r\n"s, "x\r\n\r\n5\r\ndata: forged\n\n\r\n"s, ":\n"s, "data"s}) {
    EXPECT_EQ(received(data), with_lf_line_ends(data)) << data;
  }
}

// Whatever is published, the wire holds only lines that start with a field name, a colon and one
// space, and exactly one blank line, at the end.
TEST(FrameEncoder, AnyDataIsReceivedExactlyButForLineEnds) {
  constexpr std::string_view kPieces[] = {"\r", "\n",  "\r\n",         " ",   ":", "data: ", "a",
                                          "é",  "id:", "\xE2\x80\xA8", "\n\n"};
  Dice dice(1);
  FrameEncoder encoder;
  for (int round = 0; round < 5000; ++round) {
    std::string data;
    for (uint64_t piece = dice.below(12); piece > 0; --piece) {
      data += kPieces[dice.below(std::size(kPieces))];
    }
    const std::string raw(encoder.encode(kId, {.type = "t", .data = data}).raw);
    const std::vector<DispatchedEvent> expected = {
        {"1732271234567-0", "t", with_lf_line_ends(data)}};
    ASSERT_EQ(SseParser::parse(raw), expected) << testing::PrintToString(data);
    ASSERT_EQ(raw.find("\n\n"), raw.size() - 2);
    ASSERT_EQ(raw.find('\r'), std::string::npos);
  }
}

TEST(FrameEncoder, SeveralFramesInARowAreThatManyEvents) {
  FrameEncoder encoder;
  std::string stream = ":\nretry: 4711\n";  // what stands before the first frame
  for (uint64_t n = 1; n <= 3; ++n) {
    stream += encoder.encode({n, 0}, {.type = n == 2 ? "odd" : "", .data = "d\n"}).raw;
  }
  const std::vector<DispatchedEvent> expected = {
      {"1-0", "message", "d\n"}, {"2-0", "odd", "d\n"}, {"3-0", "message", "d\n"}};
  EXPECT_EQ(SseParser::parse(stream), expected);
}

TEST(FrameEncoder, ShorterFrameAfterALongerOneCarriesNothingOver) {
  FrameEncoder encoder;
  FrameEncoder fresh;
  (void)encoder.encode(kId, {.type = "long", .data = std::string(100'000, 'x')});
  EXPECT_EQ(encoder.encode(kId, {.type = "", .data = "y"}).chunk,
            fresh.encode(kId, {.type = "", .data = "y"}).chunk);
}

struct ChunkHead {
  std::string digits;
  size_t value = 0;
};

ChunkHead head_of(std::string_view chunk) {
  ChunkHead head{.digits = std::string(chunk.substr(0, chunk.find("\r\n")))};
  std::from_chars(head.digits.data(), head.digits.data() + head.digits.size(), head.value, 16);
  return head;
}

// Sizes at which the number of hex digits changes. One digit is impossible, since the shortest
// frame has 16 bytes, and eight would take events of 256 MiB.
class ChunkSize : public testing::TestWithParam<size_t> {};

TEST_P(ChunkSize, IsExactAndHasNoLeadingZeros) {
  const size_t raw_bytes = GetParam();
  const size_t around_data = std::string_view("id: 0-1\ndata: \n\n").size();
  FrameEncoder encoder;
  const Frame frame =
      encoder.encode({0, 1}, {.type = "", .data = std::string(raw_bytes - around_data, 'x')});
  const ChunkHead head = head_of(frame.chunk);
  EXPECT_EQ(frame.raw.size(), raw_bytes);
  EXPECT_EQ(head.value, raw_bytes);
  EXPECT_NE(head.digits.front(), '0');
  EXPECT_EQ(frame.chunk.size(), head.digits.size() + 2 + raw_bytes + 2);
  EXPECT_TRUE(frame.chunk.ends_with("\n\n\r\n"));
  EXPECT_EQ(frame.raw.data(), frame.chunk.data() + head.digits.size() + 2);
  EXPECT_EQ(frame_from_chunk(frame.chunk).raw, frame.raw);
}

INSTANTIATE_TEST_SUITE_P(HexDigits, ChunkSize,
                         testing::Values(0x10, 0xff, 0x100, 0xfff, 0x1000, 0xffff, 0x10000, 0xfffff,
                                         0x100000, 0xffffff, 0x1000000));

TEST(FrameEncoder, ShortestFrameHasTwoHexDigits) {
  FrameEncoder encoder;
  EXPECT_EQ(encoder.encode({0, 1}, {.type = "", .data = ""}).chunk,
            "10\r\nid: 0-1\ndata: \n\n\r\n");
}

TEST(FrameEncoder, FrameIsFoundAgainInItsChunk) {
  FrameEncoder encoder;
  const Frame frame = encoder.encode(kId, {.type = "t", .data = "a\r\nb\n"});
  const std::string kept(frame.chunk);
  EXPECT_EQ(frame_from_chunk(kept).raw, frame.raw);
  EXPECT_EQ(frame_from_chunk(kept).chunk, frame.chunk);
}

TEST(FrameEncoderDeathTest, BytesThatAreNoChunkAreCaught) {
  EXPECT_DEATH((void)frame_from_chunk(""), "violated");
  EXPECT_DEATH((void)frame_from_chunk("no line end in here"), "violated");
  EXPECT_DEATH((void)frame_from_chunk("5\r\n"), "violated");
}

// --- How long a frame will be

void expect_measured(EventId id, const Event& event) {
  FrameEncoder encoder;
  const Frame frame = encoder.encode(id, event);
  const FrameSizes sizes = frame_sizes(id_bytes(id), bytes_beside_id(event));
  EXPECT_EQ(sizes.chunk, frame.chunk.size()) << frame.raw;
  EXPECT_EQ(sizes.raw, frame.raw.size()) << frame.raw;
}

TEST(FrameSizes, AreThoseOfTheFrameWhateverTheLineBreaks) {
  for (const std::string_view data : {"", "a", "\n", "\r", "\r\n", "\n\r", "\r\r\n", "a\nb",
                                      "a\r\nb\r", "\r\n\r\n", "x\n\n\ny\r\r"}) {
    expect_measured(kId, {.type = "", .data = data});
    expect_measured(kId, {.type = "price", .data = data});
  }
}

// Where the size of the chunk needs a digit more, and where the id does.
TEST(FrameSizes, AreThoseOfTheFrameWhateverTheDigits) {
  for (size_t bytes = 0; bytes < 300; ++bytes) {
    expect_measured(kId, {.type = "", .data = std::string(bytes, 'x')});
  }
  for (size_t bytes = 65'490; bytes < 65'540; ++bytes) {
    expect_measured(kId, {.type = "", .data = std::string(bytes, 'x')});
  }
  for (const EventId id : {EventId{0, 1}, EventId{9, 99}, EventId{10, 100},
                           EventId{9'999'999'999'999, kEventIdSeqMax}}) {
    expect_measured(id, {.type = "", .data = "x"});
  }
}

TEST(FrameSizes, AreThoseOfTheFrameForAnyText) {
  for (const uint64_t seed : seeds(500)) {
    Dice dice(seed);
    std::string data;
    for (uint64_t n = dice.below(200); n > 0; --n) data += "\r\nab"[dice.below(4)];
    expect_measured({dice.below(1ULL << 43), dice.below(1ULL << 32)}, {.type = "t", .data = data});
  }
}

TEST(FrameSizes, IdsTakeNoMoreAndNoFewerBytesThanTheirLimits) {
  EXPECT_EQ(id_bytes({9'999'999'999'999, kEventIdSeqMax}), kIdBytesMax);
  EXPECT_EQ(id_bytes({0, 1}), kIdBytesMin);
}

}  // namespace
}  // namespace ringcast
