// The batch reader against a model that takes its time: bodies that are good, nearly good and damaged.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/batch_model.h"
#include "tests/support/seeds.h"

namespace ringcast::net {
namespace {

using nlohmann::json;

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
    const BatchVerdict expected = judge(body);
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
