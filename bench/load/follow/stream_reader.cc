#include "bench/load/follow/stream_reader.h"

#include <nlohmann/json.hpp>

namespace ringcast::bench {
namespace {

StreamItem damaged(const char* why) {
  return {.kind = StreamItem::Kind::kDamaged, .why = why};
}

// The fields of one event, each at most once, in any order.
struct Fields {
  std::string_view id;
  std::string_view event;
  std::string_view data;
};

bool take_field(std::string_view line, std::string_view name, std::string_view& value) {
  if (!line.starts_with(name) || !value.empty()) return false;
  value = line.substr(name.size());
  return !value.empty();
}

// Nothing when `content` is not exactly one event.
std::optional<Fields> split_fields(std::string_view content) {
  if (!content.ends_with("\n\n")) return std::nullopt;
  content.remove_suffix(1);
  Fields fields;
  while (!content.empty()) {
    const size_t end = content.find('\n');
    const std::string_view line = content.substr(0, end);
    content.remove_prefix(end + 1);
    if (!take_field(line, "id: ", fields.id) && !take_field(line, "event: ", fields.event) &&
        !take_field(line, "data: ", fields.data)) {
      return std::nullopt;
    }
  }
  return fields;
}

bool is_id_or_null(const nlohmann::json& value) {
  return value.is_null() || (value.is_string() && parse_frame_id(value.get<std::string>()));
}

// `"channel":"a"` or `"channels":["a","b"]`, or neither.
bool read_channels(const nlohmann::json& json, std::vector<std::string>& channels) {
  if (const auto one = json.find("channel"); one != json.end()) {
    if (!one->is_string()) return false;
    channels.push_back(one->get<std::string>());
  }
  const auto several = json.find("channels");
  if (several == json.end()) return true;
  if (!several->is_array() || several->empty()) return false;
  for (const auto& name : *several) {
    if (!name.is_string()) return false;
    channels.push_back(name.get<std::string>());
  }
  return true;
}

std::optional<GapNotice> parse_gap(std::string_view data) {
  const auto json = nlohmann::json::parse(data, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto requested = json.find("requested");
  const auto oldest = json.find("oldest");
  if (requested == json.end() || !requested->is_string()) return std::nullopt;
  if (oldest == json.end() || !is_id_or_null(*oldest)) return std::nullopt;
  // This client never asks for anything but an id it was given.
  const auto id = parse_frame_id(requested->get<std::string>());
  if (!id) return std::nullopt;
  GapNotice gap{.requested = *id};
  if (!read_channels(json, gap.channels)) return std::nullopt;
  return gap;
}

}  // namespace

StreamItem parse_item(std::string_view text, size_t data_bytes) {
  const Chunk chunk = split_chunk(text);
  if (chunk.state == Chunk::State::kIncomplete) return {};
  if (chunk.state == Chunk::State::kMalformed) return damaged("bytes that are no chunk");
  StreamItem item;
  item.wire_bytes = chunk.whole.size();
  if (chunk.content.empty()) {
    item.kind = StreamItem::Kind::kEnd;
    return item;
  }
  if (chunk.content == kHeartbeat) {
    item.kind = StreamItem::Kind::kComment;
    return item;
  }
  const auto fields = split_fields(chunk.content);
  if (!fields) return damaged("a chunk that is not one event");
  const auto id = parse_frame_id(fields->id);
  if (!id) return damaged("an event without a proper id");
  item.id = *id;
  if (fields->event == "gap") {
    auto gap = parse_gap(fields->data);
    if (!gap) return damaged("a gap event that does not say what it must");
    item.kind = StreamItem::Kind::kGap;
    item.gap = std::move(*gap);
    return item;
  }
  const auto tag = parse_tagged_data(fields->data, data_bytes);
  if (!tag || !fields->event.empty())
    return damaged("an event whose data is not what was published");
  item.kind = StreamItem::Kind::kEvent;
  item.tag = *tag;
  return item;
}

StreamItem StreamReader::next(std::string_view text) {
  if (open_) return parse_item(text, data_bytes_);
  const Opening opening = parse_opening(text);
  if (opening.state == Opening::State::kIncomplete) return {};
  if (opening.state == Opening::State::kRefused) return damaged(opening.why);
  open_ = true;
  return {.kind = StreamItem::Kind::kOpening, .wire_bytes = opening.bytes};
}

}  // namespace ringcast::bench
