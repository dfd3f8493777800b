#include "net/inspection.h"

#include <nlohmann/json.hpp>

#include "net/listener.h"

namespace ringcast::net {

namespace {

using Json = nlohmann::ordered_json;

// Names were checked when the configuration was read, so no byte needs replacing; it is asked for all the same, because
// the other choice throws.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// What those who come back can be sent. Requires: the log's lock.
Json kept_by(Channel& channel, uint64_t now_ms) {
  const FrameIndex& index = channel.index();
  const FrameNumber begin = channel.history_begin(now_ms);
  const bool is_empty = begin == index.end();
  const WireRing* const wire = channel.ring(WireFormat::kChunked);
  const uint64_t bytes =
      is_empty || wire == nullptr ? 0 : wire->ring().committed() - wire->at(begin);
  return {{"events", index.end() - begin},
          {"bytes", bytes},
          {"oldest", is_empty ? Json() : Json(to_string(index.id(begin)))},
          {"newest", is_empty ? Json() : Json(to_string(index.id(index.end() - 1)))}};
}

Json of_channel(Channel& channel, uint64_t now_ms) {
  const ChannelConfig& config = channel.config();
  return {{"name", config.name},
          {"subscribers", channel.subscribers()},
          {"published", channel.committed_events().get()},
          {"kept", kept_by(channel, now_ms)},
          {"limits",
           {{"events", config.history.events},
            {"bytes", config.history.bytes},
            {"age_ms", config.history.age.count()},
            {"max_event_bytes", config.event_bytes_max}}}};
}

Json duties_of(const ListenerConfig& listener) {
  Json duties = Json::array();
  if (listener.serve_subscribe) duties.push_back("subscribe");
  if (listener.serve_publish) duties.push_back("publish");
  if (listener.serve_admin) duties.push_back("admin");
  return duties;
}

}  // namespace

std::string Inspection::channels() const {
  Json list = Json::array();
  for (ChannelNumber i = 0; i < channels_.size(); ++i) {
    const auto guard = log_.hold();  // for one at a time: publishers go on in between
    list.push_back(of_channel(channels_.at(i), log_.now_ms()));
  }
  return text_of({{"channels", std::move(list)}});
}

std::string Inspection::channel(Channel& channel) const {
  const auto guard = log_.hold();
  return text_of(of_channel(channel, log_.now_ms()));
}

std::string Inspection::connections() const {
  uint64_t open = 0;
  uint64_t streaming = 0;
  std::array<uint64_t, kCloseCauses> closed{};
  std::vector<uint64_t> open_by_listener(listeners_.size(), 0);
  Json shards = Json::array();
  for (const Counters& shard : shards_) {
    open += shard.open.get();
    streaming += shard.streaming.get();
    for (size_t i = 0; i < kCloseCauses; ++i) closed[i] += shard.closed[i].get();
    for (size_t i = 0; i < listeners_.size(); ++i) {
      open_by_listener[i] += shard.open_by_listener[i].get();
    }
    shards.push_back({{"accepted", shard.accepted.get()},
                      {"open", shard.open.get()},
                      {"streaming", shard.streaming.get()}});
  }
  Json causes = Json::object();
  for (size_t i = 0; i < kCloseCauses; ++i) {
    causes[std::string(name_of(static_cast<CloseCause>(i)))] = closed[i];
  }
  Json listeners = Json::array();
  for (size_t i = 0; i < listeners_.size(); ++i) {
    listeners.push_back({{"bind", bind_name(listeners_[i])},
                         {"serve", duties_of(listeners_[i])},
                         {"open", open_by_listener[i]}});
  }
  return text_of({{"open", open},
                  {"streaming", streaming},
                  {"closed", std::move(causes)},
                  {"listeners", std::move(listeners)},
                  {"shards", std::move(shards)}});
}

}  // namespace ringcast::net
