#include "engine/gap.h"

#include <nlohmann/json.hpp>

#include "engine/frame_encoder.h"

namespace ringcast {

namespace {

nlohmann::json id_or_null(const std::optional<EventId>& id) {
  return id ? nlohmann::json(to_string(*id)) : nlohmann::json();
}

}  // namespace

void append_gap(std::string& out, WireFormat format, const Gap& gap) {
  nlohmann::ordered_json data;
  if (!gap.channel.empty()) data["channel"] = gap.channel;
  data["requested"] = id_or_null(gap.requested);
  data["oldest"] = id_or_null(gap.oldest);
  FrameEncoder encoder;
  out += encoder.encode(gap.id, {.type = kGapType, .data = data.dump()}).in(format);
}

}  // namespace ringcast
