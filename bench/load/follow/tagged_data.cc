#include "bench/load/follow/tagged_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "engine/base/check.h"

namespace ringcast::bench {
namespace {

constexpr std::string_view kFiller = "abcdefghijklmnopqrstuvwxyz012345";

// Takes `digits` digits and the space after them.
template <typename Number>
bool take_number(std::string_view& text, size_t digits, Number& number) {
  const char* const digits_end = text.data() + digits;
  const auto [end, error] = std::from_chars(text.data(), digits_end, number);
  if (error != std::errc{} || end != digits_end || *digits_end != ' ') return false;
  text.remove_prefix(digits + 1);
  return true;
}

bool is_filler(std::string_view text) {
  for (; text.size() >= kFiller.size(); text.remove_prefix(kFiller.size())) {
    if (!text.starts_with(kFiller)) return false;
  }
  return kFiller.starts_with(text);
}

}  // namespace

void append_tagged_data(std::string& out, const EventTag& tag, size_t data_bytes) {
  RC_CHECK(data_bytes >= kTaggedBytesMin);
  RC_CHECK(tag.lane < kTagLanesMax);
  RC_CHECK(tag.target < kTagTargetsMax);
  fmt::format_to(std::back_inserter(out), "{:03} {:07} {:010} {:019} ", tag.lane, tag.target,
                 tag.number, tag.intended_ns);
  for (size_t left = data_bytes - kTaggedBytesMin; left > 0;) {
    const size_t bytes = std::min(left, kFiller.size());
    out.append(kFiller.substr(0, bytes));
    left -= bytes;
  }
}

std::optional<EventTag> parse_tagged_data(std::string_view data, size_t data_bytes) {
  if (data.size() != data_bytes || data_bytes < kTaggedBytesMin) return std::nullopt;
  EventTag tag;
  if (!take_number(data, 3, tag.lane) || !take_number(data, 7, tag.target) ||
      !take_number(data, 10, tag.number) || !take_number(data, 19, tag.intended_ns)) {
    return std::nullopt;
  }
  return is_filler(data) ? std::optional(tag) : std::nullopt;
}

}  // namespace ringcast::bench
