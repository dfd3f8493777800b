#include "engine/config/text_checks.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/channel_name.h"
#include "engine/config/quoted.h"

namespace ringcast {

namespace {

// Names and paths go into URLs, metric labels and log lines; longer ones serve nobody. Guesses.
constexpr size_t kChannelNameBytesMax = 128;
constexpr size_t kPathBytesMax = 256;

constexpr std::string_view kUnixPrefix = "unix:";
constexpr size_t kSocketPathBytesMax = sizeof(sockaddr_un::sun_path) - 1;

// First path segments that belong to the server, on whichever listener.
constexpr std::string_view kOwnRoutes[] = {"channels", "events",      "healthz",
                                           "metrics",  "connections", "revoke"};

bool is_lower(char c) noexcept {
  return c >= 'a' && c <= 'z';
}
bool is_upper(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_one_of(char c, std::string_view set) noexcept {
  return set.find(c) != std::string_view::npos;
}

// What RFC 3986 calls unreserved: never escaped by anyone.
bool is_unreserved(char c) noexcept {
  return is_lower(c) || is_upper(c) || is_digit(c) || is_one_of(c, "._~-");
}

Error fault(std::string_view text, std::string_view what) {
  return {fmt::format("{} {}", excerpt(text), what)};
}

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return port;
}

// The address in inet_ntop's spelling, or nothing when it is not one.
std::optional<std::string> canonical_address(int family, std::string_view text) {
  unsigned char address[sizeof(in6_addr)];
  char canonical[INET6_ADDRSTRLEN];
  if (::inet_pton(family, std::string{text}.c_str(), address) != 1) return std::nullopt;
  if (::inet_ntop(family, address, canonical, sizeof(canonical)) == nullptr) return std::nullopt;
  return std::string{canonical};
}

Result<BindAddress> parse_socket_path(std::string_view text) {
  const std::string_view path = text.substr(kUnixPrefix.size());
  if (!path.starts_with('/') || path.ends_with('/')) {
    return fault(text,
                 "does not name a file by its whole path; write for example "
                 "unix:/run/ringcast/publish.sock");
  }
  if (path.size() > kSocketPathBytesMax || path.find('\0') != path.npos) {
    return fault(text, fmt::format("has a path of more than the {} bytes that sockets can have; "
                                   "choose a shorter one",
                                   kSocketPathBytesMax));
  }
  return BindAddress{.host = {}, .port = 0, .socket_path = std::string(path)};
}

Result<std::string> parse_host(std::string_view text, std::string_view host) {
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) {
    if (auto v6 = canonical_address(AF_INET6, host.substr(1, host.size() - 2))) return *v6;
    return fault(text,
                 "has no IPv6 address between the brackets; write one such as \"[::1]:8000\"");
  }
  if (host.find(':') != std::string_view::npos) {
    return fault(text, "needs brackets and quotes around an IPv6 address, such as \"[::1]:8000\"");
  }
  if (host.empty() || host == "*") {
    return fault(
        text, "names no address; write 0.0.0.0 for every IPv4 address or [::] for every IPv6 one");
  }
  if (auto v4 = canonical_address(AF_INET, host)) return *v4;
  return fault(text,
               "does not begin with an IP address; names are not looked up, write numbers such as "
               "127.0.0.1");
}

// The first segment that browsers would not ask for as written, or that is empty; nothing when all
// are fine.
std::optional<std::string_view> find_odd_segment(std::string_view segments) {
  while (true) {
    const size_t slash = segments.find('/');
    const std::string_view segment = segments.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return segment;
    if (slash == std::string_view::npos) return std::nullopt;
    segments.remove_prefix(slash + 1);
  }
}

// Why a name with braces is no pattern.
std::string_view pattern_fault(std::string_view name) {
  bool has_variable = false;
  for (bool is_first = true; !name.empty(); is_first = false) {
    const std::string_view segment = name.substr(0, name.find('/'));
    name.remove_prefix(std::min(segment.size() + 1, name.size()));
    if (segment.find_first_of("{}") == segment.npos) continue;
    if (!segment.starts_with('{') || segment.find('}') != segment.size() - 1) {
      return "has braces that are not around a whole segment; write for example inbox/{recipient}";
    }
    if (!is_variable(segment)) {
      return "has a variable that is not 1 to 32 lower-case letters, digits and '_'; rename it";
    }
    if (is_first) {
      return "begins with its variable and would take every name; put a fixed segment first, such "
             "as inbox/{recipient}";
    }
    if (has_variable) {
      return "has two variables; keep the one that is the recipient, and declare a channel for "
             "each value of the other";
    }
    has_variable = true;
  }
  return {};
}

// How much of `authority` is the host; nothing when it does not begin with one that browsers would
// write.
std::optional<size_t> host_length(std::string_view authority) {
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view address = authority.substr(1, end - 1);
    return canonical_address(AF_INET6, address) == address ? std::optional{end + 1} : std::nullopt;
  }
  const size_t length = std::min(authority.find(':'), authority.size());
  const bool fits = std::ranges::all_of(authority.substr(0, length), [](char c) {
    return is_lower(c) || is_digit(c) || is_one_of(c, "._-");
  });
  return fits && length > 0 ? std::optional{length} : std::nullopt;
}

// Every host below `domain`, which must be somebody's: below `com` are everybody's.
Result<> check_pattern_domain(std::string_view origin, std::string_view domain) {
  const std::string_view host = domain.substr(0, domain.find(':'));
  const std::string_view last = host.substr(host.rfind('.') + 1);
  if (host != "localhost" && host.find('.') == std::string_view::npos) {
    return fault(origin, "takes in every site under that name; write at least *.app.example");
  }
  if (host.starts_with('.') || host.find("..") != std::string_view::npos ||
      std::ranges::none_of(last, is_lower)) {
    return fault(origin, "has no domain after the star; write for example https://*.app.example");
  }
  return {};
}

Result<> check_origin_authority(std::string_view origin, std::string_view scheme,
                                std::string_view authority) {
  const auto length = host_length(authority);
  if (!length) {
    return fault(origin,
                 "has no plain host name; write one in ASCII, international names as xn--...");
  }
  const std::string_view rest = authority.substr(*length);
  if (rest.empty()) return {};

  const auto port = parse_port(rest.substr(1));
  if (rest.front() != ':' || !port || *port == 0 || rest[1] == '0') {
    return fault(origin, "has no valid port after the host; write one such as :8443");
  }
  if ((scheme == "https" && *port == 443) || (scheme == "http" && *port == 80)) {
    return fault(origin, "spells out the scheme's own port, which browsers leave out; remove it");
  }
  return {};
}

}  // namespace

Result<BindAddress> parse_bind(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) return parse_socket_path(text);
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.ends_with(']')) {
    return fault(text, "has no port; write an address and a port, such as 127.0.0.1:8000");
  }
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) {
    return fault(text, "does not end in a port from 0 to 65535; write for example 127.0.0.1:8000");
  }
  auto host = parse_host(text, text.substr(0, colon));
  if (!host) return host.error();
  return BindAddress{.host = *host, .port = *port, .socket_path = {}};
}

std::string format_bind(const BindAddress& address) {
  const auto& [host, port, socket_path] = address;
  if (!socket_path.empty()) return fmt::format("{}{}", kUnixPrefix, socket_path);
  const bool is_v6 = host.find(':') != host.npos;
  return is_v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

bool is_loopback(std::string_view host) {
  return host.starts_with("127.") || host == "::1" || host.starts_with("::ffff:127.");
}

Result<> check_channel_name(std::string_view name) {
  if (name.size() > kChannelNameBytesMax) {
    return fault(name, fmt::format("is longer than {} bytes; shorten it", kChannelNameBytesMax));
  }
  if (const std::string_view what = pattern_fault(name); !what.empty()) return fault(name, what);
  const bool fits =
      std::ranges::all_of(name, [](char c) { return is_unreserved(c) || is_one_of(c, "/{}"); });
  if (!fits) {
    return fault(name,
                 "holds a character that URLs would escape; use letters, digits, '.', '_', '~', "
                 "'-' and '/' only");
  }
  if (const auto odd = find_odd_segment(name)) {
    return fault(name,
                 odd->empty()
                     ? "has an empty segment; a name begins and ends without '/' and has no \"//\""
                     : "has a segment that browsers resolve away; rename \".\" and \"..\"");
  }
  return {};
}

Result<> check_name_pattern(std::string_view pattern) {
  if (pattern == "*") return {};
  if (pattern.ends_with("/*")) pattern.remove_suffix(2);
  return check_channel_name(pattern);
}

Result<> check_path(std::string_view path) {
  if (!path.starts_with('/')) {
    return fault(path, "does not begin with '/'; write for example /stream");
  }
  if (path.size() > kPathBytesMax) {
    return fault(path, fmt::format("is longer than {} bytes; shorten it", kPathBytesMax));
  }
  const bool fits = std::ranges::all_of(
      path, [](char c) { return is_unreserved(c) || is_one_of(c, "/!$&'()*+,;=:@"); });
  if (!fits) {
    return fault(path,
                 "holds a character that cannot stand in a URL path; remove '?', '#', '%', spaces "
                 "and the like");
  }
  if (path == "/") return {};
  // A slash at the end is somebody's choice; an empty segment in the middle is a slip.
  const std::string_view segments = path.substr(1, path.size() - (path.ends_with('/') ? 2 : 1));
  if (const auto odd = find_odd_segment(segments)) {
    return fault(path, odd->empty()
                           ? "has an empty segment; write single slashes"
                           : "has a segment that browsers resolve away; rename \".\" and \"..\"");
  }
  const std::string_view first = segments.substr(0, segments.find('/'));
  if (std::ranges::find(kOwnRoutes, first) != std::end(kOwnRoutes)) {
    return fault(
        path,
        fmt::format("collides with the server's own /{}; choose another first segment", first));
  }
  return {};
}

Result<> check_origin(std::string_view origin) {
  if (origin == "*") return {};
  if (origin == "null") {
    return fault(
        origin,
        "is what any site's sandboxed frames send; list the real origins, or \"*\" for everybody");
  }
  if (std::ranges::any_of(origin, is_upper)) {
    return fault(origin, "has capital letters; write it in lower case, as browsers send it");
  }
  const size_t separator = origin.find("://");
  const std::string_view scheme = origin.substr(0, separator);
  const bool scheme_fits = std::ranges::all_of(
      scheme, [](char c) { return is_lower(c) || is_digit(c) || is_one_of(c, "+.-"); });
  if (separator == std::string_view::npos || scheme.empty() || !is_lower(scheme.front()) ||
      !scheme_fits) {
    return fault(origin, "has no scheme; write for example https://app.example");
  }
  std::string_view authority = origin.substr(separator + 3);
  if (authority.starts_with("*.")) {
    authority.remove_prefix(2);
    if (Result<> domain = check_pattern_domain(origin, authority); !domain) return domain;
  }
  if (origin.find('*') != origin.rfind('*') || authority.find('*') != std::string_view::npos) {
    return fault(origin,
                 "has a star that is not the whole first part of the host; write for example "
                 "https://*.app.example, or \"*\" alone for everybody");
  }
  if (authority.find_first_of("/?#@") != std::string_view::npos) {
    return fault(origin,
                 "holds more than scheme, host and port; remove the final '/', path and user name");
  }
  return check_origin_authority(origin, scheme, authority);
}

Result<> check_host(std::string_view host) {
  if (std::ranges::any_of(host, is_upper))
    return fault(host, "has capital letters; write it in lower case");
  if (host_length(host) == host.size()) return {};
  return fault(host,
               "is not the name or address of a host; write one without scheme and port, such as "
               "events.example or \"[::1]\"");
}

// RFC 9110, section 5.6.2: a token.
Result<> check_header_name(std::string_view name) {
  const bool fits = std::ranges::all_of(name, [](char c) {
    return is_lower(c) || is_upper(c) || is_digit(c) || is_one_of(c, "!#$%&'+-.^_`|~");
  });
  if (fits && !name.empty()) return {};
  return fault(name,
               "is not the name of a header; write one such as X-Trace-Id (\"*\" would not cover "
               "Authorization)");
}

}  // namespace ringcast
