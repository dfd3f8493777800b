#include "engine/access/strict_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ringcast {

namespace {

using nlohmann::json;

// What nlohmann's parser tells us, put together as a JsonValue. It stops at the first `false`.
class Builder : public nlohmann::json_sax<json> {
 public:
  Builder(JsonValue& root, size_t values_max) : root_(root), values_left_(values_max) {}

  bool null() override { return add({}) != nullptr; }
  bool boolean(bool value) override {
    return add({.kind = JsonValue::Kind::kBool, .boolean = value}) != nullptr;
  }
  bool number_integer(number_integer_t value) override {
    return add_number(static_cast<double>(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return add_number(static_cast<double>(value));
  }
  bool number_float(number_float_t value, const string_t&) override { return add_number(value); }
  bool string(string_t& value) override {
    return add({.kind = JsonValue::Kind::kString, .text = std::move(value)}) != nullptr;
  }
  bool binary(binary_t&) override { return false; }  // JSON has none

  bool start_object(std::size_t) override { return open(JsonValue::Kind::kObject); }
  bool key(string_t& name) override {
    if (open_.back()->members.size() == kJsonMembersMax) return false;
    if (open_.back()->find(name) != nullptr) return false;
    open_.back()->members.emplace_back(std::move(name), JsonValue{});
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(JsonValue::Kind::kArray); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t, const std::string&, const json::exception&) override {
    return false;
  }

 private:
  // Where it is now; nullptr: there is no room for it.
  JsonValue* add(JsonValue value) {
    if (values_left_ == 0) return nullptr;
    --values_left_;
    JsonValue* place = &root_;
    if (!open_.empty()) {
      JsonValue& parent = *open_.back();
      place = parent.is(JsonValue::Kind::kArray) ? &parent.elements.emplace_back()
                                                 : &parent.members.back().second;
    }
    *place = std::move(value);
    return place;
  }
  bool add_number(double value) {
    return add({.kind = JsonValue::Kind::kNumber, .number = value}) != nullptr;
  }
  bool open(JsonValue::Kind kind) {
    if (open_.size() == kJsonDepthMax) return false;
    JsonValue* const place = add({.kind = kind});
    if (place == nullptr) return false;
    open_.push_back(place);
    return true;
  }
  bool close() {
    open_.pop_back();
    return true;
  }

  JsonValue& root_;
  size_t values_left_;
  // What is open, outermost first. Only the innermost grows, so none of them moves.
  std::vector<JsonValue*> open_;
};

}  // namespace

const JsonValue* JsonValue::find(std::string_view name) const noexcept {
  const auto member = std::ranges::find(members, name, &std::pair<std::string, JsonValue>::first);
  return member == members.end() ? nullptr : &member->second;
}

std::optional<std::string_view> JsonValue::text_of(std::string_view name) const noexcept {
  const JsonValue* const value = find(name);
  if (value == nullptr || !value->is(Kind::kString)) return std::nullopt;
  return value->text;
}

std::optional<JsonValue> parse_strict_json(std::string_view text, size_t values_max) {
  // The parser takes a NUL for the end of the text, and passes over a byte-order mark.
  if (text.find('\0') != text.npos || text.starts_with('\xef')) return std::nullopt;
  JsonValue value;
  Builder builder{value, values_max};
  if (!json::sax_parse(text, &builder)) return std::nullopt;
  return value;
}

std::string json_string(std::string_view text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace ringcast
