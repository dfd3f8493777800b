// Publishing a handful of events and subscribing from any of them: what the tests of resuming have in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/event_id.h"
#include "tests/support/sse_client.h"

namespace ringcast {

// Publishes "<prefix>0", "<prefix>1", ... to `channel` and returns what a subscriber gets of them.
inline std::vector<StreamEvent> publish_some(HttpClient& publisher, std::string_view channel,
                                             size_t count, std::string_view prefix = "") {
  std::vector<StreamEvent> events;
  for (size_t i = 0; i < count; ++i) {
    std::string data = std::string(prefix) + std::to_string(i);
    std::string id = published_id(publisher.publish(channel, data));
    events.push_back({std::move(id), "", std::move(data)});
  }
  return events;
}

[[nodiscard]] inline std::vector<StreamEvent> from(const std::vector<StreamEvent>& events,
                                                   size_t first) {
  return {events.begin() + static_cast<std::ptrdiff_t>(first), events.end()};
}

[[nodiscard]] inline SseClient::Options resuming_after(std::string_view id,
                                                       WireFormat format = WireFormat::kChunked) {
  std::string line = "Last-Event-ID: ";
  return {.format = format, .extra = line.append(id) + "\r\n"};
}

// The gap event with `id`; `requested` and `oldest` as they stand in its data, null or quoted.
[[nodiscard]] inline StreamEvent gap_event(const std::string& id, const std::string& requested,
                                           const std::string& oldest,
                                           const std::string& channel = "") {
  const std::string named = channel.empty() ? "" : "\"channel\":\"" + channel + "\",";
  return {id, "gap", "{" + named + "\"requested\":" + requested + ",\"oldest\":" + oldest + "}"};
}

[[nodiscard]] inline std::string in_quotes(const std::string& id) {
  return "\"" + id + "\"";
}

// gtest prints it when two events differ.
inline std::ostream& operator<<(std::ostream& out, const StreamEvent& event) {
  return out << "id: " << event.id << " event: " << event.type
             << " data: " << event.data.substr(0, 200) << "\n";
}

}  // namespace ringcast
