#include "engine/config/findings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

#include "engine/base/check.h"
#include "engine/config/nearest_key.h"
#include "engine/config/quoted.h"

namespace ringcast {

namespace {

void sort_by_place(std::vector<ConfigProblem>& findings) {
  std::ranges::stable_sort(findings, {}, [](const ConfigProblem& p) {
    return std::pair{p.line, p.column};
  });
}

}  // namespace

void Findings::add_problem(Place place, std::string_view key, std::string what) {
  problems_.push_back({place.line, place.column, printable(key), std::move(what)});
}

void Findings::add_warning(Place place, std::string_view key, std::string what) {
  warnings_.push_back({place.line, place.column, printable(key), std::move(what)});
}

void Findings::add_unknown_key(Place place, std::string_view key, std::string_view name,
                               std::span<const std::string_view> siblings) {
  if (name == "<<") {
    return add_problem(place, key,
                       "merge keys are not read; put what channels share under `defaults`");
  }
  // A known key in the wrong section is likelier than a slip of the finger that happens to resemble
  // a neighbour.
  std::vector<std::string_view> elsewhere;
  for (const std::string_view known : known_keys_) {
    if (known.substr(known.rfind('.') + 1) == name) elsewhere.push_back(known);
  }
  if (!elsewhere.empty()) {
    return add_problem(
        place, key,
        fmt::format("does not belong here; write it as {}", fmt::join(elsewhere, " or ")));
  }
  if (const auto nearest = nearest_key(name, siblings)) {
    return add_problem(place, key,
                       fmt::format("unknown key {}; did you mean {}?", excerpt(name), *nearest));
  }
  add_problem(
      place, key,
      fmt::format("unknown key {}; known here: {}", excerpt(name), fmt::join(siblings, ", ")));
}

std::pair<std::string, Place> Findings::find_first(std::span<const std::string> keys) const {
  const auto found =
      std::ranges::find_if(keys, [this](const std::string& key) { return has(key); });
  RC_CHECK(found != keys.end());
  return {*found, places_.at(*found)};
}

LoadedConfig Findings::finish(Config config) && {
  sort_by_place(problems_);
  sort_by_place(warnings_);
  LoadedConfig loaded;
  if (problems_.empty()) loaded.config = std::move(config);
  loaded.problems = std::move(problems_);
  loaded.warnings = std::move(warnings_);
  return loaded;
}

}  // namespace ringcast
