// Goal: whoever sends a credential is read in one way: the first place counts, two of a kind are nobody's, and what was sent along
// unasked is never fallen back to.
// Input: lines that begin with A (the value of Authorization), C (of a Cookie), or are the query.
#include <algorithm>
#include <string>
#include <vector>

#include "engine/base/check.h"
#include "net/http/ascii.h"
#include "net/http/credentials.h"
#include "net/http/target.h"
#include "tests/fuzz/fuzzed_input.h"

namespace ringcast::net {
namespace {

using Fault = Credential::Fault;

constexpr std::string_view kName = "t";

bool is_same(const Credential& one, const Credential& other) {
  return one.place == other.place && one.fault == other.fault && one.text == other.text;
}

TokensConfig config_with(bool cookie, bool query) {
  TokensConfig config;
  if (cookie) config.cookie = kName;
  if (query) config.query.emplace().name = kName;
  return config;
}

// Every value that a list of cookies has for kName, read plainly.
std::vector<std::string> values_of(const Request& request) {
  std::vector<std::string> values;
  for (const std::string_view line : request.kept_cookies()) {
    for (size_t begin = 0; begin <= line.size();) {
      const size_t end = std::min(line.find(';', begin), line.size());
      size_t first = begin;
      size_t last = end;
      while (first < last && (line[first] == ' ' || line[first] == '\t')) ++first;
      while (last > first && (line[last - 1] == ' ' || line[last - 1] == '\t')) --last;
      const std::string pair{line.substr(first, last - first)};
      if (pair.starts_with("t=")) values.push_back(pair.substr(2));
      begin = end + 1;
    }
  }
  return values;
}

std::vector<std::string> values_of(std::string_view query) {
  std::vector<std::string> values;
  for (QueryPairs pairs{query}; pairs.next();) {
    if (pairs.name() == kName) values.emplace_back(pairs.value());
  }
  return values;
}

void check_header(const Credential& found, std::string_view value) {
  RC_CHECK(found.place == CredentialPlace::kHeader);
  if (found.fault != Fault::kNone) return;
  RC_CHECK(equals_ignoring_case(value.substr(0, 7), "bearer "));
  RC_CHECK(found.text == value.substr(7) && !found.text.empty());
  RC_CHECK(std::ranges::all_of(found.text, is_visible));
}

void check_values(const Credential& found, const std::vector<std::string>& values,
                  CredentialPlace place) {
  if (values.empty()) {
    RC_CHECK(is_same(found, {}));
  } else {
    RC_CHECK(found.place == place);
    RC_CHECK((found.fault == Fault::kNone) == (values.size() == 1));
    if (values.size() == 1) RC_CHECK(found.text == values[0]);
  }
}

void check(Request request) {
  const Credential found = find_credential(request, config_with(true, true), QueryUse::kYes);
  if (request.has_authorization) {
    check_header(found, request.authorization);
    request.cookie_lines = 0;
    request.query = {};
    RC_CHECK(is_same(find_credential(request, config_with(false, false), QueryUse::kNo), found));
    return;
  }
  // Switched off, neither is looked at.
  RC_CHECK(is_same(find_credential(request, config_with(false, false), QueryUse::kYes), {}));
  const Credential cookie = find_credential(request, config_with(true, true), QueryUse::kNo);
  if (request.cookie_lines > kCookieLinesMax) {
    RC_CHECK(cookie.fault == Fault::kAmbiguous);
  } else {
    check_values(cookie, values_of(request), CredentialPlace::kCookie);
  }
  if (cookie.place != CredentialPlace::kNone) {
    RC_CHECK(is_same(found, cookie));
  } else {
    check_values(found, values_of(request.query), CredentialPlace::kQuery);
  }
}

}  // namespace
}  // namespace ringcast::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringcast::net;
  ringcast::FuzzedInput input(data, size);
  Request request;
  while (!input.is_used_up()) {
    const std::string_view line = input.text_up_to('\n');
    if (line.starts_with('A')) {
      request.has_authorization = true;
      request.authorization = line.substr(1);
    } else if (line.starts_with('C')) {
      if (request.cookie_lines < kCookieLinesMax)
        request.cookies[request.cookie_lines] = line.substr(1);
      ++request.cookie_lines;
    } else {
      request.query = line;
    }
  }
  check(request);
  return 0;
}
