#include "net/http/forwarded.h"

#include <algorithm>

#include "net/http/ascii.h"

namespace ringcast::net {

namespace {

std::string_view trimmed(std::string_view text) noexcept {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Takes what stands before the next `separator` that is not between quotes off the front of `text`. False: there
// is nothing left.
bool take_part(std::string_view& text, char separator, std::string_view& part) noexcept {
  if (text.data() == nullptr) return false;
  bool is_quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      is_quoted = !is_quoted;
    } else if (text[i] == separator && !is_quoted) {
      part = text.substr(0, i);
      text.remove_prefix(i + 1);
      return true;
    }
  }
  part = text;
  text = {};
  return true;
}

bool is_port(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 5 && std::ranges::all_of(text, is_digit);
}

// An address, also with a port: 192.0.2.1, 192.0.2.1:80, 2001:db8::1, [2001:db8::1], [2001:db8::1]:80.
std::optional<IpAddress> read_node(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == text.npos) return std::nullopt;
    const std::string_view rest = text.substr(close + 1);
    const bool is_fit = rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
    const std::string_view inside = text.substr(1, close - 1);
    return is_fit && inside.find(':') != inside.npos ? parse_ip_address(inside) : std::nullopt;
  }
  const size_t colon = text.find(':');
  const bool has_port = colon != text.npos && text.find(':', colon + 1) == text.npos;
  if (has_port && !is_port(text.substr(colon + 1))) return std::nullopt;
  return parse_ip_address(has_port ? text.substr(0, colon) : text);
}

// The chain is handed over from left to right, and what counts is decided from the right: whatever is no
// trusted proxy's address makes all that stands left of it void.
class Chain {
 public:
  explicit Chain(std::span<const IpNetwork> trusted) : trusted_(trusted) {}

  void add(const std::optional<IpAddress>& hop) noexcept {
    if (!hop || !client_ || !any_contains(trusted_, *hop)) client_ = hop;
  }
  [[nodiscard]] const std::optional<IpAddress>& client() const noexcept { return client_; }

 private:
  std::span<const IpNetwork> trusted_;
  std::optional<IpAddress> client_;
};

// What the `for` parameter of one element names.
std::optional<IpAddress> read_element(std::string_view element) noexcept {
  std::optional<std::string_view> node;
  for (std::string_view pair; take_part(element, ';', pair);) {
    const size_t equals = pair.find('=');
    if (equals == pair.npos || !equals_ignoring_case(trimmed(pair.substr(0, equals)), "for"))
      continue;
    if (node) return std::nullopt;  // said twice
    node = trimmed(pair.substr(equals + 1));
  }
  if (!node) return std::nullopt;
  const bool is_quoted = node->size() >= 2 && node->front() == '"' && node->back() == '"';
  return read_node(is_quoted ? node->substr(1, node->size() - 2) : *node);
}

}  // namespace

std::optional<IpAddress> client_of_x_forwarded_for(std::span<const std::string_view> lines,
                                                   std::span<const IpNetwork> trusted) {
  Chain chain(trusted);
  for (std::string_view line : lines) {
    while (!line.empty()) {
      const size_t comma = line.find(',');
      chain.add(read_node(trimmed(line.substr(0, comma))));
      if (comma != line.npos && comma + 1 == line.size()) chain.add(std::nullopt);
      line.remove_prefix(comma == line.npos ? line.size() : comma + 1);
    }
  }
  return chain.client();
}

std::optional<IpAddress> client_of_forwarded(std::span<const std::string_view> lines,
                                             std::span<const IpNetwork> trusted) {
  Chain chain(trusted);
  for (std::string_view line : lines) {
    for (std::string_view element; take_part(line, ',', element);) {
      chain.add(read_element(element));
    }
  }
  return chain.client();
}

}  // namespace ringcast::net
