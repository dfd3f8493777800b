#include "engine/channel_name.h"

#include <algorithm>

#include "engine/base/check.h"
#include "engine/utf8.h"

namespace ringcast {

namespace {

constexpr size_t kVariableBytesMax = 32;  // a guess; it is a word for people

bool is_variable_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

bool has_control(std::string_view utf8) noexcept {
  for (size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    // C1, U+0080 to U+009F, is C2 followed by the same number; valid UTF-8 has a byte after C2.
    if (byte == 0xc2 && static_cast<unsigned char>(utf8[i + 1]) < 0xa0) return true;
  }
  return false;
}

}  // namespace

bool is_variable(std::string_view segment) noexcept {
  if (!segment.starts_with('{') || !segment.ends_with('}')) return false;
  if (segment.size() < 3 || segment.size() > kVariableBytesMax + 2) return false;
  return std::ranges::all_of(segment.substr(1, segment.size() - 2), is_variable_letter);
}

ChannelName split_channel_name(std::string_view name) noexcept {
  const ChannelName fixed{.before = name, .after = {}, .is_pattern = false};
  const size_t opening = name.find('{');
  if (opening == std::string_view::npos || opening == 0 || name[opening - 1] != '/') return fixed;

  const size_t slash = name.find('/', opening);
  const std::string_view after = slash == std::string_view::npos ? "" : name.substr(slash);
  const std::string_view before = name.substr(0, opening);
  const std::string_view segment = name.substr(opening, name.size() - opening - after.size());
  const bool has_other_braces =
      before.find('}') != name.npos || after.find_first_of("{}") != name.npos;
  if (!is_variable(segment) || has_other_braces) return fixed;
  return {.before = before, .after = after, .is_pattern = true};
}

bool is_recipient(std::string_view text) noexcept {
  if (text.empty() || text.size() > kRecipientBytesMax) return false;
  if (text == "." || text == ".." || text.find_first_of("/{}") != text.npos) return false;
  return is_utf8(text) && !has_control(text);
}

std::optional<std::string_view> recipient_in(const ChannelName& pattern,
                                             std::string_view name) noexcept {
  RC_DCHECK(pattern.is_pattern);
  if (name.size() <= pattern.before.size() + pattern.after.size()) return std::nullopt;
  if (!name.starts_with(pattern.before) || !name.ends_with(pattern.after)) return std::nullopt;

  name.remove_prefix(pattern.before.size());
  name.remove_suffix(pattern.after.size());
  if (!is_recipient(name)) return std::nullopt;
  return name;
}

bool share_a_name(const ChannelName& one, const ChannelName& other) noexcept {
  if (one.before.size() > other.before.size()) return share_a_name(other, one);
  if (one.before == other.before) return one.after == other.after;
  if (!other.before.starts_with(one.before)) return false;

  // A shared name has `one`'s recipient where `other` has a fixed segment. What `other` has from there on, its variable
  // included, must then be able to spell what `one` has behind its variable.
  const std::string_view tail = other.before.substr(one.before.size());
  const std::string_view behind = tail.substr(tail.find('/'));
  return recipient_in({.before = behind, .after = other.after, .is_pattern = true}, one.after)
      .has_value();
}

}  // namespace ringcast
