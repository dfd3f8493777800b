// What a batch of events is to a reader that takes its time: nlohmann-json, line by line, judged by the rules of
// net/batch_reader.h.
//
// Threads: free functions, any.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "net/batch_reader.h"
#include "net/ttl.h"

namespace ringcast::net {

// One event as the model reads it.
struct ModelEvent {
  std::string channel;
  std::string type;
  nlohmann::json data;
  milliseconds ttl{0};
  uint32_t line = 0;
};

// A line as JSON, unless it is none, is no object, has one of its members twice or something nested too deeply.
inline std::optional<nlohmann::json> parse_object(const std::string& line) {
  using nlohmann::json;
  std::set<std::string> names;
  bool is_repeated = false;
  bool is_too_deep = false;
  const auto note = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::key && depth == 1) {
      is_repeated |= !names.insert(parsed.get<std::string>()).second;
    }
    is_too_deep |=
        depth > static_cast<int>(kDataDepthMax) &&
        (event == json::parse_event_t::object_start || event == json::parse_event_t::array_start);
    return true;
  };
  json object = json::parse(line, note, false);
  if (!object.is_object() || is_repeated || is_too_deep) return std::nullopt;
  return object;
}

inline std::optional<ModelEvent> read_model(const std::string& line) {
  const std::optional<nlohmann::json> object = parse_object(line);
  if (!object) return std::nullopt;
  ModelEvent event;
  for (const auto& [name, value] : object->items()) {
    if (name == "data") {
      event.data = value;
      continue;
    }
    if (!value.is_string()) return std::nullopt;
    const auto text = value.get<std::string>();
    if (name == "channel") {
      event.channel = text;
    } else if (name == "event") {
      event.type = text == "message" ? "" : text;
    } else if (name == "ttl") {
      Result<milliseconds> ttl = parse_ttl(text);
      if (!ttl) return std::nullopt;
      event.ttl = *ttl;
    } else {
      return std::nullopt;
    }
  }
  if (!object->contains("channel") || !object->contains("data")) return std::nullopt;
  if (find_fault({.type = event.type, .data = {}}) != EventFault::kNone) return std::nullopt;
  return event;
}

// Every event of a good body; of another, the line that is at fault, or 0 for the body as a whole.
struct BatchVerdict {
  std::vector<ModelEvent> events;
  std::optional<uint32_t> bad_line;
};

inline BatchVerdict judge(std::string_view body) {
  BatchVerdict verdict;
  uint32_t number = 0;
  for (size_t begin = 0; begin < body.size();) {
    const size_t end = std::min(body.find('\n', begin), body.size());
    const std::string line{body.substr(begin, end - begin)};
    begin = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    std::optional<ModelEvent> event = read_model(line);
    if (!event) return {.events = {}, .bad_line = number};
    event->line = number;
    verdict.events.push_back(std::move(*event));
  }
  if (verdict.events.empty()) verdict.bad_line = 0;
  return verdict;
}

// Whether the model's library reads `body` as JSON says: at a NUL it stops, a byte order mark it passes over, and a number that
// fits no double it refuses.
inline bool can_judge(std::string_view body) {
  if (body.find('\0') != std::string_view::npos) return false;
  if (body.find("\xEF\xBB\xBF") != std::string_view::npos) return false;
  for (size_t begin = 0; begin < body.size();) {
    const size_t end = std::min(body.find('\n', begin), body.size());
    try {
      [[maybe_unused]] const auto value = nlohmann::json::parse(body.substr(begin, end - begin));
    } catch (const nlohmann::json::parse_error&) {
      // It says why there is no value, and so does judge().
    } catch (const nlohmann::json::out_of_range&) {
      return false;
    }
    begin = end + 1;
  }
  return true;
}

}  // namespace ringcast::net
