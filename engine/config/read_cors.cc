#include "engine/config/read_cors.h"

#include "engine/config/text_checks.h"

namespace ringcast {

namespace {

// Firefox remembers a preflight for a day at most, Chrome for two hours. 0: asks every time.
constexpr Limits<milliseconds> kMaxAge{milliseconds{0}, std::chrono::hours{24},
                                       "browsers remember a preflight no longer"};

void read_origins(const Value& list, CorsConfig& cors, Findings& findings) {
  cors.origins.clear();
  const std::vector<Value> elements =
      read_elements(list, "[\"*\"] or [https://app.example]", findings);
  for (const Value& element : elements) {
    const auto origin = read_text(element, "an origin such as https://app.example", findings);
    if (!origin) continue;
    const auto checked = check_origin(*origin);
    if (!checked) {
      findings.add_problem(element.place, element.key, checked.error().message);
    } else if (*origin == "*" && elements.size() > 1) {
      findings.add_problem(element.place, element.key,
                           "\"*\" already allows every origin; list it alone, or remove it");
    } else {
      cors.origins.push_back(*origin);
    }
  }
}

void read_request_headers(const Value& list, CorsConfig& cors, Findings& findings) {
  cors.request_headers.clear();
  for (const Value& element : read_elements(list, "[X-Trace-Id]", findings)) {
    const auto name = read_text(element, "a header name such as X-Trace-Id", findings);
    if (!name) continue;
    if (const auto checked = check_header_name(*name); !checked) {
      findings.add_problem(element.place, element.key, checked.error().message);
    } else {
      cors.request_headers.push_back(*name);
    }
  }
}

constexpr auto kFields = std::to_array<Field<CorsConfig>>({
    {"origins", read_origins},
    {"credentials",
     [](const Value& v, CorsConfig& c, Findings& f) { read_bool(v, c.credentials, f); }},
    {"request_headers", read_request_headers},
    {"max_age",
     [](const Value& v, CorsConfig& c, Findings& f) { read_duration(v, kMaxAge, c.max_age, f); }},
});

}  // namespace

void read_cors(const Value& section, CorsConfig& cors, Findings& findings) {
  read_section(section, kFields, cors, findings);
  const bool all_origins = std::ranges::find(cors.origins, "*") != cors.origins.end();
  if (!cors.credentials || !all_origins) return;
  const auto [key, place] = findings.find_first(
      std::array{section.key + ".credentials", section.key + ".origins", section.key});
  findings.add_problem(
      place, key,
      "credentials: true cannot go with origins: [\"*\"]: browsers refuse the pair, since any site "
      "could then read a signed-in user's stream; list the origins that may, or set "
      "credentials: false");
}

void append_cors_keys(const std::string& prefix, std::vector<std::string>& keys) {
  append_keys(prefix, kFields, keys);
}

}  // namespace ringcast
