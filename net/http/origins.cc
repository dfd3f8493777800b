#include "net/http/origins.h"

#include <algorithm>

#include "net/http/ascii.h"

namespace ringcast::net {

namespace {

constexpr std::string_view kSchemeEnd = "://";

// Scheme with its `://`, and what comes after it: host and port.
struct Split {
  std::string_view scheme{};
  std::string_view authority{};
};

Split split(std::string_view origin) noexcept {
  const size_t at = origin.find(kSchemeEnd);
  if (at == std::string_view::npos) return {};
  return {.scheme = origin.substr(0, at + kSchemeEnd.size()),
          .authority = origin.substr(at + kSchemeEnd.size())};
}

// Whole labels: no empty one, and nothing that could end the host earlier than it seems. A star is for entries
// that are compared with entries; takes_by_name() lets none through.
bool are_labels(std::string_view text) noexcept {
  const bool fits = std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || c == '-' || c == '_' || c == '.' || c == '*';
  });
  return fits && !text.empty() && text.front() != '.' && text.back() != '.' &&
         text.find("..") == std::string_view::npos;
}

bool takes(std::string_view entry, std::string_view origin) noexcept {
  if (entry == "*") return true;
  const Split rule = split(entry);
  const Split asked = split(origin);
  if (rule.scheme.empty() || rule.scheme != asked.scheme) return false;
  if (equals_ignoring_case(rule.authority, asked.authority)) return true;
  if (!rule.authority.starts_with("*.")) return false;
  // From the dot on: what stands before it are whole labels, so `evilapp.example` is no `*.app.example`.
  const std::string_view below = rule.authority.substr(1);
  if (asked.authority.size() <= below.size()) return false;
  const size_t labels = asked.authority.size() - below.size();
  return equals_ignoring_case(asked.authority.substr(labels), below) &&
         are_labels(asked.authority.substr(0, labels));
}

bool any_takes(const Origins& origins, std::string_view origin) noexcept {
  return std::ranges::any_of(origins,
                             [origin](const std::string& entry) { return takes(entry, origin); });
}

void add_new(Origins& origins, const std::string& entry) {
  const auto covers = [](const std::string& one, const std::string& other) {
    return one == other || (one != "*" && takes(one, other));
  };
  if (std::ranges::any_of(origins, [&](const std::string& one) { return covers(one, entry); }))
    return;
  std::erase_if(origins, [&](const std::string& one) { return covers(entry, one); });
  origins.push_back(entry);
}

}  // namespace

bool takes_everybody(const Origins& origins) noexcept {
  return std::ranges::find(origins, "*") != origins.end();
}

bool takes_by_name(const Origins& origins, std::string_view origin) noexcept {
  if (!std::ranges::all_of(origin, is_visible) || origin.find('*') != std::string_view::npos) {
    return false;
  }
  return std::ranges::any_of(
      origins, [origin](const std::string& entry) { return entry != "*" && takes(entry, origin); });
}

Origins in_both(const Origins& one, const Origins& other) {
  Origins both;
  for (const std::string& entry : one) {
    if (any_takes(other, entry)) add_new(both, entry);
  }
  for (const std::string& entry : other) {
    if (any_takes(one, entry)) add_new(both, entry);
  }
  return both;
}

Origins in_either(const Origins& one, const Origins& other) {
  Origins either;
  for (const std::string& entry : one) add_new(either, entry);
  for (const std::string& entry : other) add_new(either, entry);
  return either;
}

}  // namespace ringcast::net
