// From text to the one YAML document in it, and from yaml-cpp's complaints to ours.
//
// Internal to engine/config. Threads: one. Memory: a tree of nodes, larger than the text by a
// constant factor.
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>
#include <string_view>

#include "engine/config/findings.h"

namespace ringcast {

[[nodiscard]] Place place_of(const YAML::Mark& mark);

// The root of the document, null for an empty text; or nothing, with a problem added, when the text
// is more or other than one document. Throws YAML::Exception when it is not YAML.
[[nodiscard]] std::optional<YAML::Node> parse_document(const std::string& text, Findings& findings);

// What parse_document() threw, in words that help.
void add_syntax_problem(const YAML::Exception& error, std::string_view text, Findings& findings);

}  // namespace ringcast
