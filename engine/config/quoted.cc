#include "engine/config/quoted.h"

#include <fmt/format.h>

namespace ringcast {

namespace {

// Longer values fill a terminal without telling more; keys need room for a channel's name. Guesses.
constexpr size_t kExcerptBytesMax = 60;
constexpr size_t kPrintableBytesMax = 200;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string quoted(std::string_view text) {
  return '"' + escaped(text) + '"';
}

std::string excerpt(std::string_view text) {
  if (text.size() <= kExcerptBytesMax) return quoted(text);
  return quoted(text.substr(0, kExcerptBytesMax)) + "...";
}

std::string printable(std::string_view text) {
  if (text.size() <= kPrintableBytesMax) return escaped(text);
  return escaped(text.substr(0, kPrintableBytesMax)) + "...";
}

}  // namespace ringcast
