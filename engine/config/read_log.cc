#include "engine/config/read_log.h"

#include <fmt/format.h>

#include "engine/config/quoted.h"

namespace ringcast {

namespace {

constexpr Limits<int64_t> kSample{1, 1'000'000};  // a guess

void read_to(const Value& value, AccessLogConfig& access, Findings& findings) {
  const auto to = read_text(value, "off, stderr or the path of a file", findings);
  if (!to) return;
  if (*to == "off") {
    access.to.clear();
  } else if (*to == "stderr" || to->starts_with('/')) {
    access.to = *to;
  } else {
    findings.add_problem(
        value.place, value.key,
        fmt::format("{} is none of off, stderr and the whole path of a file, such as "
                    "/var/log/ringcast/access.log",
                    excerpt(*to)));
  }
}

constexpr auto kAccessFields = std::to_array<Field<AccessLogConfig>>({
    {"to", read_to},
    {"sample",
     [](const Value& v, AccessLogConfig& a, Findings& f) { read_count(v, kSample, a.sample, f); }},
});

constexpr auto kFields = std::to_array<Field<LogConfig>>({
    {"access", [](const Value& v, LogConfig& l,
                  Findings& f) { read_section(v, kAccessFields, l.access, f); }},
});

}  // namespace

void read_log(const Value& section, LogConfig& log, Findings& findings) {
  read_section(section, kFields, log, findings);
}

void append_log_keys(std::vector<std::string>& keys) {
  append_keys("log.", kFields, keys);
  append_keys("log.access.", kAccessFields, keys);
}

}  // namespace ringcast
