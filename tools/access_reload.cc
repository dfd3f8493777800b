#include "tools/access_reload.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/access/access.h"
#include "engine/config/load.h"
#include "tools/load_and_report.h"

using ringcast::Config;

namespace {

// The sections other than access, by name, in which `a` and `b` differ. What channels get from `defaults` is theirs.
std::vector<std::string_view> sections_that_differ(const Config& a, const Config& b) {
  std::vector<std::string_view> names;
  if (a.server != b.server) names.push_back("server");
  if (a.limits != b.limits) names.push_back("limits");
  if (a.listeners != b.listeners) names.push_back("listeners");
  if (a.log != b.log) names.push_back("log");
  if (a.channels != b.channels) names.push_back("channels");
  return names;
}

std::string_view plural(size_t count) {
  return count == 1 ? "" : "s";
}

}  // namespace

void AccessReload::run() {
  if (try_run()) return;
  server_.note_refused_change();
  fmt::print(stderr, "ringcast: the keys stay as they were\n");
}

bool AccessReload::try_run() {
  if (!can_be_read_again()) return false;
  const std::optional<Config> read = load_and_report(path_);
  if (!read) return false;
  Config next = config_;
  next.access = read->access;
  if (!fits(*read, next)) return false;
  auto counts = server_.change_access(next);
  if (!counts) {
    fmt::print(stderr, "ringcast: {}\n", counts.error().message);
    return false;
  }
  config_ = std::move(next);
  const auto [token_keys, static_keys] = *counts;
  fmt::print("ringcast: access taken over from {}: {} token key{}, {} static key{}\n", path_,
             token_keys, plural(token_keys), static_keys, plural(static_keys));
  std::fflush(stdout);
  return true;
}

// From a pipe there would come nothing but its end, or nothing at all, and no other signal would be heard meanwhile.
bool AccessReload::can_be_read_again() const {
  if (path_.empty()) {
    fmt::print(stderr, "ringcast: there is no file to read keys from; start with --config FILE\n");
    return false;
  }
  std::error_code ignored;
  const auto status = std::filesystem::status(path_, ignored);
  if (!exists(status) || is_regular_file(status)) return true;
  fmt::print(stderr, "ringcast: {} is no regular file, and cannot be read again\n", path_);
  return false;
}

// The file fits together by itself; what is being served may be older than the rest of it.
bool AccessReload::fits(const Config& read, const Config& next) const {
  const auto names = sections_that_differ(read, config_);
  if (names.empty()) return true;
  fmt::print(stderr, "ringcast: {} differs from what is served in {}, which takes a restart\n",
             path_, fmt::join(names, ", "));
  const auto problems = ringcast::load_config_text(ringcast::to_yaml(next)).problems;
  for (const auto& [line, column, key, what] : problems) {
    fmt::print(stderr, "ringcast: access does not fit what is served: {}: {}\n", key, what);
  }
  return problems.empty();
}
