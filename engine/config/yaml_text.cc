#include "engine/config/yaml_text.h"

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <sstream>

namespace ringcast {

namespace {

// Notes where the latest document begins, and nothing else.
class DocumentStart : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { place = place_of(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

  Place place;
};

// yaml-cpp takes some control characters for the end of the file, and a terminal that prints them
// may do anything.
bool check_characters(std::string_view text, Findings& findings) {
  Place place{1, 1};
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\r' && c != '\t') || byte == 0x7f) {
      findings.add_problem(
          place, "",
          fmt::format("the byte 0x{:02x} does not belong in a text file; save it as UTF-8 text",
                      byte));
      return false;
    }
    if (c == '\n') {
      place = {place.line + 1, 1};
    } else {
      ++place.column;
    }
  }
  return true;
}

// YAML::Load() reads the first document and ignores the rest of the text, be it a second document
// or what a stray comma or quote cut off. YAML::LoadAll() is no help: such a rest makes it loop for
// ever (yaml-cpp 0.7). So the parser is asked once whether anything is left.
bool check_single_document(const std::string& text, Findings& findings) {
  std::istringstream stream{text};
  YAML::Parser parser{stream};
  DocumentStart start;
  if (!parser.HandleNextDocument(start) || !parser.HandleNextDocument(start)) return true;
  findings.add_problem(start.place, "",
                       "what begins here is cut off from the document before it; mend the quotes, "
                       "commas and brackets "
                       "before it, or remove the --- line");
  return false;
}

std::string_view line_at(std::string_view text, int line) {
  for (; line > 1; --line) text.remove_prefix(std::min(text.size(), text.find('\n') + 1));
  return text.substr(0, text.find('\n'));
}

// The slips that make a file unreadable as YAML, and are hard to see in a parser's own words.
std::string_view syntax_hint(std::string_view line) {
  if (line.find('\t') != std::string_view::npos) {
    return "indent with spaces, YAML allows no tabs there";
  }
  if (line.find("bind") != std::string_view::npos && line.find('[') != std::string_view::npos) {
    return "put quotes around an IPv6 address: bind: \"[::1]:8000\"";
  }
  if (line.find('*') != std::string_view::npos) return "put quotes around the star: [\"*\"]";
  return "check indentation, brackets and quotes on this line and the one before";
}

}  // namespace

Place place_of(const YAML::Mark& mark) {
  return mark.is_null() ? Place{1, 1} : Place{mark.line + 1, mark.column + 1};
}

std::optional<YAML::Node> parse_document(const std::string& text, Findings& findings) {
  if (!check_characters(text, findings) || !check_single_document(text, findings)) {
    return std::nullopt;
  }
  return YAML::Load(text);
}

void add_syntax_problem(const YAML::Exception& error, std::string_view text, Findings& findings) {
  const Place place = place_of(error.mark);
  if (dynamic_cast<const YAML::DeepRecursion*>(&error) != nullptr) {
    return findings.add_problem(place, "",
                                "is nested deeper than any configuration; check the brackets");
  }
  findings.add_problem(
      place, "",
      fmt::format("not YAML: {}; {}", error.msg, syntax_hint(line_at(text, place.line))));
}

}  // namespace ringcast
