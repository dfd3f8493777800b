#include "engine/config/load.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "engine/config/check_access.h"
#include "engine/config/read_access.h"
#include "engine/config/read_channel.h"
#include "engine/config/read_limits.h"
#include "engine/config/read_log.h"
#include "engine/config/read_server.h"
#include "engine/config/yaml_text.h"

namespace ringcast {

namespace {

// A configuration of ten thousand channels stays below; it keeps an endless pipe or a mistaken path
// from eating memory.
constexpr size_t kFileBytesMax = 4 * kMiB;

// The top level, collected first: `channels` may come before the `defaults` it starts from.
struct Sections {
  std::optional<Value> server;
  std::optional<Value> limits;
  std::optional<Value> listeners;
  std::optional<Value> access;
  std::optional<Value> log;
  std::optional<Value> defaults;
  std::optional<Value> channels;
};

constexpr auto kTopFields = std::to_array<Field<Sections>>({
    {"server", [](const Value& v, Sections& s, Findings&) { s.server = v; }},
    {"limits", [](const Value& v, Sections& s, Findings&) { s.limits = v; }},
    {"listeners", [](const Value& v, Sections& s, Findings&) { s.listeners = v; }},
    {"access", [](const Value& v, Sections& s, Findings&) { s.access = v; }},
    {"log", [](const Value& v, Sections& s, Findings&) { s.log = v; }},
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
  if (sections.limits) read_limits(*sections.limits, config.limits, findings);
  if (sections.log) read_log(*sections.log, config.log, findings);
  if (sections.defaults) read_defaults(*sections.defaults, defaults, findings);
  require_listeners(sections.listeners, config, findings);
  if (sections.access) read_access(*sections.access, config.access, findings);
  require_channels(sections.channels, defaults, config, findings);
  // What has problems of its own is not blamed for missing elsewhere as well.
  if (findings.problem_count() == 0) check_access(config, findings);
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
    // An empty file is told what it lacks like any other.
    if (const auto document = parse_document(text, findings)) {
      read_top(Value{*document, "", {1, 1}}, config, findings);
    }
  } catch (const YAML::Exception& error) {
    add_syntax_problem(error, text, findings);
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
  append_limits_keys(keys);
  append_log_keys(keys);
  append_access_keys(keys);
  append_channel_keys(keys);
  return keys;
}

}  // namespace ringcast
