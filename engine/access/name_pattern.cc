#include "engine/access/name_pattern.h"

namespace ringcast {

NamePattern::NamePattern(std::string_view text) : text_(text) {
  if (text == "*") {
    kind_ = Kind::kEverything;
  } else if (text.ends_with("/*")) {
    kind_ = Kind::kBelow;
  } else {
    kind_ = split_channel_name(text).is_pattern ? Kind::kVariable : Kind::kExact;
  }
}

bool NamePattern::covers(std::string_view name) const noexcept {
  switch (kind_) {
    case Kind::kExact:
      return name == text_;
    case Kind::kBelow: {
      const std::string_view prefix = std::string_view(text_).substr(0, text_.size() - 1);
      return name.size() > prefix.size() && name.starts_with(prefix);
    }
    case Kind::kEverything:
      return !name.empty();
    case Kind::kVariable:
      return recipient_in(split_channel_name(text_), name).has_value();
  }
  return false;
}

bool NamePattern::may_cover_some_of(std::string_view declared) const noexcept {
  const ChannelName channel = split_channel_name(declared);
  if (!channel.is_pattern) return covers(declared);
  switch (kind_) {
    case Kind::kExact:
      return recipient_in(channel, text_).has_value();
    case Kind::kBelow: {
      const std::string_view prefix = std::string_view(text_).substr(0, text_.size() - 1);
      if (prefix.size() <= channel.before.size()) return channel.before.starts_with(prefix);
      // Past the variable: what is left must be able to go on as the pattern does.
      if (!prefix.starts_with(channel.before)) return false;
      const std::string_view rest = prefix.substr(channel.before.size());
      const std::string_view behind = rest.substr(rest.find('/'));
      return channel.after.size() > behind.size() && channel.after.starts_with(behind);
    }
    case Kind::kEverything:
      return true;
    case Kind::kVariable:
      return share_a_name(split_channel_name(text_), channel);
  }
  return false;
}

}  // namespace ringcast
