// Text that tries to break out of an event: line ends of every kind, beginnings of fields, chunk
// framing, control bytes, characters that other formats take for line ends.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "tests/support/seeds.h"

namespace ringcast {

namespace hostile {

using namespace std::string_view_literals;

// Fit for data.
inline constexpr std::array kPieces = {
    "\n"sv,         "\r"sv,       "\r\n"sv,
    "\n\n"sv,       "\r\r"sv,     "\r\n\r\n"sv,
    " "sv,          ":"sv,        ": "sv,
    "data: "sv,     "data"sv,     "id: 9"sv,
    "event: x"sv,   "retry: 1"sv, "0\r\n\r\n"sv,
    "5\r\nhello"sv, "\0"sv,       "\x1b[2J"sv,
    "\x7f"sv,       "\t"sv,       "\x0b"sv,
    "\f"sv,         "\u0085"sv,   "\u2028"sv,
    "\u2029"sv,     "\uFEFF"sv,   "\uFFFD"sv,
    "\u00E9"sv,     "\u2026"sv,   "\U0001F600"sv,
    "\U0010FFFF"sv, "\uD7FF"sv,   "{\"a\":\"b\"}"sv,
    "<script>"sv,   "a"sv,        "42"sv,
};

// Fit for types: no control bytes.
inline constexpr std::array kNamePieces = {
    "a"sv,      "tick"sv,   " "sv,      ":"sv,      "data"sv,   "message"sv,    "id: 1"sv,
    "\u00E9"sv, "\u0085"sv, "\u2028"sv, "\uFEFF"sv, "\uFFFD"sv, "\U0001F600"sv, "\""sv,
};

}  // namespace hostile

// Of up to `pieces_max` pieces.
[[nodiscard]] inline std::string hostile_data(Dice& dice, size_t pieces_max) {
  std::string data;
  for (uint64_t pieces = dice.between(0, pieces_max); pieces > 0; --pieces) {
    data += hostile::kPieces[dice.below(hostile::kPieces.size())];
  }
  return data;
}

// None in half of the cases, and never one that may not be published.
[[nodiscard]] inline std::string hostile_type(Dice& dice) {
  std::string type;
  if (dice.one_in(2)) return type;
  for (uint64_t pieces = dice.between(1, 4); pieces > 0; --pieces) {
    type += hostile::kNamePieces[dice.below(hostile::kNamePieces.size())];
  }
  return type;
}

}  // namespace ringcast
