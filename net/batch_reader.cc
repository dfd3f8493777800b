#include "net/batch_reader.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>

#include "net/ttl.h"

namespace ringcast::net {

namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

// What is wrong with a line, with the remedy; empty: nothing.
using Fault = std::string;

constexpr std::string_view kBlanks = " \t\r\n";

std::string_view trim_end(std::string_view text) noexcept {
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

bool is_blank(std::string_view line) noexcept {
  return line.find_first_not_of(kBlanks) == std::string_view::npos;
}

Fault describe(error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return "is not valid UTF-8; send the text as UTF-8";
    case simdjson::UNESCAPED_CHARS:
      return R"(has a control character inside a string; escape it, as in "\u0009")";
    case simdjson::UNCLOSED_STRING:
      return "ends inside a string; close it with a quote, and write a line break in it as \\n";
    case simdjson::STRING_ERROR:
      return R"(has an escape in a string that JSON does not know, or half a surrogate pair; )"
             R"(write a backslash as \\)";
    case simdjson::DEPTH_ERROR:
      return fmt::format("has data nested more than {} levels deep; send it as a string",
                         kDataDepthMax);
    default:
      return R"(is not valid JSON; write one object a line, as in {"channel":"news","data":"hello"})";
  }
}

// Passes over the digits at `at`; false if there are none.
bool pass_digits(std::string_view text, size_t& at) noexcept {
  const size_t begin = at;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
  return at > begin;
}

// A number by JSON's grammar, whatever its size: it is not for us to say what its readers can hold.
bool is_number(std::string_view text) noexcept {
  size_t at = text.starts_with('-') ? 1 : 0;
  const size_t integer = at;
  if (!pass_digits(text, at)) return false;
  if (text[integer] == '0' && at > integer + 1) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!pass_digits(text, at)) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!pass_digits(text, at)) return false;
  }
  return at == text.size();
}

bool is_scalar(std::string_view text) noexcept {
  return text == "true" || text == "false" || text == "null" || is_number(text);
}

error_code pass_value(ondemand::value value, size_t levels_left);

error_code pass_array(ondemand::value value, size_t levels_left) {
  ondemand::array array;
  if (const error_code error = value.get_array().get(array)) return error;
  for (auto item : array) {
    ondemand::value element;
    if (const error_code error = item.get(element)) return error;
    if (const error_code error = pass_value(element, levels_left)) return error;
  }
  return simdjson::SUCCESS;
}

error_code pass_object(ondemand::value value, size_t levels_left) {
  ondemand::object object;
  if (const error_code error = value.get_object().get(object)) return error;
  for (auto item : object) {
    ondemand::field field;
    if (const error_code error = std::move(item).get(field)) return error;
    std::string_view name;
    if (const error_code error = field.unescaped_key().get(name)) return error;
    if (const error_code error = pass_value(field.value(), levels_left)) return error;
  }
  return simdjson::SUCCESS;
}

// Walks to the end of `value`, because what simdjson is not asked for it does not check.
error_code pass_value(ondemand::value value, size_t levels_left) {
  ondemand::json_type type;
  if (const error_code error = value.type().get(type)) return error;
  std::string_view text;
  switch (type) {
    case ondemand::json_type::array:
      return levels_left == 0 ? simdjson::DEPTH_ERROR : pass_array(value, levels_left - 1);
    case ondemand::json_type::object:
      return levels_left == 0 ? simdjson::DEPTH_ERROR : pass_object(value, levels_left - 1);
    case ondemand::json_type::string:
      return value.get_string().get(text);
    default:
      return is_scalar(trim_end(value.raw_json_token())) ? simdjson::SUCCESS : simdjson::TAPE_ERROR;
  }
}

bool is_string(ondemand::value value) noexcept {
  ondemand::json_type type;
  return value.type().get(type) == simdjson::SUCCESS && type == ondemand::json_type::string;
}

// The value of a string, moved to where it stands in the body: a value is never longer than its
// escaped form, and the parser does not look back.
error_code read_string(ondemand::value value, std::string_view& kept) {
  char* const place = const_cast<char*>(value.raw_json_token().data()) + 1;  // after the quote
  std::string_view text;
  if (const error_code error = value.get_string().get(text)) return error;
  std::memcpy(place, text.data(), text.size());
  kept = std::string_view(place, text.size());
  return simdjson::SUCCESS;
}

// Reads one line into an event.
class LineReader {
 public:
  explicit LineReader(BatchEvent& event) : event_(event) {}

  [[nodiscard]] Fault read(simdjson::simdjson_result<ondemand::document> parsed);

 private:
  enum Member : size_t { kChannel, kData, kEvent, kTtl, kMembers };
  static constexpr std::array<std::string_view, kMembers> kNames{"channel", "data", "event", "ttl"};

  [[nodiscard]] Fault read_members(ondemand::object object);
  [[nodiscard]] Fault read_member(Member member, ondemand::value value);
  [[nodiscard]] static Fault read_data(ondemand::value value, std::string_view& data);
  [[nodiscard]] Fault check_whole() const;

  BatchEvent& event_;
  std::array<bool, kMembers> seen_{};
};

Fault LineReader::read(simdjson::simdjson_result<ondemand::document> parsed) {
  ondemand::document line;
  if (const error_code error = std::move(parsed).get(line)) return describe(error);
  ondemand::object object;
  const error_code error = line.get_object().get(object);
  if (error == simdjson::INCORRECT_TYPE) {
    return R"(is not a JSON object; write one a line, as in {"channel":"news","data":"hello"})";
  }
  if (error != simdjson::SUCCESS) return describe(error);
  if (Fault fault = read_members(object); !fault.empty()) return fault;
  if (line.current_location().error() != simdjson::OUT_OF_BOUNDS) {
    return "goes on after its object; begin a new line for the next event";
  }
  return check_whole();
}

Fault LineReader::read_members(ondemand::object object) {
  for (auto item : object) {
    ondemand::field field;
    if (const error_code error = std::move(item).get(field)) return describe(error);
    std::string_view name;
    if (const error_code error = field.unescaped_key().get(name)) return describe(error);
    const auto known = std::ranges::find(kNames, name);
    if (known == kNames.end()) {
      return R"(has an unknown member; an event has "channel", "data", "event" and "ttl" only)";
    }
    const auto member = static_cast<Member>(known - kNames.begin());
    if (std::exchange(seen_[member], true)) {
      return fmt::format("has \"{}\" twice; leave one of them out", *known);
    }
    if (Fault fault = read_member(member, field.value()); !fault.empty()) return fault;
  }
  return {};
}

Fault LineReader::read_member(Member member, ondemand::value value) {
  if (member == kData) return read_data(value, event_.event.data);
  if (!is_string(value)) {
    // What is no value at all is worse than of the wrong type.
    if (const error_code error = pass_value(value, kDataDepthMax)) return describe(error);
    return fmt::format(R"("{}" is not a string; write "{}":"{}")", kNames[member], kNames[member],
                       member == kTtl ? "30s" : "news");
  }
  std::string_view text;
  if (const error_code error = read_string(value, text)) return describe(error);
  if (member == kChannel) event_.channel = text;
  if (member == kEvent) event_.event.type = type_worth_saying(text);
  if (member == kTtl) {
    Result<milliseconds> ttl = parse_ttl(text);
    if (!ttl) return ttl.error().message;
    event_.event.ttl = *ttl;
  }
  return {};
}

Fault LineReader::read_data(ondemand::value value, std::string_view& data) {
  if (is_string(value)) {
    const error_code error = read_string(value, data);
    return error == simdjson::SUCCESS ? Fault{} : describe(error);
  }
  // A scalar's token reaches to the next one; of an array or object it is the opening bracket.
  const std::string_view token = value.raw_json_token();
  if (const error_code error = pass_value(value, kDataDepthMax)) return describe(error);
  if (token.front() != '{' && token.front() != '[') {
    data = trim_end(token);
    return {};
  }
  const char* end = nullptr;
  if (const error_code error = value.current_location().get(end)) return describe(error);
  data = trim_end(std::string_view(token.data(), end));
  return {};
}

Fault LineReader::check_whole() const {
  if (!seen_[kChannel]) return R"("channel" is missing; write "channel":"news")";
  if (!seen_[kData]) return R"("data" is missing; write "data":"" for an event without any)";
  const EventFault fault = find_fault(event_.event);
  return fault == EventFault::kNone ? Fault{} : Fault{ringcast::describe(fault)};
}

// Cuts the body into its lines, which are followed by their line feeds.
class Lines {
 public:
  explicit Lines(std::string_view body) : rest_(body) {}

  [[nodiscard]] bool next() noexcept {
    if (rest_.empty()) return false;
    line_ = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(std::min(line_.size() + 1, rest_.size()));
    ++number_;
    return true;
  }
  [[nodiscard]] std::string_view line() const noexcept { return line_; }
  [[nodiscard]] uint32_t number() const noexcept { return number_; }

 private:
  std::string_view rest_;
  std::string_view line_;
  uint32_t number_ = 0;
};

size_t longest_line(std::string_view body) noexcept {
  size_t longest = 0;
  for (Lines lines(body); lines.next();) longest = std::max(longest, lines.line().size());
  return longest;
}

Error at_line(uint32_t number, std::string_view fault) {
  return {fmt::format("line {}: {}", number, fault)};
}

}  // namespace

Result<Batch> read_batch(std::string_view body) {
  Batch batch;
  const size_t text_bytes = body.size() + simdjson::SIMDJSON_PADDING;  // it reads past the end
  batch.text = std::make_unique<char[]>(text_bytes);
  std::ranges::copy(body, batch.text.get());
  const std::string_view text(batch.text.get(), body.size());

  ondemand::parser parser;
  if (parser.allocate(longest_line(text)) != simdjson::SUCCESS) {
    return Error{"there is no memory to read the batch with; send smaller ones"};
  }
  for (Lines lines(text); lines.next();) {
    const std::string_view line = lines.line();
    if (is_blank(line)) continue;
    if (batch.events.size() == kBatchEventsMax) {
      return at_line(lines.number(), fmt::format("is the {}th event; send at most {} in one batch",
                                                 kBatchEventsMax + 1, kBatchEventsMax));
    }
    BatchEvent& event = batch.events.emplace_back();
    event.line = lines.number();
    const auto offset = static_cast<size_t>(line.data() - text.data());
    const Fault fault =
        LineReader(event).read(parser.iterate(line.data(), line.size(), text_bytes - offset));
    if (!fault.empty()) return at_line(lines.number(), fault);
  }
  if (batch.events.empty()) {
    return Error{
        R"(the body has no event; write one a line, as in {"channel":"news","data":"hello"})"};
  }
  return batch;
}

}  // namespace ringcast::net
