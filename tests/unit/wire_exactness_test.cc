// What stands on the wire, rule by rule: which events are taken, which bytes each of them becomes,
// and what a conforming client makes of those bytes, however they are split.
//
// Ids and reconnect delays never come from a publisher: ids are the log's, delays the channel's.
// The rules for them are therefore about what is generated. What a request can attempt is in
// integration/wire_test.cc.

#include <gtest/gtest.h>

#include <limits>
#include <regex>
#include <string>
#include <vector>

#include "engine/frame_encoder.h"
#include "net/http/sse_response.h"
#include "tests/support/chunked_body.h"
#include "tests/support/line_ends.h"
#include "tests/support/stream_splits.h"

namespace ringcast {
namespace {

using namespace std::string_literals;

constexpr EventId kId{1732271234567, 0};
const std::string kIdText = "1732271234567-0";

struct WireRule {
  const char* rule;
  std::string type;
  std::string data;
  std::string lines;  // the frame after its id line, without the blank line
};

const WireRule kWireRules[] = {
    // Bytes
    {"a byte order mark is data like any other", "", "\uFEFFhi", "data: \uFEFFhi\n"},
    {"characters are not escaped", "", "\u2026 \U0001F600", "data: \u2026 \U0001F600\n"},
    {"NUL passes in data", "", "\0"s, "data: \0\n"s},
    {"so do other control bytes", "", "\x1b[2J\x7f\b", "data: \x1b[2J\x7f\b\n"},
    // Lines
    {"data is split at CR LF, CR and LF", "", "a\r\nb\rc\nd",
     "data: a\ndata: b\ndata: c\ndata: d\n"},
    {"LF before CR is two line ends", "", "a\n\rb", "data: a\ndata: \ndata: b\n"},
    {"CR before CR LF is two line ends", "", "a\r\r\nb", "data: a\ndata: \ndata: b\n"},
    {"U+2028 and VT are no line ends", "", "a\u2028b\x0b"s + "c", "data: a\u2028b\x0b"s + "c\n"},
    {"nor are U+2029, U+0085 and FF", "", "a\u2029b\u0085c\fd", "data: a\u2029b\u0085c\fd\n"},
    {"a final line end is an empty last line", "", "a\n", "data: a\ndata: \n"},
    {"also when it is CR LF", "", "a\r\n", "data: a\ndata: \n"},
    {"one line end is two empty lines", "", "\n", "data: \ndata: \n"},
    {"no data is one empty line, and an event", "", "", "data: \n"},
    {"also with a type", "tick", "", "event: tick\ndata: \n"},
    {"a leading space follows the one that is dropped", "", " x", "data:  x\n"},
    {"on every line", "", " a\n  b\n\tc", "data:  a\ndata:   b\ndata: \tc\n"},
    {"a leading colon makes no comment", "", ":x", "data: :x\n"},
    // Types
    {"the type stands before the data", "price", "42", "event: price\ndata: 42\n"},
    {"without a type there is no event line", "", "42", "data: 42\n"},
    {"a type may hold spaces and colons", "a b:c", "x", "event: a b:c\ndata: x\n"},
    {"and begin with them", " :a", "x", "event:  :a\ndata: x\n"},
    {"and be any script", "\u0663\u4EF7", "x", "event: \u0663\u4EF7\ndata: x\n"},
    {"and be called like a field", "data", "x", "event: data\ndata: x\n"},
    // Forging
    {"data cannot forge an event", "", "x\n\nevent: admin\ndata: y",
     "data: x\ndata: \ndata: event: admin\ndata: data: y\n"},
    {"nor an id, by a lone CR", "", "a\rid: 9", "data: a\ndata: id: 9\n"},
    {"nor a reconnect delay", "", "\r\n\r\nretry: 1\r\n",
     "data: \ndata: \ndata: retry: 1\ndata: \n"},
    {"nor a comment", "", "\n:", "data: \ndata: :\n"},
    {"nor the end of its chunk", "", "x\r\n0\r\n\r\n", "data: x\ndata: 0\ndata: \ndata: \n"},
};

TEST(WireExactness, EveryEventBecomesTheseBytesAndArrivesAsItWasPublished) {
  for (const WireRule& test : kWireRules) {
    SCOPED_TRACE(test.rule);
    const Event event{.type = test.type, .data = test.data};
    ASSERT_EQ(find_fault(event), EventFault::kNone);
    FrameEncoder encoder;
    const std::string raw(encoder.encode(kId, event).raw);
    EXPECT_EQ(raw, "id: " + kIdText + "\n" + test.lines + "\n");
    const StreamReading expected{
        {{kIdText, test.type.empty() ? "message" : test.type, with_lf_line_ends(test.data)}},
        kIdText,
        std::nullopt,
        0};
    EXPECT_EQ(read_every_way(raw), expected);
  }
}

// A client reads whatever it can; this is what ringcast promises beyond that, so that simpler
// clients than browsers read it as well.
void expect_plain_grammar(std::string_view raw) {
  EXPECT_EQ(raw.find('\r'), std::string_view::npos);
  EXPECT_EQ(raw.find("\n\n"), raw.size() - 2) << "one blank line, at its end";
  EXPECT_FALSE(raw.starts_with('\n'));
  EXPECT_FALSE(raw.starts_with("\uFEFF"));
  size_t data_lines = 0;
  std::string names;
  for (size_t from = 0; from < raw.size() - 1;) {
    const size_t end = raw.find('\n', from);
    const std::string_view line = raw.substr(from, end - from);
    const std::string_view name = line.substr(0, line.find(": "));
    names += std::string(name) + ' ';
    if (name == "data") ++data_lines;
    from = end + 1;
  }
  EXPECT_TRUE(std::regex_match(names, std::regex("id (event )?(data )+"))) << names;
  EXPECT_GE(data_lines, 1U);
}

TEST(WireExactness, EveryFrameIsAnIdPerhapsATypeAndDataEndedByOneBlankLine) {
  FrameEncoder encoder;
  for (const WireRule& test : kWireRules) {
    SCOPED_TRACE(test.rule);
    expect_plain_grammar(encoder.encode(kId, {.type = test.type, .data = test.data}).raw);
  }
}

TEST(WireExactness, EveryFrameIsOneChunkAndNothingElse) {
  FrameEncoder encoder;
  for (const WireRule& test : kWireRules) {
    SCOPED_TRACE(test.rule);
    const Frame frame = encoder.encode(kId, {.type = test.type, .data = test.data});
    ChunkedBody body;
    body.feed(frame.chunk);
    EXPECT_EQ(body.chunks(), std::vector<std::string>{std::string(frame.raw)});
    EXPECT_FALSE(body.is_complete());
  }
}

TEST(WireExactness, OneEventToTheByte) {
  FrameEncoder encoder;
  const Frame frame = encoder.encode({0, 1}, {.type = "", .data = "a"});
  EXPECT_EQ(frame.chunk,
            "\x31\x31\x0d\x0a"
            "\x69\x64\x3a\x20\x30\x2d\x31\x0a"
            "\x64\x61\x74\x61\x3a\x20\x61\x0a"
            "\x0a"
            "\x0d\x0a");
}

TEST(WireExactness, WhatClientsWouldRepairOrMistakeIsRefused) {
  struct {
    const char* rule;
    std::string type, data;
    EventFault fault;
  } const cases[] = {
      {"a byte that is never UTF-8", "", "\xFF", EventFault::kDataNotUtf8},
      {"an overlong form", "", "\xC0\xAF", EventFault::kDataNotUtf8},
      {"half a surrogate pair", "", "\xED\xA0\x80", EventFault::kDataNotUtf8},
      {"a character cut short", "", "\xE2\x80", EventFault::kDataNotUtf8},
      {"a byte that is never UTF-8, in the type", "\xFF", "", EventFault::kTypeNotUtf8},
      {"an overlong form, in the type", "\xC0\xAF", "", EventFault::kTypeNotUtf8},
      {"half a surrogate pair, in the type", "\xED\xA0\x80", "", EventFault::kTypeNotUtf8},
      {"a character cut short, in the type", "\xE2\x80", "", EventFault::kTypeNotUtf8},
      {"LF in the type", "a\ndata:x", "", EventFault::kTypeControl},
      {"CR in the type", "a\rx", "", EventFault::kTypeControl},
      {"CR LF in the type", "a\r\n\r\ndata:x", "", EventFault::kTypeControl},
      {"NUL in the type", "a\0b"s, "", EventFault::kTypeControl},
      {"DEL in the type", "a\x7f", "", EventFault::kTypeControl},
      {"the type of the browser's own failures", "error", "", EventFault::kTypeReserved},
      {"the type of the browser's own beginnings", "open", "", EventFault::kTypeReserved},
      {"a type that is no name any more", std::string(129, 't'), "", EventFault::kTypeTooLong},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(find_fault({.type = test.type, .data = test.data}), test.fault) << test.rule;
  }
}

// Nothing in an id would make a browser ask for permission to send it back, also once the rules for
// that include `Last-Event-ID`.
TEST(WireExactness, IdsAreShortAndOfHarmlessCharacters) {
  const std::regex harmless("[A-Za-z0-9._~-]{1,64}");
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  FrameEncoder encoder;
  for (const EventId id : {EventId{0, 1}, kId, EventId{kMax, kMax}}) {
    const std::string raw(encoder.encode(id, {.type = "", .data = ""}).raw);
    const std::vector<DispatchedEvent> events = SseParser::parse(raw);
    ASSERT_EQ(events.size(), 1U);
    EXPECT_TRUE(std::regex_match(events[0].last_event_id, harmless)) << events[0].last_event_id;
    EXPECT_EQ(parse_event_id(events[0].last_event_id), id);
  }
}

TEST(WireExactness, EveryReconnectDelayThatCanBeConfiguredIsReadAsItself) {
  for (const uint32_t retry_ms : {500U, 2'000U, 4'711U, 2'147'483'647U}) {
    std::string prelude;
    net::append_prelude(prelude, WireFormat::kRaw, retry_ms);
    const StreamReading expected{{}, "", retry_ms, 1};
    EXPECT_EQ(read_every_way(prelude), expected);
  }
}

// A whole stream: blocks without data never occur, because some clients hand an empty event to
// their page, and others forget an id that came without one.
TEST(WireExactness, BlankLinesStandOnlyAtTheEndsOfEvents) {
  FrameEncoder encoder;
  std::string stream;
  net::append_prelude(stream, WireFormat::kRaw, 4711);
  StreamReading expected{{}, "", 4711, 1};
  uint64_t sequence = 0;
  for (const WireRule& test : kWireRules) {
    const EventId id{1732271234567, ++sequence};
    stream += encoder.encode(id, {.type = test.type, .data = test.data}).raw;
    expected.last_event_id = "1732271234567-" + std::to_string(sequence);
    expected.events.push_back({expected.last_event_id, test.type.empty() ? "message" : test.type,
                               with_lf_line_ends(test.data)});
    if (sequence % 3 != 0) continue;
    stream += net::heartbeat_bytes(WireFormat::kRaw);
    ++expected.comments;
  }
  EXPECT_EQ(read_every_way(stream), expected);
  size_t blank_lines = 0;
  for (size_t at = stream.find("\n\n"); at != std::string::npos; at = stream.find("\n\n", at + 1)) {
    ++blank_lines;
  }
  EXPECT_EQ(blank_lines, expected.events.size());
}

}  // namespace
}  // namespace ringcast
