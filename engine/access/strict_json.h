// StrictJson: JSON that strangers wrote, where two readers might differ about what it says. Refused are repeated member
// names, numbers no double holds, a byte-order mark, bytes after the value, NUL bytes; and what is larger than anybody needs,
// since it is read before anything vouches for its sender: nesting, members of one object, values in all.
//
// Threads: value types. Memory: what the text holds, and no deeper than kJsonDepthMax. Failure: nothing is returned; why
// is not of interest to anyone but its author.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringcast {

// A JWKS is three deep, a claim set two. A guess beyond that, for what others put into their tokens.
inline constexpr size_t kJsonDepthMax = 16;
// A member is compared with all before it.
inline constexpr size_t kJsonMembersMax = 64;

struct JsonValue {
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };
  Kind kind = Kind::kNull;
  bool boolean = false;
  double number = 0;
  std::string text{};                                        // kString
  std::vector<JsonValue> elements{};                         // kArray
  std::vector<std::pair<std::string, JsonValue>> members{};  // kObject

  [[nodiscard]] bool is(Kind wanted) const noexcept { return kind == wanted; }
  // A member, or nullptr when this is no object or has none of that name.
  [[nodiscard]] const JsonValue* find(std::string_view name) const noexcept;
  // The text of a member, or nothing when there is none or it is no string.
  [[nodiscard]] std::optional<std::string_view> text_of(std::string_view name) const noexcept;
};

// At most `values_max` values, those inside others included.
[[nodiscard]] std::optional<JsonValue> parse_strict_json(std::string_view text,
                                                         size_t values_max = 1024);

// `text` as a JSON string, quotes included; what is no UTF-8 in it becomes U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace ringcast
