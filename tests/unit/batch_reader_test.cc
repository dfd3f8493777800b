#include "net/batch_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace ringcast::net {
namespace {

using namespace std::string_view_literals;

// The one event of a body that is good.
struct ReadEvent {
  std::string channel;
  std::string type;
  std::string data;
  milliseconds ttl;
};

ReadEvent read_one(std::string_view body) {
  Result<Batch> batch = read_batch(body);
  EXPECT_TRUE(batch) << body << ": " << batch.error().message;
  if (!batch) return {};
  EXPECT_EQ(batch->events.size(), 1U) << body;
  const BatchEvent& event = batch->events.front();
  return {.channel = std::string(event.channel),
          .type = std::string(event.event.type),
          .data = std::string(event.event.data),
          .ttl = event.event.ttl};
}

// What becomes of `value` as an event's data.
std::string data_of(std::string_view value) {
  return read_one(fmt::format(R"({{"channel":"c","data":{}}})", value)).data;
}

std::string error_of(std::string_view body) {
  const Result<Batch> batch = read_batch(body);
  return batch ? "accepted" : batch.error().message;
}

std::string error_of_data(std::string_view value) {
  return error_of(fmt::format(R"({{"channel":"c","data":{}}})", value));
}

constexpr std::string_view kNotJson =
    R"(line 1: is not valid JSON; write one object a line, as in {"channel":"news","data":"hello"})";

// --- Good batches ---

TEST(BatchReader, ReadsOneEventALineInOrder) {
  Result<Batch> batch = read_batch(
      "{\"channel\":\"news\",\"data\":\"one\"}\n"
      "{\"ttl\":\"30s\",\"event\":\"mail\",\"data\":\"two\",\"channel\":\"inbox/alice\"}\n");
  ASSERT_TRUE(batch) << batch.error().message;
  ASSERT_EQ(batch->events.size(), 2U);

  const BatchEvent& first = batch->events[0];
  EXPECT_EQ(first.channel, "news");
  EXPECT_EQ(first.event.type, "");
  EXPECT_EQ(first.event.data, "one");
  EXPECT_EQ(first.event.ttl, milliseconds(0));
  EXPECT_EQ(first.line, 1U);

  const BatchEvent& second = batch->events[1];
  EXPECT_EQ(second.channel, "inbox/alice");
  EXPECT_EQ(second.event.type, "mail");
  EXPECT_EQ(second.event.data, "two");
  EXPECT_EQ(second.event.ttl, milliseconds(30'000));
  EXPECT_EQ(second.line, 2U);
}

TEST(BatchReader, OwnsWhatItReadEvenWhenMoved) {
  std::string body = R"({"channel":"n\u0065ws","data":["raw"],"event":"e"})";
  Result<Batch> read = read_batch(body);
  ASSERT_TRUE(read);
  const Batch batch = std::move(*read);
  body.assign(body.size(), '#');
  EXPECT_EQ(batch.events[0].channel, "news");
  EXPECT_EQ(batch.events[0].event.data, R"(["raw"])");
  EXPECT_EQ(batch.events[0].event.type, "e");
}

TEST(BatchReader, LinesMayEndInAnyOfTheUsualWays) {
  for (const std::string_view body :
       {"{\"channel\":\"c\",\"data\":\"x\"}"sv, "{\"channel\":\"c\",\"data\":\"x\"}\n"sv,
        "{\"channel\":\"c\",\"data\":\"x\"}\r\n"sv, "{\"channel\":\"c\",\"data\":\"x\"}\r"sv,
        "  {\"channel\" :\t\"c\" , \"data\": \"x\"} \t\n"sv}) {
    EXPECT_EQ(read_one(body).data, "x") << testing::PrintToString(body);
  }
}

TEST(BatchReader, BlankLinesAreSkippedAndStillCounted) {
  Result<Batch> batch = read_batch(
      "\n\r\n{\"channel\":\"c\",\"data\":\"x\"}\n \t\r\n\n{\"channel\":\"c\",\"data\":\"y\"}\n\n");
  ASSERT_TRUE(batch) << batch.error().message;
  ASSERT_EQ(batch->events.size(), 2U);
  EXPECT_EQ(batch->events[0].line, 3U);
  EXPECT_EQ(batch->events[1].line, 6U);
}

TEST(BatchReader, MemberNamesMayBeEscaped) {
  EXPECT_EQ(read_one(R"({"ch\u0061nnel":"c","d\u0061ta":"x"})").data, "x");
}

TEST(BatchReader, TheDefaultTypeIsNoType) {
  EXPECT_EQ(read_one(R"({"channel":"c","data":"x","event":"message"})").type, "");
  EXPECT_EQ(read_one(R"({"channel":"c","data":"x","event":""})").type, "");
}

TEST(BatchReader, LinesOfAllLengthsBesideEachOther) {
  std::string body;
  for (size_t length = 0; length < 300; ++length) {
    body += R"({"channel":"c","data":")" + std::string(length, 'x') + "\"}\n";
  }
  Result<Batch> batch = read_batch(body);
  ASSERT_TRUE(batch) << batch.error().message;
  ASSERT_EQ(batch->events.size(), 300U);
  for (size_t length = 0; length < 300; ++length) {
    EXPECT_EQ(batch->events[length].event.data, std::string(length, 'x'));
  }
}

// --- Exact values ---

TEST(BatchReader, AStringsValueIsSent) {
  EXPECT_EQ(data_of(R"("")"), "");
  EXPECT_EQ(data_of(R"("a\"b\\c\/d")"), "a\"b\\c/d");
  EXPECT_EQ(data_of(R"("\b\f\n\r\t")"), "\b\f\n\r\t");
  EXPECT_EQ(data_of(R"("a\u0000b")"), "a\0b"sv);
  EXPECT_EQ(data_of(R"("\u00e9\u20AC\u2028")"), "\xC3\xA9\xE2\x82\xAC\xE2\x80\xA8");
  EXPECT_EQ(data_of(R"("\ud83d\ude00")"), "\xF0\x9F\x98\x80");
  EXPECT_EQ(data_of("\"\xF0\x9F\x98\x80\""), "\xF0\x9F\x98\x80");
  EXPECT_EQ(data_of("\"\x7f\""), "\x7f");
  EXPECT_EQ(data_of(R"("{\"a\":1}")"), R"({"a":1})");
  EXPECT_EQ(data_of(R"("  x  ")"), "  x  ");
}

TEST(BatchReader, AnyOtherValueIsSentAsItsVeryText) {
  for (const std::string_view value :
       {"1.0"sv, "1e400"sv, "-0"sv, "-0.0E-7"sv, "0.10"sv, "123456789012345678901234567890"sv,
        "true"sv, "false"sv, "null"sv, "{}"sv, "[]"sv, R"({"b":1,"a":2.50,"b":1})"sv,
        R"( [ 1 , {"x" : [ ] } ] )"sv, R"({"a":"\u00e9\/\n"})"sv, R"([[[{"deep":[1e400]}]]])"sv,
        R"(["}","]",",","\"","\\"])"sv, "[\"\xC3\xA9\"]"sv}) {
    std::string trimmed(value);
    while (trimmed.front() == ' ') trimmed.erase(0, 1);
    while (trimmed.back() == ' ') trimmed.pop_back();
    EXPECT_EQ(data_of(value), trimmed);
  }
}

TEST(BatchReader, TheTextOfAValueEndsWithIt) {
  for (const std::string_view value : {"12"sv, "null"sv, "[1, 2]"sv, R"({"a": {}})"sv}) {
    for (const std::string_view after :
         {"}"sv, " }"sv, "\t\r }"sv, ",\"event\":\"e\"}"sv, " , \"event\":\"e\"}"sv}) {
      const auto body = fmt::format(R"({{"channel":"c","data": {}{})", value, after);
      EXPECT_EQ(read_one(body).data, value) << body;
    }
  }
}

TEST(BatchReader, DataMayBeNestedAsDeepAsIsSaid) {
  const auto nested = [](size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  EXPECT_EQ(data_of(nested(kDataDepthMax)), nested(kDataDepthMax));
  const std::string too_deep =
      "line 1: has data nested more than 64 levels deep; send it as a string";
  EXPECT_EQ(error_of_data(nested(kDataDepthMax + 1)), too_deep);
  EXPECT_EQ(error_of_data(nested(200'000)), too_deep);
  EXPECT_EQ(error_of_data(std::string(200'000, '[')), too_deep);
  std::string objects;
  for (size_t i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(error_of_data(objects + "1" + std::string(100'000, '}')), too_deep);
}

// --- Refusals ---

TEST(BatchReader, ErrorsNameTheLine) {
  const std::string good = "{\"channel\":\"c\",\"data\":\"x\"}\n";
  EXPECT_EQ(error_of(good + "\n" + R"({"channel":"c"})" + "\n" + good),
            R"(line 3: "data" is missing; write "data":"" for an event without any)");
  EXPECT_EQ(error_of("\n\r\n{}"), R"(line 3: "channel" is missing; write "channel":"news")");
  EXPECT_EQ(error_of(good + good + "{]\n{\n"), "line 3" + std::string(kNotJson.substr(6)));
}

TEST(BatchReader, ABodyWithoutEventsIsRefused) {
  for (const std::string_view body : {""sv, "\n"sv, "\r\n \t\n\n"sv}) {
    EXPECT_EQ(
        error_of(body),
        R"(the body has no event; write one a line, as in {"channel":"news","data":"hello"})");
  }
}

TEST(BatchReader, MembersAreOfTheRightTypeAndThereOnce) {
  struct Refused {
    const char* line;
    const char* fault;
  };
  constexpr Refused kCases[] = {
      {R"({"data":"x"})", R"("channel" is missing; write "channel":"news")"},
      {R"({"channel":"c"})", R"("data" is missing; write "data":"" for an event without any)"},
      {R"({"channel":1,"data":"x"})", R"("channel" is not a string; write "channel":"news")"},
      {R"({"channel":["a","b"],"data":"x"})",
       R"("channel" is not a string; write "channel":"news")"},
      {R"({"channel":null,"data":"x"})", R"("channel" is not a string; write "channel":"news")"},
      {R"({"channel":"c","data":"x","event":{}})",
       R"("event" is not a string; write "event":"news")"},
      {R"({"channel":"c","data":"x","event":null})",
       R"("event" is not a string; write "event":"news")"},
      {R"({"channel":"c","data":"x","ttl":30})", R"("ttl" is not a string; write "ttl":"30s")"},
      {R"({"channel":"c","data":"x","ttl":"30"})",
       "ttl has no unit; write a number and ms, s, m, h or d, such as 15s"},
      {R"({"channel":"c","data":"x","ttl":""})",
       "ttl does not begin with a number; write a number and ms, s, m, h or d, such as 15s"},
      {R"({"channel":"c","data":"x","ttl":"0ms"})",
       "ttl is no time at all; write 1ms or more, or leave it out"},
      {R"({"channel":"c","channel":"d","data":"x"})",
       R"(has "channel" twice; leave one of them out)"},
      {R"({"channel":"c","data":"x","d\u0061ta":"x"})",
       R"(has "data" twice; leave one of them out)"},
      {R"({"channel":"c","data":"x","event":"a","event":"a"})",
       R"(has "event" twice; leave one of them out)"},
      {R"({"ttl":"1s","ttl":"1s","channel":"c","data":"x"})",
       R"(has "ttl" twice; leave one of them out)"},
      {R"({"chanel":"c","data":"x"})",
       R"(has an unknown member; an event has "channel", "data", "event" and "ttl" only)"},
      {R"({"Channel":"c","data":"x"})",
       R"(has an unknown member; an event has "channel", "data", "event" and "ttl" only)"},
      {R"({"channel":"c","data":"x","":1})",
       R"(has an unknown member; an event has "channel", "data", "event" and "ttl" only)"},
      {R"({"channel":"c","data":"x","id":"1-0"})",
       R"(has an unknown member; an event has "channel", "data", "event" and "ttl" only)"},
  };
  for (const auto& [line, fault] : kCases) {
    EXPECT_EQ(error_of(line), std::string("line 1: ") + fault) << line;
  }
}

TEST(BatchReader, FaultsOfTheEventAreNamedWithItsLine) {
  EXPECT_EQ(error_of(R"({"channel":"c","data":"x","event":"error"})"),
            "line 1: event types 'error' and 'open' are reserved by browsers");
  EXPECT_EQ(error_of(R"({"channel":"c","data":"x","event":"a\ndata: y"})"),
            "line 1: event type contains a control character");
}

TEST(BatchReader, OnlyObjectsAreEvents) {
  for (const std::string_view line :
       {R"([{"channel":"c","data":"x"}])"sv, "[]"sv, "\"x\""sv, "1"sv, "null"sv, "true"sv}) {
    EXPECT_EQ(
        error_of(line),
        R"(line 1: is not a JSON object; write one a line, as in {"channel":"news","data":"hello"})")
        << line;
  }
}

TEST(BatchReader, NothingMayFollowTheObject) {
  EXPECT_EQ(error_of(R"({"channel":"c","data":"x"}{"channel":"c","data":"x"})"),
            "line 1: goes on after its object; begin a new line for the next event");
  EXPECT_EQ(error_of(R"({"channel":"c","data":"x"} {})"),
            "line 1: goes on after its object; begin a new line for the next event");
  EXPECT_EQ(error_of(R"({"channel":"c","data":"x"}})"),
            "line 1: goes on after its object; begin a new line for the next event");
  for (const std::string_view line :
       {R"({"channel":"c","data":"x"} x)"sv, R"({"channel":"c","data":"x"},)"sv,
        R"({"channel":"c","data":"x"}])"sv, "{\"channel\":\"c\",\"data\":\"x\"}\0"sv}) {
    EXPECT_EQ(error_of(line), kNotJson) << testing::PrintToString(line);
  }
}

TEST(BatchReader, ObjectsThatAreNotJsonAreRefused) {
  for (const std::string_view line : {"{"sv,
                                      "}"sv,
                                      "{]"sv,
                                      R"({"channel")"sv,
                                      R"({"channel":)"sv,
                                      R"({"channel":})"sv,
                                      R"({"channel":"c",})"sv,
                                      R"({"channel":"c","data":"x",})"sv,
                                      R"({,"channel":"c","data":"x"})"sv,
                                      R"({"channel":"c""data":"x"})"sv,
                                      R"({"channel":"c" "data":"x"})"sv,
                                      R"({"channel" "c","data":"x"})"sv,
                                      R"({channel:"c","data":"x"})"sv,
                                      R"({'channel':'c','data':'x'})"sv,
                                      R"({"channel":"c","data":"x")"sv,
                                      R"({1:"c"})"sv,
                                      R"({"channel":nul,"data":"x"})"sv,
                                      R"({"ttl":01,"channel":"c","data":"x"})"sv,
                                      "\xEF\xBB\xBF{\"channel\":\"c\"}"sv,
                                      R"(x{"channel":"c","data":"x"})"sv}) {
    const std::string error = error_of(line);
    EXPECT_TRUE(error == kNotJson || error.find("is not a JSON object") != std::string::npos)
        << line << ": " << error;
  }
}

TEST(BatchReader, DataThatIsNotJsonIsRefused) {
  for (const std::string_view value :
       {""sv,         "x"sv,          "tru"sv,       "truee"sv,     "True"sv,
        "nul"sv,      "nulll"sv,      "NaN"sv,       "Infinity"sv,  "+1"sv,
        "01"sv,       "-"sv,          "-01"sv,       "1."sv,        ".5"sv,
        "1.e5"sv,     "1e"sv,         "1e+"sv,       "0x10"sv,      "1_000"sv,
        "1 2"sv,      "[1,]"sv,       "[,1]"sv,      "[1 2]"sv,     "[1"sv,
        "[1}"sv,      "[01]"sv,       "[tru]"sv,     "[1,,2]"sv,    "{\"a\"}"sv,
        "{\"a\":}"sv, "{\"a\":1,}"sv, "{\"a\" 1}"sv, "{a:1}"sv,     "{\"a\":1 \"b\":2}"sv,
        "{\"a\":1"sv, "{\"a\":[}"sv,  "{\"a\":1]"sv, "[\"a\":1]"sv, "[{}"sv,
        "[1]]"sv,     "'x'"sv,        "/**/1"sv,     "[1]x"sv,      "\"a\"x"sv,
        "1\0"sv,      "[1\x0b]"sv}) {
    const std::string error = error_of_data(value);
    EXPECT_EQ(error, kNotJson) << testing::PrintToString(value);
  }
}

TEST(BatchReader, StringsThatAreNotJsonAreRefusedAtEveryDepth) {
  constexpr std::string_view kBadEscape =
      R"(line 1: has an escape in a string that JSON does not know, or half a surrogate pair; )"
      R"(write a backslash as \\)";
  for (const std::string_view text :
       {R"("\x")"sv, R"("\'")"sv, R"("\u12")"sv, R"("\u12g4")"sv, R"("\U0041")"sv, R"("\ud83d")"sv,
        R"("\ud83dx")"sv, R"("\ud83d\n")"sv, R"("\ude00")"sv, R"("\ude00\ud83d")"sv,
        R"("\ud83d\ud83d")"sv, R"("\ud83d\u0041")"sv}) {
    EXPECT_EQ(error_of_data(text), kBadEscape) << text;
    EXPECT_EQ(error_of_data(fmt::format("[{}]", text)), kBadEscape) << text;
    EXPECT_EQ(error_of_data(fmt::format(R"({{"a":[{}]}})", text)), kBadEscape) << text;
    EXPECT_EQ(error_of_data(fmt::format(R"({{{}:1}})", text)), kBadEscape) << text;
    EXPECT_EQ(error_of(fmt::format(R"({{"channel":{},"data":"x"}})", text)), kBadEscape) << text;
    EXPECT_EQ(error_of(fmt::format(R"({{{}:"c","data":"x"}})", text)), kBadEscape) << text;
  }
}

TEST(BatchReader, ControlCharactersInStringsMustBeEscaped) {
  for (int byte = 0; byte < 0x20; ++byte) {
    if (byte == '\n') continue;  // ends the line
    const std::string text = "\"a" + std::string(1, static_cast<char>(byte)) + "b\"";
    for (const std::string& value : {text, "[" + text + "]"}) {
      EXPECT_EQ(error_of_data(value),
                R"(line 1: has a control character inside a string; escape it, as in "\u0009")")
          << byte;
    }
  }
}

TEST(BatchReader, AStringCannotGoOnOnTheNextLine) {
  EXPECT_EQ(error_of("{\"channel\":\"c\",\"data\":\"one\ntwo\"}"),
            "line 1: ends inside a string; close it with a quote, and write a line break in it as "
            "\\n");
  EXPECT_EQ(error_of(R"({"channel":"c","data":"x\")"),
            "line 1: ends inside a string; close it with a quote, and write a line break in it as "
            "\\n");
}

TEST(BatchReader, AnObjectCannotGoOnOnTheNextLine) {
  EXPECT_EQ(error_of("{\"channel\":\"c\",\n\"data\":\"x\"}"), kNotJson);
  // Must not be completed with what the next line begins with.
  EXPECT_EQ(error_of("{\"channel\":\"c\",\"data\":{\"a\":1}\n}"), kNotJson);
  EXPECT_EQ(error_of("{\"channel\":\"c\",\"data\":1\n}"), kNotJson);
}

TEST(BatchReader, TextThatIsNotUtf8IsRefusedWhereverItStands) {
  constexpr std::string_view kNotUtf8 = "line 1: is not valid UTF-8; send the text as UTF-8";
  for (const std::string_view bytes : {"\xFF"sv, "\x80"sv, "\xC3"sv, "\xE2\x80"sv, "\xC0\xAF"sv,
                                       "\xED\xA0\x80"sv, "\xF4\x90\x80\x80"sv}) {
    EXPECT_EQ(error_of(fmt::format(R"({{"channel":"{}","data":"x"}})", bytes)), kNotUtf8);
    EXPECT_EQ(error_of_data(fmt::format(R"("{}")", bytes)), kNotUtf8);
    EXPECT_EQ(error_of_data(fmt::format(R"(["{}"])", bytes)), kNotUtf8);
    EXPECT_EQ(error_of_data(fmt::format(R"([{}])", bytes)), kNotUtf8);
    EXPECT_EQ(error_of(fmt::format("{{\"channel\":\"c\",\"data\":\"x\"}}{}", bytes)), kNotUtf8);
  }
}

TEST(BatchReader, ABatchIsReadWholeOrNotAtAllHoweverLateTheFault) {
  std::string body;
  for (size_t i = 0; i < 999; ++i) body += "{\"channel\":\"c\",\"data\":\"x\"}\n";
  ASSERT_TRUE(read_batch(body));
  EXPECT_EQ(error_of(body + "{}\n"), R"(line 1000: "channel" is missing; write "channel":"news")");
}

TEST(BatchReader, TheNumberOfEventsIsBounded) {
  std::string body;
  for (size_t i = 0; i < kBatchEventsMax; ++i) body += "{\"channel\":\"c\",\"data\":1}\n\n";
  Result<Batch> batch = read_batch(body);
  ASSERT_TRUE(batch) << batch.error().message;
  EXPECT_EQ(batch->events.size(), kBatchEventsMax);
  EXPECT_EQ(error_of(body + "{\"channel\":\"c\",\"data\":1}"),
            "line 20001: is the 10001th event; send at most 10000 in one batch");
}

TEST(BatchReader, NeverRepeatsWhatTheBodySaid) {
  for (const std::string_view body :
       {R"({"<script>":1})"sv, R"(<script>)"sv, R"({"channel":"c","data":"x","ttl":"<script>"})"sv,
        R"({"channel":"c","data":<script>})"sv}) {
    EXPECT_EQ(error_of(body).find("script"), std::string::npos) << error_of(body);
  }
}

}  // namespace
}  // namespace ringcast::net
