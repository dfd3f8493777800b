#include "engine/config/read_limits.h"

#include <fmt/format.h>

#include "engine/config/units.h"

namespace ringcast {

namespace {

// RFC 9112 wants request lines of 8000 bytes to be accepted; who knows all publishers and subscribers may
// do with less. A megabyte is far beyond what proxies let through (8 to 32 KiB).
constexpr Limits<uint64_t> kLineBytes{256, kMiB};
constexpr Limits<uint64_t> kHeadBytes{512, 4 * kMiB};
// A browser sends some 20 lines, and proxies add a handful.
constexpr Limits<int64_t> kHeaderLines{10, 10'000};
constexpr Limits<milliseconds> kTimeout{milliseconds{100}, milliseconds{3'600'000}};
constexpr Limits<milliseconds> kKeepAlive{milliseconds{100}, milliseconds{86'400'000}};
constexpr Limits<uint64_t> kRate{1, 1024 * kMiB};
constexpr Limits<int64_t> kPipelined{1, 10'000};
constexpr Limits<int64_t> kStreams{1, 10'000'000, "write null for no limit"};

template <auto kMember, const auto& kLimits>
constexpr auto bytes_up_to = [](const Value& value, LimitsConfig& limits, Findings& findings) {
  read_bytes(value, kLimits, limits.*kMember, findings);
};

template <auto kMember, const auto& kLimits>
constexpr auto time_up_to = [](const Value& value, LimitsConfig& limits, Findings& findings) {
  read_duration(value, kLimits, limits.*kMember, findings);
};

template <auto kMember, const auto& kLimits>
constexpr auto count_up_to = [](const Value& value, LimitsConfig& limits, Findings& findings) {
  read_count(value, kLimits, limits.*kMember, findings);
};

// null: no limit.
template <auto kMember>
constexpr auto optional_count = [](const Value& value, LimitsConfig& limits, Findings& findings) {
  limits.*kMember = 0;
  if (!value.node.IsNull()) read_count(value, kStreams, limits.*kMember, findings);
};

template <auto kMember>
constexpr auto optional_rate = [](const Value& value, LimitsConfig& limits, Findings& findings) {
  limits.*kMember = {};
  if (value.node.IsNull()) return;
  const auto text = read_text(value, "a rate such as 100/s", findings);
  if (!text) return;
  const Result<RateLimit> rate = parse_rate(*text);
  if (!rate) return findings.add_problem(value.place, value.key, rate.error().message);
  limits.*kMember = rate.value();
};

void read_overload(const Value& value, LimitsConfig& limits, Findings& findings) {
  read_choice(value,
              std::to_array<std::pair<std::string_view, Overload>>({{"soft", Overload::kSoft},
                                                                    {"status", Overload::kStatus},
                                                                    {"refuse", Overload::kRefuse}}),
              limits.overload, findings);
}

using L = LimitsConfig;

constexpr auto kFields = std::to_array<Field<LimitsConfig>>({
    {"request_line", bytes_up_to<&L::request_line_bytes_max, kLineBytes>},
    {"header_line", bytes_up_to<&L::header_line_bytes_max, kLineBytes>},
    {"header_bytes", bytes_up_to<&L::head_bytes_max, kHeadBytes>},
    {"headers", count_up_to<&L::header_lines_max, kHeaderLines>},
    {"first_byte_timeout", time_up_to<&L::first_byte_timeout, kTimeout>},
    {"header_timeout", time_up_to<&L::header_timeout, kTimeout>},
    {"body_timeout", time_up_to<&L::body_timeout, kTimeout>},
    {"body_rate", bytes_up_to<&L::body_rate_min, kRate>},
    {"keep_alive", time_up_to<&L::keep_alive, kKeepAlive>},
    {"pipelined_requests", count_up_to<&L::pipelined_requests_max, kPipelined>},
    {"streams", optional_count<&L::streams_max>},
    {"connections_per_source", optional_count<&L::source_connections_max>},
    {"streams_per_source", optional_count<&L::source_streams_max>},
    {"stream_rate", optional_rate<&L::stream_rate>},
    {"publish_rate", optional_rate<&L::publish_rate>},
    {"refused_rate", optional_rate<&L::refused_rate>},
    {"overload", read_overload},
});

// A line that is allowed for itself and not as part of the whole would be refused with the wrong reason.
void check_lines_fit(const Value& section, const LimitsConfig& limits, Findings& findings) {
  const auto check = [&](std::string_view name, uint64_t line_bytes) {
    if (line_bytes <= limits.head_bytes_max) return;
    const auto [key, place] = findings.find_first(
        std::array{fmt::format("{}.{}", section.key, name), section.key + ".header_bytes"});
    findings.add_problem(
        place, key,
        fmt::format("{} is {}, more than the {} that header_bytes allows for all lines together; "
                    "lower it or raise header_bytes",
                    name, format_bytes(line_bytes), format_bytes(limits.head_bytes_max)));
  };
  check("request_line", limits.request_line_bytes_max);
  check("header_line", limits.header_line_bytes_max);
}

}  // namespace

void read_limits(const Value& section, LimitsConfig& limits, Findings& findings) {
  const size_t problems_before = findings.problem_count();
  read_section(section, kFields, limits, findings);
  if (findings.problem_count() == problems_before) check_lines_fit(section, limits, findings);
}

void append_limits_keys(std::vector<std::string>& keys) {
  append_keys("limits.", kFields, keys);
}

}  // namespace ringcast
