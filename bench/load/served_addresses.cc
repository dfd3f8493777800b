#include "bench/load/served_addresses.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace ringcast::bench {
namespace {

// `127.0.0.1:8000`.
std::optional<sockaddr_in> parse_address(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string host(text.substr(0, colon));
  const std::string_view port_text = text.substr(colon + 1);
  const char* const text_end = port_text.data() + port_text.size();
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(port_text.data(), text_end, port);
  if (error != std::errc{} || end != text_end || port == 0) return std::nullopt;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1) return std::nullopt;
  return address;
}

// The next word of `line`, which it then no longer has.
std::string_view take_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  return word;
}

}  // namespace

Result<sockaddr_in> parse_url(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  constexpr std::string_view kLocalHost = "localhost:";
  std::string_view rest = url;
  const bool has_scheme = rest.starts_with(kScheme);
  if (has_scheme) rest.remove_prefix(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::string address_text(rest);
  if (rest.starts_with(kLocalHost)) address_text.replace(0, kLocalHost.size(), "127.0.0.1:");
  const auto address = parse_address(address_text);
  if (has_scheme && address) return *address;
  return Error{fmt::format("cannot use the URL {}; write it as http://127.0.0.1:8000", url)};
}

void ServedAddresses::learn_from(std::string_view line) {
  if (take_word(line) != "ringcast:") return;
  auto address = parse_address(take_word(line));
  if (!address || take_word(line) != "serves") return;
  if (address->sin_addr.s_addr == htonl(INADDR_ANY))
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  while (!line.empty()) {
    const std::string_view role = take_word(line);
    if (role == "subscribe" && !subscribe) subscribe = address;
    if (role == "publish" && !publish) publish = address;
  }
}

}  // namespace ringcast::bench
