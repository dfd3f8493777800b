// What a publisher's connection is answered: HTTP/1.1 with Content-Length and one line of JSON, as ringcast writes it.
//
// Threads: free functions. Memory: none; results point into the text given.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bench/load/event_data.h"

namespace ringcast::bench {

struct HttpAnswer {
  int status = 0;
  std::string_view head;
  std::string_view body;
  size_t bytes = 0;  // how much of the text it took
  [[nodiscard]] std::string_view status_line() const { return head.substr(0, head.find('\r')); }
};
// The answer at the start of `text`, once it is whole.
[[nodiscard]] std::optional<HttpAnswer> split_answer(std::string_view text);

// The number after `key` (`"subscribers":`) in a one-line JSON object.
[[nodiscard]] std::optional<uint64_t> number_after(std::string_view text, std::string_view key);
// The id after `key` (`"id":"`).
[[nodiscard]] std::optional<FrameId> id_after(std::string_view text, std::string_view key);

}  // namespace ringcast::bench
