#include "net/http/http_date.h"

#include <algorithm>
#include <chrono>

namespace ringcast::net {

namespace {

constexpr std::string_view kWeekdays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr uint64_t kLastSecond = 253'402'300'799;  // 9999-12-31 23:59:59

// Writes `digits` decimal digits of `value`, zero-padded, and returns the end.
char* put_number(char* out, unsigned value, int digits) noexcept {
  for (char* at = out + digits; at != out; value /= 10) *--at = static_cast<char>('0' + value % 10);
  return out + digits;
}

char* put_text(char* out, std::string_view text) noexcept {
  return std::ranges::copy(text, out).out;
}

}  // namespace

std::string_view HttpDate::at(uint64_t wall_ms) noexcept {
  using namespace std::chrono;
  const uint64_t second = std::min(wall_ms / 1000, kLastSecond);
  if (second != second_) {
    second_ = second;
    const sys_seconds time{seconds{second}};
    const auto midnight = floor<days>(time);
    const year_month_day date{midnight};
    const hh_mm_ss clock{time - midnight};

    char* out = text_.data();
    out = put_text(out, kWeekdays.substr(3 * weekday{midnight}.c_encoding(), 3));
    out = put_text(out, ", ");
    out = put_number(out, unsigned{date.day()}, 2);
    out = put_text(out, " ");
    out = put_text(out, kMonths.substr(3 * (unsigned{date.month()} - 1), 3));
    out = put_text(out, " ");
    out = put_number(out, static_cast<unsigned>(int{date.year()}), 4);
    out = put_text(out, " ");
    out = put_number(out, static_cast<unsigned>(clock.hours().count()), 2);
    out = put_text(out, ":");
    out = put_number(out, static_cast<unsigned>(clock.minutes().count()), 2);
    out = put_text(out, ":");
    out = put_number(out, static_cast<unsigned>(clock.seconds().count()), 2);
    put_text(out, " GMT");
  }
  return {text_.data(), text_.size()};
}

}  // namespace ringcast::net
