// The batch reader against a library that takes its time: bodies that are good, nearly good and
// damaged, read line by line with nlohmann-json and judged by the rules of the header.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "net/batch_reader.h"
#include "net/ttl.h"
#include "tests/support/seeds.h"

namespace ringcast::net {
namespace {

using nlohmann::json;

// One event as the model reads it.
struct ModelEvent {
  std::string channel;
  std::string type;
  json data;
  milliseconds ttl{0};
  uint32_t line = 0;
};

// A line as JSON, unless it is none, is no object, or has one of its members twice.
std::optional<json> parse_object(const std::string& line) {
  std::set<std::string> names;
  bool is_repeated = false;
  const auto note_name = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::key && depth == 1) {
      is_repeated |= !names.insert(parsed.get<std::string>()).second;
    }
    return true;
  };
  json object = json::parse(line, note_name, false);
  if (!object.is_object() || is_repeated) return std::nullopt;
  return object;
}

std::optional<ModelEvent> read_model(const std::string& line) {
  const std::optional<json> object = parse_object(line);
  if (!object) return std::nullopt;
  ModelEvent event;
  for (const auto& [name, value] : object->items()) {
    if (name == "data") {
      event.data = value;
      continue;
    }
    if (!value.is_string()) return std::nullopt;
    const auto text = value.get<std::string>();
    if (name == "channel") {
      event.channel = text;
    } else if (name == "event") {
      event.type = text == "message" ? "" : text;
    } else if (name == "ttl") {
      Result<milliseconds> ttl = parse_ttl(text);
      if (!ttl) return std::nullopt;
      event.ttl = *ttl;
    } else {
      return std::nullopt;
    }
  }
  if (!object->contains("channel") || !object->contains("data")) return std::nullopt;
  if (find_fault({.type = event.type, .data = {}}) != EventFault::kNone) return std::nullopt;
  return event;
}

// Writes JSON texts, and spoils some.
class TextMaker {
 public:
  explicit TextMaker(uint64_t seed) : dice_(seed) {}

  std::string body() {
    std::string body;
    const uint64_t lines = dice_.between(1, 4);
    for (uint64_t i = 0; i < lines; ++i) {
      if (!dice_.one_in(8)) body += dice_.one_in(3) ? damaged(line()) : line();
      body += pick({"\n", "\n", "\r\n", ""});
    }
    return body;
  }

 private:
  std::string pick(std::initializer_list<const char*> choices) {
    return *(choices.begin() + dice_.below(choices.size()));
  }

  std::string blanks() { return dice_.one_in(4) ? pick({" ", "\t", "  ", " \r", "\r"}) : ""; }

  std::string line() {
    std::vector<std::string> members{"\"channel\":" + string(), "\"data\":" + value(4)};
    if (dice_.one_in(3)) members.push_back("\"event\"" + blanks() + ":" + string());
    if (dice_.one_in(3)) members.push_back("\"ttl\":" + pick({"\"30s\"", "\"1ms\"", "\"9d\""}));
    if (dice_.one_in(12)) members.push_back(members[dice_.below(members.size())]);
    if (dice_.one_in(12)) members.push_back(string() + ":" + value(1));
    if (dice_.one_in(12)) members.erase(members.begin());
    return blanks() + "{" + joined(members) + "}" + blanks();
  }

  std::string joined(const std::vector<std::string>& items) {
    std::string text;
    for (size_t at = 0; at < items.size(); ++at) {
      text += (at == 0 ? "" : ",") + blanks() + items[at] + blanks();
    }
    return text;
  }

  std::string value(uint64_t depth) {
    if (depth == 0 || dice_.one_in(2)) return dice_.one_in(2) ? string() : scalar();
    std::vector<std::string> items;
    const uint64_t count = dice_.below(4);
    const bool is_object = dice_.one_in(2);
    for (uint64_t i = 0; i < count; ++i) {
      items.push_back((is_object ? string() + blanks() + ":" + blanks() : "") + value(depth - 1));
    }
    return is_object ? "{" + joined(items) + "}" : "[" + joined(items) + "]";
  }

  std::string scalar() {
    return pick({"0", "-0", "1.0", "12", "-3.25", "1e3", "1E-2", "true", "false", "null"});
  }

  std::string string() {
    std::string text = "\"";
    for (uint64_t left = dice_.below(6); left > 0; --left) {
      text += pick({"a",
                    "news",
                    " ",
                    "{",
                    "}",
                    "[",
                    "]",
                    ",",
                    ":",
                    "\\\"",
                    "\\\\",
                    "\\/",
                    "\\n",
                    "\\u0041",
                    "\\u0000",
                    "\\u20ac",
                    "\\ud83d\\ude00",
                    "\xC3\xA9",
                    "\xE2\x82\xAC",
                    "\xF0\x9F\x98\x80",
                    "\x7f",
                    "data",
                    "event"});
    }
    return text + "\"";
  }

  // No byte here makes a number too large for a double, is a NUL or begins a byte order mark: about
  // those nlohmann-json has its own opinion.
  std::string damaged(std::string text) {
    for (uint64_t left = dice_.between(1, 3); left > 0 && !text.empty(); --left) {
      const size_t at = dice_.below(text.size());
      const size_t length = dice_.between(1, 4);
      switch (dice_.below(4)) {
        case 0:
          text.erase(at, length);
          break;
        case 1:
          text.insert(at, text.substr(dice_.below(text.size()), length));
          break;
        case 2:
          text[at] = "{}[]\",:\\ \t\r\x01utd01-.+\x80\xC3\xFF"[dice_.below(23)];
          break;
        default:
          text.insert(at, pick({"\\", "\"", "\\u", "\\ud83d", "\\ude00", "{", "}", ",", " ", "0"}));
      }
    }
    return text;
  }

  Dice dice_;
};

// Every event of a good body; of another, the line that is at fault, or 0 for the body as a whole.
struct Verdict {
  std::vector<ModelEvent> events;
  std::optional<uint32_t> bad_line;
};

Verdict judge(const std::string& body) {
  Verdict verdict;
  uint32_t number = 0;
  for (size_t begin = 0; begin < body.size();) {
    const size_t end = std::min(body.find('\n', begin), body.size());
    const std::string line = body.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    std::optional<ModelEvent> event = read_model(line);
    if (!event) return {.events = {}, .bad_line = number};
    event->line = number;
    verdict.events.push_back(std::move(*event));
  }
  if (verdict.events.empty()) verdict.bad_line = 0;
  return verdict;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

void expect_same(const BatchEvent& event, const ModelEvent& model) {
  EXPECT_EQ(event.channel, model.channel);
  EXPECT_EQ(event.event.type, model.type);
  EXPECT_EQ(event.event.ttl, model.ttl);
  EXPECT_EQ(event.line, model.line);
  if (model.data.is_string()) {
    EXPECT_EQ(event.event.data, model.data.get<std::string>());
  } else {
    EXPECT_EQ(json::parse(event.event.data, nullptr, false), model.data) << event.event.data;
    EXPECT_FALSE(is_blank(event.event.data.front())) << event.event.data;
    EXPECT_FALSE(is_blank(event.event.data.back())) << event.event.data;
  }
}

class BatchReaderModel : public testing::TestWithParam<uint64_t> {};

TEST_P(BatchReaderModel, AcceptsAndRefusesAsTheModelDoes) {
  TextMaker maker(GetParam());
  for (int step = 0; step < 300 && !HasFailure(); ++step) {
    const std::string body = maker.body();
    SCOPED_TRACE(testing::PrintToString(body));
    const Verdict expected = judge(body);
    const Result<Batch> read = read_batch(body);
    ASSERT_EQ(read.has_value(), !expected.bad_line) << (read ? "" : read.error().message);
    if (!read) {
      const std::string place = *expected.bad_line == 0
                                    ? "the body has no event"
                                    : "line " + std::to_string(*expected.bad_line) + ": ";
      EXPECT_TRUE(read.error().message.starts_with(place)) << read.error().message << place;
      continue;
    }
    const std::vector<BatchEvent>& events = read.value().events;
    ASSERT_EQ(events.size(), expected.events.size());
    for (size_t at = 0; at < events.size(); ++at) expect_same(events[at], expected.events[at]);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, BatchReaderModel, testing::ValuesIn(seeds(200)), seed_name);

}  // namespace
}  // namespace ringcast::net
