#include "net/http/target.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "engine/utf8.h"
#include "net/http/ascii.h"

namespace ringcast::net {

namespace {

constexpr Refusal bad_target(std::string_view reason) noexcept {
  return {.status = 400, .reason = reason};
}

// A stream names 64 channels at most; the pairs of a query are gone through several times.
constexpr int kQueryPairsMax = 256;

Refusal check_bytes(std::string_view raw) noexcept {
  for (size_t i = 0; i < raw.size(); ++i) {
    if (!is_visible(raw[i]))
      return bad_target("the request target contains bytes that must be percent-encoded");
    if (raw[i] == '#') return bad_target("the request target contains a fragment");
    if (raw[i] != '%') continue;
    if (raw.size() - i < 3 || hex_value(raw[i + 1]) < 0 || hex_value(raw[i + 2]) < 0) {
      return bad_target(
          "the request target contains a % that is not followed by two hexadecimal digits");
    }
  }
  return {};
}

// Takes `http://authority` off the front of an absolute target. False when it is not one.
bool take_authority(std::string_view& raw, std::string_view& authority) noexcept {
  for (const std::string_view scheme :
       {std::string_view{"http://"}, std::string_view{"https://"}}) {
    if (!equals_ignoring_case(raw.substr(0, scheme.size()), scheme)) continue;
    raw.remove_prefix(scheme.size());
    authority = raw.substr(0, std::min(raw.find_first_of("/?"), raw.size()));
    raw.remove_prefix(authority.size());
    return !authority.empty();
  }
  return false;
}

// Where the escape starting at `text` leads; a `%` that starts none stands for itself.
char take_decoded(const char*& text, const char* end) noexcept {
  if (*text == '%' && end - text >= 3) {
    const int high = hex_value(text[1]);
    const int low = hex_value(text[2]);
    if (high >= 0 && low >= 0) {
      text += 3;
      return static_cast<char>(high * 16 + low);
    }
  }
  return *text++;
}

void decode_form_text(std::string_view text, std::string& out) {
  out.clear();
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at != end;) {
    if (*at == '+') {
      out += ' ';
      ++at;
    } else {
      out += take_decoded(at, end);
    }
  }
}

}  // namespace

Refusal split_target(std::string_view raw, Method method, Target& target) noexcept {
  const std::string_view whole = raw;
  target = {};
  if (const Refusal refusal = check_bytes(raw)) return refusal;
  if (raw == "*") {
    if (method != Method::kOptions) return bad_target("the target * is for OPTIONS only");
    target.path = raw;
    return {};
  }
  if (!raw.starts_with('/') && !take_authority(raw, target.authority)) {
    return bad_target("the request target must be a path or an http URL");
  }
  const size_t path_bytes = std::min(raw.find('?'), raw.size());
  target.path = raw.substr(0, path_bytes);
  if (path_bytes < raw.size()) target.query = raw.substr(path_bytes + 1);
  if (std::ranges::count(target.query, '&') >= kQueryPairsMax) {
    return bad_target("the query has more than 256 parameters");
  }
  // `http://a` asks for `/`. The scheme's own slash stands for it, so that a path is always a part
  // of the target.
  if (target.path.empty()) target.path = whole.substr(whole.find('/'), 1);
  if (target.path.find('\\') != std::string_view::npos)
    return bad_target("the path contains a backslash");
  return {};
}

Refusal decode_path(char* path, size_t& size) noexcept {
  if (std::string_view{path, size}.find('%') == std::string_view::npos) return {};
  const char* const end = path + size;
  char* out = path;
  for (const char* at = path; at != end;) {
    const char c = take_decoded(at, end);
    if (is_control(c)) return bad_target("the path contains an encoded control character");
    *out++ = c;
  }
  size = static_cast<size_t>(out - path);
  if (!is_utf8({path, size})) return bad_target("the decoded path is not UTF-8");
  return {};
}

bool QueryPairs::next() {
  while (!rest_.empty()) {
    const std::string_view pair = rest_.substr(0, std::min(rest_.find('&'), rest_.size()));
    rest_.remove_prefix(std::min(pair.size() + 1, rest_.size()));
    if (pair.empty()) continue;
    const size_t name_bytes = std::min(pair.find('='), pair.size());
    decode_form_text(pair.substr(0, name_bytes), name_);
    decode_form_text(pair.substr(std::min(name_bytes + 1, pair.size())), value_);
    return true;
  }
  return false;
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  for (QueryPairs pairs{query}; pairs.next();) {
    if (pairs.name() == name) return std::string{pairs.value()};
  }
  return std::nullopt;
}

}  // namespace ringcast::net
