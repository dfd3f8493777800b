// NamePattern: which channel names somebody may use, as tokens and keys say it.
//
//   news/eu             that one name
//   news/*              every name below news/, however many segments deep; not news itself
//   *                   every name
//   inbox/{recipient}   every name of that pattern: one segment where the braces are
//
// A `*` anywhere else, as in a*b or */news, stands for itself, and so do braces that are no variable. Names are compared
// byte by byte, as they are once a request's path has been decoded: there is no second decoding and no case folding.
// Matching looks at each byte at most a few times, whatever pattern and name are.
//
// Threads: immutable. Memory: its text.
#pragma once

#include <string>
#include <string_view>

#include "engine/channel_name.h"

namespace ringcast {

class NamePattern {
 public:
  explicit NamePattern(std::string_view text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }

  // Whether it covers `name`. A variable and a `*` cover only what could be a recipient or a name below: nothing empty.
  [[nodiscard]] bool covers(std::string_view name) const noexcept;

  // Whether it covers some name that the channel declared as `declared` answers to. For explaining, not for deciding.
  [[nodiscard]] bool may_cover_some_of(std::string_view declared) const noexcept;

 private:
  enum class Kind { kExact, kBelow, kEverything, kVariable };
  std::string text_;
  Kind kind_;
};

}  // namespace ringcast
