// Events whose data follows from their number, so that a subscriber that was given a wrong, torn or
// missing one notices, and ways to publish many of them as fast as the server takes them.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "engine/event_id.h"
#include "tests/support/sse_client.h"

namespace ringcast {

// "17 rstuv...": no two neighbours have a byte in common at the same place.
[[nodiscard]] inline std::string numbered_data(size_t number, size_t bytes) {
  // By the alphabet and not by the letter: some tests make hundreds of megabytes of it, under the thread sanitizer too.
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz";
  std::string data = std::to_string(number) + " ";
  data.reserve(std::max(bytes, data.size()));
  while (data.size() < bytes) {
    data += kAlphabet.substr((data.size() + number) % kAlphabet.size(), bytes - data.size());
  }
  return data;
}

// Throws ClientFailure unless `events` are the numbers from `first` on, with increasing ids.
inline void check_numbered(const std::vector<StreamEvent>& events, size_t first, size_t bytes) {
  EventId last{};
  for (size_t i = 0; i < events.size(); ++i) {
    const auto id = parse_event_id(events[i].id);
    if (!id || *id <= last) throw ClientFailure("not a later id: " + events[i].id);
    last = *id;
    if (events[i].data != numbered_data(first + i, bytes)) {
      throw ClientFailure("event " + std::to_string(first + i) +
                          " is not: " + events[i].data.substr(0, 80));
    }
  }
}

// Publishes the numbers [first, first + count), some on the way all the time. All must be accepted.
inline void publish_numbered(HttpClient& publisher, std::string_view channel, size_t first,
                             size_t count, size_t bytes) {
  constexpr size_t kOnTheWay = 32;
  const std::string target = "/channels/" + std::string(channel);
  size_t sent = 0;
  for (size_t answered = 0; answered < count; ++answered) {
    std::string requests;
    for (; sent < std::min(count, answered + kOnTheWay); ++sent) {
      requests += post(target, numbered_data(first + sent, bytes));
    }
    publisher.send(requests);
    const HttpResponse response = publisher.read_response();
    if (response.status != 201) throw ClientFailure("not published: " + response.status_line);
  }
}

}  // namespace ringcast
