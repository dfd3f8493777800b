// Typed reading of single YAML values. Each reader either assigns what it was asked for, or leaves
// the target alone and adds a problem; so a section can be read to its end whatever is wrong in it.
//
// Internal to engine/config, and with yaml_text the only code that knows yaml-cpp. Threads: one.
// Nodes are only looked at, never changed, and followed as deep as there are keys for: aliases
// cannot make this recurse.
#pragma once

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/config/findings.h"
#include "engine/config/units.h"

namespace ringcast {

// One value of the file: where it stands, and the dotted key that leads to it.
struct Value {
  YAML::Node node;
  std::string key;
  Place place;
};

// One key of a map with what it maps to.
struct Entry {
  std::string name;
  Place name_place;
  Value value;
};

// The least and the most a value may be, and why when that is not plain.
template <typename T>
struct Limits {
  T min;
  T max;
  std::string_view why = {};
};

// The entries of a map, or of an empty section, in the file's order and each noted in `findings`.
// Repeated keys and keys that are no text are problems and left out, as is everything when `map` is
// no map.
[[nodiscard]] std::vector<Entry> read_entries(const Value& map, Findings& findings);

// The elements of a list, keyed `key[0]` and so on.
[[nodiscard]] std::vector<Value> read_elements(const Value& list, std::string_view example,
                                               Findings& findings);

// The text of a scalar; `example` says what to write when it is not one.
[[nodiscard]] std::optional<std::string> read_text(const Value& value, std::string_view example,
                                                   Findings& findings);

void read_bool(const Value& value, bool& target, Findings& findings);
void read_duration(const Value& value, Limits<milliseconds> limits, milliseconds& target,
                   Findings& findings);
void read_bytes(const Value& value, Limits<uint64_t> limits, uint64_t& target, Findings& findings);
[[nodiscard]] std::optional<int64_t> read_integer(const Value& value, Limits<int64_t> limits,
                                                  Findings& findings);

// Limits must lie within what T holds.
template <std::integral T>
void read_count(const Value& value, Limits<int64_t> limits, T& target, Findings& findings) {
  if (const auto count = read_integer(value, limits, findings)) target = static_cast<T>(*count);
}

// `text` is none of `words`.
void add_wrong_choice(const Value& value, std::string_view text, std::string_view words,
                      Findings& findings);

// One of a few words, given as {text, enumerator} pairs.
template <typename T, size_t N>
void read_choice(const Value& value, const std::array<std::pair<std::string_view, T>, N>& choices,
                 T& target, Findings& findings) {
  std::string words;
  for (const auto& [word, choice] : choices) {
    words += (words.empty() ? "" : ", ") + std::string{word};
  }
  const auto text = read_text(value, "one of: " + words, findings);
  if (!text) return;
  const auto chosen =
      std::ranges::find(choices, *text, [](const auto& pair) { return pair.first; });
  if (chosen == choices.end()) return add_wrong_choice(value, *text, words, findings);
  target = chosen->second;
}

// A key of a section, and how its value gets into the section's struct.
template <typename Target>
struct Field {
  std::string_view key;
  void (*read)(const Value& value, Target& target, Findings& findings);
};

template <typename Target, size_t N, size_t M>
constexpr std::array<Field<Target>, N + M> join_fields(const std::array<Field<Target>, N>& a,
                                                       const std::array<Field<Target>, M>& b) {
  std::array<Field<Target>, N + M> joined{};
  std::ranges::copy(b, std::ranges::copy(a, joined.begin()).out);
  return joined;
}

// A section with a fixed set of keys: reads those the file has into `target`, and reports the
// others.
template <typename Target, size_t N>
void read_section(const Value& section, const std::array<Field<Target>, N>& fields, Target& target,
                  Findings& findings) {
  for (const Entry& entry : read_entries(section, findings)) {
    const auto field = std::ranges::find(fields, entry.name, &Field<Target>::key);
    if (field != fields.end()) {
      field->read(entry.value, target, findings);
      continue;
    }
    std::array<std::string_view, N> siblings;
    std::ranges::transform(fields, siblings.begin(), &Field<Target>::key);
    findings.add_unknown_key(entry.name_place, entry.value.key, entry.name, siblings);
  }
}

// Adds `prefix` + key for each field: the raw material of known_config_keys().
template <typename Target, size_t N>
void append_keys(const std::string& prefix, const std::array<Field<Target>, N>& fields,
                 std::vector<std::string>& keys) {
  for (const Field<Target>& field : fields) keys.push_back(prefix + std::string{field.key});
}

}  // namespace ringcast
