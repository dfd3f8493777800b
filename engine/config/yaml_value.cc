#include "engine/config/yaml_value.h"

#include <fmt/format.h>

#include <unordered_map>

#include "engine/config/quoted.h"
#include "engine/config/yaml_text.h"

namespace ringcast {

namespace {

std::string_view kind_of(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return "a single value";
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Map:
      return "a map";
    default:
      return "nothing";
  }
}

// An absent value has no place of its own worth showing: its key is where to look.
Place value_place(const YAML::Node& node, Place key_place) {
  return node.IsNull() ? key_place : place_of(node.Mark());
}

template <typename T, typename Format>
bool is_within(const Value& value, const Limits<T>& limits, T given, Format format,
               Findings& findings) {
  if (given >= limits.min && given <= limits.max) return true;
  const bool below = given < limits.min;
  findings.add_problem(value.place, value.key,
                       fmt::format("{} is {}; allowed is {} to {}{}{}", format(given),
                                   below ? "too small" : "too large", format(limits.min),
                                   format(limits.max), limits.why.empty() ? "" : ": ", limits.why));
  return false;
}

template <typename T>
std::optional<T> parse(const Value& value, Result<T> (*parser)(std::string_view),
                       std::string_view example, Findings& findings) {
  const auto text = read_text(value, example, findings);
  if (!text) return std::nullopt;
  auto parsed = parser(*text);
  if (parsed) return *parsed;
  findings.add_problem(value.place, value.key, parsed.error().message);
  return std::nullopt;
}

}  // namespace

std::vector<Entry> read_entries(const Value& map, Findings& findings) {
  std::vector<Entry> entries;
  if (map.node.IsNull()) return entries;  // a section whose lines are all comments
  if (!map.node.IsMap()) {
    findings.add_problem(
        map.place, map.key,
        fmt::format("expected indented `key: value` lines, found {}", kind_of(map.node)));
    return entries;
  }
  std::unordered_map<std::string, int> first_lines;
  for (const auto& pair : map.node) {
    const Place name_place = place_of(pair.first.Mark());
    if (!pair.first.IsScalar()) {
      const std::string_view kind = pair.first.IsNull() ? "null" : kind_of(pair.first);
      findings.add_problem(name_place, map.key,
                           fmt::format("a key here is {}; write text, in quotes if need be", kind));
      continue;
    }
    const std::string& name = pair.first.Scalar();
    std::string key = map.key.empty() ? name : map.key + "." + name;
    const auto [first, is_new] = first_lines.emplace(name, name_place.line);
    if (!is_new) {
      findings.add_problem(
          name_place, key,
          fmt::format("appears a second time, after line {}; remove one", first->second));
      continue;
    }
    const Place place = value_place(pair.second, name_place);
    findings.note(key, place);
    entries.push_back({name, name_place, Value{pair.second, std::move(key), place}});
  }
  return entries;
}

std::vector<Value> read_elements(const Value& list, std::string_view example, Findings& findings) {
  std::vector<Value> elements;
  if (!list.node.IsSequence()) {
    findings.add_problem(
        list.place, list.key,
        fmt::format("expected a list such as {}, found {}", example, kind_of(list.node)));
    return elements;
  }
  for (const YAML::Node& node : list.node) {
    elements.push_back(
        {node, fmt::format("{}[{}]", list.key, elements.size()), value_place(node, list.place)});
  }
  return elements;
}

std::optional<std::string> read_text(const Value& value, std::string_view example,
                                     Findings& findings) {
  if (value.node.IsScalar()) return value.node.Scalar();
  findings.add_problem(value.place, value.key,
                       fmt::format("expected {}, found {}", example, kind_of(value.node)));
  return std::nullopt;
}

void read_bool(const Value& value, bool& target, Findings& findings) {
  read_choice(value,
              std::to_array<std::pair<std::string_view, bool>>({{"true", true}, {"false", false}}),
              target, findings);
}

void read_duration(const Value& value, Limits<milliseconds> limits, milliseconds& target,
                   Findings& findings) {
  const auto duration = parse(value, parse_duration, "a duration such as 15s", findings);
  if (duration && is_within(value, limits, *duration, format_duration, findings)) {
    target = *duration;
  }
}

void read_bytes(const Value& value, Limits<uint64_t> limits, uint64_t& target, Findings& findings) {
  const auto bytes = parse(value, parse_bytes, "a size such as 64KiB", findings);
  if (bytes && is_within(value, limits, *bytes, format_bytes, findings)) target = *bytes;
}

std::optional<int64_t> read_integer(const Value& value, Limits<int64_t> limits,
                                    Findings& findings) {
  const auto count = parse(value, parse_integer, "a whole number", findings);
  const auto format = [](int64_t number) { return fmt::format("{}", number); };
  if (!count || !is_within(value, limits, *count, format, findings)) return std::nullopt;
  return count;
}

void add_wrong_choice(const Value& value, std::string_view text, std::string_view words,
                      Findings& findings) {
  findings.add_problem(value.place, value.key,
                       fmt::format("{} is none of: {}", excerpt(text), words));
}

}  // namespace ringcast
