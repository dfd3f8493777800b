// Goal: a request target is taken apart and decoded once, as a plain reading of the rules does it, and names and values survive the
// way through a query.
// Input: a raw request target.
#include <string>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "engine/channel_name.h"
#include "engine/utf8.h"
#include "net/http/ascii.h"
#include "net/http/target.h"
#include "tests/fuzz/fuzzed_input.h"

namespace ringcast::net {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Every escape that is one replaced; with_plus: and every plus.
std::string plainly_decoded(std::string_view text, bool with_plus) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_escape = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                           hex_value(text[i + 2]) >= 0;
    if (is_escape) {
      decoded += static_cast<char>(std::stoi(std::string{text.substr(i + 1, 2)}, nullptr, 16));
      i += 2;
    } else {
      decoded += with_plus && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

std::string encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789aBCdEF";
  std::string escapes;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    escapes += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return escapes;
}

bool is_part_of(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_path(std::string_view encoded_path) {
  std::string path{encoded_path};
  size_t size = path.size();
  const std::string expected = plainly_decoded(encoded_path, false);
  if (decode_path(path.data(), size)) {
    RC_CHECK(!is_utf8(expected) || std::ranges::any_of(expected, is_control));
    return;
  }
  path.resize(size);
  RC_CHECK(path == expected);
  RC_CHECK(is_utf8(path) && std::ranges::none_of(path, is_control));

  // Whom a path can address: never with a slash, whatever was escaped.
  const ChannelName pattern = split_channel_name("inbox/{recipient}");
  const std::string name = path.substr(std::min<size_t>(1, path.size()));
  if (const auto recipient = recipient_in(pattern, name)) {
    RC_CHECK(is_recipient(*recipient));
    RC_CHECK(recipient->find('/') == std::string_view::npos);
    RC_CHECK("inbox/" + std::string{*recipient} == name);
  }
}

Pairs pairs_of(std::string_view query) {
  Pairs pairs;
  for (QueryPairs each{query}; each.next();) pairs.emplace_back(each.name(), each.value());
  return pairs;
}

Pairs plain_pairs_of(std::string_view query) {
  Pairs pairs;
  for (size_t begin = 0; begin <= query.size();) {
    const size_t end = std::min(query.find('&', begin), query.size());
    const std::string_view pair = query.substr(begin, end - begin);
    begin = end + 1;
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = equals < pair.size() ? pair.substr(equals + 1) : "";
    pairs.emplace_back(plainly_decoded(pair.substr(0, equals), true), plainly_decoded(value, true));
  }
  return pairs;
}

void check_query(std::string_view query) {
  const Pairs pairs = pairs_of(query);
  RC_CHECK(pairs == plain_pairs_of(query));
  std::string again;
  for (const auto& [name, value] : pairs) {
    again += (again.empty() ? "" : "&") + encoded(name) + "=" + encoded(value);
  }
  RC_CHECK(pairs_of(again) == pairs);
  if (!pairs.empty()) RC_CHECK(query_value(query, pairs[0].first) == pairs[0].second);
}

void check_split(std::string_view raw, Method method) {
  Target target;
  if (split_target(raw, method, target)) return;
  for (const std::string_view part : {target.authority, target.path, target.query}) {
    RC_CHECK(is_part_of(part, raw));
  }
  RC_CHECK(std::ranges::all_of(raw, is_visible));
  RC_CHECK(target.path == "*" ? method == Method::kOptions : target.path.starts_with('/'));
  RC_CHECK(target.path.find_first_of("?#\\") == std::string_view::npos);
  RC_CHECK(target.authority.find_first_of("/?") == std::string_view::npos);
  check_path(target.path);
}

}  // namespace
}  // namespace ringcast::net

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringcast::net;
  const std::string_view raw = ringcast::as_text(data, size);
  check_split(raw, Method::kGet);
  check_split(raw, Method::kOptions);
  check_query(raw);
  check_query(raw.substr(std::min(raw.find('?'), raw.size())));
  return 0;
}
