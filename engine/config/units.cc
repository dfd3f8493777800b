#include "engine/config/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

#include "engine/base/memory.h"
#include "engine/config/quoted.h"

namespace ringcast {

namespace {

struct Unit {
  std::string_view name;
  int64_t factor;
};

// Both from small to large.
constexpr Unit kDurationUnits[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit kByteUnits[] = {{"B", 1}, {"KiB", kKiB}, {"MiB", kMiB}, {"GiB", 1024 * kMiB}};

constexpr Unit kRatePeriods[] = {{"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
constexpr int64_t kRateMax = 1'000'000;  // buckets count in microseconds

constexpr std::string_view kDurationHint = "write a number and ms, s, m, h or d, such as 15s";
constexpr std::string_view kBytesHint = "write a number and B, KiB, MiB or GiB, such as 64KiB";

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

std::string lower_case(std::string_view text) {
  std::string lower{text};
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// What to say about a unit that is not one of ours: the usual ways to write a size elsewhere
// deserve a reason.
std::string foreign_unit(std::string_view number, std::string_view unit) {
  const std::string lower = lower_case(unit);
  for (const std::string_view ours : {"KiB", "MiB", "GiB"}) {
    const std::string letter = lower_case(ours.substr(0, 1));
    if (lower == letter || lower == letter + "b" || lower == letter + "ib") {
      return fmt::format(
          "has the unit {}, which means 1000 to some and 1024 to others and is not accepted; write "
          "{}{}",
          excerpt(unit), number, ours);
    }
  }
  return {};
}

Error unit_error(std::string_view text, std::string_view number, std::string_view unit,
                 std::span<const Unit> units, std::string_view hint) {
  if (unit.empty()) return {fmt::format("{} has no unit; {}", excerpt(text), hint)};
  if (unit.front() == '.') {
    return {fmt::format("{} is not a whole number; use a smaller unit: {}", excerpt(text), hint)};
  }
  if (units.data() == kByteUnits) {
    if (const std::string reason = foreign_unit(number, unit); !reason.empty()) {
      return {fmt::format("{} {}", excerpt(text), reason)};
    }
  }
  return {fmt::format("{} does not end in a known unit; {}", excerpt(text), hint)};
}

Result<int64_t> parse_quantity(std::string_view text, std::span<const Unit> units,
                               std::string_view hint) {
  const auto digits_end = std::ranges::find_if_not(text, is_digit);
  const auto digits = static_cast<size_t>(digits_end - text.begin());
  if (digits == 0) {
    return Error{fmt::format("{} does not begin with a number; {}", excerpt(text), hint)};
  }

  const std::string_view number = text.substr(0, digits);
  const std::string_view unit_name = text.substr(digits);
  const auto unit = std::ranges::find(units, unit_name, &Unit::name);
  if (unit == units.end()) return unit_error(text, number, unit_name, units, hint);

  int64_t count = 0;
  int64_t quantity = 0;
  const auto parsed = std::from_chars(number.data(), number.data() + number.size(), count);
  if (parsed.ec != std::errc{} || __builtin_mul_overflow(count, unit->factor, &quantity)) {
    return Error{fmt::format("{} is too large to count; write a smaller value", excerpt(text))};
  }
  return quantity;
}

std::string format_quantity(int64_t quantity, std::span<const Unit> units) {
  auto best = units.begin();
  for (auto unit = units.begin(); unit != units.end(); ++unit) {
    if (quantity != 0 && quantity % unit->factor == 0) best = unit;
  }
  return fmt::format("{}{}", quantity / best->factor, best->name);
}

}  // namespace

Result<milliseconds> parse_duration(std::string_view text) {
  auto parsed = parse_quantity(text, kDurationUnits, kDurationHint);
  if (!parsed) return parsed.error();
  return milliseconds{*parsed};
}

Result<DurationRange> parse_duration_range(std::string_view text) {
  const size_t dots = text.find("..");
  if (dots == std::string_view::npos) {
    return Error{
        fmt::format("{} is not a range; write two durations with two dots between, such as 2s..8s",
                    excerpt(text))};
  }
  auto min = parse_duration(text.substr(0, dots));
  if (!min) return min.error();
  auto max = parse_duration(text.substr(dots + 2));
  if (!max) return max.error();
  if (*min > *max) {
    return Error{fmt::format("{} runs backwards; write the smaller duration first: {}..{}",
                             excerpt(text), format_duration(*max), format_duration(*min))};
  }
  return DurationRange{*min, *max};
}

Result<uint64_t> parse_bytes(std::string_view text) {
  auto parsed = parse_quantity(text, kByteUnits, kBytesHint);
  if (!parsed) return parsed.error();
  return static_cast<uint64_t>(*parsed);
}

Result<int64_t> parse_integer(std::string_view text) {
  int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc::result_out_of_range) {
    return Error{fmt::format("{} is too large to count; write a smaller number", excerpt(text))};
  }
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) {
    return Error{
        fmt::format("{} is not a whole number; write digits only, such as 1024", excerpt(text))};
  }
  return value;
}

Result<RateLimit> parse_rate(std::string_view text) {
  constexpr std::string_view kBurst = " burst ";
  const size_t burst_at = text.find(kBurst);
  const std::string_view average = text.substr(0, burst_at);
  const size_t slash = average.find('/');
  const auto period = std::ranges::find(
      kRatePeriods, slash == average.npos ? "" : average.substr(slash + 1), &Unit::name);
  const auto read = [](std::string_view digits) {
    const Result<int64_t> number = parse_integer(digits);
    const bool fits = number && number.value() >= 1 && number.value() <= kRateMax;
    return static_cast<uint32_t>(fits ? number.value() : 0);
  };
  RateLimit rate;
  rate.count = read(average.substr(0, slash));
  rate.burst = burst_at == text.npos ? rate.count : read(text.substr(burst_at + kBurst.size()));
  if (period == std::end(kRatePeriods) || rate.count == 0 || rate.burst == 0) {
    return Error{
        fmt::format("{} is no rate; write a number from 1 to {} a second, minute or hour, such as "
                    "100/s or \"100/s burst 500\"",
                    excerpt(text), kRateMax)};
  }
  rate.period = milliseconds{period->factor};
  return rate;
}

std::string format_rate(const RateLimit& rate) {
  const auto period = std::ranges::find(kRatePeriods, rate.period.count(), &Unit::factor);
  const std::string average = fmt::format("{}/{}", rate.count, period->name);
  return rate.burst == rate.count ? average : fmt::format("{} burst {}", average, rate.burst);
}

std::string format_duration(milliseconds duration) {
  return format_quantity(duration.count(), kDurationUnits);
}

std::string format_bytes(uint64_t bytes) {
  return format_quantity(static_cast<int64_t>(bytes), kByteUnits);
}

}  // namespace ringcast
