#include "net/inspection.h"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>

#include "engine/access/strict_json.h"
#include "net/listener.h"

namespace ringcast::net {

namespace {

using Json = nlohmann::ordered_json;

// Names were checked when the configuration was read, so no byte needs replacing; it is asked for all the same, because
// the other choice throws.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// A channel at one moment: what was published, and what of it those who come back can be sent.
struct Snapshot {
  uint64_t published = 0;
  uint64_t events = 0;
  uint64_t bytes = 0;
  EventId oldest{};  // of the events, where there are any
  EventId newest{};
};

Snapshot snapshot_of(Channel& channel, EventLog& log) {
  const auto guard = log.hold();  // for one at a time: publishers go on in between
  const FrameIndex& index = channel.index();
  const FrameNumber begin = channel.history_begin(log.now_ms());
  const uint64_t published = channel.committed_events().get();
  if (begin == index.end()) return {.published = published};
  const WireRing* const wire = channel.ring(WireFormat::kChunked);
  return {.published = published,
          .events = index.end() - begin,
          .bytes = wire == nullptr ? 0 : wire->ring().committed() - wire->at(begin),
          .oldest = index.id(begin),
          .newest = index.id(index.end() - 1)};
}

// Written out, because there may be thousands of channels and a shard does nothing else meanwhile: a tree of JSON values
// takes several times as long.
void append_channel(std::string& out, Channel& channel, EventLog& log) {
  const Snapshot now = snapshot_of(channel, log);
  const ChannelConfig& config = channel.config();
  const auto id_or_null = [&now](EventId id) {
    return now.events == 0 ? "null" : '"' + to_string(id) + '"';
  };
  fmt::format_to(std::back_inserter(out),
                 R"({{"name":{},"subscribers":{},"published":{},)"
                 R"("kept":{{"events":{},"bytes":{},"oldest":{},"newest":{}}},)"
                 R"("limits":{{"events":{},"bytes":{},"age_ms":{},"max_event_bytes":{}}}}})",
                 json_string(config.name), channel.subscribers(), now.published, now.events,
                 now.bytes, id_or_null(now.oldest), id_or_null(now.newest), config.history.events,
                 config.history.bytes, config.history.age.count(), config.event_bytes_max);
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
  std::string text = R"({"channels":[)";
  for (ChannelNumber i = 0; i < channels_.size(); ++i) {
    if (i > 0) text += ',';
    append_channel(text, channels_.at(i), log_);
  }
  return text + "]}\n";
}

std::string Inspection::channel(Channel& channel) const {
  std::string text;
  append_channel(text, channel, log_);
  return text + '\n';
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
