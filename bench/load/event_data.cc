#include "bench/load/event_data.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>

namespace ringcast::bench {
namespace {

constexpr std::string_view kFiller = "abcdefghijklmnopqrstuvwxyz012345";
static_assert((kFiller.size() & (kFiller.size() - 1)) == 0);

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

void append_event_data(std::string& out, const EventStamp& stamp, size_t data_bytes) {
  fmt::format_to(std::back_inserter(out), "{:010} {:019} ", stamp.number, stamp.intended_ns);
  for (size_t i = kDataBytesMin; i < data_bytes; ++i)
    out.push_back(kFiller[i & (kFiller.size() - 1)]);
}

std::optional<EventStamp> parse_event_data(std::string_view data, size_t data_bytes) {
  if (data.size() != data_bytes || data_bytes < kDataBytesMin) return std::nullopt;
  const auto number = parse_number(data.substr(0, kNumberDigits));
  const auto time = parse_number(data.substr(kNumberDigits + 1, kTimeDigits));
  if (!number || !time || data[kNumberDigits] != ' ' || data[kDataBytesMin - 1] != ' ')
    return std::nullopt;
  for (size_t i = kDataBytesMin; i < data_bytes; ++i) {
    if (data[i] != kFiller[i & (kFiller.size() - 1)]) return std::nullopt;
  }
  return EventStamp{.number = *number, .intended_ns = static_cast<int64_t>(*time)};
}

std::optional<FrameId> parse_frame_id(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto ms = parse_number(text.substr(0, dash));
  const auto seq = parse_number(text.substr(dash + 1));
  if (!ms || !seq) return std::nullopt;
  return FrameId{.ms = *ms, .seq = *seq};
}

void append_frame(std::string& out, const FrameId& id, std::string_view data) {
  const std::string id_line = fmt::format("id: {}-{}\n", id.ms, id.seq);
  constexpr std::string_view kDataField = "data: ";
  constexpr std::string_view kFrameEnd = "\n\n";
  const size_t frame_bytes = id_line.size() + kDataField.size() + data.size() + kFrameEnd.size();
  fmt::format_to(std::back_inserter(out), "{:x}\r\n", frame_bytes);
  out.append(id_line).append(kDataField).append(data).append(kFrameEnd).append("\r\n");
}

}  // namespace ringcast::bench
