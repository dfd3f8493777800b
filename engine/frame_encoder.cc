#include "engine/frame_encoder.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include "engine/base/check.h"

namespace ringcast {

namespace {

constexpr size_t kChunkHeadBytesMax = 10;  // 8 hex digits and "\r\n"
constexpr std::string_view kLineEnd = "\r\n";

constexpr std::string_view kIdField = "id: ";
constexpr std::string_view kEventField = "event: ";
constexpr std::string_view kDataField = "data: ";

// The line breaks of a text, in order. Each byte is looked at once for LF and once for CR by
// memchr, which is many times as fast as looking for either at once.
class LineBreaks {
 public:
  explicit LineBreaks(std::string_view text) : text_(text) {}

  // Where the first one at or after `from` is, or the text's size.
  [[nodiscard]] size_t first_from(size_t from) noexcept {
    if (lf_ < from) lf_ = std::min(text_.find('\n', from), text_.size());
    if (cr_ < from) cr_ = std::min(text_.find('\r', from), text_.size());
    return std::min(lf_, cr_);
  }

 private:
  const std::string_view text_;
  size_t lf_ = std::min(text_.find('\n'), text_.size());
  size_t cr_ = std::min(text_.find('\r'), text_.size());
};

// Calls `on_line` with each line of data. A final line break yields a last empty line, because clients
// join lines with LF and drop one: the data arrives exactly as it was published, but for CR and
// CRLF having become LF.
template <typename OnLine>
void for_each_line(std::string_view data, OnLine on_line) {
  LineBreaks breaks(data);
  size_t from = 0;
  while (true) {
    const size_t to = breaks.first_from(from);
    on_line(data.substr(from, to - from));
    if (to == data.size()) return;
    const bool crlf = data.substr(to).starts_with("\r\n");
    from = to + (crlf ? 2 : 1);
  }
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += value;
  out += '\n';
}

size_t field_bytes(std::string_view name, size_t value_bytes) noexcept {
  return name.size() + value_bytes + 1;
}

}  // namespace

size_t bytes_beside_id(const Event& event) noexcept {
  size_t bytes = 1;  // the empty line at the end
  if (!event.type.empty()) bytes += field_bytes(kEventField, event.type.size());
  for_each_line(event.data,
                [&](std::string_view line) { bytes += field_bytes(kDataField, line.size()); });
  return bytes;
}

FrameSizes frame_sizes(size_t id_bytes, size_t beside_id) noexcept {
  const size_t raw = field_bytes(kIdField, id_bytes) + beside_id;
  const auto hex_digits = (static_cast<size_t>(std::bit_width(raw)) + 3) / 4;
  return {.chunk = hex_digits + kLineEnd.size() + raw + kLineEnd.size(), .raw = raw};
}

size_t id_bytes(EventId id) noexcept {
  char text[kEventIdBytesMax];
  return static_cast<size_t>(write_event_id(text, id) - text);
}

Frame FrameEncoder::encode(EventId id, const Event& event) {
  // The chunk's size stands before its bytes but is known after them: leave room, and write it
  // right-aligned.
  scratch_.assign(kChunkHeadBytesMax, '\0');
  if (id != EventId{}) {
    char text[kEventIdBytesMax];
    append_field(scratch_, kIdField, {text, write_event_id(text, id)});
  }
  if (!event.type.empty()) append_field(scratch_, kEventField, event.type);
  for_each_line(event.data,
                [&](std::string_view line) { append_field(scratch_, kDataField, line); });
  scratch_ += '\n';
  const size_t raw_bytes = scratch_.size() - kChunkHeadBytesMax;
  scratch_ += kLineEnd;

  char hex[8];
  const auto [hex_end, error] = std::to_chars(hex, hex + sizeof hex, raw_bytes, 16);
  RC_CHECK(error == std::errc{});
  const auto hex_bytes = static_cast<size_t>(hex_end - hex);
  const size_t chunk_at = kChunkHeadBytesMax - kLineEnd.size() - hex_bytes;
  scratch_.replace(chunk_at, hex_bytes, hex, hex_bytes);
  scratch_.replace(chunk_at + hex_bytes, kLineEnd.size(), kLineEnd);

  const std::string_view all = scratch_;
  return {.chunk = all.substr(chunk_at), .raw = all.substr(kChunkHeadBytesMax, raw_bytes)};
}

Frame frame_from_chunk(std::string_view chunk) noexcept {
  const size_t head_bytes = chunk.find(kLineEnd);
  RC_CHECK(head_bytes != std::string_view::npos);
  const size_t raw_at = head_bytes + kLineEnd.size();
  RC_CHECK(raw_at + kLineEnd.size() <= chunk.size());
  return {.chunk = chunk, .raw = chunk.substr(raw_at, chunk.size() - raw_at - kLineEnd.size())};
}

}  // namespace ringcast
