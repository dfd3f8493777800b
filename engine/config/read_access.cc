#include "engine/config/read_access.h"

#include <fmt/format.h>

#include <map>

#include "engine/access/token_keys.h"
#include "engine/config/quoted.h"
#include "engine/config/text_checks.h"

namespace ringcast {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Clocks that differ by more than a minute want mending, not leeway (RFC 7519, section 4.1.4).
constexpr Limits<milliseconds> kLeeway{seconds{0}, seconds{60},
                                       "clocks further apart want mending"};
// URLs end up in logs, histories and Referer headers: what stands there should soon be worth nothing.
constexpr Limits<milliseconds> kTicketLifetime{seconds{1}, minutes{10},
                                               "URLs are logged by everybody they pass"};

// A text that may be left out, spelled null.
void read_optional_text(const Value& value, std::string_view example, std::string& target,
                        Findings& findings) {
  if (value.node.IsNull()) return;
  const auto text = read_text(value, example, findings);
  if (!text) return;
  if (text->empty()) {
    return findings.add_problem(value.place, value.key,
                                fmt::format("is empty; write {}, or null for none", example));
  }
  target = *text;
}

// --- access.tokens.keys

void read_algorithm(const Value& value, TokenKeyConfig& key, Findings& findings) {
  read_choice(value,
              std::to_array<std::pair<std::string_view, SignatureAlgorithm>>(
                  {{"HS256", SignatureAlgorithm::kHs256},
                   {"RS256", SignatureAlgorithm::kRs256},
                   {"ES256", SignatureAlgorithm::kEs256},
                   {"EdDSA", SignatureAlgorithm::kEdDsa}}),
              key.algorithm, findings);
}

constexpr auto kTokenKeyFields = std::to_array<Field<TokenKeyConfig>>({
    {"id", [](const Value& v, TokenKeyConfig& k,
              Findings& f) { read_optional_text(v, "a name such as main", k.id, f); }},
    {"algorithm", read_algorithm},
    {"file", [](const Value& v, TokenKeyConfig& k,
                Findings& f) { read_optional_text(v, "the path of a key file", k.file, f); }},
});

// Whether `element` is a section with all of `fields`; says which it lacks.
template <typename Target, size_t N>
bool has_all(const Value& element, const std::array<Field<Target>, N>& fields,
             std::string_view example, Findings& findings) {
  if (element.node.IsNull()) {
    findings.add_problem(element.place, element.key, fmt::format("is empty; write {}", example));
  }
  if (!element.node.IsMap()) return false;
  bool has_them = true;
  for (const Field<Target>& field : fields) {
    if (findings.has(fmt::format("{}.{}", element.key, field.key))) continue;
    findings.add_problem(element.place, element.key,
                         fmt::format("has no {}; it looks like {}", field.key, example));
    has_them = false;
  }
  return has_them;
}

// Whoever can read the secret can make tokens for anybody.
void warn_if_open_to_others(const std::string& path, Place place, std::string_view key,
                            Findings& findings) {
  if (!is_open_to_others(path)) return;
  findings.add_warning(
      place, key,
      fmt::format("{} holds a secret, and everybody on this machine may read it; chmod 640 it",
                  excerpt(path)));
}

void read_token_keys(const Value& list, TokensConfig& tokens, Findings& findings) {
  constexpr std::string_view kExample =
      "{id: main, algorithm: HS256, file: /etc/ringcast/token.key}";
  std::map<std::string, int> first_lines;
  for (const Value& element : read_elements(list, fmt::format("[{}]", kExample), findings)) {
    TokenKeyConfig key;
    const size_t problems_before = findings.problem_count();
    read_section(element, kTokenKeyFields, key, findings);
    const bool is_whole = has_all(element, kTokenKeyFields, kExample, findings);
    if (!is_whole || findings.problem_count() != problems_before) continue;
    const auto [first, is_new] = first_lines.emplace(key.id, element.place.line);
    if (!is_new) {
      const auto [name, place] = findings.find_first(std::array{element.key + ".id"});
      findings.add_problem(place, name,
                           fmt::format("{} is already the key on line {}; give each its own name",
                                       excerpt(key.id), first->second));
    }
    const auto [name, place] = findings.find_first(std::array{element.key + ".file"});
    if (const auto loaded = load_token_key(key); !loaded) {
      findings.add_problem(place, name, loaded.error().message);
    } else if (key.algorithm == SignatureAlgorithm::kHs256) {
      warn_if_open_to_others(key.file, place, name, findings);
    }
    tokens.keys.push_back(std::move(key));
  }
}

void read_jwks(const Value& value, TokensConfig& tokens, Findings& findings) {
  read_optional_text(value, "the path of a JWK set", tokens.jwks, findings);
  if (tokens.jwks.empty()) return;
  const auto loaded = load_jwks(tokens.jwks);
  if (!loaded) return findings.add_problem(value.place, value.key, loaded.error().message);
  const bool has_secret = std::ranges::any_of(loaded.value(), [](const TokenKey& key) {
    return key.key.algorithm() == SignatureAlgorithm::kHs256;
  });
  if (has_secret) warn_if_open_to_others(tokens.jwks, value.place, value.key, findings);
}

// RFC 6265: a token of HTTP.
void read_cookie(const Value& value, TokensConfig& tokens, Findings& findings) {
  read_optional_text(value, "a name such as __Host-ringcast", tokens.cookie, findings);
  const bool fits = std::ranges::all_of(tokens.cookie, [](char c) {
    return c > ' ' && c < '\x7f' &&
           std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
  });
  if (fits) return;
  findings.add_problem(value.place, value.key,
                       fmt::format("{} is no name a cookie can have; use letters, digits, - and _",
                                   excerpt(tokens.cookie)));
}

void read_ticket_name(const Value& value, QueryTicketConfig& query, Findings& findings) {
  read_optional_text(value, "a name such as ticket", query.name, findings);
  const bool is_taken = query.name == "channel" || query.name == "event" || query.name == "ttl";
  const bool fits = std::ranges::all_of(query.name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  if (fits && !is_taken) return;
  findings.add_problem(value.place, value.key,
                       fmt::format("{} {}; choose another, such as ticket", excerpt(query.name),
                                   is_taken ? "means something else in a URL here"
                                            : "would have to be escaped in a URL"));
}

constexpr auto kQueryFields = std::to_array<Field<QueryTicketConfig>>({
    {"name", read_ticket_name},
    {"lifetime_max", [](const Value& v, QueryTicketConfig& q,
                        Findings& f) { read_duration(v, kTicketLifetime, q.lifetime_max, f); }},
});

void read_query(const Value& section, TokensConfig& tokens, Findings& findings) {
  if (section.node.IsNull()) return;  // spelled out: none
  tokens.query.emplace();
  read_section(section, kQueryFields, *tokens.query, findings);
}

constexpr auto kTokensFields = std::to_array<Field<TokensConfig>>({
    {"keys", read_token_keys},
    {"jwks", read_jwks},
    {"issuer", [](const Value& v, TokensConfig& t,
                  Findings& f) { read_optional_text(v, "what iss must say", t.issuer, f); }},
    {"audience", [](const Value& v, TokensConfig& t,
                    Findings& f) { read_optional_text(v, "what aud must have", t.audience, f); }},
    {"type", [](const Value& v, TokensConfig& t,
                Findings& f) { read_optional_text(v, "a type such as at+jwt", t.type, f); }},
    {"leeway",
     [](const Value& v, TokensConfig& t, Findings& f) { read_duration(v, kLeeway, t.leeway, f); }},
    {"require_expiry",
     [](const Value& v, TokensConfig& t, Findings& f) { read_bool(v, t.require_expiry, f); }},
    {"cookie", read_cookie},
    {"query", read_query},
});

// What each file holds is fine by itself; whether there are too many of them shows only here.
void check_token_keys(const Value& section, const TokensConfig& tokens, Findings& findings) {
  if (const auto loaded = load_token_keys(tokens); !loaded) {
    findings.add_problem(section.place, section.key, loaded.error().message);
  }
}

void read_tokens(const Value& section, AccessConfig& access, Findings& findings) {
  const size_t problems_before = findings.problem_count();
  read_section(section, kTokensFields, access.tokens, findings);
  if (findings.problem_count() != problems_before) return;
  check_token_keys(section, access.tokens, findings);
  if (access.tokens.require_expiry) return;
  const auto [key, place] = findings.find_first(std::array{section.key + ".require_expiry"});
  findings.add_warning(place, key,
                       "a token without exp is good for ever, and its streams never end; leave it "
                       "true unless the issuer cannot say when");
}

// --- access.keys

void read_digest(const Value& value, ApiKeyConfig& key, Findings& findings) {
  constexpr std::string_view kWanted =
      "64 hexadecimal digits, as `ringcast key new NAME` prints them";
  const auto text = read_text(value, kWanted, findings);
  if (!text) return;
  const auto digit_of = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  const bool fits = text->size() == 2 * key.sha256.size() &&
                    std::ranges::all_of(*text, [&](char c) { return digit_of(c) >= 0; });
  // What stands here instead may be the key itself, so it is not repeated.
  if (!fits) {
    return findings.add_problem(
        value.place, value.key,
        fmt::format("is not the SHA-256 of a key: {}, in lower case", kWanted));
  }
  for (size_t i = 0; i < key.sha256.size(); ++i) {
    key.sha256[i] =
        static_cast<uint8_t>(digit_of((*text)[2 * i]) * 16 + digit_of((*text)[2 * i + 1]));
  }
}

void read_publish_patterns(const Value& list, ApiKeyConfig& key, Findings& findings) {
  for (const Value& element : read_elements(list, "[news, \"inbox/*\"]", findings)) {
    const auto text = read_text(element, "a channel's name or a pattern such as inbox/*", findings);
    if (!text) continue;
    if (const auto checked = check_name_pattern(*text); !checked) {
      findings.add_problem(element.place, element.key, checked.error().message);
    } else {
      key.publish.push_back(*text);
    }
  }
}

constexpr auto kApiKeyFields = std::to_array<Field<ApiKeyConfig>>({
    {"name", [](const Value& v, ApiKeyConfig& k,
                Findings& f) { read_optional_text(v, "a name such as billing", k.name, f); }},
    {"sha256", read_digest},
    {"publish", read_publish_patterns},
    {"admin", [](const Value& v, ApiKeyConfig& k, Findings& f) { read_bool(v, k.admin, f); }},
});

constexpr std::string_view kApiKeyExample =
    "{name: billing, sha256: ..., publish: [news]}, as `ringcast key new billing` prints it";

// Each has its name and its digest to itself.
void check_repeats(const Value& element, const ApiKeyConfig& key,
                   const std::vector<ApiKeyConfig>& before, Findings& findings) {
  for (const ApiKeyConfig& other : before) {
    const bool same_name = other.name == key.name;
    if (!same_name && other.sha256 != key.sha256) continue;
    const auto [name, place] =
        findings.find_first(std::array{element.key + (same_name ? ".name" : ".sha256")});
    return findings.add_problem(
        place, name,
        fmt::format("is that of the key {} as well; remove one of the two", excerpt(other.name)));
  }
}

void read_api_keys(const Value& list, AccessConfig& access, Findings& findings) {
  for (const Value& element : read_elements(list, fmt::format("[{}]", kApiKeyExample), findings)) {
    ApiKeyConfig key;
    const size_t problems_before = findings.problem_count();
    read_section(element, kApiKeyFields, key, findings);
    const auto needed = std::to_array<Field<ApiKeyConfig>>({kApiKeyFields[0], kApiKeyFields[1]});
    const bool is_whole = has_all(element, needed, kApiKeyExample, findings);
    if (!is_whole || findings.problem_count() != problems_before) continue;
    check_repeats(element, key, access.keys, findings);
    if (key.publish.empty() && !key.admin) {
      findings.add_warning(element.place, element.key,
                           "opens nothing; give it publish: [...] or admin: true");
    }
    access.keys.push_back(std::move(key));
  }
}

constexpr auto kAccessFields =
    std::to_array<Field<AccessConfig>>({{"tokens", read_tokens}, {"keys", read_api_keys}});

// --- A channel's

void read_subscribe(const Value& value, ChannelAccessConfig& access, Findings& findings) {
  read_choice(value,
              std::to_array<std::pair<std::string_view, SubscribeAccess>>(
                  {{"public", SubscribeAccess::kPublic},
                   {"token", SubscribeAccess::kToken},
                   {"recipient", SubscribeAccess::kRecipient}}),
              access.subscribe, findings);
}

// One word, or a list of them.
void read_publish(const Value& value, ChannelAccessConfig& access, Findings& findings) {
  using Way = bool PublishAccess::*;
  constexpr auto kWays =
      std::to_array<std::pair<std::string_view, Way>>({{"loopback", &PublishAccess::loopback},
                                                       {"token", &PublishAccess::token},
                                                       {"key", &PublishAccess::key}});
  PublishAccess publish{.loopback = false};
  const auto take = [&](const Value& element) {
    Way way = nullptr;
    read_choice(element, kWays, way, findings);
    if (way == nullptr) return;
    if (publish.*way) {
      findings.add_problem(element.place, element.key, "is listed twice; remove one");
    }
    publish.*way = true;
  };
  if (value.node.IsSequence()) {
    for (const Value& element : read_elements(value, "[token, key]", findings)) take(element);
  } else {
    take(value);
  }
  access.publish = publish;
}

constexpr auto kChannelAccessFields = std::to_array<Field<ChannelAccessConfig>>(
    {{"subscribe", read_subscribe}, {"publish", read_publish}});

}  // namespace

void read_access(const Value& section, AccessConfig& access, Findings& findings) {
  read_section(section, kAccessFields, access, findings);
}

void read_channel_access(const Value& section, ChannelConfig& channel, Findings& findings) {
  read_section(section, kChannelAccessFields, channel.access, findings);
}

void append_access_keys(std::vector<std::string>& keys) {
  append_keys("access.", kAccessFields, keys);
  append_keys("access.tokens.", kTokensFields, keys);
  append_keys("access.tokens.keys[].", kTokenKeyFields, keys);
  append_keys("access.tokens.query.", kQueryFields, keys);
  append_keys("access.keys[].", kApiKeyFields, keys);
}

void append_channel_access_keys(const std::string& prefix, std::vector<std::string>& keys) {
  append_keys(prefix + "access.", kChannelAccessFields, keys);
}

}  // namespace ringcast
