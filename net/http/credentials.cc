#include "net/http/credentials.h"

#include <algorithm>

#include "net/http/ascii.h"
#include "net/http/target.h"

namespace ringcast::net {

namespace {

using Fault = Credential::Fault;

// RFC 6750, section 2.1: b64token.
bool is_credential_letter(char c) noexcept {
  return is_alphanumeric(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos;
}

Credential in_header(std::string_view value) {
  constexpr std::string_view kScheme = "Bearer";
  Credential found{.place = CredentialPlace::kHeader};
  const std::string_view scheme = value.substr(0, std::min(value.find(' '), value.size()));
  if (!scheme.empty() && !equals_ignoring_case(scheme, kScheme)) {
    found.fault = Fault::kAmbiguous;
    return found;
  }
  const std::string_view text = value.substr(std::min(scheme.size() + 1, value.size()));
  if (scheme.empty() || text.empty() || !std::ranges::all_of(text, is_credential_letter)) {
    found.fault = Fault::kMalformed;
  } else {
    found.text = text;
  }
  return found;
}

// The second one of a name makes it ambiguous: a cookie of a neighbouring site may hide ours.
void take(Credential& found, CredentialPlace place, std::string_view text) {
  if (found.place != CredentialPlace::kNone) found.fault = Fault::kAmbiguous;
  found.place = place;
  found.text = text;
}

std::string_view without_spaces(std::string_view text) noexcept {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

Credential in_cookies(const Request& request, std::string_view name) {
  Credential found;
  for (std::string_view line : request.kept_cookies()) {
    while (!line.empty()) {
      const std::string_view pair = without_spaces(line.substr(0, line.find(';')));
      line.remove_prefix(std::min(line.find(';'), line.size() - 1) + 1);
      const size_t equals = pair.find('=');
      if (equals == pair.npos || pair.substr(0, equals) != name) continue;
      take(found, CredentialPlace::kCookie, pair.substr(equals + 1));
    }
  }
  // In a line that was not kept there may have been another one.
  if (request.cookie_lines > request.kept_cookies().size()) {
    found = {.place = CredentialPlace::kCookie, .fault = Fault::kAmbiguous};
  }
  return found;
}

Credential in_query(std::string_view query, std::string_view name) {
  Credential found;
  for (QueryPairs pairs{query}; pairs.next();) {
    if (pairs.name() == name) take(found, CredentialPlace::kQuery, pairs.value());
  }
  return found;
}

}  // namespace

Credential find_credential(const Request& request, const TokensConfig& config, QueryUse query_use) {
  if (request.has_authorization) return in_header(request.authorization);
  if (!config.cookie.empty()) {
    Credential found = in_cookies(request, config.cookie);
    if (found.place != CredentialPlace::kNone) return found;
  }
  if (config.query && query_use == QueryUse::kYes) {
    return in_query(request.query, config.query->name);
  }
  return {};
}

}  // namespace ringcast::net
