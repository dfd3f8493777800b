// Ordinary responses: everything but streams. Each is appended whole to the bytes a connection is
// about to send.
//
// Every response says how long it is, that nobody may store it or guess its type, and never repeats
// what the request said.
//
// Threads: pure functions, any thread. Memory: what `out` grows by.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/http/request.h"

namespace ringcast::net {

struct ResponseOptions {
  bool keep_alive = false;         // false: `Connection: close` is said, and must be done
  bool head_only = false;          // answers HEAD: what GET would get, without the body
  std::string_view extra_lines{};  // whole header lines, each with its CR LF (append_cors_lines)
  std::string_view date{};         // HttpDate::at()
  std::string_view allow{};        // 405 must say which methods are served; empty: no such line
  bool is_private = false;         // of a stream: it is for one user, and no cache may share it
  uint32_t retry_after_s = 0;      // 0: no such line
};

// Appends one response. 204 carries neither body nor type nor length.
void append_response(std::string& out, int status, std::string_view content_type,
                     std::string_view body, const ResponseOptions& options);

// Appends one error: the body is the line `{"error":"<reason>"}`. `reason` is UTF-8.
void append_error(std::string& out, int status, std::string_view reason,
                  const ResponseOptions& options);

// Appends the answer to a request that could not be read; `request` is as much of it as could.
void append_refusal(std::string& out, const Refusal& refusal, const Request& request,
                    ResponseOptions options);

// Appends `text` as a JSON string, quotes included. `text` is UTF-8.
void append_json_string(std::string& out, std::string_view text);

// What follows the number in a status line.
[[nodiscard]] std::string_view status_text(int status) noexcept;

// Appends `HTTP/1.1 200 OK`, Server and Date: how every response starts.
void append_status_line(std::string& out, int status, std::string_view date);

}  // namespace ringcast::net
