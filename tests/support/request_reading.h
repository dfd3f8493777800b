// What a RequestReader makes of some bytes that arrive in some pieces, in words that can be compared.
//
// Threads: free functions, any.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/request_reader.h"

namespace ringcast::net {

// What a reader made of some bytes: every request in words, then the status of the refusal, or 0.
struct Reading {
  std::vector<std::string> requests;
  int refusal_status = 0;
  bool operator==(const Reading&) const = default;
};

inline std::string in_words(const Request& request) {
  constexpr std::string_view kMethods[] = {"unknown", "GET", "HEAD", "POST", "OPTIONS", "other"};
  std::string words{kMethods[static_cast<size_t>(request.method)]};
  words += request.version == 11 ? " 1.1" : " 1.0";
  words += request.keep_alive ? " keep" : " close";
  words += " path=" + std::string{request.path};
  const auto add = [&words](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    words += ' ';
    words += name;
    words += '=';
    words += value;
  };
  add("query", request.query);
  add("host", request.host);
  if (request.has_origin) words += " origin=" + std::string{request.origin};
  add("site", request.sec_fetch_site);
  add("last-id", request.last_event_id);
  add("type", request.content_type);
  add("key", request.idempotency_key);
  if (request.has_authorization) words += " auth=" + std::string{request.authorization};
  for (const std::string_view line : request.kept_cookies()) add("cookie", line);
  add("accept", request.accept);
  add("acrm", request.access_control_request_method);
  add("acrh", request.access_control_request_headers);
  for (const std::string_view line : request.x_forwarded_for.values()) add("xff", line);
  for (const std::string_view line : request.forwarded.values()) add("forwarded", line);
  add("body", request.body);
  return words;
}

inline void read_into(Reading& reading, RequestReader& reader, std::string_view bytes) {
  reader.feed(bytes);
  while (true) {
    switch (reader.next()) {
      case RequestReader::Outcome::kNeedMore:
        return;
      case RequestReader::Outcome::kRequest:
        reading.requests.push_back(in_words(reader.request()));
        break;
      case RequestReader::Outcome::kRefused:
        reading.refusal_status = reader.refusal().status;
        return;
    }
  }
}

// One reading of `bytes` in pieces of `piece_bytes`.
inline Reading read_in_pieces(std::string_view bytes, size_t piece_bytes,
                              const RequestLimits& limits = {}) {
  Reading reading;
  RequestReader reader{limits};
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece_bytes, bytes.size()))) {
    read_into(reading, reader, bytes.substr(0, piece_bytes));
  }
  return reading;
}

}  // namespace ringcast::net
