#include "engine/event_id.h"

#include <charconv>

namespace ringcast {

namespace {

// Reads one decimal number without sign or leading zeros off the front of `text`.
bool take_number(std::string_view& text, uint64_t& value) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return false;
  const auto digits = static_cast<size_t>(end - text.data());
  if (digits > 1 && text.front() == '0') return false;
  text.remove_prefix(digits);
  return true;
}

}  // namespace

char* write_event_id(char* out, EventId id) noexcept {
  char* const end = out + kEventIdBytesMax;
  out = std::to_chars(out, end, id.ms).ptr;
  *out++ = '-';
  return std::to_chars(out, end, id.seq).ptr;
}

std::optional<EventId> parse_event_id(std::string_view text) noexcept {
  EventId id;
  if (!take_number(text, id.ms) || !text.starts_with('-')) return std::nullopt;
  text.remove_prefix(1);
  if (!take_number(text, id.seq) || !text.empty()) return std::nullopt;
  return id;
}

std::string to_string(EventId id) {
  char text[kEventIdBytesMax];
  return {text, write_event_id(text, id)};
}

EventId EventIdGenerator::peek(uint64_t now_ms) const noexcept {
  if (now_ms > last_.ms) return {now_ms, 0};
  if (last_.seq >= kEventIdSeqMax) return {last_.ms + 1, 0};
  return {last_.ms, last_.seq + 1};
}

}  // namespace ringcast
