// Goal: a token opens what its signed claims say, and nothing else does: one way to write base64url, one way to read JSON.
// Input: a raw token; or, with a line feed, the header of a token, its claims, and a channel name, a line each, which are then signed
// with a key of ours, since no fuzzer guesses a signature.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/access/strict_json.h"
#include "engine/access/token.h"
#include "engine/base/check.h"
#include "tests/fuzz/fuzzed_input.h"
#include "tests/support/token_maker.h"

namespace ringcast {
namespace {

using nlohmann::json;

constexpr int64_t kNowMs = 1'764'000'000'000;  // 2025-11-24

const std::vector<TokenKey>& keys() {
  static const std::vector<TokenKey> keys = test_keys();
  return keys;
}

bool is_same(const JsonValue& value, const json& model) {
  switch (value.kind) {
    case JsonValue::Kind::kNull:
      return model.is_null();
    case JsonValue::Kind::kBool:
      return model.is_boolean() && model.get<bool>() == value.boolean;
    case JsonValue::Kind::kNumber:
      return model.is_number() && model.get<double>() == value.number;
    case JsonValue::Kind::kString:
      return model.is_string() && model.get<std::string>() == value.text;
    case JsonValue::Kind::kArray:
      return model.is_array() && std::ranges::equal(value.elements, model, is_same);
    case JsonValue::Kind::kObject:
      return model.is_object() && model.size() == value.members.size() &&
             std::ranges::all_of(value.members, [&](const auto& member) {
               return model.contains(member.first) && is_same(member.second, model[member.first]);
             });
  }
  return false;
}

// What is read strictly reads the same without strictness, where a name that comes twice would hide the first.
void check_json(std::string_view text) {
  const auto value = parse_strict_json(text);
  if (!value) return;
  RC_CHECK(is_same(*value, json::parse(text, nullptr, false)));
}

void check_base64url(std::string_view text) {
  if (const auto bytes = decode_base64url(text)) RC_CHECK(encode_base64url(*bytes) == text);
  RC_CHECK(decode_base64url(encode_base64url(text)) == text);
}

void check_reading(const TokenReading& reading) {
  RC_CHECK(!describe(reading.fault).empty());
  if (reading.fault == TokenFault::kNone) {
    RC_CHECK(reading.bearer.kind == Bearer::Kind::kToken && !reading.bearer.is_admin);
    RC_CHECK(reading.bearer.expires_ms > kNowMs);
    return;
  }
  RC_CHECK(reading.bearer.kind == Bearer::Kind::kNobody && reading.bearer.subject.empty());
  RC_CHECK(reading.bearer.reads.empty() && reading.bearer.publishes.empty());
}

// A plain reading of the patterns that bearers have.
bool plainly_covers(const std::string& pattern, const std::string& name) {
  if (name.empty()) return false;
  if (pattern == "*" || pattern == name) return true;
  if (pattern.ends_with("/*")) {
    const std::string above = pattern.substr(0, pattern.size() - 1);
    return name.starts_with(above) && name.size() > above.size();
  }
  const ChannelName parts = split_channel_name(pattern);
  return parts.is_pattern && recipient_in(parts, name).has_value();
}

void check_patterns(const std::vector<NamePattern>& patterns, const json& claims, const char* claim,
                    const std::string& name) {
  const json texts = claims.value(claim, json::array());
  RC_CHECK(patterns.size() == texts.size());
  for (size_t i = 0; i < patterns.size(); ++i) {
    RC_CHECK(patterns[i].text() == texts[i].get<std::string>());
    RC_CHECK(patterns[i].covers(name) == plainly_covers(patterns[i].text(), name));
  }
}

void check_signed(std::string_view header_text, std::string_view claims_text,
                  const std::string& name) {
  std::string token = hs256_token(header_text, claims_text);
  const TokenReading reading = read_token(token, keys(), {}, kNowMs);
  check_reading(reading);
  if (reading.fault != TokenFault::kNone) return;

  const json header = json::parse(header_text, nullptr, false);
  RC_CHECK(header["alg"] == "HS256" && header.value("kid", "main") == "main");
  for (const char* extension : {"crit", "b64", "zip", "enc"}) RC_CHECK(!header.contains(extension));
  const json claims = json::parse(claims_text, nullptr, false);
  RC_CHECK(reading.bearer.subject == claims.value("sub", ""));
  RC_CHECK(reading.bearer.token_id == claims.value("jti", ""));
  RC_CHECK(claims["exp"].get<double>() * 1000 > static_cast<double>(kNowMs));
  RC_CHECK(claims.value("nbf", 0.0) * 1000 < static_cast<double>(kNowMs) + 1);
  check_patterns(reading.bearer.reads, claims, "channels", name);
  check_patterns(reading.bearer.publishes, claims, "publish", name);

  // Any other byte anywhere, and it opens nothing.
  const size_t at = name.size() * 31 % token.size();
  token[at] = token[at] == 'A' ? 'B' : 'A';
  RC_CHECK(read_token(token, keys(), {}, kNowMs).fault != TokenFault::kNone);
}

}  // namespace
}  // namespace ringcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace ringcast;
  const std::string_view text = as_text(data, size);
  check_reading(read_token(text, keys(), {}, kNowMs));
  check_base64url(text);
  check_json(text);
  if (text.find('\n') == std::string_view::npos) return 0;
  FuzzedInput input(data, size);
  const std::string_view header = input.text_up_to('\n');
  const std::string_view claims = input.text_up_to('\n');
  check_json(claims);
  check_signed(header, claims, std::string{input.rest()});
  return 0;
}
