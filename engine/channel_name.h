// Channel names: fixed ones such as `prices/eur`, and patterns such as `inbox/{recipient}`, one channel of which every
// recipient has an address of its own: `inbox/alice`.
//
// A pattern has exactly one variable, which is a whole segment and not the first. Its name is for people only: what
// matters is where it stands.
//
// Threads: pure functions, any thread. Memory: none; views into what was given.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace ringcast {

// Short enough for logs, and for the query of a URL that lists many of them. A guess.
inline constexpr size_t kRecipientBytesMax = 128;

// A name taken apart at its variable.
struct ChannelName {
  std::string_view before;  // up to the variable, with the '/' in front of it; all of a fixed name
  std::string_view after;  // behind the variable, from its '/' on; empty where the variable is last
  bool is_pattern = false;
};

// Text that has not the one variable a pattern needs is taken for a fixed name, braces and all; whether a name may be
// declared is for check_channel_name() (config/text_checks.h) to say.
[[nodiscard]] ChannelName split_channel_name(std::string_view name) noexcept;

// Whether `segment` is a variable: one to 32 lower-case letters, digits and '_' in braces.
[[nodiscard]] bool is_variable(std::string_view segment) noexcept;

// Whether `text` can stand where a variable does: one segment of 1 to kRecipientBytesMax bytes of UTF-8, without control
// characters (C0, DEL, C1) and braces, and not one of the segments "." and "..", which browsers resolve away.
// Compared byte by byte: there is no case folding or normalisation.
[[nodiscard]] bool is_recipient(std::string_view text) noexcept;

// Whom `name` (decoded, as requests give it) addresses in `pattern`; nothing when it is not one of the pattern's names.
// Requires: pattern.is_pattern.
[[nodiscard]] std::optional<std::string_view> recipient_in(const ChannelName& pattern,
                                                           std::string_view name) noexcept;

// Whether some name belongs to both patterns, as users/x/inbox does to users/{id}/inbox and users/x/{box}; two such are
// not declared together. Requires: both are patterns.
[[nodiscard]] bool share_a_name(const ChannelName& one, const ChannelName& other) noexcept;

}  // namespace ringcast
