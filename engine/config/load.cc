#include "engine/config/load.h"

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/yaml.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "engine/config/read_channel.h"
#include "engine/config/read_server.h"

namespace ringcast {

namespace {

// A configuration of ten thousand channels stays below; it keeps an endless pipe or a mistaken path
// from eating memory.
constexpr size_t kFileBytesMax = 4 * kMiB;

// The top level, collected first: `channels` may come before the `defaults` it starts from.
struct Sections {
  std::optional<Value> server;
  std::optional<Value> listeners;
  std::optional<Value> defaults;
  std::optional<Value> channels;
};

constexpr auto kTopFields = std::to_array<Field<Sections>>({
    {"server", [](const Value& v, Sections& s, Findings&) { s.server = v; }},
    {"listeners", [](const Value& v, Sections& s, Findings&) { s.listeners = v; }},
    {"defaults", [](const Value& v, Sections& s, Findings&) { s.defaults = v; }},
    {"channels", [](const Value& v, Sections& s, Findings&) { s.channels = v; }},
});

// Where something that is missing altogether is reported.
Place place_or_top(const std::optional<Value>& section) {
  return section ? section->place : Place{1, 1};
}

// Without a subscriber's door there is no server. A list that has problems of its own is not blamed
// for that as well.
void require_listeners(const std::optional<Value>& list, Config& config, Findings& findings) {
  const size_t problems_before = findings.problem_count();
  if (list) read_listeners(*list, config.listeners, findings);
  const bool subscribable = std::ranges::any_of(config.listeners, &ListenerConfig::serve_subscribe);
  if (subscribable || findings.problem_count() != problems_before) return;
  findings.add_problem(place_or_top(list), "listeners",
                       "no listener serves subscribe, so nobody could connect; add for example "
                       "{bind: 127.0.0.1:8000, serve: [subscribe]}");
}

void require_channels(const std::optional<Value>& section, const ChannelConfig& defaults,
                      Config& config, Findings& findings) {
  const size_t problems_before = findings.problem_count();
  if (section) read_channels(*section, defaults, config.channels, findings);
  if (!config.channels.empty() || findings.problem_count() != problems_before) return;
  findings.add_problem(
      place_or_top(section), "channels",
      "no channel is declared, so there is nothing to subscribe to; add for example news: {}");
}

void read_top(const Value& top, Config& config, Findings& findings) {
  Sections sections;
  read_section(top, kTopFields, sections, findings);
  if (!top.node.IsMap() && !top.node.IsNull()) return;  // and was told so

  ChannelConfig defaults;
  if (sections.server) read_server(*sections.server, config.server, findings);
  if (sections.defaults) read_defaults(*sections.defaults, defaults, findings);
  require_listeners(sections.listeners, config, findings);
  require_channels(sections.channels, defaults, config, findings);
}

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

std::string_view line_at(std::string_view text, int line) {
  for (; line > 1; --line) text.remove_prefix(std::min(text.size(), text.find('\n') + 1));
  return text.substr(0, text.find('\n'));
}

// The slips that make a file unreadable as YAML, and are hard to see in a parser's own words.
std::string_view syntax_hint(std::string_view line) {
  if (line.find('\t') != std::string_view::npos)
    return "indent with spaces, YAML allows no tabs there";
  if (line.find("bind") != std::string_view::npos && line.find('[') != std::string_view::npos) {
    return "put quotes around an IPv6 address: bind: \"[::1]:8000\"";
  }
  if (line.find('*') != std::string_view::npos) return "put quotes around the star: [\"*\"]";
  return "check indentation, brackets and quotes on this line and the one before";
}

void read_documents(const std::string& text, Config& config, Findings& findings) {
  if (!check_characters(text, findings)) return;
  const std::vector<YAML::Node> documents = YAML::LoadAll(text);
  if (documents.size() > 1) {
    findings.add_problem(
        place_of(documents[1].Mark()), "",
        "a second document begins here and would be ignored; remove the --- line before it");
  }
  // An empty file is told what it lacks like any other.
  const Value top{documents.empty() ? YAML::Node{} : documents.front(), "", {1, 1}};
  read_top(top, config, findings);
}

struct FileCloser {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

LoadedConfig unreadable(std::string what) {
  LoadedConfig loaded;
  loaded.problems.push_back({.key = "", .what = std::move(what)});
  return loaded;
}

std::string remedy_for(int error) {
  switch (error) {
    case ENOENT:
      return "check the path, or write the defaults there with `ringcast config --defaults`";
    case EACCES:
      return "let the user that runs ringcast read it";
    case EISDIR:
      return "name a file inside it";
    default:
      return "name a readable YAML file";
  }
}

}  // namespace

std::string describe(const ConfigProblem& problem, std::string_view file) {
  std::string text{file};
  if (problem.line > 0) text += fmt::format(":{}:{}", problem.line, problem.column);
  if (!problem.key.empty()) text += ": " + problem.key;
  return text + ": " + problem.what;
}

LoadedConfig load_config_text(std::string_view yaml) {
  const std::string text{yaml};
  Config config;
  Findings findings{known_config_keys()};
  try {
    read_documents(text, config, findings);
  } catch (const YAML::DeepRecursion& error) {
    findings.add_problem(place_of(error.mark), "",
                         "is nested deeper than any configuration; check the brackets");
  } catch (const YAML::Exception& error) {
    const Place place = place_of(error.mark);
    findings.add_problem(
        place, "",
        fmt::format("not YAML: {}; {}", error.msg, syntax_hint(line_at(text, place.line))));
  }
  return std::move(findings).finish(std::move(config));
}

LoadedConfig load_config_file(const std::string& path) {
  const auto failed = [](int error) {
    return unreadable(
        fmt::format("cannot be read: {}; {}", std::strerror(error), remedy_for(error)));
  };
  const std::unique_ptr<std::FILE, FileCloser> file{std::fopen(path.c_str(), "re")};
  if (!file) return failed(errno);

  std::string text;
  char block[16 * kKiB];
  while (const size_t got = std::fread(block, 1, sizeof(block), file.get())) {
    text.append(block, got);
    if (text.size() > kFileBytesMax) {
      return unreadable(
          fmt::format("is larger than {}; name a configuration file", format_bytes(kFileBytesMax)));
    }
  }
  if (std::ferror(file.get()) != 0) return failed(errno);
  return load_config_text(text);
}

std::vector<std::string> known_config_keys() {
  std::vector<std::string> keys;
  append_keys("", kTopFields, keys);
  append_server_keys(keys);
  append_channel_keys(keys);
  return keys;
}

}  // namespace ringcast
